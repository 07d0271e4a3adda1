/* The vectors of OpenSSL's source package for ML-DSA, SLH-DSA (signing, verifying, key generation) and ML-KEM
 * key generation, run through our keys and signatures. */
#include "vec.h"

#include "crypto/sig.h"
#include "keys.h"

/* Why vectors were not run, with how many. */
static struct {
    const char *why;
    unsigned n;
} skipped[16];

static int leave(const char *why)
{
    size_t i = 0;
    while (skipped[i].why != NULL && strcmp(skipped[i].why, why) != 0)
        i++;
    assert_true(i + 1 < sizeof skipped / sizeof skipped[0]);
    skipped[i].why = why;
    skipped[i].n++;
    return 0;
}

static void tell_skipped(const char *file, unsigned ran)
{
    print_message("# %s: %u run\n", file, ran);
    for (size_t i = 0; skipped[i].why != NULL; i++)
        print_message("#   %u skipped: %s\n", skipped[i].n, skipped[i].why);
    memset(skipped, 0, sizeof skipped);
}

/* "name:algorithm:hex" definitions seen so far in the file. */
enum { KEYS_MOST = 1024 };
static struct {
    char name[64];
    wtl_key *key;
} keys[KEYS_MOST];
static size_t n_keys;

static void forget_keys(void)
{
    while (n_keys > 0)
        wtl_key_free(keys[--n_keys].key);
}

static wtl_key *find_key(const char *name)
{
    for (size_t i = n_keys; i > 0; i--) {
        if (strcmp(keys[i - 1].name, name) == 0)
            return keys[i - 1].key;
    }
    fail_msg("no key %s", name);
    return NULL;
}

static wtl_key *key_of_raw(const char *alg, wtl_bytes raw, bool is_private, int rc)
{
    if (is_private) {
        AUTO(wtl_buf) file = {0};
        keys_pkcs8_expanded(alg, raw, &file);
        return keys_read(wtl_buf_view(&file), NULL, rc);
    }
    wtl_key *k = NULL;
    assert_int_equal(wtl_key_from_public(&k, wtl_alg_by_name(alg), raw, NULL), rc);
    return k;
}

static int define(const char *value, bool is_private)
{
    char name[64];
    char alg[64];
    const char *hex = strrchr(value, ':') + 1;
    assert_int_equal(sscanf(value, "%63[^:]:%63[^:]:", name, alg), 2);
    assert_true(n_keys < KEYS_MOST);
    VEC_HEX(raw, hex);
    snprintf(keys[n_keys].name, sizeof keys[0].name, "%s", name);
    keys[n_keys++].key = key_of_raw(alg, wtl_buf_view(&raw), is_private, 0);
    return 0;
}

static bool is_on(const vec_stanza *s, const char *ctrl)
{
    const char *v = vec_ctrl(s, "Ctrl", ctrl);
    return v != NULL && strcmp(v, "1") == 0;
}

static int sign(const vec_stanza *s, const wtl_key *k, wtl_bytes msg, wtl_sig_opts *o, wtl_bytes want)
{
    wtl_err err = {0};
    /* The randomness of a hedged signature cannot be given to us, but its result must verify. */
    if (vec_ctrl(s, "Ctrl", "hextest-entropy") != NULL || !is_on(s, "deterministic")) {
        assert_good(wtl_sig_verify(k, msg, o, want, &err), &err);
        return 1;
    }
    if (vec_field(s, "Extended-Test") != NULL && getenv("WATTLE_TEST_LONG") == NULL) {
        assert_good(wtl_sig_verify(k, msg, o, want, &err), &err);
        return leave("signing in extended tests (set WATTLE_TEST_LONG); they were verified");
    }
    o->deterministic = true;
    AUTO(wtl_buf) sig = {0};
    assert_good(wtl_sig_sign(k, msg, o, &sig, &err), &err);
    assert_true(vec_same(wtl_buf_view(&sig), want));
    return 1;
}

static int verify(const vec_stanza *s, const wtl_key *k, wtl_bytes msg, const wtl_sig_opts *o, wtl_bytes sig)
{
    wtl_err err = {0};
    const char *result = vec_field(s, "Result");
    int want = result == NULL ? 0 : strcmp(result, "PKEY_CTRL_ERROR") == 0 ? WTL_USAGE : WTL_NO;
    int rc = wtl_sig_verify(k, msg, o, sig, &err);
    if (rc != want)
        fail_msg("got %s, wanted %s: %s", wtl_rc_name(rc), wtl_rc_name(want), err.text);
    return 1;
}

