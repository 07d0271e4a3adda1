#include "unit.h"

#include "maker.h"

static void payloads(void **state)
{
    (void)state;
    static const struct {
        const char *claims;
        int rc;
        enum wtl_token_reason reason;
    } rows[] = {
        {"{\"exp\":1800000001}", WTL_OK, WTL_TOKEN_GOOD},
        {"\t{ \"exp\" : 18000000.01e2 }\n", WTL_OK, WTL_TOKEN_GOOD},
        {"{\"exp\":1.9E9}", WTL_OK, WTL_TOKEN_GOOD},
        {"{\"exp\":253402300799}", WTL_OK, WTL_TOKEN_GOOD},
        {"{\"exp\":1800000000.9}", WTL_NO, WTL_TOKEN_EXPIRED},
        {"{\"exp\":0}", WTL_NO, WTL_TOKEN_EXPIRED},
        {"{\"exp\":1800000001,\"nbf\":1800000000}", WTL_OK, WTL_TOKEN_GOOD},
        {"{\"exp\":1800000001,\"nbf\":1800000000.000001}", WTL_NO, WTL_TOKEN_EARLY},
        {"{\"exp\":1800000001,\"iat\":1900000000}", WTL_OK, WTL_TOKEN_GOOD}, /* without max_age iat is talk */
        {"{\"exp\":253402300800}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":-1}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":1e300}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":1e400}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":99999999999999999999}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":9223372036854775807}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":-9223372036854775808}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":18446744073709551615}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":NaN}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":Infinity}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":\"1900000000\"}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":null}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":01900000000}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":0x7fffffff}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":1900000000,\"nbf\":true}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":1900000000,\"iat\":\"x\"}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":1900000000,\"exp\":1900000000}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":1900000000,\"\\u0065xp\":1}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":1900000000,\"x\":{\"y\":1,\"y\":2}}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":1900000000,\"sub\":7}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":1900000000,\"iss\":[]}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":1900000000,\"jti\":{}}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":1900000000,\"sub\":\"a\\u0000b\"}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":1900000000,\"sub\":\"\xed\xa0\x80\"}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":1900000000,\"aud\":7}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":1900000000,\"aud\":[\"a\",7]}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":1900000000,\"aud\":{\"a\":1}}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":1900000000,\"aud\":null}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":1900000000}{}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"[{\"exp\":1900000000}]", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"\"exp\"", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"exp\":1900000000", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{}", WTL_POLICY, WTL_TOKEN_UNDATED},
        {"{\"exp\":1800000001,\"aud\":[]}", WTL_NO, WTL_TOKEN_AUDIENCE},
        {"{\"exp\":1800000001,\"aud\":\"a\"}", WTL_NO, WTL_TOKEN_AUDIENCE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO(wtl_buf) token = {0};
        forge(&token, "{\"alg\":\"EdDSA\",\"kid\":\"6\"}", rows[i].claims, EDDSA);
        wants(&token, all, NULL, NOW, rows[i].rc, rows[i].reason, rows[i].claims);
    }
    AUTO(wtl_buf) token = {0};
    static const char zero[] = "{\"exp\":1900000000}\0";
    forge_bytes(&token, wtl_text_of("{\"alg\":\"EdDSA\",\"kid\":\"6\"}"),
                (wtl_bytes){(const uint8_t *)zero, sizeof zero}, EDDSA);
    wants(&token, all, NULL, NOW, WTL_FORMAT, WTL_TOKEN_MALFORMED, "a NUL behind the object");
}

static void nested(size_t depth, int rc)
{
    AUTO(wtl_buf) claims = {0};
    AUTO(wtl_buf) token = {0};
    wtl_buf_str(&claims, "{\"exp\":1900000000,\"a\":");
    for (size_t i = 0; i < depth; i++)
        wtl_buf_str(&claims, i % 2 == 0 ? "[" : "{\"a\":");
    wtl_buf_str(&claims, "1");
    for (size_t i = depth; i-- > 0;)
        wtl_buf_str(&claims, i % 2 == 0 ? "]" : "}");
    wtl_buf_str(&claims, "}");
    forge_bytes(&token, wtl_text_of("{\"alg\":\"EdDSA\",\"kid\":\"6\"}"), wtl_buf_view(&claims), EDDSA);
    wants(&token, all, NULL, NOW, rc, rc == WTL_OK ? WTL_TOKEN_GOOD : WTL_TOKEN_MALFORMED, "nested claims");
}

