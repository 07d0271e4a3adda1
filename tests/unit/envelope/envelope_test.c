#include "unit.h"

#include "base/text.h"
#include "envelope/envelope.h"
#include "base/instant.h"
#include "json/json.h"

#define HEX32 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define VERSION "\"version\":\"wattle-envelope-v1\""
#define ALGORITHM "\"algorithm\":\"ML-DSA-65\""
#define KEY_HASH "\"public_key_hash\":\"sha3-256:" HEX32 "\""
#define TYPE "\"payload_type\":\"application/octet-stream\""
#define DIGEST "\"digest\":\"sha256:" HEX32 "\""
#define SIZE "\"size\":20000"
#define SIGNED_AT "\"signed_at\":\"2026-01-15T09:23:47Z\""
#define HINT \
    "\"key_rotation_hint\":{\"rotate_by\":\"2026-07-15T00:00:00Z\",\"next_key\":\"sha3-256:" HEX32 "\"}"
#define SIGNATURE "\"signature\":\"base64:c2lnbmF0dXJl\""

/* The fields in the documentation's order; one of them may be replaced. */
enum {
    VERSION_AT,
    ALGORITHM_AT,
    KEY_HASH_AT,
    TYPE_AT,
    DIGEST_AT,
    SIZE_AT,
    SIGNED_AT_AT,
    HINT_AT,
    SIGNATURE_AT,
    FIELDS
};
static const char *const good[FIELDS] = {VERSION, ALGORITHM, KEY_HASH, TYPE,     DIGEST,
                                         SIZE,    SIGNED_AT, HINT,     SIGNATURE};

static void compose(wtl_buf *out, int replaced, const char *with)
{
    const char *comma = "";
    wtl_buf_str(out, "{");
    for (int i = 0; i < FIELDS; i++) {
        const char *field = i == replaced ? with : good[i];
        if (field[0] == '\0')
            continue;
        wtl_buf_fmt(out, "%s%s", comma, field);
        comma = ",";
    }
    wtl_buf_str(out, "}");
}

static int parse_with(wtl_envelope *e, int replaced, const char *with, wtl_err *err)
{
    AUTO(wtl_buf) text = {0};
    compose(&text, replaced, with);
    return wtl_envelope_parse(e, wtl_buf_view(&text), err);
}

#define CANONICAL                                                                     \
    "{" ALGORITHM "," DIGEST ",\"key_rotation_hint\":{\"next_key\":\"sha3-256:" HEX32 \
    "\",\"rotate_by\":\"2026-07-15T00:00:00Z\"}," TYPE "," KEY_HASH "," SIGNED_AT "," SIZE "," VERSION "}"

static void reads(void **state)
{
    (void)state;
    AUTO(wtl_envelope) e = {0};
    wtl_err err = {0};
    assert_good(parse_with(&e, -1, NULL, &err), &err);
    assert_string_equal(e.alg->name, "ML-DSA-65");
    assert_string_equal(e.payload_type, "application/octet-stream");
    assert_int_equal(e.hash, WTL_HASH_SHA256);
    assert_int_equal(e.size, 20000);
    assert_int_equal(e.signed_at, 1768469027);
    assert_int_equal(e.rotate_by, 1784073600);
    assert_true(e.has_next_key);
    for (unsigned i = 0; i < 32; i++)
        assert_true(e.digest[i] == i && e.key_hash[i] == i && e.next_key[i] == i);
    assert_true(wtl_text_eq(wtl_buf_view(&e.signature), "signature"));
    assert_true(wtl_text_eq(wtl_buf_view(&e.body), CANONICAL));
}

static void what_is_signed(void **state)
{
    (void)state;
    AUTO(wtl_envelope) e = {0};
    AUTO(wtl_buf) pae = {0};
    AUTO(wtl_buf) want = {0};
    assert_int_equal(parse_with(&e, -1, NULL, NULL), 0);
    wtl_envelope_pae(&e, &pae);
    wtl_buf_fmt(&want, "DSSEv1 39 application/vnd.wattle.envelope.v1+json %zu %s", strlen(CANONICAL),
                CANONICAL);
    assert_string_equal(wtl_buf_cstr(&pae), wtl_buf_cstr(&want));
}

