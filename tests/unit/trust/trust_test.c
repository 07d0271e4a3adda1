#include "unit.h"

#include "base/text.h"
#include "trust/trust.h"

#define HASH_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HASH_B "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define ALL "[require]\nall = a\n"

static void whole_file(void **state)
{
    (void)state;
    AUTO(wtl_trust) t = {0};
    wtl_err err = {0};
    assert_good(wtl_trust_parse(&t,
                                wtl_text_of("[require]\nthreshold = 2 : a,b , c\n"
                                            "[a]\npublic-key = keys/a b.pub\nspki-sha256 = " HASH_A "\n"
                                            "algorithm = ml-dsa-65\nnot-before = 2026-01-01T00:00:00Z\n"
                                            "not-after = 2027-01-01T00:00:00Z\nrevoked-at = "
                                            "2026-06-01T00:00:00Z\n"
                                            "predicate-types = x:y, " WTL_TRUST_PREDICATE "\n"
                                            "model-names = llama-*, ?\n"
                                            "[b]\nspki-sha256 = " HASH_B "\n"
                                            "[c]\nca = ca.pem\nidentity = a@b.c\n[d]\npublic-key = d\n"),
                                &err),
                &err);
    assert_int_equal(t.n, 4);
    assert_int_equal(t.least, 2);
    const wtl_trust_section *a = &t.section[0];
    assert_string_equal(a->name, "a");
    assert_string_equal(a->public_key, "keys/a b.pub");
    assert_true(a->has_id);
    assert_int_equal(a->id[1], 0x11);
    assert_string_equal(a->alg->name, "ML-DSA-65");
    assert_true(a->not_before == 1767225600 && a->not_after == 1798761600 && a->revoked_at == 1780272000);
    assert_int_equal(a->predicates.n, 2);
    assert_string_equal(a->predicates.p[0], "x:y");
    assert_int_equal(a->models.n, 2);
    assert_string_equal(a->models.p[1], "?");
    const wtl_trust_section *b = &t.section[1];
    assert_null(b->public_key);
    assert_null(b->alg);
    assert_true(b->not_before == INT64_MIN && b->not_after == INT64_MAX && b->revoked_at == INT64_MAX);
    assert_int_equal(b->predicates.n, 1);
    assert_string_equal(b->predicates.p[0], WTL_TRUST_PREDICATE);
    assert_string_equal(b->models.p[0], "*");
    assert_string_equal(t.section[2].ca, "ca.pem");
    assert_string_equal(t.section[2].identity, "a@b.c");
    assert_true(a->required && b->required && t.section[2].required && !t.section[3].required);
    assert_int_equal(wtl_trust_find(&t, "d"), 3);
    assert_int_equal(wtl_trust_find(&t, "require"), 4);
}

#define KEY "[a]\npublic-key = a.pub\n"

static const struct {
    const char *text;
    const char *says;
} rows[] = {
    {"", "[require] is missing"},
    {KEY, "[require] is missing"},
    {"[require]\nall = a\n", "no such section"},
    {"[a]\n" ALL, "line 1: [a] names no key"},
    {"[a]\nalgorithm = ML-DSA-65\n" ALL, "line 1: [a] names no key"},
    {KEY "[require]\n", "line 3: [require] has exactly one"},
    {KEY "[require]\nall = a\nthreshold = 1: a\n", "line 3: [require] has exactly one"},
    {KEY "[require]\nany = a\n", "line 4: [require] has no key \"any\""},
    {KEY "[require]\nall = a, a\n", "line 4: \"a\" is twice"},
    {KEY "[require]\nall = a,\n", "line 4: an empty item"},
    {KEY "[require]\nall = ,a\n", "line 4: an empty item"},
    {KEY "[require]\nall = a, b\n", "line 4: [require] names \"b\""},
    {KEY "[require]\nall = require\n", "line 4: [require] names \"require\""},
    {KEY "[require]\nthreshold = 0: a\n", "line 4: a threshold"},
    {KEY "[require]\nthreshold = 01: a\n", "line 4: a threshold"},
    {KEY "[require]\nthreshold = -1: a\n", "line 4: a threshold"},
    {KEY "[require]\nthreshold = 2: a\n", "line 4: the threshold 2 can never"},
    {KEY "[require]\nthreshold = 999: a\n", "line 4: the threshold 999 can never"},
    {KEY "[require]\nthreshold = 18446744073709551617: a\n", "line 4: a threshold"},
    {KEY "[require]\nthreshold = 1\n", "line 4: a threshold"},
    {KEY "[require]\nthreshold = 1: \n", "line 4: an empty item"},
    {KEY "[require]\nthreshold = a\n", "line 4: a threshold"},
    {KEY "colour = red\n" ALL, "line 3: a section has no key \"colour\""},
    {KEY "algorithm = DSA\n" ALL, "line 3: \"DSA\" is no signature algorithm"},
    {KEY "algorithm = ML-KEM-768\n" ALL, "line 3: \"ML-KEM-768\" is no signature algorithm"},
    {KEY "not-before = yesterday\n" ALL, "line 3: \"yesterday\" is no time"},
    {KEY "not-after = 2026-02-30T00:00:00Z\n" ALL, "line 3: \"2026-02-30"},
    {KEY "revoked-at = yes\n" ALL, "line 3: \"yes\" is no time"},
    {KEY "not-before = 2027-01-01T00:00:00Z\nnot-after = 2026-01-01T00:00:00Z\n" ALL, "line 1: [a] is never"},
    {KEY "spki-sha256 = 00\n" ALL, "line 3: spki-sha256"},
    {KEY "spki-sha256 = " HASH_A "00\n" ALL, "line 3: spki-sha256"},
    {KEY "spki-sha256 = FF112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n" ALL,
     "line 3: spki"},
    {KEY "predicate-types = a,,b\n" ALL, "line 3: an empty item"},
    {KEY "model-names = [ab]\n" ALL, "line 3: a pattern knows"},
    {KEY "ca = c.pem\nidentity = i\n" ALL, "line 1: [a] names a key and a ca"},
    {"[a]\nca = c.pem\n" ALL, "line 1: [a]: ca and identity"},
    {KEY "identity = i\n" ALL, "line 1: [a]: ca and identity"},
    {KEY "[b]\npublic-key = a.pub\n" ALL, "line 3: [b] is the same signer as [a]"},
    {"[a]\nspki-sha256 = " HASH_A "\n[b]\nspki-sha256 = " HASH_A "\n" ALL,
     "line 3: [b] is the same signer as [a]"},
    {"[a]\nca = x\nidentity = i\n[b]\nca = y\nidentity = i\n" ALL, "line 4: [b] is the same signer as [a]"},
    {KEY "[A]\npublic-key = b\n[A]\npublic-key = c\n" ALL, "line 5: the section [A]"},
    {KEY ALL "[require]\nall = a\n", "line 5: the section [require]"},
};

