/* The vectors of OpenSSL's source package for ML-DSA, run through EVP with wattle: all of them, raw messages and given
 * entropy too, with the kernels of each level of this machine. */
#include "../crypto/vec.h"
#include "world.h"

static world in;
static const wtl_bytes none;

/* "name:algorithm:hex" definitions seen so far in the file. */
enum { KEYS_MOST = 1024 };
static struct {
    char name[64];
    char alg[16];
    EVP_PKEY *key;
} keys[KEYS_MOST];
static size_t n_keys;

static int define(const char *value, bool is_private)
{
    const char *hex = strrchr(value, ':') + 1;
    assert_true(n_keys < KEYS_MOST);
    assert_int_equal(sscanf(value, "%63[^:]:%15[^:]:", keys[n_keys].name, keys[n_keys].alg), 2);
    VEC_HEX(raw, hex);
    wtl_bytes v = wtl_buf_view(&raw);
    EVP_PKEY *key = world_import(&in, keys[n_keys].alg, is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
                                 is_private ? none : v, none, is_private ? v : none);
    assert_non_null(key);
    assert_string_equal(world_owner(key), "wattle");
    keys[n_keys++].key = key;
    return 0;
}

static size_t find_key(const char *name)
{
    for (size_t i = n_keys; i > 0; i--) {
        if (strcmp(keys[i - 1].name, name) == 0)
            return i - 1;
    }
    fail_msg("no key %s", name);
    return 0;
}

static bool is_on(const vec_stanza *s, const char *ctrl)
{
    const char *v = vec_ctrl(s, "Ctrl", ctrl);
    return v != NULL && strcmp(v, "1") == 0;
}

static int message(const vec_stanza *s, const char *value, bool signing)
{
    size_t k = find_key(strchr(value, ':') + 1);
    const char *context = vec_ctrl(s, "Ctrl", "hexcontext-string");
    const char *entropy = vec_ctrl(s, "Ctrl", "hextest-entropy");
    const char *input = vec_field(s, "Input");
    const char *output = vec_field(s, "Output");
    VEC_HEX(ctx, context != NULL ? context : "");
    VEC_HEX(rnd, entropy != NULL ? entropy : "");
    VEC_HEX(msg, input != NULL ? input : "");
    VEC_HEX(want, output != NULL ? output : "");
    recipe r = {.context = ctx.n > 0 ? ctx.p : NULL,
                .context_n = ctx.n,
                .entropy = rnd.n == 32 ? rnd.p : NULL,
                .deterministic = is_on(s, "deterministic"),
                .mu = is_on(s, "mu"),
                .raw = !is_on(s, "message-encoding")};
    bool good = vec_field(s, "Result") == NULL;
    if (!signing) {
        int rc = world_verify(&in, keys[k].key, keys[k].alg, &r, wtl_buf_view(&msg), want.p, want.n);
        assert_int_equal(rc == 1, good);
        return 1;
    }
    uint8_t sig[4627];
    size_t n = 0;
    int rc = world_sign(&in, keys[k].key, keys[k].alg, &r, wtl_buf_view(&msg), sig, &n);
    assert_int_equal(rc == 1, good);
    assert_true(!good || vec_same((wtl_bytes){sig, n}, wtl_buf_view(&want)));
    return 1;
}

static int keygen(const vec_stanza *s, const char *alg)
{
    VEC_HEX(seed, vec_ctrl(s, "Ctrl", "hexseed"));
    EVP_PKEY *key = world_import(&in, alg, EVP_PKEY_KEYPAIR, none, wtl_buf_view(&seed), none);
    assert_non_null(key);
    wtl_bytes pub = world_part(key, OSSL_PKEY_PARAM_PUB_KEY);
    wtl_bytes priv = world_part(key, OSSL_PKEY_PARAM_PRIV_KEY);
    vec_is(pub, vec_ctrl(s, "CtrlOut", "hexpub"));
    vec_is(priv, vec_ctrl(s, "CtrlOut", "hexpriv"));
    free((void *)pub.p);
    free((void *)priv.p);
    EVP_PKEY_free(key);
    return 1;
}