static int message(const vec_stanza *s, const char *value, bool signing)
{
    const wtl_key *k = find_key(strchr(value, ':') + 1);
    const char *context = vec_ctrl(s, "Ctrl", "hexcontext-string");
    const char *input = vec_field(s, "Input");
    const char *output = vec_field(s, "Output");
    const char *result = vec_field(s, "Result");
    bool mu = is_on(s, "mu");
    if (!is_on(s, "message-encoding") && !mu)
        return leave("internal interface (raw M'), which we do not offer");
    VEC_HEX(ctx, context != NULL ? context : "");
    VEC_HEX(msg, input != NULL ? input : "");
    VEC_HEX(sig, output != NULL ? output : "");
    /* With mu the context is hashed already; evp_test hands it over all the same. */
    wtl_sig_opts o = {.context = mu ? (wtl_bytes){0} : wtl_buf_view(&ctx), .message_is_mu = mu};
    if (!signing)
        return verify(s, k, wtl_buf_view(&msg), &o, wtl_buf_view(&sig));
    if (result != NULL && strcmp(result, "PKEY_CTRL_ERROR") == 0) {
        AUTO(wtl_buf) none = {0};
        assert_int_equal(wtl_sig_sign(k, wtl_buf_view(&msg), &o, &none, NULL), WTL_USAGE);
        return 1;
    }
    assert_null(result);
    return sign(s, k, wtl_buf_view(&msg), &o, wtl_buf_view(&sig));
}

static int keygen(const vec_stanza *s, const char *alg)
{
    const char *hex = vec_ctrl(s, "Ctrl", "hexseed");
    const char *pub = vec_ctrl(s, "CtrlOut", "hexpub");
    const char *priv = vec_ctrl(s, "CtrlOut", "hexpriv");
    assert_true(hex != NULL && pub != NULL && priv != NULL);
    wtl_err err = {0};
    VEC_HEX(seed, hex);
    AUTO(wtl_key) *k = NULL;
    assert_good(wtl_key_from_seed(&k, wtl_alg_by_name(alg), wtl_buf_view(&seed), &err), &err);
    AUTO(wtl_buf) raw = {0};
    assert_good(wtl_key_public_raw(k, &raw, &err), &err);
    vec_is(wtl_buf_view(&raw), pub);
    keys_expanded(k, &raw);
    vec_is(wtl_buf_view(&raw), priv);
    return 1;
}

static int from_data(const vec_stanza *s, const char *alg)
{
    const char *priv = vec_ctrl(s, "Ctrl", "hexpriv");
    const char *pub = vec_ctrl(s, "Ctrl", "hexpub");
    assert_string_equal(vec_field(s, "Result"), "KEY_FROMDATA_ERROR");
    VEC_HEX(raw, priv != NULL ? priv : pub);
    key_of_raw(alg, wtl_buf_view(&raw), priv != NULL, WTL_FORMAT);
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
        if (strcmp(s->key[i], "Title") == 0)
            return 0;
    }
    return leave(s->key[0]);
}

static void run(const char *file)
{
    const char *path = unit_path("WATTLE_OPENSSL_VECTORS", file);
    if (path == NULL) {
        print_message("# skipped: %s is not in the folder that WATTLE_OPENSSL_VECTORS names\n", file);
        skip();
    }
    unsigned ran = vec_stanzas(path, one);
    tell_skipped(file, ran);
    forget_keys();
    assert_true(ran > 0);
}

#define VECTORS(name)                 \
    static void name(void **st)       \
    {                                 \
        (void)st;                     \
        run("evppkey_" #name ".txt"); \
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
VECTORS(slh_dsa_keygen)
VECTORS(slh_dsa_siggen)
VECTORS(slh_dsa_sigver)
VECTORS(ml_kem_keygen)
VECTORS(ml_kem_512_keygen)
VECTORS(ml_kem_768_keygen)
VECTORS(ml_kem_1024_keygen)

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
        cmocka_unit_test(slh_dsa_keygen),
        cmocka_unit_test(slh_dsa_siggen),
        cmocka_unit_test(slh_dsa_sigver),
        cmocka_unit_test(ml_kem_keygen),
        cmocka_unit_test(ml_kem_512_keygen),
        cmocka_unit_test(ml_kem_768_keygen),
        cmocka_unit_test(ml_kem_1024_keygen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