static void writes(void **state)
{
    (void)state;
    AUTO(wtl_envelope) e = {0};
    AUTO(wtl_envelope) again = {0};
    AUTO(wtl_buf) text = {0};
    AUTO(wtl_buf) body = {0};
    wtl_err err = {0};
    assert_good(parse_with(&e, -1, NULL, &err), &err);
    wtl_buf_bytes(&body, wtl_buf_view(&e.body));
    assert_good(wtl_envelope_describe(&e, &err), &err);
    assert_string_equal(wtl_buf_cstr(&e.body), wtl_buf_cstr(&body));
    assert_good(wtl_envelope_encode(&e, &text, &err), &err);
    assert_string_equal(wtl_buf_cstr(&text), "{\n"
                                             "  \"version\": \"wattle-envelope-v1\",\n"
                                             "  \"algorithm\": \"ML-DSA-65\",\n"
                                             "  \"public_key_hash\": \"sha3-256:" HEX32 "\",\n"
                                             "  \"payload_type\": \"application/octet-stream\",\n"
                                             "  \"digest\": \"sha256:" HEX32 "\",\n"
                                             "  \"size\": 20000,\n"
                                             "  \"signed_at\": \"2026-01-15T09:23:47Z\",\n"
                                             "  \"key_rotation_hint\": {\n"
                                             "    \"rotate_by\": \"2026-07-15T00:00:00Z\",\n"
                                             "    \"next_key\": \"sha3-256:" HEX32 "\"\n"
                                             "  },\n"
                                             "  \"signature\": \"base64:c2lnbmF0dXJl\"\n"
                                             "}\n");
    assert_good(wtl_envelope_parse(&again, wtl_buf_view(&text), &err), &err);
    assert_string_equal(wtl_buf_cstr(&again.body), wtl_buf_cstr(&body));
}

static const struct {
    int at;
    const char *with;
} accepted[] = {
    {HINT_AT, ""},
    {HINT_AT, "\"key_rotation_hint\":{\"rotate_by\":\"2026-07-15T00:00:00Z\"}"},
    {HINT_AT, "\"key_rotation_hint\":{\"next_key\":\"sha3-256:" HEX32 "\"}"},
    {SIZE_AT, "\"size\":0"},
    {SIZE_AT, "\"size\":9007199254740991"},
    {DIGEST_AT, "\"digest\":\"sha384:" HEX32 "00112233445566778899aabbccddeeff\""},
    {DIGEST_AT, "\"digest\":\"sha512:" HEX32 HEX32 "\""},
    {DIGEST_AT, "\"digest\":\"blake2b:" HEX32 HEX32 "\""},
    {DIGEST_AT, "\"digest\":\"sha3-256:" HEX32 "\""},
    {ALGORITHM_AT, "\"algorithm\":\"SLH-DSA-SHAKE-256f\""},
    {ALGORITHM_AT, "\"algorithm\":\"Ed25519\""},
    {ALGORITHM_AT, "\"algorithm\":\"ECDSA-P521\""},
    {TYPE_AT, "\"payload_type\":\"application/vnd.x-Y_z.1+json\""},
    {TYPE_AT, "\"payload_type\":\"\\u0061/b\""}, /* escapes are no other text */
};

static void accepted_variants(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
        AUTO(wtl_envelope) e = {0};
        AUTO(wtl_buf) body = {0};
        wtl_err err = {0};
        if (parse_with(&e, accepted[i].at, accepted[i].with, &err) != 0)
            fail_msg("row %zu: %s", i, err.text);
        /* What was received and what the fields mean are one text. */
        wtl_buf_bytes(&body, wtl_buf_view(&e.body));
        assert_good(wtl_envelope_describe(&e, &err), &err);
        assert_string_equal(wtl_buf_cstr(&e.body), wtl_buf_cstr(&body));
    }
}

