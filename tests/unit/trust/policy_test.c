#include "unit.h"

#include "base/text.h"
#include "trust/policy.h"

#define HASH(x) x x "112233445566778899aabbccddeeff00112233445566778899aabbccddee"
#define SIGNER(name, x) "[" name "]\nspki-sha256 = " HASH(x) "\n"

static void read_in(wtl_trust *t, const char *text)
{
    wtl_err err = {0};
    assert_good(wtl_trust_parse(t, wtl_text_of(text), &err), &err);
}

static void by_key(void **state)
{
    (void)state;
    AUTO(wtl_trust) t = {0};
    read_in(&t, SIGNER("a", "aa") SIGNER("b", "bb") "[c]\npublic-key = c\n[require]\nall = a\n");
    uint8_t id[WTL_KEY_ID];
    memcpy(id, t.section[1].id, sizeof id);
    assert_int_equal(wtl_policy_by_key(&t, id), 1);
    id[31] ^= 1;
    assert_int_equal(wtl_policy_by_key(&t, id), 3);
    memset(id, 0, sizeof id); /* what a section without identifier holds */
    assert_int_equal(wtl_policy_by_key(&t, id), 3);
}

static void standing(void **state)
{
    (void)state;
    AUTO(wtl_trust) t = {0};
    read_in(
        &t,
        SIGNER("a", "aa") "algorithm = ML-DSA-65\nnot-before = 1970-01-01T00:01:40Z\nnot-after = "
                          "1970-01-01T00:03:20Z\nrevoked-at = 1970-01-01T00:02:30Z\n" SIGNER(
                              "b",
                              "bb") "not-after = 1970-01-01T00:03:20Z\n" SIGNER("c",
                                                                                "cc") "[require]\nall = a\n");
    const wtl_alg *right = wtl_alg_by_name("ML-DSA-65");
    const wtl_alg *wrong = wtl_alg_by_name("ECDSA-P256");
    static const struct {
        size_t section;
        int64_t now;
        const char *says; /* NULL: counts */
    } cases[] = {
        {0, 99, "not valid before 1970-01-01T00:01:40Z"},
        {0, 100, NULL},
        {0, 149, NULL},
        {0, 150, "revoked at 1970-01-01T00:02:30Z"},
        {0, 1000, "revoked"},
        {1, INT64_MIN, NULL},
        {1, 200, NULL},
        {1, 201, "expired at 1970-01-01T00:03:20Z"},
        {2, INT64_MIN, NULL},
        {2, INT64_MAX - 1, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        wtl_err err = {0};
        int rc = wtl_policy_standing(&t.section[cases[i].section], right, cases[i].now, &err);
        assert_int_equal(rc, cases[i].says != NULL ? WTL_POLICY : WTL_OK);
        assert_true(cases[i].says == NULL || strstr(err.text, cases[i].says) != NULL);
    }
    wtl_err err = {0};
    assert_int_equal(wtl_policy_standing(&t.section[0], wrong, 120, &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "made by ECDSA-P256, and [a] allows ML-DSA-65 alone"));
    assert_int_equal(wtl_policy_standing(&t.section[2], wrong, 120, &err), WTL_OK);
}

static void scope(void **state)
{
    (void)state;
    AUTO(wtl_trust) t = {0};
    read_in(&t,
            SIGNER("a", "aa") "model-names = llama-*, x\n" SIGNER("b", "bb") "predicate-types = p:1, p:2\n"
                                                                             "[require]\nall = a\n");
    wtl_err err = {0};
    assert_good(wtl_policy_scope(&t.section[0], WTL_TRUST_PREDICATE, "llama-3", &err), &err);
    assert_good(wtl_policy_scope(&t.section[0], WTL_TRUST_PREDICATE, "x", &err), &err);
    assert_int_equal(wtl_policy_scope(&t.section[0], WTL_TRUST_PREDICATE, "X\x1b[2J", &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "\"X\\x1b[2J\", only for llama-*, x"));
    assert_int_equal(wtl_policy_scope(&t.section[0], "p:1", "x", &err), WTL_POLICY);
    assert_good(wtl_policy_scope(&t.section[1], "p:2", "anything", &err), &err);
    assert_int_equal(wtl_policy_scope(&t.section[1], WTL_TRUST_PREDICATE, "x", &err), WTL_POLICY);
    assert_int_equal(wtl_policy_scope(&t.section[1], "p:22", "x", &err), WTL_POLICY);
    assert_int_equal(wtl_policy_scope(&t.section[1], "", "x", &err), WTL_POLICY);
}

/* Every combination of four signers under both kinds of requirement. */
static void met(void **state)
{
    (void)state;
#define FOUR SIGNER("a", "aa") SIGNER("b", "bb") SIGNER("c", "cc") SIGNER("d", "dd")
    AUTO(wtl_trust) all = {0};
    AUTO(wtl_trust) two = {0};
    read_in(&all, FOUR "[require]\nall = a, c\n");
    read_in(&two, FOUR "[require]\nthreshold = 2: a, b, c\n");
    const char *why[4] = {"it expired", NULL, NULL, NULL};
    for (unsigned mask = 0; mask < 16; mask++) {
        bool in[4];
        for (unsigned i = 0; i < 4; i++)
            in[i] = (mask >> i & 1) != 0;
        wtl_err err = {0};
        int rc = wtl_policy_met(&all, in, why, &err);
        assert_int_equal(rc, in[0] && in[2] ? WTL_OK : WTL_POLICY);
        assert_true(in[0] || strstr(err.text, "[a] does not count: it expired") != NULL);
        assert_true(rc == 0 || in[2] || strstr(err.text, "[c] has not signed") != NULL);
        assert_true(strstr(err.text, "[b]") == NULL && strstr(err.text, "[d]") == NULL);
        rc = wtl_policy_met(&two, in, why, NULL);
        assert_int_equal(rc, in[0] + in[1] + in[2] >= 2 ? WTL_OK : WTL_POLICY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_key),
        cmocka_unit_test(standing),
        cmocka_unit_test(scope),
        cmocka_unit_test(met),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
