#include "unit.h"

#include "maker.h"

static void every_algorithm(void **state)
{
    (void)state;
    for (size_t m = 0; m < MAKERS; m++) {
        wtl_err err = {0};
        char *text = NULL;
        char kid[8];
        size_t n = 0;
        AUTO(wtl_token) t = {0};
        snprintf(kid, sizeof kid, "%zu", m);
        assert_good(wtl_token_sign(&text, &n, wtl_text_of(CLAIMS), makers[m].key, kid, "at+jwt", &err), &err);
        assert_int_equal(n, strlen(text));
        assert_good(wtl_token_verify(&t, wtl_text_of(text), all, NULL, NOW, &err), &err);
        assert_int_equal(t.reason, WTL_TOKEN_GOOD);
        assert_string_equal(t.alg, makers[m].alg);
        assert_string_equal(t.kid, kid);
        assert_string_equal(t.typ, "at+jwt");
        assert_string_equal(t.sub, "u7");
        assert_true(t.has_exp && t.exp == 1800000600 && !t.has_nbf && !t.has_iat && !t.has_aud);
        assert_int_equal(t.payload.n, strlen(CLAIMS));
        assert_memory_equal(t.payload.p, CLAIMS, t.payload.n);
        assert_int_equal(t.key, m);
        wtl_token_free(&t);
        free(text);
        /* without kid the set's one key of the algorithm is tried */
        assert_good(wtl_token_sign(&text, NULL, wtl_text_of(CLAIMS), makers[m].key, "", "", &err), &err);
        assert_good(wtl_token_verify(&t, wtl_text_of(text), no_kid, NULL, NOW, &err), &err);
        assert_true(t.kid == NULL && t.typ == NULL && t.key == m);
        free(text);
    }
}

/* RFC 7515 appendix A.3. */
static void published(void **state)
{
    (void)state;
    static const char token[] =
        "eyJhbGciOiJFUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    static const char set[] =
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
        "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}";
    wtl_err err = {0};
    AUTO(wtl_jwks) *s = NULL;
    AUTO(wtl_token) t = {0};
    assert_good(wtl_jwks_parse(&s, wtl_text_of(set), &err), &err);
    assert_good(wtl_token_verify(&t, wtl_text_of(token), s, NULL, 1300819379, &err), &err);
    assert_string_equal(t.iss, "joe");
    wtl_token_free(&t);
    assert_int_equal(wtl_token_verify(&t, wtl_text_of(token), s, NULL, 1300819380, &err), WTL_NO);
    assert_int_equal(t.reason, WTL_TOKEN_EXPIRED);
}

static size_t load(const char *rest, char *to, size_t cap)
{
    const char *path = unit_path("WATTLE_VECTORS", rest);
    if (path == NULL) {
        print_message("[  SKIPPED ] %s is not among the vectors\n", rest);
        skip();
    }
    FILE *f = fopen(path, "rb");
    size_t n = fread(to, 1, cap, f);
    fclose(f);
    return n;
}

/* Tokens of npm jose, and the set with their keys. */
static void of_another(void **state)
{
    (void)state;
    static char text[65536], token[8192];
    static const char *const files[] = {"jose/ML-DSA-44.valid.jwt", "jose/ML-DSA-65.valid.jwt"};
    static const char *const aud[] = {"elsewhere", "https://inference.example/v1"};
    const wtl_token_policy p = {
        .audiences = aud, .n_audiences = 2, .typ = "application/AT+jwt", .pq_only = true};
    wtl_err err = {0};
    AUTO(wtl_jwks) *s = NULL;
    size_t n = load("jose/jwks.json", text, sizeof text);
    assert_good(wtl_jwks_parse(&s, (wtl_bytes){(uint8_t *)text, n}, &err), &err);
    for (size_t i = 0; i < 2; i++) {
        AUTO(wtl_token) t = {0};
        wtl_bytes v = {(uint8_t *)token, load(files[i], token, sizeof token)};
        assert_good(wtl_token_verify(&t, v, s, &p, 1763700000, &err), &err);
        assert_string_equal(t.sub, "tenant-42/user-7");
        assert_string_equal(t.jti, "01JD3W8Z4J9V6Q");
        assert_int_equal(t.key, i);
        wtl_token_free(&t);
        assert_int_equal(wtl_token_verify(&t, v, s, &p, 1763699999, &err), WTL_NO);
        assert_int_equal(t.reason, WTL_TOKEN_EARLY);
    }
}

