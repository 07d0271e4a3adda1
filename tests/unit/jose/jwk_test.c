#include "unit.h"

#include "base/text.h"
#include "jose/jwk.h"
#include "jose/jwk_mask.h"
#include "json/json.h"

/* RFC 8037 appendix A.1. */
#define ED_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define ED_D "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
/* RFC 7517 appendix A.2. */
#define EC_X "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"
#define EC_Y "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"
#define EC_D "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"

#define ED(more) "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "\"" more "}"
#define ED_PRIVATE(more) ED(",\"d\":\"" ED_D "\"" more)
#define EC(more) "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"" more "}"

static int read_text(const char *text, wtl_err *err)
{
    AUTO(wtl_key) *k = NULL;
    int rc = wtl_jwk_read(&k, NULL, wtl_text_of(text), err);
    assert_int_equal(k != NULL, rc == WTL_OK);
    return rc;
}

static void published(void **state)
{
    (void)state;
    wtl_err err = {0};
    AUTO(wtl_key) *ed = NULL;
    AUTO(wtl_key) *ec = NULL;
    AUTO(wtl_buf) kid = {0};
    AUTO(wtl_buf) print = {0};
    uint8_t digest[WTL_JWK_THUMBPRINT];
    assert_good(wtl_jwk_read(&ed, &kid, wtl_text_of(ED_PRIVATE("")), &err), &err);
    assert_true(wtl_key_is_private(ed));
    assert_int_equal(kid.n, 0);
    /* RFC 8037 appendix A.3. */
    assert_good(wtl_jwk_thumbprint(ed, digest, &err), &err);
    wtl_text_b64url_encode(&print, (wtl_bytes){digest, sizeof digest});
    assert_string_equal(wtl_buf_cstr(&print), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert_good(wtl_jwk_read(&ec, &kid, wtl_text_of(EC(",\"d\":\"" EC_D "\",\"kid\":\"1\"")), &err), &err);
    assert_string_equal(wtl_key_alg_name(ec), "ECDSA-P256");
    assert_string_equal(wtl_buf_cstr(&kid), "1");
    assert_good(read_text(" \r\n\t" ED(",\"x5t\":[1,{\"d\":2}]") "\n", &err), &err);
}

/* RFC 9964 appendix: the key of the seed of zeros. */
static void published_akp(void **state)
{
    (void)state;
    wtl_err err = {0};
    uint8_t seed[32] = {0}, digest[WTL_JWK_THUMBPRINT];
    AUTO(wtl_key) *k = NULL;
    AUTO(wtl_buf) print = {0};
    assert_good(wtl_key_from_seed(&k, wtl_alg_at(WTL_ALG_ID_MLDSA44), (wtl_bytes){seed, 32}, &err), &err);
    assert_good(wtl_jwk_thumbprint(k, digest, &err), &err);
    wtl_text_b64url_encode(&print, (wtl_bytes){digest, sizeof digest});
    assert_string_equal(wtl_buf_cstr(&print), "T4xl70S7MT6Zeq6r9V9fPJGVn76wfnXJ21-gyo0Gu6o");
}

static void one_of_a_set(json_t *entry)
{
    wtl_err err = {0};
    AUTO(wtl_buf) text = {0};
    AUTO(wtl_buf) kid = {0};
    AUTO(wtl_buf) print = {0};
    AUTO(wtl_key) *k = NULL;
    uint8_t digest[WTL_JWK_THUMBPRINT];
    assert_good(wtl_json_write(entry, true, &text, &err), &err);
    int rc = wtl_jwk_read(&k, &kid, wtl_buf_view(&text), &err);
    if (strcmp(json_string_value(json_object_get(entry, "kty")), "RSA") == 0) {
        assert_int_equal(rc, WTL_FORMAT);
        return;
    }
    assert_good(rc, &err);
    assert_good(wtl_jwk_thumbprint(k, digest, &err), &err);
    wtl_text_b64url_encode(&print, (wtl_bytes){digest, sizeof digest});
    assert_string_equal(wtl_buf_cstr(&kid), wtl_buf_cstr(&print));
}

/* The key set of another implementation, whose kid are thumbprints. */
static void set_of_another(void **state)
{
    (void)state;
    const char *path = unit_path("WATTLE_VECTORS", "jose/jwks.json");
    if (path == NULL) {
        print_message("[  SKIPPED ] jose/jwks.json is not among the vectors\n");
        skip();
    }
    json_t *set = json_load_file(path, 0, NULL);
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(set, "keys"), i, entry) one_of_a_set(entry);
    assert_true(i >= 5);
    json_decref(set);
}