static void deep(void **state)
{
    (void)state;
    nested(1000, WTL_OK);
    nested(2100, WTL_FORMAT);
    nested(8000, WTL_FORMAT);
    /* brackets alone, as many as a token takes */
    AUTO(wtl_buf) claims = {0};
    AUTO(wtl_buf) token = {0};
    for (size_t i = 0; i < 48000; i++)
        wtl_buf_str(&claims, "[");
    forge_bytes(&token, wtl_text_of("{\"alg\":\"EdDSA\",\"kid\":\"6\"}"), wtl_buf_view(&claims), EDDSA);
    wants(&token, all, NULL, NOW, WTL_FORMAT, WTL_TOKEN_MALFORMED, "brackets");
}

static const wtl_token_policy plain;

static void times(void **state)
{
    (void)state;
    static const struct {
        const char *claims;
        int64_t leeway, max_age, now;
        int rc;
        enum wtl_token_reason reason;
    } rows[] = {
        {"{\"exp\":1000}", 0, 0, 999, WTL_OK, WTL_TOKEN_GOOD},
        {"{\"exp\":1000}", 0, 0, 1000, WTL_NO, WTL_TOKEN_EXPIRED},
        {"{\"exp\":1000}", 30, 0, 1029, WTL_OK, WTL_TOKEN_GOOD},
        {"{\"exp\":1000}", 30, 0, 1030, WTL_NO, WTL_TOKEN_EXPIRED},
        {"{\"exp\":2000,\"nbf\":1000}", 0, 0, 999, WTL_NO, WTL_TOKEN_EARLY},
        {"{\"exp\":2000,\"nbf\":1000}", 0, 0, 1000, WTL_OK, WTL_TOKEN_GOOD},
        {"{\"exp\":2000,\"nbf\":1000}", 30, 0, 970, WTL_OK, WTL_TOKEN_GOOD},
        {"{\"exp\":2000,\"nbf\":1000}", 30, 0, 969, WTL_NO, WTL_TOKEN_EARLY},
        {"{\"exp\":1000,\"nbf\":2000}", 0, 0, 1500, WTL_NO, WTL_TOKEN_EXPIRED}, /* never valid */
        {"{\"exp\":9000,\"iat\":1000}", 0, 60, 1060, WTL_OK, WTL_TOKEN_GOOD},
        {"{\"exp\":9000,\"iat\":1000}", 0, 60, 1061, WTL_NO, WTL_TOKEN_OLD},
        {"{\"exp\":9000,\"iat\":1000}", 5, 60, 1065, WTL_OK, WTL_TOKEN_GOOD},
        {"{\"exp\":9000,\"iat\":1000}", 0, 60, 999, WTL_NO, WTL_TOKEN_EARLY},
        {"{\"exp\":9000,\"iat\":1000}", 1, 60, 999, WTL_OK, WTL_TOKEN_GOOD},
        {"{\"exp\":9000}", 0, 60, 999, WTL_POLICY, WTL_TOKEN_UNDATED},
        {"{\"exp\":253402300799}", 86400, 0, 253402300799, WTL_OK, WTL_TOKEN_GOOD},
        {"{\"exp\":1000}", -1, 0, 999, WTL_USAGE, WTL_TOKEN_OTHER},
        {"{\"exp\":1000}", 86401, 0, 999, WTL_USAGE, WTL_TOKEN_OTHER},
        {"{\"exp\":1000}", 0, -1, 999, WTL_USAGE, WTL_TOKEN_OTHER},
        {"{\"exp\":1000}", 0, INT64_MAX, 999, WTL_USAGE, WTL_TOKEN_OTHER},
        {"{\"exp\":1000}", 0, 0, -1, WTL_USAGE, WTL_TOKEN_OTHER},
        {"{\"exp\":1000}", 0, 0, INT64_MAX, WTL_USAGE, WTL_TOKEN_OTHER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO(wtl_buf) token = {0};
        wtl_token_policy p = plain;
        p.leeway = rows[i].leeway;
        p.max_age = rows[i].max_age;
        forge(&token, "{\"alg\":\"EdDSA\",\"kid\":\"6\"}", rows[i].claims, EDDSA);
        wants(&token, all, &p, rows[i].now, rows[i].rc, rows[i].reason, rows[i].claims);
    }
    AUTO(wtl_buf) token = {0};
    wtl_token_policy p = plain;
    p.without_expiry = true;
    forge(&token, "{\"alg\":\"EdDSA\",\"kid\":\"6\"}", "{}", EDDSA);
    wants(&token, all, &p, NOW, WTL_OK, WTL_TOKEN_GOOD, "no expiry");
}

/* Claims and policies: `aud` in JSON or NULL, ours with commas. */
static void audience(const char *aud, const char *one, const char *two, bool any, int rc)
{
    char claims[256];
    AUTO(wtl_buf) token = {0};
    const char *list[2] = {one, two};
    wtl_token_policy p = {
        .audiences = list, .n_audiences = (size_t)(one != NULL) + (two != NULL), .any_audience = any};
    snprintf(claims, sizeof claims, "{\"exp\":1900000000%s%s}", aud != NULL ? ",\"aud\":" : "",
             aud != NULL ? aud : "");
    forge(&token, "{\"alg\":\"EdDSA\",\"kid\":\"6\"}", claims, EDDSA);
    wants(&token, all, &p, NOW, rc, rc == WTL_OK ? WTL_TOKEN_GOOD : WTL_TOKEN_AUDIENCE, claims);
}

static void audiences(void **state)
{
    (void)state;
    audience(NULL, NULL, NULL, false, WTL_OK);
    audience(NULL, "a", NULL, false, WTL_NO);
    audience("\"a\"", NULL, NULL, false, WTL_NO);
    audience("\"a\"", NULL, NULL, true, WTL_OK);
    audience("\"a\"", "a", NULL, false, WTL_OK);
    audience("\"a\"", "A", NULL, false, WTL_NO);
    audience("\"a\"", "b", "a", false, WTL_OK);
    audience("\"a \"", "a", NULL, false, WTL_NO);
    audience("[\"b\",\"a\"]", "a", NULL, false, WTL_OK);
    audience("[\"b\",\"c\"]", "a", "d", false, WTL_NO);
    audience("[]", "a", NULL, false, WTL_NO);
    audience("[]", NULL, NULL, true, WTL_OK);
    audience("\"\"", "a", NULL, false, WTL_NO);
    audience("\"\\u001b[2J\"", "a", NULL, false, WTL_NO);
}

static void issuers_and_types(void **state)
{
    (void)state;
    static const char *const issuers[] = {"https://a", "https://b"};
    const wtl_token_policy p = {.issuers = issuers, .n_issuers = 2};
    AUTO(wtl_buf) token = {0};
    static const char header[] = "{\"alg\":\"EdDSA\",\"kid\":\"6\"}";
    forge(&token, header, "{\"exp\":1900000000,\"iss\":\"https://b\"}", EDDSA);
    wants(&token, all, &p, NOW, WTL_OK, WTL_TOKEN_GOOD, "the second issuer");
    forge(&token, header, "{\"exp\":1900000000,\"iss\":\"https://b/\"}", EDDSA);
    wants(&token, all, &p, NOW, WTL_NO, WTL_TOKEN_ISSUER, "another issuer");
    forge(&token, header, "{\"exp\":1900000000}", EDDSA);
    wants(&token, all, &p, NOW, WTL_NO, WTL_TOKEN_ISSUER, "no issuer");
    static const struct {
        const char *typ, *wanted;
        bool same;
    } rows[] = {
        {"JWT", "JWT", true},
        {"jwt", "JWT", true},
        {"application/jwt", "JWT", true},
        {"at+jwt", "application/at+jwt", true},
        {"at+jwt", "JWT", false},
        {"JWT", "at+jwt", false},
        {"application/a/b", "a/b", false},
        {"text/jwt", "jwt", false},
        {"", "JWT", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[128];
        const wtl_token_policy typed = {.typ = rows[i].wanted};
        snprintf(text, sizeof text, "{\"alg\":\"EdDSA\",\"typ\":\"%s\"}", rows[i].typ);
        forge(&token, text, CLAIMS, EDDSA);
        wants(&token, all, &typed, NOW, rows[i].same ? WTL_OK : WTL_NO,
              rows[i].same ? WTL_TOKEN_GOOD : WTL_TOKEN_TYPE, text);
    }
    const wtl_token_policy typed = {.typ = "JWT"};
    forge(&token, header, CLAIMS, EDDSA);
    wants(&token, all, &typed, NOW, WTL_NO, WTL_TOKEN_TYPE, "no typ");
}

static void allowed_algorithms(void **state)
{
    (void)state;
    static const char *const some[] = {"ML-DSA-44", "ES256"};
    static const char *const wrong[] = {"ES256", "HS256"};
    for (size_t m = 0; m < MAKERS; m++) {
        char header[64];
        AUTO(wtl_buf) token = {0};
        wtl_token_policy p = {.algs = some, .n_algs = 2};
        snprintf(header, sizeof header, "{\"alg\":\"%s\"}", makers[m].alg);
        forge(&token, header, CLAIMS, m);
        bool in = m == MLDSA44 || m == ES256;
        wants(&token, all, &p, NOW, in ? WTL_OK : WTL_POLICY, in ? WTL_TOKEN_GOOD : WTL_TOKEN_ALGORITHM,
              header);
        p = (wtl_token_policy){.pq_only = true};
        wants(&token, all, &p, NOW, m < 3 ? WTL_OK : WTL_POLICY, m < 3 ? WTL_TOKEN_GOOD : WTL_TOKEN_ALGORITHM,
              header);
        p = (wtl_token_policy){.algs = wrong, .n_algs = 2};
        wants(&token, all, &p, NOW, WTL_USAGE, WTL_TOKEN_OTHER, "a policy with HS256");
    }
}

/* The parts of verification one by one, as a cache of verdicts uses them. */
static void steps(void **state)
{
    (void)state;
    wtl_err err = {0};
    AUTO(wtl_buf) text = {0};
    AUTO(wtl_token) t = {0};
    enum wtl_token_reason why = WTL_TOKEN_OTHER;
    forge(&text, "{\"alg\":\"EdDSA\",\"kid\":\"6\"}", "{\"exp\":1000,\"nbf\":500,\"sub\":\"s\"}", EDDSA);
    assert_good(wtl_token_read(&t, wtl_buf_view(&text), &err), &err);
    assert_int_equal(t.reason, WTL_TOKEN_GOOD);
    assert_int_equal(wtl_token_signature(&t, no_kid, NULL, &err), WTL_NO);
    assert_int_equal(t.reason, WTL_TOKEN_NO_KEY);
    assert_good(wtl_token_signature(&t, all, NULL, &err), &err);
    assert_int_equal(t.reason, WTL_TOKEN_GOOD);
    assert_int_equal(t.key, EDDSA);
    memset(text.p, 'x', text.n); /* the text is not needed any more */
    assert_int_equal(wtl_token_claims(&t, NULL, 1000, &why, &err), WTL_NO);
    assert_int_equal(why, WTL_TOKEN_EXPIRED);
    assert_int_equal(wtl_token_claims(&t, NULL, 499, &why, &err), WTL_NO);
    assert_int_equal(why, WTL_TOKEN_EARLY);
    assert_good(wtl_token_claims(&t, &plain, 999, &why, &err), &err);
    assert_int_equal(why, WTL_TOKEN_GOOD);
    assert_int_equal(wtl_token_claims(&t, NULL, 500, NULL, NULL), WTL_OK);
    assert_string_equal(t.sub, "s");
    assert_int_equal(wtl_token_signature(&t, all, NULL, NULL), WTL_NO);
    assert_int_equal(t.reason, WTL_TOKEN_SIGNATURE);
    wtl_token_free(&t);
    wtl_token_free(&t);
    wtl_token_free(NULL);
}

static void sizes(void **state)
{
    (void)state;
    AUTO(wtl_buf) claims = {0};
    wtl_err err = {0};
    size_t n = 0;
    char *text = NULL;
    wtl_buf_str(&claims, "{\"exp\":1900000000,\"a\":\"");
    while (claims.n < 48998)
        wtl_buf_u8(&claims, 'a');
    wtl_buf_str(&claims, "\"}"); /* 49,000 bytes: 65,334 characters */
    /* {"alg":"EdDSA","kid":"KKK..."}: 24 bytes and the kid; 86 characters of signature and two dots: 65,422 */
    char kid[128];
    memset(kid, 'K', sizeof kid);
    kid[61] = '\0'; /* 85 bytes: 114 characters */
    assert_good(wtl_token_sign(&text, &n, wtl_buf_view(&claims), makers[EDDSA].key, kid, "", &err), &err);
    assert_int_equal(n, WTL_TOKEN_MOST);
    AUTO(wtl_token) t = {0};
    assert_good(wtl_token_read(&t, (wtl_bytes){(uint8_t *)text, n}, &err), &err);
    AUTO(wtl_buf) longer = {0};
    wtl_buf_add(&longer, text, n);
    wtl_buf_u8(&longer, 'A');
    wants(&longer, all, NULL, NOW, WTL_FORMAT, WTL_TOKEN_MALFORMED, "a byte too many");
    free(text);
    kid[61] = 'K';
    kid[62] = '\0';
    assert_int_equal(wtl_token_sign(&text, &n, wtl_buf_view(&claims), makers[EDDSA].key, kid, "", &err),
                     WTL_USAGE);
    assert_true(text == NULL && n == 0);
    assert_non_null(strstr(err.text, "65537 bytes"));
}

/* Policies that differ anywhere have different digests; equal ones equal, wherever their texts lie. */
static void policy_digests(void **state)
{
    (void)state;
    static const char *const a[] = {"a"};
    static const char *const b[] = {"b"};
    static const char *const ab[] = {"a", "b"};
    static const char *const ba[] = {"b", "a"};
    static const char *const joined[] = {"ab"};
    const wtl_token_policy rows[] = {
        {0},
        {.audiences = a, .n_audiences = 1},
        {.audiences = b, .n_audiences = 1},
        {.audiences = ab, .n_audiences = 2},
        {.audiences = ba, .n_audiences = 2},
        {.audiences = joined, .n_audiences = 1},
        {.issuers = a, .n_issuers = 1},
        {.audiences = a, .n_audiences = 1, .issuers = b, .n_issuers = 1},
        {.algs = a, .n_algs = 1},
        {.typ = "a"},
        {.typ = ""},
        {.any_audience = true},
        {.pq_only = true},
        {.without_expiry = true},
        {.leeway = 1},
        {.max_age = 1},
        {.leeway = 256},
    };
    enum { ROWS = sizeof rows / sizeof rows[0] };
    uint8_t digest[ROWS][WTL_TOKEN_POLICY_DIGEST];
    for (size_t i = 0; i < ROWS; i++) {
        assert_int_equal(wtl_token_policy_digest(&rows[i], digest[i], NULL), WTL_OK);
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(digest[i], digest[k], WTL_TOKEN_POLICY_DIGEST);
    }
    char text[] = "a";
    const char *list[] = {text};
    const wtl_token_policy same = {.audiences = list, .n_audiences = 1};
    uint8_t again[WTL_TOKEN_POLICY_DIGEST];
    assert_int_equal(wtl_token_policy_digest(&same, again, NULL), WTL_OK);
    assert_memory_equal(again, digest[1], sizeof again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payloads),
        cmocka_unit_test(deep),
        cmocka_unit_test(times),
        cmocka_unit_test(audiences),
        cmocka_unit_test(issuers_and_types),
        cmocka_unit_test(allowed_algorithms),
        cmocka_unit_test(steps),
        cmocka_unit_test(sizes),
        cmocka_unit_test(policy_digests),
    };
    return cmocka_run_group_tests(tests, make_all, free_all);
}