/* One signed token has one text. */
static void one_text(void **state)
{
    (void)state;
    AUTO(wtl_buf) good = {0};
    forge(&good, "{\"alg\":\"ES256\",\"kid\":\"3\"}", CLAIMS, ES256);
    wants(&good, all, NULL, NOW, WTL_OK, WTL_TOKEN_GOOD, "the token");
    static const char *const added[] = {" ", "\n", "\r\n", "\t", "=", "==", ".", "A", "%3D", "\xe2\x80\x8b"};
    const uint8_t *first = memchr(good.p, '.', good.n);
    size_t dot = (size_t)(first - good.p);
    for (size_t i = 0; i < sizeof added / sizeof added[0]; i++) {
        const size_t places[] = {0, 4, dot, dot + 1, good.n - 86, good.n};
        for (size_t k = 0; k < sizeof places / sizeof places[0]; k++) {
            AUTO(wtl_buf) other = {0};
            enum wtl_token_reason why;
            wtl_buf_add(&other, good.p, places[k]);
            wtl_buf_str(&other, added[i]);
            wtl_buf_add(&other, good.p + places[k], good.n - places[k]);
            int rc = check(&other, all, NULL, NOW, &why, NULL);
            assert_true(rc == WTL_FORMAT || rc == WTL_NO);
        }
    }
    /* the four texts of the last character that a lax decoder takes for the same signature */
    for (unsigned c = 0; c < 256; c++) {
        enum wtl_token_reason why;
        uint8_t was = good.p[good.n - 1];
        good.p[good.n - 1] = (uint8_t)c;
        assert_int_equal(check(&good, all, NULL, NOW, &why, NULL) == WTL_OK, c == was);
        good.p[good.n - 1] = was;
    }
    uint8_t nul[2] = {0};
    wtl_buf_add(&good, nul, 1);
    wants(&good, all, NULL, NOW, WTL_FORMAT, WTL_TOKEN_MALFORMED, "a NUL behind");
}

static void cut_and_changed(size_t m, unsigned values)
{
    char header[64];
    AUTO(wtl_buf) good = {0};
    snprintf(header, sizeof header, "{\"alg\":\"%s\",\"kid\":\"%zu\"}", makers[m].alg, m);
    forge(&good, header, CLAIMS, m);
    wants(&good, all, NULL, NOW, WTL_OK, WTL_TOKEN_GOOD, "the token");
    for (size_t n = 0; n < good.n; n++) {
        AUTO(wtl_token) t = {0};
        int rc = wtl_token_verify(&t, (wtl_bytes){good.p, n}, all, NULL, NOW, NULL);
        assert_int_equal(rc, WTL_FORMAT);
    }
    for (size_t i = 0; i < good.n; i++) {
        for (unsigned v = 1; v <= values; v++) {
            enum wtl_token_reason why;
            good.p[i] ^= (uint8_t)v;
            int rc = check(&good, all, NULL, NOW, &why, NULL);
            assert_true(rc == WTL_FORMAT || rc == WTL_NO || rc == WTL_POLICY);
            good.p[i] ^= (uint8_t)v;
        }
    }
    wants(&good, all, NULL, NOW, WTL_OK, WTL_TOKEN_GOOD, "the token again");
}

static void changed_everywhere(void **state)
{
    (void)state;
    cut_and_changed(ES256, 255);
    cut_and_changed(EDDSA, 255);
    for (size_t m = 0; m < 3; m++)
        cut_and_changed(m, unit_watched ? 1 : 3);
    cut_and_changed(4, 1);
    cut_and_changed(5, 1);
}

