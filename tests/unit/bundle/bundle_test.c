#include "unit.h"

#include "base/text.h"
#include "bundle/bundle.h"
#include "json/json.h"

#define TYPE "application/vnd.in-toto+json"

static void encode(wtl_buf *out)
{
    wtl_err err = {0};
    assert_good(wtl_bundle_encode(wtl_text_of("{\"pay\":\"load\"}"), TYPE, "0123abcd",
                                  wtl_text_of("signature!!"), out, &err),
                &err);
}

static bool same(wtl_bytes a, wtl_bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static void round_trip(void **state)
{
    (void)state;
    AUTO(wtl_buf) text = {0};
    encode(&text);
    assert_string_equal(wtl_buf_cstr(&text),
                        "{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\","
                        "\"verificationMaterial\":{\"publicKey\":{\"hint\":\"0123abcd\"},\"tlogEntries\":[]},"
                        "\"dsseEnvelope\":{\"payload\":\"eyJwYXkiOiJsb2FkIn0=\",\"payloadType\":\"" TYPE "\","
                        "\"signatures\":[{\"sig\":\"c2lnbmF0dXJlISE=\",\"keyid\":\"\"}]}}");
    AUTO(wtl_bundle) b = {0};
    wtl_err err = {0};
    assert_good(wtl_bundle_parse(&b, wtl_buf_view(&text), &err), &err);
    assert_int_equal(b.key_kind, WTL_BUNDLE_HINT);
    assert_string_equal(b.hint, "0123abcd");
    assert_string_equal(b.payload_type, TYPE);
    assert_true(wtl_text_eq(wtl_buf_view(&b.payload), "{\"pay\":\"load\"}"));
    assert_true(wtl_text_eq(wtl_buf_view(&b.signature), "signature!!"));
}

static void a_chain_round_trip(void **state)
{
    (void)state;
    AUTO(wtl_buf) text = {0};
    AUTO(wtl_bundle) b = {0};
    wtl_err err = {0};
    wtl_buf chain[] = {{.p = (uint8_t *)"leaf", .n = 4}, {.p = (uint8_t *)"issuer", .n = 6}};
    assert_good(wtl_bundle_encode_chain(wtl_text_of("{}"), TYPE, chain, 2, wtl_text_of("s"), &text, &err),
                &err);
    assert_non_null(
        strstr(wtl_buf_cstr(&text),
               "\"verificationMaterial\":{\"x509CertificateChain\":{\"certificates\":[{\"rawBytes\":"
               "\"bGVhZg==\"},{\"rawBytes\":\"aXNzdWVy\"}]},\"tlogEntries\":[]}"));
    assert_good(wtl_bundle_parse(&b, wtl_buf_view(&text), &err), &err);
    assert_int_equal(b.key_kind, WTL_BUNDLE_CHAIN);
    assert_int_equal(b.n_chain, 2);
    assert_true(wtl_text_eq(wtl_buf_view(&b.chain[0]), "leaf"));
    assert_true(wtl_text_eq(wtl_buf_view(&b.chain[1]), "issuer"));
}

static void pre_authentication_encoding(void **state)
{
    (void)state;
    AUTO(wtl_buf) b = {0};
    wtl_bundle_pae(&b, "http://example.com/HelloWorld", wtl_text_of("hello world"));
    /* the example of DSSE's protocol.md */
    assert_string_equal(wtl_buf_cstr(&b), "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

/* A bundle with `material` and `envelope` as given. */
static int parse_parts(wtl_bundle *b, const char *media, const char *material, const char *envelope,
                       wtl_err *err)
{
    AUTO(wtl_buf) text = {0};
    wtl_buf_fmt(&text, "{\"mediaType\":\"%s\",\"verificationMaterial\":%s,\"dsseEnvelope\":%s}", media,
                material, envelope);
    return wtl_bundle_parse(b, wtl_buf_view(&text), err);
}

#define MATERIAL "{\"publicKey\":{\"hint\":\"ab\"}}"
#define ENVELOPE(payload, sigs) "{\"payload\":" payload ",\"payloadType\":\"t\",\"signatures\":" sigs "}"
#define GOOD_ENVELOPE ENVELOPE("\"Zg==\"", "[{\"sig\":\"Zg==\"}]")

static void accepted_variants(void **state)
{
    (void)state;
    static const struct {
        const char *material;
        const char *envelope;
        enum wtl_bundle_key kind;
    } rows[] = {
        {"{\"publicKey\":{}}", GOOD_ENVELOPE, WTL_BUNDLE_NO_KEY},
        {"{\"publicKey\":{\"hint\":\"\"},\"tlogEntries\":[]}", GOOD_ENVELOPE, WTL_BUNDLE_NO_KEY},
        {MATERIAL, GOOD_ENVELOPE, WTL_BUNDLE_HINT},
        {"{\"publicKey\":{\"hint\":\"a\"},\"tlogEntries\":[{\"logIndex\":\"1\"}],"
         "\"timestampVerificationData\":{}}",
         GOOD_ENVELOPE, WTL_BUNDLE_HINT},
        {MATERIAL, ENVELOPE("\"Zg==\"", "[{\"sig\":\"Zg==\",\"keyid\":null}]"), WTL_BUNDLE_HINT},
        {MATERIAL, ENVELOPE("\"Zg==\"", "[{\"sig\":\"Zg==\",\"keyid\":\"x\"}]"), WTL_BUNDLE_HINT},
        {"{\"publicKey\":{\"rawBytes\":\"MAA=\",\"keyDetails\":\"PKIX_ECDSA_P256_SHA_256\"}}", GOOD_ENVELOPE,
         WTL_BUNDLE_RAW_KEY},
        {"{\"x509CertificateChain\":{\"certificates\":[{\"rawBytes\":\"MAA=\"},{\"rawBytes\":\"MAE=\"}]}}",
         GOOD_ENVELOPE, WTL_BUNDLE_CHAIN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO(wtl_bundle) b = {0};
        wtl_err err = {0};
        assert_good(parse_parts(&b, WTL_BUNDLE_MEDIA_TYPE, rows[i].material, rows[i].envelope, &err), &err);
        assert_int_equal(b.key_kind, rows[i].kind);
        assert_int_equal(b.n_chain, rows[i].kind == WTL_BUNDLE_CHAIN ? 2 : 0);
        assert_int_equal(b.raw_key.n, rows[i].kind == WTL_BUNDLE_RAW_KEY ? 2 : 0);
    }
}

static const struct {
    const char *media;
    const char *material;
    const char *envelope;
    const char *says;
    int rc;
} refused[] = {
    {"application/vnd.dev.sigstore.bundle+json;version=0.2", MATERIAL, GOOD_ENVELOPE, "version=0.2", 0},
    {"application/vnd.dev.sigstore.bundle.v0.2+json", MATERIAL, GOOD_ENVELOPE, "media type", 0},
    {"", MATERIAL, GOOD_ENVELOPE, "media type", 0},
    {NULL, MATERIAL, ENVELOPE("\"Zg==\"", "[{\"sig\":\"Zg==\"},{\"sig\":\"Zg==\"}]"), "2 signatures", 0},
    {NULL, MATERIAL, ENVELOPE("\"Zg==\"", "[]"), "0 signatures", 0},
    {NULL, MATERIAL, ENVELOPE("\"Zg==\"", "{}"), "signatures", 0},
    {NULL, MATERIAL, ENVELOPE("\"Zg==\"", "[7]"), "not a JSON object", 0},
    {NULL, MATERIAL, ENVELOPE("\"Zg==\"", "[{\"sig\":\"\"}]"), "empty", 0},
    {NULL, MATERIAL, ENVELOPE("\"Zg==\"", "[{\"sig\":\"Zh==\"}]"), "sig", 0},
    {NULL, MATERIAL, ENVELOPE("\"Zg==\"", "[{\"keyid\":\"\"}]"), "sig", 0},
    {NULL, MATERIAL, ENVELOPE("\"Zg==\"", "[{\"sig\":\"Zg==\",\"keyid\":1}]"), "keyid", 0},
    {NULL, MATERIAL, ENVELOPE("\"Zg==\"", "[{\"sig\":\"Zg==\",\"cert\":\"\"}]"), "cert", 0},
    {NULL, MATERIAL, ENVELOPE("\"\"", "[{\"sig\":\"Zg==\"}]"), "empty", 0},
    {NULL, MATERIAL, ENVELOPE("\"Zg\"", "[{\"sig\":\"Zg==\"}]"), "payload", 0},
    {NULL, MATERIAL, ENVELOPE("\"_-8=\"", "[{\"sig\":\"Zg==\"}]"), "payload", 0},
    {NULL, MATERIAL, ENVELOPE("\"Zm9v\\n\"", "[{\"sig\":\"Zg==\"}]"), "payload", 0},
    {NULL, MATERIAL, ENVELOPE("null", "[{\"sig\":\"Zg==\"}]"), "payload", 0},
    {NULL, MATERIAL, "{\"payload\":\"Zg==\",\"signatures\":[{\"sig\":\"Zg==\"}]}", "payloadType", 0},
    {NULL, MATERIAL, "[]", "dsseEnvelope", 0},
    {NULL, MATERIAL, GOOD_ENVELOPE ",\"extra\":1", "extra", 0},
    {NULL, "{}", GOOD_ENVELOPE, "exactly one", 0},
    {NULL, "{\"tlogEntries\":[]}", GOOD_ENVELOPE, "exactly one", 0},
    {NULL, "{\"publicKey\":{},\"x509CertificateChain\":{\"certificates\":[]}}", GOOD_ENVELOPE, "exactly", 0},
    {NULL, "{\"publicKey\":7}", GOOD_ENVELOPE, "publicKey", 0},
    {NULL, "{\"publicKey\":{\"hint\":null}}", GOOD_ENVELOPE, "hint", 0},
    {NULL, "{\"publicKey\":{\"hint\":\"a\",\"more\":1}}", GOOD_ENVELOPE, "more", 0},
    {NULL, "{\"publicKey\":{\"rawBytes\":\"M\"}}", GOOD_ENVELOPE, "rawBytes", 0},
    {NULL, "{\"publicKey\":{},\"tlogEntries\":null}", GOOD_ENVELOPE, "tlogEntries", 0},
    {NULL, "{\"publicKey\":{},\"tlogEntries\":[1]}", GOOD_ENVELOPE, "tlogEntries", 0},
    {NULL, "{\"publicKey\":{},\"more\":[]}", GOOD_ENVELOPE, "more", 0},
    {NULL, "{\"x509CertificateChain\":{\"certificates\":[]}}", GOOD_ENVELOPE, "no certificate", 0},
    {NULL, "{\"x509CertificateChain\":{\"certificates\":[{\"rawBytes\":\"MAA=\"},{}]}}", GOOD_ENVELOPE,
     "rawBytes", 0},
    {NULL, "{\"x509CertificateChain\":{\"certificates\":[{\"rawBytes\":\"MAA=\",\"x\":1}]}}", GOOD_ENVELOPE,
     "\"x\"", 0},
    {NULL, "{\"x509CertificateChain\":{}}", GOOD_ENVELOPE, "certificates", 0},
    {NULL, "{\"certificate\":{\"rawBytes\":\"MAA=\"},\"tlogEntries\":[]}", GOOD_ENVELOPE, "keyless",
     WTL_POLICY},
};

static void refused_variants(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        AUTO(wtl_bundle) b = {0};
        wtl_err err = {0};
        const char *media = refused[i].media != NULL ? refused[i].media : WTL_BUNDLE_MEDIA_TYPE;
        int rc = parse_parts(&b, media, refused[i].material, refused[i].envelope, &err);
        if (rc != (refused[i].rc != 0 ? refused[i].rc : WTL_FORMAT) ||
            strstr(err.text, refused[i].says) == NULL)
            fail_msg("row %zu gave %s: %s", i, wtl_rc_name(rc), err.text);
        assert_null(b.hint);
        assert_null(b.chain);
        assert_null(b.payload.p);
    }
}

static void other_documents(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "[]", "null", "7", "\"x\"", "{}", "{\"mediaType\":7}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        wtl_bundle b;
        assert_int_equal(wtl_bundle_parse(&b, wtl_text_of(bad[i]), NULL), WTL_FORMAT);
    }
}

static void every_truncation(void **state)
{
    (void)state;
    AUTO(wtl_buf) text = {0};
    encode(&text);
    for (size_t n = 0; n < text.n; n++) {
        /* An exact copy, so that the sanitizer sees a read past its end. */
        uint8_t *copy = malloc(n > 0 ? n : 1);
        assert_non_null(copy);
        memcpy(copy, text.p, n);
        wtl_bundle b;
        assert_int_equal(wtl_bundle_parse(&b, (wtl_bytes){copy, n}, NULL), WTL_FORMAT);
        free(copy);
    }
}

/* Every byte replaced by every other value: refused, or what is signed and by whom it is said to be signed
 * can be told from the original, or nothing that matters changed (the parts without meaning are hint and keyid). */
static void every_byte(void **state)
{
    (void)state;
    AUTO(wtl_buf) text = {0};
    encode(&text);
    AUTO(wtl_bundle) was = {0};
    assert_int_equal(wtl_bundle_parse(&was, wtl_buf_view(&text), NULL), 0);
    size_t accepted = 0;
    for (size_t i = 0; i < text.n; i++) {
        for (unsigned v = 1; v < 256; v++) {
            text.p[i] ^= (uint8_t)v;
            wtl_bundle b;
            if (wtl_bundle_parse(&b, wtl_buf_view(&text), NULL) == 0) {
                bool changed = !same(wtl_buf_view(&b.payload), wtl_buf_view(&was.payload)) ||
                               !same(wtl_buf_view(&b.signature), wtl_buf_view(&was.signature)) ||
                               strcmp(b.payload_type, was.payload_type) != 0 || b.hint == NULL ||
                               strcmp(b.hint, was.hint) != 0;
                assert_true(changed);
                accepted++;
                wtl_bundle_free(&b);
            }
            text.p[i] ^= (uint8_t)v;
        }
    }
    assert_true(accepted > 0);
}

static void white_space_is_no_difference(void **state)
{
    (void)state;
    AUTO(wtl_buf) text = {0};
    encode(&text);
    AUTO(json_t) *j = NULL;
    assert_int_equal(wtl_json_parse(&j, wtl_buf_view(&text), "x", NULL), 0);
    AUTO(wtl_buf) pretty = {0};
    assert_int_equal(wtl_json_write(j, true, &pretty, NULL), 0);
    wtl_buf_str(&pretty, "\n \t\r\n");
    AUTO(wtl_bundle) b = {0};
    assert_int_equal(wtl_bundle_parse(&b, wtl_buf_view(&pretty), NULL), 0);
    assert_string_equal(b.hint, "0123abcd");
}

static void real_bundles(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        enum wtl_bundle_key kind;
    } rows[] = {{"oms/sigs/basic.p256.sig", WTL_BUNDLE_HINT},
                {"oms/sigs/basic.p384.sig", WTL_BUNDLE_HINT},
                {"oms/sigs/basic.cert.sig", WTL_BUNDLE_CHAIN},
                {"oms/sigs/single.bin.p256.sig", WTL_BUNDLE_HINT}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *path = unit_path("WATTLE_VECTORS", rows[i].file);
        if (path == NULL) {
            print_message("skipped: the public vectors are not beside the project\n");
            skip();
        }
        static uint8_t data[1 << 16];
        FILE *f = fopen(path, "rb");
        assert_non_null(f);
        size_t n = fread(data, 1, sizeof data, f);
        fclose(f);
        AUTO(wtl_bundle) b = {0};
        wtl_err err = {0};
        assert_good(wtl_bundle_parse(&b, (wtl_bytes){data, n}, &err), &err);
        assert_int_equal(b.key_kind, rows[i].kind);
        assert_int_equal(b.n_chain, rows[i].kind == WTL_BUNDLE_CHAIN ? 3 : 0);
        assert_string_equal(b.payload_type, TYPE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),        cmocka_unit_test(pre_authentication_encoding),
        cmocka_unit_test(accepted_variants), cmocka_unit_test(refused_variants),
        cmocka_unit_test(other_documents),   cmocka_unit_test(every_truncation),
        cmocka_unit_test(every_byte),        cmocka_unit_test(white_space_is_no_difference),
        cmocka_unit_test(real_bundles),      cmocka_unit_test(a_chain_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
