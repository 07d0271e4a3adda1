#include "unit.h"

#include "base/text.h"
#include "jose/jwk.h"
#include "jose/token.h"

/* RFC 8037 appendix A.2, RFC 7517 appendix A.2. */
#define ED_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define ED_D "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
#define EC_X "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"
#define EC_Y "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"
#define ED(more) "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "\"" more "}"
#define EC(more) "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"" more "}"
#define RSA(more) "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"" more "}"
#define SET(keys) "{\"keys\":[" keys "]}"

static int parse(wtl_jwks **s, const char *text, wtl_err *err)
{
    return wtl_jwks_parse(s, wtl_text_of(text), err);
}

static void read_sets(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t count, passed;
    } rows[] = {
        {SET(""), 0, 0},
        {" {\n\"keys\" : [ ] , \"more\": {\"keys\":[1]}}\n", 0, 0},
        {SET(ED(",\"kid\":\"a\"") "," EC(",\"kid\":\"b\"")), 2, 0},
        {SET(ED("") "," ED("")), 2, 0}, /* without kid nothing is ambiguous yet */
        {SET(ED(",\"use\":\"sig\",\"alg\":\"EdDSA\"") "," ED(",\"use\":\"enc\"")), 1, 1},
        {SET(EC(",\"alg\":\"ECDH-ES\"") "," EC(",\"alg\":\"ES384\"")), 0, 2},
        {SET(EC(",\"key_ops\":[\"verify\"]") "," EC(",\"key_ops\":[\"sign\"]")), 1, 1},
        {SET(RSA("") "," ED("")), 1, 1},
        {SET("{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"AA\",\"y\":\"AA\"}"), 0, 1},
        {SET("{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"AA\"}"), 0, 1},
        {SET("{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" ED_X "\"}"), 0, 1},
        {SET("{\"kty\":\"AKP\",\"alg\":\"SLH-DSA-SHA2-128s\",\"pub\":\"AA\"}"), 0, 1},
        {SET("{\"kty\":\"something new\"}"), 0, 1},
        /* a kid may stand at keys that are not used too: RFC 7517 section 4.5 */
        {SET(ED(",\"kid\":\"a\"") "," RSA(",\"kid\":\"a\"")), 1, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wtl_err err = {0};
        AUTO(wtl_jwks) *s = NULL;
        assert_good(parse(&s, rows[i].text, &err), &err);
        if (wtl_jwks_count(s) != rows[i].count || wtl_jwks_passed_over(s) != rows[i].passed)
            fail_msg("%s: %zu keys, %zu passed over", rows[i].text, wtl_jwks_count(s),
                     wtl_jwks_passed_over(s));
        assert_null(wtl_jwks_at(s, rows[i].count));
    }
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int rc;
        const char *words;
    } rows[] = {
        {"", WTL_FORMAT, "keys"},
        {"[]", WTL_FORMAT, "keys"},
        {ED(""), WTL_FORMAT, "keys"},
        {"{\"keys\":{}}", WTL_FORMAT, "list"},
        {"{\"keys\":7}", WTL_FORMAT, "list"},
        {"{\"keys\":[7]}", WTL_FORMAT, "key 1"},
        {"{\"keys\":[[]]}", WTL_FORMAT, "key 1"},
        {"{\"keys\":[{}]}", WTL_FORMAT, "kty"},
        {SET(ED("") ","), WTL_FORMAT, ""},
        {SET("," ED("")), WTL_FORMAT, ""},
        {SET(ED("") " " ED("")), WTL_FORMAT, ""},
        {SET(ED("")) "x", WTL_FORMAT, "keys"},
        {"{\"keys\":[],\"keys\":[]}", WTL_FORMAT, "JSON"},
        {"{\"keys\":[],\"k\\u0065ys\":[]}", WTL_FORMAT, "JSON"},
        {"{\"keys\":[],\"a\":1,\"a\":2}", WTL_FORMAT, "JSON"},
        {SET(ED(",\"kty\":\"OKP\"")), WTL_FORMAT, "distinct"},
        {SET(ED(",\"\\u0064\":\"AA\"")), WTL_FORMAT, "escapes"},
        {SET(ED(",\"kid\":\"a\"") "," EC(",\"kid\":\"a\"")), WTL_FORMAT, "same kid"},
        {SET(ED(",\"kid\":\"a\"") "," EC(",\"kid\":\"\\u0061\"")), WTL_FORMAT, "same kid"},
        {SET(ED(",\"kid\":\"\"")), WTL_FORMAT, "1 to 256"},
        {SET(ED(",\"kid\":7")), WTL_FORMAT, "kid"},
        {SET("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "=\"}"), WTL_FORMAT, "base64url"},
        {SET("{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}"), WTL_FORMAT, "\"x\""},
        {SET("{\"kty\":\"OKP\"}"), WTL_FORMAT, "\"crv\""},
        {SET("{\"kty\":\"AKP\",\"pub\":\"AA\"}"), WTL_FORMAT, "\"alg\""},
        {SET("{\"kty\":\"AKP\",\"alg\":\"ML-DSA-65\",\"pub\":\"AA\"}"), WTL_FORMAT, "1952"},
        {SET(ED(",\"d\":\"" ED_D "\"")), WTL_POLICY, "private"},
        {SET(EC("") "," ED(",\"d\":\"" ED_D "\"")), WTL_POLICY, "key 2"},
        {SET(ED(",\"d\":null")), WTL_FORMAT, "key 1"},
        {SET(ED(",\"use\":\"enc\",\"priv\":\"AA\"")), WTL_POLICY, "private"},
        {SET(RSA(",\"d\":\"AQAB\"")), WTL_POLICY, "private"},
        {SET("{\"kty\":\"oct\",\"k\":\"AAAA\"}"), WTL_POLICY, "symmetric"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wtl_err err = {0};
        AUTO(wtl_jwks) *s = NULL;
        int rc = parse(&s, rows[i].text, &err);
        if (rc != rows[i].rc || strstr(err.text, rows[i].words) == NULL || s != NULL)
            fail_msg("%s gave %s: %s", rows[i].text, wtl_rc_name(rc), err.text);
        assert_null(strstr(err.text, "nWGx"));
    }
}