static int from_data(const vec_stanza *s, const char *alg)
{
    const char *priv = vec_ctrl(s, "Ctrl", "hexpriv");
    const char *pub = vec_ctrl(s, "Ctrl", "hexpub");
    assert_string_equal(vec_field(s, "Result"), "KEY_FROMDATA_ERROR");
    VEC_HEX(raw, priv != NULL ? priv : pub);
    wtl_bytes v = wtl_buf_view(&raw);
    assert_null(world_import(&in, alg, priv != NULL ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
                             priv != NULL ? none : v, none, priv != NULL ? v : none));
    return 1;
}

static int one(const vec_stanza *s)
{
    for (size_t i = 0; i < s->n; i++) {
        const char *v = s->value[i];
        if (strcmp(s->key[i], "PrivateKeyRaw") == 0)
            return define(v, true);
        if (strcmp(s->key[i], "PublicKeyRaw") == 0)
            return define(v, false);
        if (strcmp(s->key[i], "Sign-Message") == 0)
            return message(s, v, true);
        if (strcmp(s->key[i], "Verify-Message-Public") == 0)
            return message(s, v, false);
        if (strcmp(s->key[i], "KeyGen") == 0)
            return keygen(s, v);
        if (strcmp(s->key[i], "KeyFromData") == 0)
            return from_data(s, v);
    }
    return 0;
}

static void run(const char *file, enum wtl_cpu_level level)
{
    const char *path = unit_path("WATTLE_OPENSSL_VECTORS", file);
    if (path == NULL) {
        print_message("# skipped: %s is not in the folder that WATTLE_OPENSSL_VECTORS names\n", file);
        skip();
    }
    world_open_with(&in, WORLD_BUILTIN, "cpu", wtl_cpu_name(level));
    unsigned ran = vec_stanzas(path, one);
    print_message("# %s, %s: %u run\n", file, wtl_cpu_name(level), ran);
    while (n_keys > 0)
        EVP_PKEY_free(keys[--n_keys].key);
    world_close(&in);
    assert_true(ran > 0);
}

#define VECTORS(name)                                                             \
    static void name(void **state)                                                \
    {                                                                             \
        (void)state;                                                              \
        for (int level = WTL_CPU_REF; level < WTL_CPU_LEVELS; level++) {          \
            if (level != WTL_CPU_SHANI && wtl_cpu_has((enum wtl_cpu_level)level)) \
                run("evppkey_" #name ".txt", (enum wtl_cpu_level)level);          \
        }                                                                         \
    }
VECTORS(ml_dsa_keygen)
VECTORS(ml_dsa_siggen)
VECTORS(ml_dsa_sigver)
VECTORS(ml_dsa_44_wycheproof_sign)
VECTORS(ml_dsa_44_wycheproof_verify)
VECTORS(ml_dsa_65_wycheproof_sign)
VECTORS(ml_dsa_65_wycheproof_verify)
VECTORS(ml_dsa_87_wycheproof_sign)
VECTORS(ml_dsa_87_wycheproof_verify)

int main(void)
{
    unsetenv("WATTLE_CPU");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ml_dsa_keygen),
        cmocka_unit_test(ml_dsa_siggen),
        cmocka_unit_test(ml_dsa_sigver),
        cmocka_unit_test(ml_dsa_44_wycheproof_sign),
        cmocka_unit_test(ml_dsa_44_wycheproof_verify),
        cmocka_unit_test(ml_dsa_65_wycheproof_sign),
        cmocka_unit_test(ml_dsa_65_wycheproof_verify),
        cmocka_unit_test(ml_dsa_87_wycheproof_sign),
        cmocka_unit_test(ml_dsa_87_wycheproof_verify),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
