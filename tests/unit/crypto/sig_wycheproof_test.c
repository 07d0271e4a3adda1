/* Project Wycheproof's ML-DSA vectors. */
#include "vec.h"

#include "crypto/sig.h"
#include "keys.h"

typedef struct tally {
    unsigned signed_same; /* our deterministic signature is the vector's */
    unsigned verified;    /* randomised ones and those to verify */
    unsigned by_mu;
    unsigned refused;
} tally;

static const char *maybe(const json_t *o, const char *member)
{
    const char *s = json_string_value(json_object_get(o, member));
    return s != NULL ? s : "";
}

static bool is_valid(const json_t *test)
{
    return strcmp(vec_json_text(test, "result"), "valid") == 0;
}

/* The private key of a group, NULL when it is refused. */
static wtl_key *private_key(const json_t *group, const char *alg)
{
    wtl_key *k = NULL;
    VEC_HEX(pkcs8, maybe(group, "privateKeyPkcs8"));
    VEC_HEX(seed, maybe(group, "privateSeed"));
    VEC_HEX(expanded, maybe(group, "privateKey"));
    AUTO(wtl_buf) file = {0};
    if (json_object_get(group, "privateKey") != NULL) {
        keys_pkcs8_expanded(alg, wtl_buf_view(&expanded), &file);
        (void)!wtl_key_parse(&k, wtl_buf_view(&file), NULL, NULL);
        return k;
    }
    (void)!wtl_key_from_seed(&k, wtl_alg_by_name(alg), wtl_buf_view(&seed), NULL);
    if (pkcs8.n == 0)
        return k;
    AUTO(wtl_key) *read = keys_read(wtl_buf_view(&pkcs8), NULL, 0);
    assert_true(wtl_key_same(k, read));
    /* What we write for that seed is the vector's file, byte for byte. */
    keys_der(read, &file);
    assert_true(vec_same(wtl_buf_view(&file), wtl_buf_view(&pkcs8)));
    return k;
}

static void check_public(const json_t *group, const wtl_key *k)
{
    if (maybe(group, "publicKey")[0] == '\0')
        return;
    AUTO(wtl_buf) raw = {0};
    assert_int_equal(wtl_key_public_raw(k, &raw, NULL), 0);
    vec_is(wtl_buf_view(&raw), maybe(group, "publicKey"));
}

static void sign_and_compare(const wtl_key *k, wtl_bytes msg, wtl_sig_opts o, wtl_bytes want)
{
    wtl_err err = {0};
    AUTO(wtl_buf) sig = {0};
    o.deterministic = true;
    assert_good(wtl_sig_sign(k, msg, &o, &sig, &err), &err);
    assert_true(vec_same(wtl_buf_view(&sig), want));
}

static void sign_valid(const json_t *test, const wtl_key *k, tally *t)
{
    wtl_err err = {0};
    VEC_HEX(msg, maybe(test, "msg"));
    VEC_HEX(ctx, maybe(test, "ctx"));
    VEC_HEX(mu, maybe(test, "mu"));
    VEC_HEX(sig, vec_json_text(test, "sig"));
    const wtl_sig_opts pure = {.context = wtl_buf_view(&ctx)};
    const wtl_sig_opts external = {.message_is_mu = true};
    bool has_msg = json_object_get(test, "msg") != NULL;
    bool random = json_object_get(test, "rnd") != NULL;
    if (has_msg) {
        assert_good(wtl_sig_verify(k, wtl_buf_view(&msg), &pure, wtl_buf_view(&sig), &err), &err);
        t->verified++;
    }
    if (has_msg && !random) {
        sign_and_compare(k, wtl_buf_view(&msg), pure, wtl_buf_view(&sig));
        t->signed_same++;
    }
    if (mu.n == 0)
        return;
    assert_good(wtl_sig_verify(k, wtl_buf_view(&mu), &external, wtl_buf_view(&sig), &err), &err);
    if (!random)
        sign_and_compare(k, wtl_buf_view(&mu), external, wtl_buf_view(&sig));
    uint8_t own[64];
    assert_good(wtl_sig_mu(k, wtl_buf_view(&msg), wtl_buf_view(&ctx), own, &err), &err);
    assert_true(!has_msg || memcmp(own, mu.p, 64) == 0);
    t->by_mu++;
}

static void sign_invalid(const json_t *test, const wtl_key *k, tally *t)
{
    t->refused++;
    if (k == NULL)
        return;
    VEC_HEX(msg, maybe(test, "msg"));
    VEC_HEX(ctx, maybe(test, "ctx"));
    AUTO(wtl_buf) sig = {0};
    const wtl_sig_opts o = {.context = wtl_buf_view(&ctx), .deterministic = true};
    assert_int_equal(wtl_sig_sign(k, wtl_buf_view(&msg), &o, &sig, NULL), WTL_USAGE);
}