static const struct {
    int at;
    const char *with;
    const char *says;
    int rc; /* 0 = WTL_FORMAT */
} refused[] = {
    {VERSION_AT, "", "version", 0},
    {VERSION_AT, "\"version\":1", "version", 0},
    {VERSION_AT, "\"version\":\"pqc-2024-v1\"", "pqc-2024-v1", 0},
    {VERSION_AT, "\"version\":\"wattle-envelope-v2\"", "wattle-envelope-v2", WTL_POLICY},
    {VERSION_AT, "\"version\":\"wattle-envelope-v2\",\"other\":1", "wattle-envelope-v2", WTL_POLICY},
    {VERSION_AT, "\"version\":\"wattle-envelope-v1 \"", "wattle-envelope-v1 ", WTL_POLICY},
    {ALGORITHM_AT, "", "algorithm", 0},
    {ALGORITHM_AT, "\"algorithm\":null", "algorithm", 0},
    {ALGORITHM_AT, "\"algorithm\":\"ml-dsa-65\"", "ml-dsa-65", WTL_POLICY},
    {ALGORITHM_AT, "\"algorithm\":\"MLDSA65\"", "MLDSA65", WTL_POLICY},
    {ALGORITHM_AT, "\"algorithm\":\"ML-KEM-768\"", "ML-KEM-768", WTL_POLICY},
    {ALGORITHM_AT, "\"algorithm\":\"X25519MLKEM768\"", "X25519MLKEM768", WTL_POLICY},
    {ALGORITHM_AT, "\"algorithm\":\"none\"", "none", WTL_POLICY},
    {ALGORITHM_AT, "\"algorithm\":\"\"", "algorithm", WTL_POLICY},
    {ALGORITHM_AT, "\"algorithm\":\"a\\nb\"", "a\\x0ab", WTL_POLICY},
    {KEY_HASH_AT, "", "public_key_hash", 0},
    {KEY_HASH_AT, "\"public_key_hash\":\"" HEX32 "\"", "sha3-256:", 0},
    {KEY_HASH_AT, "\"public_key_hash\":\"sha256:" HEX32 "\"", "sha3-256:", 0},
    {KEY_HASH_AT, "\"public_key_hash\":\"sha3-256:" HEX32 "00\"", "64 digits", 0},
    {KEY_HASH_AT, "\"public_key_hash\":\"sha3-256:\"", "64 digits", 0},
    {KEY_HASH_AT, "\"public_key_hash\":\"SHA3-256:" HEX32 "\"", "sha3-256:", 0},
    {KEY_HASH_AT,
     "\"public_key_hash\":\"sha3-256:000102030405060708090A0b0c0d0e0f101112131415161718191a1b1c1d1e1f\"",
     "lower-case", 0},
    {TYPE_AT, "", "payload_type", 0},
    {TYPE_AT, "\"payload_type\":\"\"", "payload_type", 0},
    {TYPE_AT, "\"payload_type\":\"text\"", "payload_type", 0},
    {TYPE_AT, "\"payload_type\":\"text/\"", "payload_type", 0},
    {TYPE_AT, "\"payload_type\":\"/plain\"", "payload_type", 0},
    {TYPE_AT, "\"payload_type\":\"text/plain; charset=utf-8\"", "payload_type", 0},
    {TYPE_AT, "\"payload_type\":\"text/pl\\u00e4in\"", "payload_type", 0},
    {TYPE_AT, "\"payload_type\":\"text/-x\"", "payload_type", 0},
    {TYPE_AT, "\"payload_type\":\"a/b/c\"", "payload_type", 0},
    {DIGEST_AT, "", "digest", 0},
    {DIGEST_AT, "\"digest\":{\"sha256\":\"" HEX32 "\"}", "digest", 0},
    {DIGEST_AT, "\"digest\":\"" HEX32 "\"", "hash", 0},
    {DIGEST_AT, "\"digest\":\"sha1:" HEX32 "\"", "hash", 0},
    {DIGEST_AT, "\"digest\":\"sha256\"", "hash", 0},
    {DIGEST_AT, "\"digest\":\"sha256:\"", "64 digits", 0},
    {DIGEST_AT, "\"digest\":\"sha512:" HEX32 "\"", "128 digits", 0},
    {DIGEST_AT, "\"digest\":\"sha256: " HEX32 "\"", "64 digits", 0},
    {SIZE_AT, "", "size", 0},
    {SIZE_AT, "\"size\":-1", "size", 0},
    {SIZE_AT, "\"size\":9007199254740992", "size", 0},
    {SIZE_AT, "\"size\":99999999999999999999", "not valid JSON", 0},
    {SIZE_AT, "\"size\":20000.0", "size", 0},
    {SIZE_AT, "\"size\":2e4", "size", 0},
    {SIZE_AT, "\"size\":\"20000\"", "size", 0},
    {SIGNED_AT_AT, "", "signed_at", 0},
    {SIGNED_AT_AT, "\"signed_at\":1768469027", "signed_at", 0},
    {SIGNED_AT_AT, "\"signed_at\":\"2026-01-15T09:23:47+00:00\"", "signed_at", 0},
    {SIGNED_AT_AT, "\"signed_at\":\"2026-02-30T09:23:47Z\"", "signed_at", 0},
    {HINT_AT, "\"key_rotation_hint\":\"2026-07-15T00:00:00Z\"", "key_rotation_hint", 0},
    {HINT_AT, "\"key_rotation_hint\":null", "key_rotation_hint", 0},
    {HINT_AT, "\"key_rotation_hint\":{}", "empty", 0},
    {HINT_AT, "\"key_rotation_hint\":{\"rotate_by\":\"2026-07-15\"}", "rotate_by", 0},
    {HINT_AT, "\"key_rotation_hint\":{\"rotate_by\":null}", "rotate_by", 0},
    {HINT_AT, "\"key_rotation_hint\":{\"next_key\":\"" HEX32 "\"}", "next_key", 0},
    {HINT_AT, "\"key_rotation_hint\":{\"next_key\":\"sha3-256:" HEX32 "\",\"x\":1}", "\"x\"", 0},
    {SIGNATURE_AT, "", "signature", 0},
    {SIGNATURE_AT, "\"signature\":\"c2lnbmF0dXJl\"", "base64:", 0},
    {SIGNATURE_AT, "\"signature\":\"base64:\"", "empty", 0},
    {SIGNATURE_AT, "\"signature\":\"base64:c2lnbmF0dXJ\"", "signature", 0},
    {SIGNATURE_AT, "\"signature\":\"base64:c2lnbmF0dXJ_\"", "signature", 0},
    {SIGNATURE_AT, "\"signature\":\"base64:c2ln bmF0dXJl\"", "signature", 0},
    {SIGNATURE_AT, "\"signature\":\"base64:Zh==\"", "signature", 0},
    {SIGNATURE_AT, "\"signature\":[\"base64:Zg==\"]", "signature", 0},
    {SIGNATURE_AT, SIGNATURE "," SIGNATURE, "duplicate", 0},
    {SIGNATURE_AT, SIGNATURE ",\"SIZE\":1", "SIZE", 0},
    {SIGNATURE_AT, SIGNATURE ",\"name\":\"x\"", "name", 0},
    {SIGNATURE_AT, SIGNATURE "," DIGEST, "duplicate", 0},
};