static void headers(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        int rc;
        enum wtl_token_reason reason;
    } rows[] = {
        {"{\"alg\":\"ES256\",\"kid\":\"3\",\"x\":[1,{\"y\":null}]}", WTL_OK, WTL_TOKEN_GOOD},
        {" {\"kid\":\"3\",\r\n\t\"alg\":\"ES256\"} ", WTL_OK, WTL_TOKEN_GOOD},
        {"{\"\\u0061lg\":\"E\\u0053256\",\"kid\":\"\\u0033\"}", WTL_OK, WTL_TOKEN_GOOD},
        {"{\"alg\":\"ES256\",\"kid\":\"3\",\"b64\":true}", WTL_OK, WTL_TOKEN_GOOD},
        /* never used: another key, and places to fetch one from */
        {"{\"alg\":\"ES256\",\"kid\":\"3\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AA\"},\"jku\":\"http://"
         "h\",\"x5u\":\"http://h\","
         "\"x5c\":[\"AA\"]}",
         WTL_OK, WTL_TOKEN_GOOD},
        {"{\"alg\":\"ES256\",\"kid\":\"33\"}", WTL_NO, WTL_TOKEN_NO_KEY},
        {"{\"alg\":\"ES256\",\"kid\":\"03\"}", WTL_NO, WTL_TOKEN_NO_KEY},
        {"{\"alg\":\"ES256\",\"kid\":\"4\"}", WTL_NO, WTL_TOKEN_KEY_ALGORITHM},
        {"{\"alg\":\"ES384\",\"kid\":\"3\"}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"alg\":\"EdDSA\",\"kid\":\"3\"}", WTL_NO, WTL_TOKEN_KEY_ALGORITHM},
        {"{\"alg\":\"ML-DSA-44\",\"kid\":\"3\"}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"alg\":\"none\"}", WTL_POLICY, WTL_TOKEN_ALGORITHM},
        {"{\"alg\":\"None\",\"kid\":\"3\"}", WTL_POLICY, WTL_TOKEN_ALGORITHM},
        {"{\"alg\":\"HS256\",\"kid\":\"3\"}", WTL_POLICY, WTL_TOKEN_ALGORITHM},
        {"{\"alg\":\"RS256\",\"kid\":\"3\"}", WTL_POLICY, WTL_TOKEN_ALGORITHM},
        {"{\"alg\":\"PS512\",\"kid\":\"3\"}", WTL_POLICY, WTL_TOKEN_ALGORITHM},
        {"{\"alg\":\"es256\",\"kid\":\"3\"}", WTL_POLICY, WTL_TOKEN_ALGORITHM},
        {"{\"alg\":\"ES256K\",\"kid\":\"3\"}", WTL_POLICY, WTL_TOKEN_ALGORITHM},
        {"{\"alg\":\"ECDH-ES\",\"kid\":\"3\"}", WTL_POLICY, WTL_TOKEN_ALGORITHM},
        {"{\"alg\":\"\",\"kid\":\"3\"}", WTL_POLICY, WTL_TOKEN_ALGORITHM},
        {"{\"alg\":\"\\u001b[2J\"}", WTL_POLICY, WTL_TOKEN_ALGORITHM},
        {"{\"alg\":\"ES256\",\"kid\":\"3\",\"crit\":[\"exp\"]}", WTL_POLICY, WTL_TOKEN_UNSUPPORTED},
        {"{\"alg\":\"ES256\",\"kid\":\"3\",\"crit\":[]}", WTL_POLICY, WTL_TOKEN_UNSUPPORTED},
        {"{\"alg\":\"ES256\",\"kid\":\"3\",\"cr\\u0069t\":7}", WTL_POLICY, WTL_TOKEN_UNSUPPORTED},
        {"{\"alg\":\"ES256\",\"kid\":\"3\",\"b64\":false}", WTL_POLICY, WTL_TOKEN_UNSUPPORTED},
        {"{\"alg\":\"ES256\",\"kid\":\"3\",\"b64\":\"true\"}", WTL_POLICY, WTL_TOKEN_UNSUPPORTED},
        {"{\"alg\":\"ES256\",\"kid\":\"3\",\"zip\":\"DEF\"}", WTL_POLICY, WTL_TOKEN_UNSUPPORTED},
        {"{}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"[]", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"\"alg\"", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"alg\":7}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"alg\":[\"ES256\"]}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"alg\":\"ES256\",\"kid\":3}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"alg\":\"ES256\",\"kid\":\"\"}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"alg\":\"ES256\",\"kid\":\"3\\u0000\"}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"alg\":\"ES256\",\"kid\":\"3\",\"typ\":null}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"alg\":\"none\",\"alg\":\"ES256\",\"kid\":\"3\"}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"alg\":\"ES256\",\"kid\":\"3\",\"\\u006bid\":\"3\"}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"alg\":\"ES256\",\"kid\":\"3\"}x", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"alg\":\"ES256\",\"kid\":\"3\",}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{'alg':'ES256'}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"\xef\xbb\xbf{\"alg\":\"ES256\",\"kid\":\"3\"}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"alg\":\"ES256\",\"kid\":\"\xff\"}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"alg\":\"ES256\",\"kid\":\"\xc0\xb3\"}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
        {"{\"alg\":\"ES256\",\"kid\":\"\\ud800\"}", WTL_FORMAT, WTL_TOKEN_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO(wtl_buf) token = {0};
        forge(&token, rows[i].header, CLAIMS, ES256);
        wants(&token, all, NULL, NOW, rows[i].rc, rows[i].reason, rows[i].header);
    }
}

/* Whatever header goes with whatever key: only the pair that belongs together verifies. */
static void alg_confusion(void **state)
{
    (void)state;
    for (size_t signer = 0; signer < MAKERS; signer++) {
        for (size_t named = 0; named < MAKERS; named++) {
            for (size_t key = 0; key < MAKERS; key++) {
                char header[64];
                enum wtl_token_reason why;
                AUTO(wtl_buf) token = {0};
                snprintf(header, sizeof header, "{\"alg\":\"%s\",\"kid\":\"%zu\"}", makers[named].alg, key);
                forge(&token, header, CLAIMS, signer);
                int rc = check(&token, all, NULL, NOW, &why, NULL);
                assert_int_equal(rc == WTL_OK, signer == named && named == key);
            }
        }
    }
}

/* The alg that an Ed25519 key's JWK names binds it to one of its two names. */
static void ed25519_names(void **state)
{
    (void)state;
    static const char *const names[] = {"EdDSA", "Ed25519"};
    AUTO(wtl_buf) jwk = {0};
    assert_int_equal(wtl_jwk_write_public(makers[EDDSA].key, "k", &jwk, NULL), WTL_OK);
    for (size_t bound = 0; bound < 3; bound++) {
        AUTO(wtl_buf) text = {0};
        AUTO(wtl_jwks) *s = NULL;
        wtl_buf_fmt(&text, "{\"keys\":[{%s%s%s%s", bound < 2 ? "\"alg\":\"" : "",
                    bound < 2 ? names[bound] : "", bound < 2 ? "\"," : "", wtl_buf_cstr(&jwk) + 1);
        wtl_buf_str(&text, "]}");
        assert_int_equal(wtl_jwks_parse(&s, wtl_buf_view(&text), NULL), WTL_OK);
        for (size_t n = 0; n < 2; n++) {
            char header[64];
            AUTO(wtl_buf) token = {0};
            bool good = bound == 2 || bound == n;
            snprintf(header, sizeof header, "{\"alg\":\"%s\",\"kid\":\"k\"}", names[n]);
            forge(&token, header, CLAIMS, EDDSA);
            wants(&token, s, NULL, NOW, good ? WTL_OK : WTL_NO,
                  good ? WTL_TOKEN_GOOD : WTL_TOKEN_KEY_ALGORITHM, header);
        }
    }
}

static void which_key(void **state)
{
    (void)state;
    static const size_t only_ed[] = {EDDSA};
    AUTO(wtl_buf) named = {0};
    AUTO(wtl_buf) unnamed = {0};
    AUTO(wtl_jwks) *ed = set_of(only_ed, 1, true);
    AUTO(wtl_jwks) *empty = NULL;
    AUTO(wtl_jwks) *two = NULL;
    AUTO(wtl_buf) text = {0};
    forge(&named, "{\"alg\":\"ES256\",\"kid\":\"3\"}", CLAIMS, ES256);
    forge(&unnamed, "{\"alg\":\"ES256\"}", CLAIMS, ES256);
    wants(&unnamed, all, NULL, NOW, WTL_OK, WTL_TOKEN_GOOD, "no kid in the token");
    wants(&unnamed, no_kid, NULL, NOW, WTL_OK, WTL_TOKEN_GOOD, "no kid anywhere");
    wants(&named, no_kid, NULL, NOW, WTL_NO, WTL_TOKEN_NO_KEY, "no kid in the set");
    wants(&named, ed, NULL, NOW, WTL_NO, WTL_TOKEN_NO_KEY, "no such kid");
    wants(&unnamed, ed, NULL, NOW, WTL_NO, WTL_TOKEN_NO_KEY, "no such alg");
    assert_int_equal(wtl_jwks_parse(&empty, wtl_text_of("{\"keys\":[]}"), NULL), WTL_OK);
    wants(&named, empty, NULL, NOW, WTL_NO, WTL_TOKEN_NO_KEY, "an empty set");
    wtl_buf_str(&text, "{\"keys\":[");
    assert_int_equal(wtl_jwk_write_public(makers[ES256].key, "3", &text, NULL), WTL_OK);
    wtl_buf_str(&text, ",");
    assert_int_equal(wtl_jwk_write_public(makers[ES256].key, "33", &text, NULL), WTL_OK);
    wtl_buf_str(&text, "]}");
    assert_int_equal(wtl_jwks_parse(&two, wtl_buf_view(&text), NULL), WTL_OK);
    wants(&unnamed, two, NULL, NOW, WTL_NO, WTL_TOKEN_MANY_KEYS, "two keys");
    wants(&named, two, NULL, NOW, WTL_OK, WTL_TOKEN_GOOD, "one of two");
}

static void parts(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        ".",
        "..",
        "...",
        "a",
        "a.b",
        "eyJhbGciOiJFUzI1NiJ9",
        "eyJhbGciOiJFUzI1NiJ9.e30",
        "e30.e30.e30",
        "a.b.c.d.e",
        "{}",
        "Bearer eyJhbGciOiJFUzI1NiJ9.e30.AA",
        "eyJhbGciOiJFUzI1NiJ9.e30.",
        "\xff.\xff.\xff",
        "eyJhbGciOiJFUzI1NiJ9.e30.AA.AA",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        AUTO(wtl_buf) token = {0};
        wtl_buf_str(&token, texts[i]);
        wants(&token, all, NULL, NOW, WTL_FORMAT, WTL_TOKEN_MALFORMED, texts[i]);
    }
    AUTO(wtl_buf) none = {0};
    wtl_buf_str(&none, "eyJhbGciOiJub25lIn0.e30."); /* {"alg":"none"} */
    wants(&none, all, NULL, NOW, WTL_POLICY, WTL_TOKEN_ALGORITHM, "an unsigned token");
}

/* Tokens that share a long beginning are told apart: CVE-2026-35030. */
static void long_prefix(void **state)
{
    (void)state;
    AUTO(wtl_buf) a = {0};
    AUTO(wtl_buf) b = {0};
    AUTO(wtl_buf) mixed = {0};
    static char claims[2][4096];
    for (size_t i = 0; i < 2; i++) {
        memset(claims[i], 'x', sizeof claims[i]);
        memcpy(claims[i], "{\"pad\":\"", 8);
        snprintf(claims[i] + 4000, 96, "\",\"exp\":1900000000,\"sub\":\"%s\"}", i == 0 ? "alice" : "mallo");
    }
    forge(&a, "{\"alg\":\"ML-DSA-44\",\"kid\":\"0\"}", claims[0], MLDSA44);
    forge(&b, "{\"alg\":\"ML-DSA-44\",\"kid\":\"0\"}", claims[1], MLDSA44);
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.p, b.p, 5300);
    wants(&a, all, NULL, NOW, WTL_OK, WTL_TOKEN_GOOD, "alice");
    wants(&b, all, NULL, NOW, WTL_OK, WTL_TOKEN_GOOD, "mallory");
    size_t sig = wtl_text_b64url_size(2420);
    wtl_buf_add(&mixed, a.p, a.n - sig);
    wtl_buf_add(&mixed, b.p + b.n - sig, sig);
    wants(&mixed, all, NULL, NOW, WTL_NO, WTL_TOKEN_SIGNATURE, "alice's claims with mallory's signature");
}