static void sign_group(const json_t *group, const char *alg, tally *t)
{
    AUTO(wtl_key) *k = private_key(group, alg);
    if (k != NULL)
        check_public(group, k);
    size_t i;
    json_t *test;
    json_array_foreach(json_object_get(group, "tests"), i, test)
    {
        if (!is_valid(test)) {
            sign_invalid(test, k, t);
            continue;
        }
        assert_non_null(k);
        sign_valid(test, k, t);
    }
}

static wtl_key *public_key(const json_t *group, const char *alg)
{
    wtl_key *k = NULL;
    VEC_HEX(raw, maybe(group, "publicKey"));
    VEC_HEX(der, maybe(group, "publicKeyDer"));
    (void)!wtl_key_from_public(&k, wtl_alg_by_name(alg), wtl_buf_view(&raw), NULL);
    AUTO(wtl_key) *read = NULL;
    if (der.n > 0)
        assert_true((wtl_key_parse(&read, wtl_buf_view(&der), NULL, NULL) == 0) == (k != NULL));
    assert_true(read == NULL || wtl_key_same(k, read));
    return k;
}

static void verify_group(const json_t *group, const char *alg, tally *t)
{
    AUTO(wtl_key) *k = public_key(group, alg);
    size_t i;
    json_t *test;
    json_array_foreach(json_object_get(group, "tests"), i, test)
    {
        if (k == NULL) {
            assert_false(is_valid(test));
            t->refused++;
            continue;
        }
        VEC_HEX(msg, maybe(test, "msg"));
        VEC_HEX(ctx, maybe(test, "ctx"));
        VEC_HEX(sig, vec_json_text(test, "sig"));
        const wtl_sig_opts o = {.context = wtl_buf_view(&ctx)};
        int rc = wtl_sig_verify(k, wtl_buf_view(&msg), &o, wtl_buf_view(&sig), NULL);
        int want = is_valid(test) ? 0 : ctx.n > 255 ? WTL_USAGE : WTL_NO;
        if (rc != want)
            fail_msg("%s: got %s: %s", alg, wtl_rc_name(rc), vec_json_text(test, "comment"));
        t->verified += rc == 0;
        t->refused += rc != 0;
    }
}

static void run(const char *file, const char *alg, void (*each)(const json_t *, const char *, tally *))
{
    const char *path = unit_path("WATTLE_VECTORS", file);
    if (path == NULL) {
        print_message("# skipped: %s is not in the folder that WATTLE_VECTORS names\n", file);
        skip();
    }
    json_t *root = vec_json(path);
    tally t = {0};
    size_t i;
    json_t *group;
    json_array_foreach(json_object_get(root, "testGroups"), i, group)
    {
        each(group, alg, &t);
    }
    print_message("# %s: %lld vectors: %u signed alike, %u verified, %u by mu, %u refused\n", file,
                  (long long)json_integer_value(json_object_get(root, "numberOfTests")), t.signed_same,
                  t.verified, t.by_mu, t.refused);
    assert_true(t.verified > 50 && t.refused > 0);
    json_decref(root);
}

static void verify_44(void **state)
{
    (void)state;
    run("wycheproof/mldsa_44_verify_test.json", "ML-DSA-44", verify_group);
}

static void verify_65(void **state)
{
    (void)state;
    run("wycheproof/mldsa_65_verify_test.json", "ML-DSA-65", verify_group);
}

static void verify_87(void **state)
{
    (void)state;
    run("wycheproof/mldsa_87_verify_test.json", "ML-DSA-87", verify_group);
}

static void sign_44(void **state)
{
    (void)state;
    run("wycheproof/mldsa_44_sign_seed_test.json", "ML-DSA-44", sign_group);
    run("wycheproof/mldsa_44_sign_noseed_test.json", "ML-DSA-44", sign_group);
}

static void sign_65(void **state)
{
    (void)state;
    run("wycheproof/mldsa_65_sign_seed_test.json", "ML-DSA-65", sign_group);
    run("wycheproof/mldsa_65_sign_noseed_test.json", "ML-DSA-65", sign_group);
}

static void sign_87(void **state)
{
    (void)state;
    run("wycheproof/mldsa_87_sign_seed_test.json", "ML-DSA-87", sign_group);
    run("wycheproof/mldsa_87_sign_noseed_test.json", "ML-DSA-87", sign_group);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verify_44), cmocka_unit_test(verify_65), cmocka_unit_test(verify_87),
        cmocka_unit_test(sign_44),   cmocka_unit_test(sign_65),   cmocka_unit_test(sign_87),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