static void refused_variants(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        AUTO(wtl_envelope) e = {0};
        wtl_err err = {0};
        int rc = parse_with(&e, refused[i].at, refused[i].with, &err);
        if (rc != (refused[i].rc != 0 ? refused[i].rc : WTL_FORMAT) ||
            strstr(err.text, refused[i].says) == NULL)
            fail_msg("row %zu gave %s: %s", i, wtl_rc_name(rc), err.text);
        assert_null(e.body.p);
        assert_null(e.signature.p);
    }
}

static void other_documents(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "[]", "null", "7", "\"x\"", "{}", "[" VERSION "]", "{" VERSION "}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        wtl_envelope e;
        assert_int_equal(wtl_envelope_parse(&e, wtl_text_of(bad[i]), NULL), WTL_FORMAT);
    }
    AUTO(wtl_buf) text = {0};
    compose(&text, -1, NULL);
    while (text.n < WTL_ENVELOPE_MOST)
        wtl_buf_u8(&text, ' ');
    AUTO(wtl_envelope) e = {0};
    assert_int_equal(wtl_envelope_parse(&e, wtl_buf_view(&text), NULL), 0);
    wtl_envelope_free(&e);
    wtl_buf_u8(&text, ' ');
    assert_int_equal(wtl_envelope_parse(&e, wtl_buf_view(&text), NULL), WTL_FORMAT);
}

static void every_truncation(void **state)
{
    (void)state;
    AUTO(wtl_buf) text = {0};
    compose(&text, -1, NULL);
    for (size_t n = 0; n < text.n; n++) {
        /* An exact copy, so that the sanitizer sees a read past its end. */
        uint8_t *copy = malloc(n > 0 ? n : 1);
        assert_non_null(copy);
        memcpy(copy, text.p, n);
        wtl_envelope e;
        assert_int_equal(wtl_envelope_parse(&e, (wtl_bytes){copy, n}, NULL), WTL_FORMAT);
        free(copy);
    }
}