static void members(void **state)
{
    (void)state;
    wtl_err err = {0};
    AUTO(wtl_jwks) *s = NULL;
    assert_good(parse(&s, SET(ED(",\"kid\":\"\\u00fc\"") "," ED(",\"alg\":\"Ed25519\"") "," EC("")), &err),
                &err);
    const wtl_jwks_key *k = wtl_jwks_at(s, 0);
    uint8_t id[WTL_KEY_ID];
    assert_string_equal(k->kid, "\xc3\xbc");
    assert_null(k->alg);
    assert_false(wtl_key_is_private(k->key));
    assert_good(wtl_key_id(k->key, id, &err), &err);
    assert_memory_equal(k->id, id, sizeof id);
    assert_null(wtl_jwks_at(s, 1)->kid);
    assert_string_equal(wtl_jwks_at(s, 1)->alg, "Ed25519");
    assert_string_equal(wtl_jwks_at(s, 2)->alg, "ES256");
    wtl_jwks_free(NULL);
}

/* Equal as they verify, whatever they look like; different when any key, kid, alg or their order is. */
static void digests(void **state)
{
    (void)state;
    static const char *const rows[] = {
        SET(""),
        SET(ED("")),
        SET(EC("")),
        SET(ED("") "," EC("")),
        SET(EC("") "," ED("")),
        SET(ED("") "," ED("")),
        SET(ED(",\"kid\":\"a\"")),
        SET(ED(",\"kid\":\"b\"")),
        SET(ED(",\"alg\":\"EdDSA\"")),
        SET(ED(",\"alg\":\"Ed25519\"")),
        SET(ED(",\"kid\":\"EdDSA\"")),
        SET("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" EC_X "\"}"),
    };
    enum { ROWS = sizeof rows / sizeof rows[0] };
    uint8_t digest[ROWS][WTL_JWKS_DIGEST];
    for (size_t i = 0; i < ROWS; i++) {
        wtl_err err = {0};
        AUTO(wtl_jwks) *s = NULL;
        assert_good(parse(&s, rows[i], &err), &err);
        memcpy(digest[i], wtl_jwks_digest(s), WTL_JWKS_DIGEST);
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(digest[i], digest[k], WTL_JWKS_DIGEST);
    }
    AUTO(wtl_jwks) *same = NULL;
    assert_int_equal(parse(&same, "{\"x\":1, \"keys\" :[" RSA("") ",\n" ED(",\"use\":\"sig\"") "]}", NULL),
                     WTL_OK);
    assert_memory_equal(wtl_jwks_digest(same), digest[1], WTL_JWKS_DIGEST);
}

