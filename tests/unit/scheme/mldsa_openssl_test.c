/* OpenSSL's vectors of ML-DSA, by every level. */
#include "mldsa_levels.h"

enum { KEYS_MOST = 1024 };
static enum wtl_cpu_level now;
static struct {
    char name[64];
    wtl_mldsa_key *key;
} keys[KEYS_MOST];
static size_t n_keys;

static const wtl_mldsa_key *find_key(const char *name)
{
    for (size_t i = n_keys; i > 0; i--) {
        if (strcmp(keys[i - 1].name, name) == 0)
            return keys[i - 1].key;
    }
    fail_msg("no key %s", name);
    return NULL;
}

static int define(const char *value, bool is_private)
{
    char name[64];
    char alg[64];
    wtl_err err = {0};
    assert_int_equal(sscanf(value, "%63[^:]:%63[^:]:", name, alg), 2);
    assert_true(n_keys < KEYS_MOST);
    VEC_HEX(raw, strrchr(value, ':') + 1);
    snprintf(keys[n_keys].name, sizeof keys[0].name, "%s", name);
    wtl_mldsa_key **k = &keys[n_keys++].key;
    wtl_bytes b = wtl_buf_view(&raw);
    if (is_private) {
        assert_good(wtl_mldsa_from_private(k, levels_set(alg), now, b, &err), &err);
        assert_true(vec_same(wtl_mldsa_private(*k), b));
        assert_int_equal(wtl_mldsa_seed(*k).n, 0);
    } else {
        assert_good(wtl_mldsa_from_public(k, levels_set(alg), now, b, &err), &err);
        assert_true(vec_same(wtl_mldsa_public(*k), b));
        assert_int_equal(wtl_mldsa_private(*k).n, 0);
    }
    return 0;
}

static bool is_on(const vec_stanza *s, const char *ctrl)
{
    const char *v = vec_ctrl(s, "Ctrl", ctrl);
    return v != NULL && strcmp(v, "1") == 0;
}

static int sign(const wtl_mldsa_key *k, const wtl_mldsa_what *what, const char *result, wtl_bytes want)
{
    wtl_err err = {0};
    if (result == NULL) {
        levels_sign(k, what, want);
        assert_good(wtl_mldsa_verify(k, what, want, &err), &err);
        return 1;
    }
    assert_string_equal(result, "PKEY_CTRL_ERROR");
    uint8_t sig[WTL_MLDSA_SIG_MOST] = {1};
    assert_int_equal(wtl_mldsa_sign(k, what, sig, &err), WTL_USAGE);
    assert_int_equal(sig[0], 0);
    return 1;
}

static int message(const vec_stanza *s, const char *value, bool signing)
{
    const wtl_mldsa_key *k = find_key(strchr(value, ':') + 1);
    const char *context = vec_ctrl(s, "Ctrl", "hexcontext-string");
    const char *entropy = vec_ctrl(s, "Ctrl", "hextest-entropy");
    const char *input = vec_field(s, "Input");
    const char *output = vec_field(s, "Output");
    const char *result = vec_field(s, "Result");
    VEC_HEX(ctx, context != NULL ? context : "");
    VEC_HEX(msg, input != NULL ? input : "");
    VEC_HEX(sig, output != NULL ? output : "");
    VEC_HEX(rnd, entropy != NULL ? entropy : "");
    const wtl_mldsa_what what = {.msg = wtl_buf_view(&msg),
                                 .context = wtl_buf_view(&ctx),
                                 .is_mu = is_on(s, "mu"),
                                 .is_encoded = !is_on(s, "message-encoding"),
                                 .rnd = entropy != NULL ? wtl_buf_view(&rnd).p : NULL};
    assert_true(entropy == NULL || rnd.n == WTL_MLDSA_RND);
    if (signing)
        return sign(k, &what, result, wtl_buf_view(&sig));
    int want = result == NULL ? 0 : strcmp(result, "PKEY_CTRL_ERROR") == 0 ? WTL_USAGE : WTL_NO;
    assert_int_equal(wtl_mldsa_verify(k, &what, wtl_buf_view(&sig), NULL), want);
    return 1;
}

static int keygen(const vec_stanza *s, const char *alg)
{
    wtl_err err = {0};
    VEC_HEX(seed, vec_ctrl(s, "Ctrl", "hexseed"));
    AUTO(wtl_mldsa) *k = NULL;
    assert_int_equal(seed.n, WTL_MLDSA_SEED);
    assert_good(wtl_mldsa_from_seed(&k, levels_set(alg), now, seed.p, &err), &err);
    vec_is(wtl_mldsa_public(k), vec_ctrl(s, "CtrlOut", "hexpub"));
    vec_is(wtl_mldsa_private(k), vec_ctrl(s, "CtrlOut", "hexpriv"));
    vec_is(wtl_mldsa_seed(k), vec_ctrl(s, "Ctrl", "hexseed"));
    return 1;
}

static int from_data(const vec_stanza *s, const char *alg)
{
    const char *priv = vec_ctrl(s, "Ctrl", "hexpriv");
    const char *pub = vec_ctrl(s, "Ctrl", "hexpub");
    wtl_mldsa_key *k = NULL;
    assert_string_equal(vec_field(s, "Result"), "KEY_FROMDATA_ERROR");
    VEC_HEX(raw, priv != NULL ? priv : pub);
    wtl_bytes b = wtl_buf_view(&raw);
    assert_int_equal(priv != NULL ? wtl_mldsa_from_private(&k, levels_set(alg), now, b, NULL)
                                  : wtl_mldsa_from_public(&k, levels_set(alg), now, b, NULL),
                     WTL_FORMAT);
    assert_null(k);
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
    assert_non_null(vec_field(s, "Title"));
    return 0;
}

static void run(const char *file, unsigned least)
{
    VEC_PATH(path, "WATTLE_OPENSSL_VECTORS", file);
    for (EACH_LEVEL(level)) {
        now = level;
        unsigned ran = vec_stanzas(path, one);
        print_message("# %s, %s: %u run\n", file, wtl_cpu_name(level), ran);
        assert_true(ran >= least);
        while (n_keys > 0)
            wtl_mldsa_free(keys[--n_keys].key);
    }
}

#define VECTORS(name, least)                 \
    static void name(void **st)              \
    {                                        \
        (void)st;                            \
        run("evppkey_" #name ".txt", least); \
    }
VECTORS(ml_dsa_keygen, 75)
VECTORS(ml_dsa_siggen, 180)
VECTORS(ml_dsa_sigver, 90)
VECTORS(ml_dsa_44_wycheproof_sign, 65)
VECTORS(ml_dsa_44_wycheproof_verify, 60)
VECTORS(ml_dsa_65_wycheproof_sign, 60)
VECTORS(ml_dsa_65_wycheproof_verify, 60)
VECTORS(ml_dsa_87_wycheproof_sign, 58)
VECTORS(ml_dsa_87_wycheproof_verify, 60)

int main(void)
{
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