static void not_signed(void **state)
{
    (void)state;
    static const char *const claims[] = {
        "",  "[]", "{\"exp\":\"1\"}", "{\"a\":1,\"a\":2}",    "{\"exp\":-1}", "{\"aud\":1}",
        "{", "7",  "{\"nbf\":1e99}",  "{\"sub\":\"\\u0000\"}"};
    wtl_err err = {0};
    char *text = NULL;
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        assert_int_equal(
            wtl_token_sign(&text, NULL, wtl_text_of(claims[i]), makers[EDDSA].key, NULL, NULL, &err),
            WTL_FORMAT);
        assert_null(text);
    }
    AUTO(wtl_key) *kem = NULL;
    AUTO(wtl_key) *x = NULL;
    AUTO(wtl_key) *slh = NULL;
    assert_int_equal(wtl_key_generate(&kem, wtl_alg_at(WTL_ALG_ID_MLKEM768), NULL), WTL_OK);
    assert_int_equal(wtl_key_generate(&x, wtl_alg_at(WTL_ALG_ID_X25519), NULL), WTL_OK);
    assert_int_equal(wtl_key_generate(&slh, wtl_alg_at(WTL_ALG_ID_SLHDSA_SHA2_128F), NULL), WTL_OK);
    const wtl_key *const keys[] = {kem, x, slh, wtl_jwks_at(all, 0)->key};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(wtl_token_sign(&text, NULL, wtl_text_of("{}"), keys[i], NULL, NULL, &err),
                         WTL_USAGE);
    char kid[WTL_TOKEN_KID_MOST + 2];
    memset(kid, 'k', sizeof kid);
    kid[WTL_TOKEN_KID_MOST + 1] = '\0';
    assert_int_equal(wtl_token_sign(&text, NULL, wtl_text_of("{}"), makers[EDDSA].key, kid, NULL, &err),
                     WTL_USAGE);
    assert_int_equal(wtl_token_sign(&text, NULL, wtl_text_of("{}"), makers[EDDSA].key, NULL, kid, &err),
                     WTL_USAGE);
    assert_int_equal(wtl_token_sign(&text, NULL, wtl_text_of("{}"), makers[EDDSA].key, "\xff", NULL, &err),
                     WTL_USAGE);
    kid[WTL_TOKEN_KID_MOST] = '\0';
    assert_good(wtl_token_sign(&text, NULL, wtl_text_of("{}"), makers[EDDSA].key, kid, kid, &err), &err);
    free(text);
}