static const enum wtl_alg_id with_jwk[] = {
    WTL_ALG_ID_MLDSA44,    WTL_ALG_ID_MLDSA65,    WTL_ALG_ID_MLDSA87, WTL_ALG_ID_ECDSA_P256,
    WTL_ALG_ID_ECDSA_P384, WTL_ALG_ID_ECDSA_P521, WTL_ALG_ID_ED25519, WTL_ALG_ID_X25519};
enum { WITH_JWK = sizeof with_jwk / sizeof with_jwk[0] };

static bool has_jwk(size_t id)
{
    for (size_t i = 0; i < WITH_JWK; i++) {
        if (with_jwk[i] == (enum wtl_alg_id)id)
            return true;
    }
    return false;
}

static void there_and_back(const wtl_alg *alg)
{
    wtl_err err = {0};
    AUTO(wtl_key) *k = NULL;
    AUTO(wtl_key) *pub = NULL;
    AUTO(wtl_key) *priv = NULL;
    AUTO(wtl_buf) text = {0};
    AUTO(wtl_buf) kid = {0};
    AUTO(wtl_secret) secret = {0};
    AUTO(wtl_secret) a = {0};
    AUTO(wtl_secret) b = {0};
    assert_good(wtl_key_generate(&k, alg, &err), &err);
    assert_good(wtl_jwk_write_public(k, NULL, &text, &err), &err);
    assert_true(wtl_jwk_looks(wtl_buf_view(&text)));
    assert_good(wtl_jwk_read(&pub, &kid, wtl_buf_view(&text), &err), &err);
    assert_int_equal(kid.n, 43);
    assert_false(wtl_key_is_private(pub));
    assert_true(wtl_key_same(k, pub));
    wtl_buf_clear(&kid);
    assert_good(wtl_jwk_write_private(k, "Schl\xc3\xbcssel \"7\"\n", &secret, &err), &err);
    assert_good(wtl_jwk_read(&priv, &kid, wtl_secret_view(&secret), &err), &err);
    assert_string_equal(wtl_buf_cstr(&kid), "Schl\xc3\xbcssel \"7\"\n");
    assert_true(wtl_key_is_private(priv));
    assert_good(wtl_key_seed(k, &a, &err), &err);
    assert_good(wtl_key_seed(priv, &b, &err), &err);
    assert_true(wtl_ct_eq(wtl_secret_view(&a), wtl_secret_view(&b)));
    AUTO(wtl_secret) none = {0};
    assert_int_equal(wtl_jwk_write_private(pub, NULL, &none, &err), WTL_USAGE);
    assert_null(none.p);
}

static void every_algorithm(void **state)
{
    (void)state;
    for (size_t i = 0; i < WTL_ALG_COUNT; i++) {
        const wtl_alg *alg = wtl_alg_at(i);
        if (has_jwk(i)) {
            for (int times = 0; times < 5; times++)
                there_and_back(alg);
        } else if ((alg->flags & WTL_ALG_KEYGEN) != 0 && alg->out < 20000) {
            wtl_err err = {0};
            AUTO(wtl_key) *k = NULL;
            AUTO(wtl_buf) text = {0};
            assert_good(wtl_key_generate(&k, alg, &err), &err);
            assert_int_equal(wtl_jwk_write_public(k, NULL, &text, &err), WTL_USAGE);
            assert_int_equal(text.n, 0);
            assert_non_null(strstr(err.text, "no JWK form"));
        }
    }
}

