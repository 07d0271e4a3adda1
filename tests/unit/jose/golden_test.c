#include "unit.h"

#include "base/text.h"
#include "jose/token.h"

static char text[2][65536];

static wtl_bytes load(size_t i, const char *name)
{
    char rest[128];
    snprintf(rest, sizeof rest, "tests/golden/token-v1/%s", name);
    const char *path = unit_path("WATTLE_SOURCE", rest);
    assert_non_null(path);
    FILE *f = fopen(path, "rb");
    size_t n = fread(text[i], 1, sizeof text[i], f);
    fclose(f);
    assert_true(n > 1 && text[i][n - 1] == '\n');
    return (wtl_bytes){(const uint8_t *)text[i], n - 1};
}

static void tokens(void **state)
{
    (void)state;
    static const char *const files[] = {"ml44.jwt", "ml65.jwt", "ml87.jwt",     "p256.jwt",
                                        "p384.jwt", "p521.jwt", "ed-no-kid.jwt"};
    static const char *const aud[] = {"other"};
    static const char *const iss[] = {"https://idp.example"};
    const wtl_token_policy p = {
        .audiences = aud, .n_audiences = 1, .issuers = iss, .n_issuers = 1, .typ = "at+jwt"};
    static const uint8_t digest[] = {0x86, 0xb1, 0x2d, 0x05, 0x57, 0x7a, 0x03, 0xe9, 0xa9, 0xc7, 0x31,
                                     0x4f, 0x58, 0xb2, 0x90, 0xb0, 0x4f, 0x42, 0x33, 0x01, 0x91, 0x5e,
                                     0x0d, 0x1e, 0xb9, 0x1c, 0x53, 0xa5, 0xd0, 0x58, 0x12, 0xd7};
    wtl_err err = {0};
    AUTO(wtl_jwks) *set = NULL;
    assert_good(wtl_jwks_parse(&set, load(0, "set.jwks"), &err), &err);
    assert_int_equal(wtl_jwks_count(set), 7);
    assert_memory_equal(wtl_jwks_digest(set), digest, sizeof digest);
    for (size_t i = 0; i < 7; i++) {
        AUTO(wtl_token) t = {0};
        wtl_bytes token = load(1, files[i]);
        assert_good(wtl_token_verify(&t, token, set, &p, 1795290001, &err), &err);
        assert_int_equal(t.key, i);
        assert_string_equal(t.sub, "u7");
        assert_string_equal(t.jti, "\xc3\xa4 \xe2\x98\x82");
        assert_true(t.n_aud == 2 && t.iat == 1795290000 && t.nbf == 1795290001 && t.exp == 4102444800);
        wtl_token_free(&t);
        assert_int_equal(wtl_token_verify(&t, token, set, &p, 1795290000, NULL), WTL_NO);
        assert_int_equal(wtl_token_verify(&t, token, set, &p, 4102444799, NULL), WTL_OK);
        wtl_token_free(&t);
        assert_int_equal(wtl_token_verify(&t, token, set, &p, 4102444800, NULL), WTL_NO);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(tokens)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