/* The names that a header gets by itself, and odd ones. */
static void names(void **state)
{
    (void)state;
    wtl_err err = {0};
    char *text = NULL;
    uint8_t print[WTL_JWK_THUMBPRINT];
    AUTO(wtl_buf) kid = {0};
    AUTO(wtl_token) t = {0};
    assert_good(wtl_token_sign(&text, NULL, wtl_text_of("{}"), makers[ES256].key, NULL, NULL, &err), &err);
    assert_good(wtl_token_read(&t, wtl_text_of(text), &err), &err);
    assert_good(wtl_jwk_thumbprint(makers[ES256].key, print, &err), &err);
    wtl_text_b64url_encode(&kid, (wtl_bytes){print, sizeof print});
    assert_string_equal(t.kid, wtl_buf_cstr(&kid));
    assert_string_equal(t.typ, "JWT");
    wtl_token_free(&t);
    free(text);
    static const char odd[] = "\"\\\n\xf0\x9f\x94\x91";
    assert_good(wtl_token_sign(&text, NULL, wtl_text_of("{}"), makers[ES256].key, odd, odd, &err), &err);
    assert_good(wtl_token_read(&t, wtl_text_of(text), &err), &err);
    assert_string_equal(t.kid, odd);
    assert_string_equal(t.typ, odd);
    free(text);
    for (int i = 0; i < WTL_TOKEN_REASONS; i++)
        assert_true(wtl_token_reason_name(i)[0] != '\0');
    assert_string_equal(wtl_token_reason_name(-1), "other");
    assert_string_equal(wtl_token_reason_name(99), "other");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_algorithm), cmocka_unit_test(published),          cmocka_unit_test(of_another),
        cmocka_unit_test(one_text),        cmocka_unit_test(changed_everywhere), cmocka_unit_test(headers),
        cmocka_unit_test(alg_confusion),   cmocka_unit_test(ed25519_names),      cmocka_unit_test(which_key),
        cmocka_unit_test(parts),           cmocka_unit_test(long_prefix),        cmocka_unit_test(not_signed),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, make_all, free_all);
}