static void kid_limits(void **state)
{
    (void)state;
    wtl_err err = {0};
    AUTO(wtl_key) *k = NULL;
    AUTO(wtl_buf) text = {0};
    char kid[WTL_JWK_KID_MOST + 2];
    memset(kid, 'k', sizeof kid);
    kid[WTL_JWK_KID_MOST + 1] = '\0';
    assert_good(wtl_jwk_read(&k, NULL, wtl_text_of(ED("")), &err), &err);
    assert_int_equal(wtl_jwk_write_public(k, kid, &text, &err), WTL_USAGE);
    assert_int_equal(wtl_jwk_write_public(k, "", &text, &err), WTL_USAGE);
    assert_int_equal(wtl_jwk_write_public(k, "\xff", &text, &err), WTL_USAGE);
    assert_int_equal(text.n, 0);
    kid[WTL_JWK_KID_MOST] = '\0';
    assert_good(wtl_jwk_write_public(k, kid, &text, &err), &err);
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int rc;
        const char *words;
    } rows[] = {
        {"", WTL_FORMAT, "JSON"},
        {"{}", WTL_FORMAT, "kty"},
        {"[]", WTL_FORMAT, "not a JSON object"},
        {"{\"keys\":[]}", WTL_FORMAT, "JWK set"},
        {"{\"kty\":\"RSA\"}", WTL_FORMAT, "key type"},
        {"{\"kty\":\"oct\",\"k\":\"AAAA\"}", WTL_FORMAT, "key type"},
        {"{\"kty\":7}", WTL_FORMAT, "not a string"},
        {"{\"kty\":\"AKP\"}", WTL_FORMAT, "no field \"alg\""},
        {"{\"kty\":\"AKP\",\"alg\":\"ML-DSA-44\"}", WTL_FORMAT, "no field \"pub\""},
        {"{\"kty\":\"AKP\",\"alg\":\"ML-DSA-45\",\"pub\":\"\"}", WTL_FORMAT, "names none"},
        {"{\"kty\":\"AKP\",\"alg\":\"Ed25519\",\"pub\":\"\"}", WTL_FORMAT, "names none"},
        {"{\"kty\":\"AKP\",\"alg\":\"ML-DSA-44\",\"pub\":\"AAAA\"}", WTL_FORMAT, "1312 bytes"},
        {"{\"kty\":\"OKP\",\"crv\":\"P-256\",\"x\":\"" EC_X "\"}", WTL_FORMAT, "names none"},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\"}", WTL_FORMAT, "no field \"y\""},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_Y "\",\"y\":\"" EC_X "\"}", WTL_FORMAT,
         "public key"},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"AA\"}", WTL_FORMAT, "32 bytes"},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "=\"}", WTL_FORMAT, "base64url"},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp\"}",
         WTL_FORMAT, "base64url"}, /* a bit behind the last byte */
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
         WTL_FORMAT, "base64url"},
        {ED(",\"kty\":\"OKP\""), WTL_FORMAT, "JSON"},
        {ED_PRIVATE(",\"d\":\"" ED_D "\""), WTL_FORMAT, "JSON"},
        {ED(",\"d\":\"" EC_D "\""), WTL_FORMAT, "does not belong"},
        {ED(",\"d\":\"\""), WTL_FORMAT, "\"d\" of the JWK"},
        {ED(",\"d\":7"), WTL_FORMAT, ""},
        {ED(",\"d\":null"), WTL_FORMAT, ""},
        {ED(",\"d\":[\"" ED_D "\"]"), WTL_FORMAT, "plain string"},
        {ED(",\"\\u0064\":\"" ED_D "\""), WTL_FORMAT, "escapes"},
        {ED(",\"d\":\"\\u006eWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\""), WTL_FORMAT, "\"d\" of the JWK"},
        {ED("") ED(""), WTL_FORMAT, "JSON"},
        {ED(",\"kid\":7"), WTL_FORMAT, "kid"},
        {ED(",\"alg\":\"ES256\""), WTL_POLICY, "alg"},
        {ED(",\"alg\":7"), WTL_FORMAT, "alg"},
        {ED(",\"use\":\"enc\""), WTL_POLICY, "use"},
        {ED(",\"use\":\"SIG\""), WTL_POLICY, "use"},
        {EC(",\"alg\":\"ECDH-ES\""), WTL_POLICY, "alg"},
        {EC(",\"alg\":\"ES384\""), WTL_POLICY, "alg"},
        {ED(",\"key_ops\":\"verify\""), WTL_FORMAT, "key_ops"},
        {ED(",\"key_ops\":[7]"), WTL_FORMAT, "key_ops"},
        {ED(",\"key_ops\":[]"), WTL_POLICY, "key_ops"},
        {ED(",\"key_ops\":[\"sign\"]"), WTL_POLICY, "key_ops"},
        {ED(",\"key_ops\":[\"verify\",\"verify\"]"), WTL_FORMAT, "twice"},
        {ED(",\"key_ops\":[\"verify\",\"encrypt\"]"), WTL_POLICY, "key_ops"},
        {ED_PRIVATE(",\"key_ops\":[\"verify\"]"), WTL_POLICY, "key_ops"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wtl_err err = {0};
        int rc = read_text(rows[i].text, &err);
        if (rc != rows[i].rc || strstr(err.text, rows[i].words) == NULL)
            fail_msg("%s gave %s: %s", rows[i].text, wtl_rc_name(rc), err.text);
    }
}