static void limits(void **state)
{
    (void)state;
    for (unsigned n = WTL_JWKS_KEYS_MOST; n <= WTL_JWKS_KEYS_MOST + 1; n++) {
        AUTO(wtl_buf) text = {0};
        AUTO(wtl_jwks) *s = NULL;
        wtl_buf_str(&text, "{\"keys\":[");
        for (unsigned i = 0; i < n; i++)
            wtl_buf_fmt(&text, "%s{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\",\"kid\":\"%u\"}",
                        i > 0 ? "," : "", ED_X, i);
        wtl_buf_str(&text, "]}");
        int rc = wtl_jwks_parse(&s, wtl_buf_view(&text), NULL);
        assert_int_equal(rc, n > WTL_JWKS_KEYS_MOST ? WTL_FORMAT : WTL_OK);
        assert_true(s == NULL || wtl_jwks_count(s) == n);
    }
    AUTO(wtl_buf) text = {0};
    wtl_buf_str(&text, SET(""));
    while (text.n < WTL_JWKS_TEXT_MOST)
        wtl_buf_u8(&text, ' ');
    AUTO(wtl_jwks) *most = NULL;
    AUTO(wtl_jwks) *over = NULL;
    assert_int_equal(wtl_jwks_parse(&most, wtl_buf_view(&text), NULL), WTL_OK);
    wtl_buf_u8(&text, ' ');
    assert_int_equal(wtl_jwks_parse(&over, wtl_buf_view(&text), NULL), WTL_FORMAT);
}

static void one_kid(size_t n, int wanted)
{
    char text[1024];
    char kid[WTL_TOKEN_KID_MOST + 2];
    memset(kid, 'k', sizeof kid);
    kid[n] = '\0';
    snprintf(text, sizeof text,
             "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\",\"kid\":\"%s\"}]}", ED_X, kid);
    AUTO(wtl_jwks) *s = NULL;
    assert_int_equal(parse(&s, text, NULL), wanted);
}

static void kid_limits(void **state)
{
    (void)state;
    one_kid(1, WTL_OK);
    one_kid(WTL_TOKEN_KID_MOST, WTL_OK);
    one_kid(WTL_TOKEN_KID_MOST + 1, WTL_FORMAT);
}

static void changed_everywhere(void **state)
{
    (void)state;
    static const char good[] = SET(ED(",\"kid\":\"7\"") "," RSA("") "," EC(",\"alg\":\"ES256\""));
    AUTO(wtl_jwks) *whole = NULL;
    assert_int_equal(parse(&whole, good, NULL), WTL_OK);
    for (size_t n = 0; n + 1 < sizeof good; n++) {
        AUTO(wtl_jwks) *s = NULL;
        assert_int_equal(wtl_jwks_parse(&s, (wtl_bytes){(const uint8_t *)good, n}, NULL), WTL_FORMAT);
    }
    for (size_t i = 0; i + 1 < sizeof good; i++) {
        for (unsigned v = 0; v < 256; v += v < 128 ? 1 : 61) {
            char text[sizeof good];
            wtl_err err = {0};
            AUTO(wtl_jwks) *s = NULL;
            memcpy(text, good, sizeof good);
            text[i] = (char)v;
            int rc = wtl_jwks_parse(&s, (wtl_bytes){(uint8_t *)text, sizeof good - 1}, &err);
            assert_true(rc == WTL_OK || rc == WTL_FORMAT || rc == WTL_POLICY);
            assert_true(rc == WTL_OK || (s == NULL && err.text[0] != '\0'));
            assert_true(rc != WTL_OK || wtl_jwks_count(s) <= 3);
        }
    }
}

static void of_another(void **state)
{
    (void)state;
    const char *path = unit_path("WATTLE_VECTORS", "jose/jwks.json");
    if (path == NULL) {
        print_message("[  SKIPPED ] jose/jwks.json is not among the vectors\n");
        skip();
    }
    char *text = calloc(1, 65536);
    FILE *f = fopen(path, "rb");
    size_t n = fread(text, 1, 65536, f);
    fclose(f);
    wtl_err err = {0};
    AUTO(wtl_jwks) *s = NULL;
    assert_good(wtl_jwks_parse(&s, (wtl_bytes){(uint8_t *)text, n}, &err), &err);
    assert_int_equal(wtl_jwks_count(s), 5);
    assert_int_equal(wtl_jwks_passed_over(s), 1);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_sets),  cmocka_unit_test(refused),
        cmocka_unit_test(members),    cmocka_unit_test(digests),
        cmocka_unit_test(limits),     cmocka_unit_test(kid_limits),
        cmocka_unit_test(of_another), cmocka_unit_test(changed_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