static void refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wtl_trust t = {0};
        wtl_err err = {0};
        int rc = wtl_trust_parse(&t, wtl_text_of(rows[i].text), &err);
        if (rc != WTL_FORMAT || strstr(err.text, rows[i].says) == NULL)
            fail_msg("row %zu gave %s: %s", i, wtl_rc_name(rc), err.text);
        assert_null(t.section);
        assert_int_equal(t.n, 0);
    }
}

/* A file cut short never asks for less: here a section that is required stands last. */
static void every_truncation(void **state)
{
    (void)state;
    static const char text[] = KEY "[b]\nspki-sha256 = " HASH_B
                                   "\n[require]\nall = a, bb\n[bb]\npublic-key = c\n";
    for (size_t n = 0; n < sizeof text - 1; n++) {
        uint8_t *copy = malloc(n > 0 ? n : 1);
        assert_non_null(copy);
        memcpy(copy, text, n);
        wtl_trust t;
        assert_int_equal(wtl_trust_parse(&t, (wtl_bytes){copy, n}, NULL), WTL_FORMAT);
        free(copy);
    }
}

static void every_byte(void **state)
{
    (void)state;
    char text[] = KEY "not-after = 2027-01-01T00:00:00Z\n[require]\nthreshold = 1: a\n";
    for (size_t i = 0; i < sizeof text - 1; i++) {
        for (unsigned v = 1; v < 256; v++) {
            text[i] = (char)(text[i] ^ (char)v);
            wtl_trust t;
            wtl_err err = {0};
            int rc = wtl_trust_parse(&t, (wtl_bytes){(uint8_t *)text, sizeof text - 1}, &err);
            assert_true(rc == WTL_OK || (rc == WTL_FORMAT && err.text[0] != '\0'));
            assert_true(rc != WTL_OK || (t.least == 1 && t.n == 1));
            wtl_trust_free(&t);
            text[i] = (char)(text[i] ^ (char)v);
        }
    }
}

static void bind(void **state)
{
    (void)state;
    AUTO(wtl_key) *k = NULL;
    AUTO(wtl_key) *other = NULL;
    AUTO(wtl_key) *kem = NULL;
    AUTO(wtl_trust) t = {0};
    wtl_err err = {0};
    assert_good(wtl_key_generate(&k, wtl_alg_by_name("Ed25519"), &err), &err);
    assert_good(wtl_key_generate(&other, wtl_alg_by_name("Ed25519"), &err), &err);
    assert_good(wtl_key_generate(&kem, wtl_alg_by_name("X25519"), &err), &err);
    assert_good(wtl_trust_parse(&t,
                                wtl_text_of("[a]\npublic-key = a\n[b]\npublic-key = b\n[c]\npublic-key = "
                                            "c\nspki-sha256 = " HASH_A "\n[d]\npublic-key = d\nalgorithm = "
                                            "ML-DSA-44\n[require]\nall = a\n"),
                                &err),
                &err);
    assert_good(wtl_trust_bind(&t, 0, k, &err), &err);
    assert_true(t.section[0].has_id);
    assert_good(wtl_trust_bind(&t, 0, k, &err), &err);
    assert_int_equal(wtl_trust_bind(&t, 0, other, &err), WTL_FORMAT);
    assert_int_equal(wtl_trust_bind(&t, 1, k, &err), WTL_FORMAT);
    assert_non_null(strstr(err.text, "line 3: [b] is the same signer as [a]"));
    assert_int_equal(wtl_trust_bind(&t, 2, other, &err), WTL_FORMAT);
    assert_non_null(strstr(err.text, "not the one of its spki-sha256"));
    assert_int_equal(wtl_trust_bind(&t, 3, other, &err), WTL_FORMAT);
    assert_non_null(strstr(err.text, "Ed25519, not ML-DSA-44"));
    assert_int_equal(wtl_trust_bind(&t, 3, kem, &err), WTL_FORMAT);
    assert_non_null(strstr(err.text, "makes no signatures"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_file), cmocka_unit_test(refused), cmocka_unit_test(every_truncation),
        cmocka_unit_test(every_byte), cmocka_unit_test(bind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