static void allowed(void **state)
{
    (void)state;
    static const char *const rows[] = {
        ED(",\"alg\":\"EdDSA\",\"use\":\"sig\""),
        ED(",\"alg\":\"Ed25519\",\"key_ops\":[\"verify\"]"),
        ED(",\"key_ops\":[\"verify\",\"something new\"]"),
        ED_PRIVATE(",\"key_ops\":[\"sign\"]"),
        ED_PRIVATE(",\"key_ops\":[\"sign\",\"verify\"],\"ext\":true"),
        ED(",\"priv\":\"of no meaning here\""),
        EC(",\"alg\":\"ES256\",\"nested\":{\"d\":\"x\",\"\\u0065\":[]}"),
        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" ED_X
        "\",\"alg\":\"ECDH-ES\",\"use\":\"enc\",\"key_ops\":[]}",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wtl_err err = {0};
        assert_good(read_text(rows[i], &err), &err);
    }
}

/* No sentence and no masked text holds the private value, however broken the document is. */
static void secret_stays_secret(void **state)
{
    (void)state;
    static const char *const rows[] = {
        ED_PRIVATE(""),
        "{\"d\":" ED_D "}",
        "{\"d\":[\"" ED_D "\" \"x\"",
        "{\"d\":{\"a\":\"" ED_D "\" 7",
        "{\"d\" \"" ED_D "\"}",
        "{\"priv\":\"" ED_D,
        "{\"kty\":\"AKP\",\"priv\":\"" ED_D "\" oops",
        "{\"priv\":\"" ED_D "\\",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wtl_err err = {0};
        AUTO(wtl_jwk_mask) m = {0};
        AUTO(wtl_key) *k = NULL;
        if (wtl_jwk_read(&k, NULL, wtl_text_of(rows[i]), &err) < 0)
            assert_null(strstr(err.text, "nWGx"));
        if (i == 4)
            continue; /* without a colon it is a name that follows a name: no JSON, and refused at it */
        assert_good(wtl_jwk_mask_text(&m, wtl_text_of(rows[i]), &err), &err);
        assert_int_equal(m.text.n, strlen(rows[i]));
        assert_null(strstr(wtl_buf_cstr(&m.text), "nWGx"));
    }
}

static void changed_everywhere(void **state)
{
    (void)state;
    const char good[] = ED_PRIVATE(",\"kid\":\"7\"");
    for (size_t n = 0; n + 1 < sizeof good; n++) {
        AUTO(wtl_key) *k = NULL;
        assert_int_equal(wtl_jwk_read(&k, NULL, (wtl_bytes){(const uint8_t *)good, n}, NULL), WTL_FORMAT);
    }
    AUTO(wtl_key) *whole = NULL;
    assert_int_equal(wtl_jwk_read(&whole, NULL, wtl_text_of(good), NULL), WTL_OK);
    for (size_t i = 0; i + 1 < sizeof good; i++) {
        for (unsigned with = 0; with < 256; with += with < 128 ? 1 : 61) {
            char text[sizeof good];
            memcpy(text, good, sizeof good);
            text[i] = (char)with;
            if (text[i] == good[i])
                continue;
            AUTO(wtl_key) *k = NULL;
            int rc = wtl_jwk_read(&k, NULL, (wtl_bytes){(uint8_t *)text, sizeof good - 1}, NULL);
            assert_true(rc == WTL_FORMAT || rc == WTL_OK);
            if (rc == WTL_OK) /* the kid changed, or "d" or "kid" to a name without meaning */
                assert_true(wtl_key_same(k, whole));
        }
    }
}

static void looks(void **state)
{
    (void)state;
    assert_true(wtl_jwk_looks(wtl_text_of(" \n{")));
    assert_false(wtl_jwk_looks(wtl_text_of("")));
    assert_false(wtl_jwk_looks(wtl_text_of(" ")));
    assert_false(wtl_jwk_looks(wtl_text_of("-----BEGIN")));
    assert_false(wtl_jwk_looks(wtl_text_of("[{")));
    char *large = malloc(70000);
    memset(large, ' ', 70000);
    large[69999] = '{';
    AUTO(wtl_key) *k = NULL;
    wtl_err err = {0};
    assert_int_equal(wtl_jwk_read(&k, NULL, (wtl_bytes){(uint8_t *)large, 70000}, &err), WTL_FORMAT);
    assert_non_null(strstr(err.text, "larger"));
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published),      cmocka_unit_test(published_akp),
        cmocka_unit_test(set_of_another), cmocka_unit_test(every_algorithm),
        cmocka_unit_test(kid_limits),     cmocka_unit_test(refused),
        cmocka_unit_test(allowed),        cmocka_unit_test(secret_stays_secret),
        cmocka_unit_test(looks),          cmocka_unit_test(changed_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