/* Every byte replaced by every other value: refused, or another body or another signature. */
static void every_byte(void **state)
{
    (void)state;
    AUTO(wtl_buf) text = {0};
    compose(&text, -1, NULL);
    size_t read = 0;
    for (size_t i = 0; i < text.n; i++) {
        for (unsigned v = 1; v < 256; v++) {
            text.p[i] ^= (uint8_t)v;
            wtl_envelope e;
            if (wtl_envelope_parse(&e, wtl_buf_view(&text), NULL) == 0) {
                assert_false(wtl_text_eq(wtl_buf_view(&e.body), CANONICAL) &&
                             wtl_text_eq(wtl_buf_view(&e.signature), "signature"));
                wtl_envelope_free(&e);
                read++;
            }
            text.p[i] ^= (uint8_t)v;
        }
    }
    assert_true(read > 0);
}

static void form_is_no_difference(void **state)
{
    (void)state;
    AUTO(wtl_buf) text = {0};
    wtl_buf_str(&text, " {\n" SIGNATURE ",\t" SIZE ",\r\n");
    wtl_buf_str(&text, "\"\\u0076ersion\" : \"wattle\\u002denvelope-v1\",");
    wtl_buf_str(&text, HINT "," SIGNED_AT "," DIGEST "," TYPE "," KEY_HASH "," ALGORITHM " }\n");
    AUTO(wtl_envelope) e = {0};
    assert_int_equal(wtl_envelope_parse(&e, wtl_buf_view(&text), NULL), 0);
    assert_true(wtl_text_eq(wtl_buf_view(&e.body), CANONICAL));
}

static void recognised(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool by_content, by_name;
    } rows[] = {
        {"{" VERSION "}", true, true},
        {"{" KEY_HASH "}", true, true},
        {"{" VERSION ",\"mediaType\":1}", false, false},
        {"{\"dsseEnvelope\":{}}", false, false},
        {"{}", false, true},
        {"[]", false, true},
        {"", false, true},
        {"{" VERSION, false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(wtl_envelope_is(wtl_text_of(rows[i].text), false) == rows[i].by_content);
        assert_true(wtl_envelope_is(wtl_text_of(rows[i].text), true) == rows[i].by_name);
    }
}

static void writer_refuses(void **state)
{
    (void)state;
    AUTO(wtl_envelope) e = {0};
    AUTO(wtl_buf) text = {0};
    assert_int_equal(parse_with(&e, -1, NULL, NULL), 0);
    e.signed_at = WTL_ENVELOPE_LAST + 1;
    assert_int_equal(wtl_envelope_describe(&e, NULL), WTL_USAGE);
    e.signed_at = 0;
    assert_int_equal(wtl_envelope_describe(&e, NULL), WTL_USAGE);
    e.signed_at = WTL_ENVELOPE_FIRST;
    e.rotate_by = -1;
    assert_int_equal(wtl_envelope_describe(&e, NULL), WTL_USAGE);
    e.rotate_by = 0;
    e.size = UINT64_C(1) << 53;
    assert_int_equal(wtl_envelope_describe(&e, NULL), WTL_USAGE);
    assert_int_equal(wtl_envelope_encode(&e, &text, NULL), WTL_USAGE);
    e.size = 1;
    e.alg = wtl_alg_by_name("ML-KEM-768");
    assert_int_equal(wtl_envelope_describe(&e, NULL), WTL_USAGE);
    e.alg = wtl_alg_by_name("Ed25519");
    assert_int_equal(wtl_envelope_describe(&e, NULL), 0);
    char *slash = strchr(e.payload_type, '/');
    *slash = ' ';
    assert_int_equal(wtl_envelope_describe(&e, NULL), WTL_USAGE);
}

static void long_types(void **state)
{
    (void)state;
    char type[300];
    memset(type, 'a', sizeof type);
    type[127] = '/';
    type[255] = '\0';
    assert_true(wtl_envelope_is_type(type));
    assert_int_equal(strlen(type), WTL_ENVELOPE_TYPE - 1);
    type[255] = 'a';
    type[256] = '\0';
    assert_false(wtl_envelope_is_type(type));
    type[127] = 'a';
    type[128] = '/';
    assert_false(wtl_envelope_is_type(type));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(what_is_signed),
        cmocka_unit_test(writes),
        cmocka_unit_test(accepted_variants),
        cmocka_unit_test(refused_variants),
        cmocka_unit_test(other_documents),
        cmocka_unit_test(every_truncation),
        cmocka_unit_test(every_byte),
        cmocka_unit_test(form_is_no_difference),
        cmocka_unit_test(recognised),
        cmocka_unit_test(writer_refuses),
        cmocka_unit_test(long_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
