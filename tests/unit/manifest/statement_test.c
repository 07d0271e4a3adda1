#include "unit.h"

#include "base/text.h"
#include "manifest/statement.h"

#define SHA_A "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb" /* SHA-256("a") */
#define SHA_B "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d" /* SHA-256("b") */

static void add(wtl_statement *s, const char *name, const char *content)
{
    uint8_t digest[WTL_HASH_MAX];
    wtl_err err = {0};
    assert_good(wtl_hash_once(s->hash, wtl_text_of(content), digest, &err), &err);
    assert_good(wtl_statement_add(s, name, digest, &err), &err);
}

static void encode(wtl_buf *out, enum wtl_hash hash)
{
    AUTO(wtl_statement) s = {.hash = hash};
    wtl_err err = {0};
    assert_good(wtl_statement_set_subject(&s, "model", &err), &err);
    assert_good(wtl_statement_add_ignore(&s, ".git", &err), &err);
    assert_good(wtl_statement_add_ignore(&s, "model.sig", &err), &err);
    add(&s, "z", "b");
    add(&s, "sub/a", "a");
    add(&s, "sub-a", "a");
    add(&s, "\xc3\xa9", "b");
    assert_good(wtl_statement_encode(&s, out, &err), &err);
}

static void written_form(void **state)
{
    (void)state;
    AUTO(wtl_buf) out = {0};
    encode(&out, WTL_HASH_SHA256);
    /* The root was computed apart: the digests of a, a, b, b through sha256sum. */
    assert_string_equal(
        wtl_buf_cstr(&out),
        "{\"_type\":\"https://in-toto.io/Statement/"
        "v1\",\"subject\":[{\"name\":\"model\",\"digest\":{\"sha256\":"
        "\"df91050dd1ff457c52ffd53564095ef5ad279cfd000d14106f5f603dfc2a8b58\"}}],\"predicateType\":\"https://"
        "model_signing/signature/v1.0\",\"predicate\":{\"serialization\":{\"method\":\"files\",\"hash_type\":"
        "\"sha256\",\"allow_symlinks\":false,\"ignore_paths\":[\".git\",\"model.sig\"]},\"resources\":["
        "{\"name\":\"sub-a\",\"algorithm\":\"sha256\",\"digest\":\"" SHA_A "\"},"
        "{\"name\":\"sub/a\",\"algorithm\":\"sha256\",\"digest\":\"" SHA_A "\"},"
        "{\"name\":\"z\",\"algorithm\":\"sha256\",\"digest\":\"" SHA_B "\"},"
        "{\"name\":\"\xc3\xa9\",\"algorithm\":\"sha256\",\"digest\":\"" SHA_B "\"}]}}");
}

static void round_trip(void **state)
{
    (void)state;
    for (int h = 0; h < WTL_HASH_COUNT; h++) {
        if (h != WTL_HASH_SHA256 && h != WTL_HASH_BLAKE2B)
            continue;
        AUTO(wtl_buf) out = {0};
        encode(&out, (enum wtl_hash)h);
        AUTO(wtl_statement) s = {0};
        wtl_err err = {0};
        assert_good(wtl_statement_parse(&s, wtl_buf_view(&out), &err), &err);
        assert_string_equal(s.subject, "model");
        assert_int_equal(s.hash, h);
        assert_false(s.allow_symlinks);
        assert_int_equal(s.n_resources, 4);
        assert_string_equal(s.resource[1].name, "sub/a");
        assert_true(wtl_statement_ignores(&s, ".git"));
        assert_true(wtl_statement_ignores(&s, ".git/config"));
        assert_false(wtl_statement_ignores(&s, ".gitignore"));
        assert_false(wtl_statement_ignores(&s, "sub/.git"));
        assert_false(wtl_statement_ignores(&s, "model.si"));
        AUTO(wtl_buf) again = {0};
        assert_good(wtl_statement_encode(&s, &again, &err), &err);
        assert_string_equal(wtl_buf_cstr(&again), wtl_buf_cstr(&out));
    }
}

/* The text of a statement over one file "f" with content "a", with one part replaced. */
enum part { P_TYPE, P_SUBJECT, P_PREDICATE_TYPE, P_SERIALIZATION, P_RESOURCES, P_MORE, P_NONE };

/* printf ca97..|xxd -r -p|sha256sum */
#define ROOT_A "bf5d3affb73efd2ec6c36ad3112dd933efed63c4e1cbffcfa88e2759c144f2d8"

static const char *const good[] = {
    "\"https://in-toto.io/Statement/v1\"",
    "[{\"name\":\"m\",\"digest\":{\"sha256\":\"" ROOT_A "\"}}]",
    "\"https://model_signing/signature/v1.0\"",
    "{\"method\":\"files\",\"hash_type\":\"sha256\",\"allow_symlinks\":false,\"ignore_paths\":[]}",
    "[{\"name\":\"f\",\"algorithm\":\"sha256\",\"digest\":\"" SHA_A "\"}]",
    "",
};

static int parse_with(enum part part, const char *text, wtl_err *err)
{
    const char *p[P_NONE];
    for (int i = 0; i < P_NONE; i++)
        p[i] = i == (int)part ? text : good[i];
    AUTO(wtl_buf) b = {0};
    wtl_buf_fmt(&b,
                "{\"_type\":%s,\"subject\":%s,\"predicateType\":%s,\"predicate\":{\"serialization\":%s,"
                "\"resources\":%s}%s}",
                p[0], p[1], p[2], p[3], p[4], p[5]);
    AUTO(wtl_statement) s = {0};
    int rc = wtl_statement_parse(&s, wtl_buf_view(&b), err);
    assert_true(rc == 0 || (s.subject == NULL && s.resource == NULL && s.ignore == NULL));
    return rc;
}

#define SER(method, hash, rest) "{\"method\":\"" method "\",\"hash_type\":\"" hash "\"" rest "}"
#define RES(name) "[{\"name\":\"" name "\",\"algorithm\":\"sha256\",\"digest\":\"" SHA_A "\"}]"

static void accepted_variants(void **state)
{
    (void)state;
    static const struct {
        enum part part;
        const char *text;
    } rows[] = {
        {P_NONE, ""},
        {P_SUBJECT, "[{\"digest\":{\"sha256\":\"" ROOT_A "\"},\"name\":\"any\\nthing/..\"}]"},
        {P_SERIALIZATION, SER("files", "sha256", ",\"allow_symlinks\":true")},
        {P_SERIALIZATION,
         SER("files", "sha256", ",\"allow_symlinks\":false,\"ignore_paths\":[\"a/b\",\"a/b\"]")},
        {P_RESOURCES, RES(".")},
        {P_RESOURCES, RES("a/b/c")},
        {P_RESOURCES, RES("with space\\nand newline")},
        {P_RESOURCES, RES("C:colon:0:10")},
        {P_RESOURCES, RES("..a/.b/c..")},
        {P_RESOURCES, RES("back\\\\slash*?[x]")},
        {P_RESOURCES, RES("\\u00e9\\ud83d\\ude00")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wtl_err err = {0};
        assert_good(parse_with(rows[i].part, rows[i].text, &err), &err);
    }
}

static const struct {
    enum part part;
    int rc;
    const char *text;
    const char *says;
} refused[] = {
    {P_TYPE, WTL_FORMAT, "\"https://in-toto.io/Statement/v0.1\"", "in-toto"},
    {P_TYPE, WTL_FORMAT, "null", "_type"},
    {P_PREDICATE_TYPE, WTL_POLICY, "\"https://model_signing/Digests/v0.1\"", "Digests/v0.1"},
    {P_PREDICATE_TYPE, WTL_POLICY, "\"https://slsa.dev/provenance/v1\"", "slsa"},
    {P_MORE, WTL_FORMAT, ",\"more\":1", "more"},
    {P_MORE, WTL_FORMAT, ",\"_type\":\"https://in-toto.io/Statement/v1\"", "duplicate"},
    {P_SUBJECT, WTL_FORMAT, "[]", "0 subjects"},
    {P_SUBJECT, WTL_FORMAT, "{}", "subject"},
    {P_SUBJECT, WTL_FORMAT, "[{\"name\":\"\",\"digest\":{\"sha256\":\"" ROOT_A "\"}}]", "empty"},
    {P_SUBJECT, WTL_FORMAT, "[{\"name\":\"m\",\"digest\":{}}]", "sha256"},
    {P_SUBJECT, WTL_FORMAT, "[{\"name\":\"m\",\"digest\":{\"sha256\":\"" SHA_A "\"}}]", "contradicts"},
    {P_SUBJECT, WTL_FORMAT, "[{\"name\":\"m\",\"digest\":{\"sha256\":\"" ROOT_A "\",\"sha1\":\"00\"}}]",
     "sha1"},
    {P_SUBJECT, WTL_FORMAT, "[{\"name\":\"m\",\"uri\":\"x\",\"digest\":{\"sha256\":\"" ROOT_A "\"}}]", "uri"},
    {P_SUBJECT, WTL_FORMAT, "[{\"name\":\"m\",\"digest\":{\"sha256\":\"" ROOT_A "00\"}}]", "33 bytes"},
    {P_SERIALIZATION, WTL_FORMAT, "[]", "serialization"},
    {P_SERIALIZATION, WTL_FORMAT, "{}", "method"},
    {P_SERIALIZATION, WTL_POLICY, SER("tensors", "sha256", ",\"allow_symlinks\":false"), "tensors"},
    {P_SERIALIZATION, WTL_POLICY, SER("files", "blake3", ",\"allow_symlinks\":false"), "blake3"},
    {P_SERIALIZATION, WTL_POLICY, SER("files", "sha384", ",\"allow_symlinks\":false"), "sha384"},
    {P_SERIALIZATION, WTL_POLICY, SER("files", "SHA256", ",\"allow_symlinks\":false"), "SHA256"},
    {P_SERIALIZATION, WTL_FORMAT, SER("files", "blake2b", ",\"allow_symlinks\":false"), "algorithm"},
    {P_SERIALIZATION, WTL_FORMAT, SER("files", "sha256", ",\"allow_symlinks\":false,\"shard_size\":1"),
     "shard_size"},
    {P_SERIALIZATION, WTL_FORMAT, SER("files", "sha256", ""), "allow_symlinks"},
    {P_SERIALIZATION, WTL_FORMAT, SER("files", "sha256", ",\"allow_symlinks\":\"false\""), "allow_symlinks"},
    {P_SERIALIZATION, WTL_FORMAT, SER("files", "sha256", ",\"allow_symlinks\":false,\"ignore_paths\":{}"),
     "ignore_paths"},
    {P_SERIALIZATION, WTL_FORMAT, SER("files", "sha256", ",\"allow_symlinks\":false,\"ignore_paths\":[1]"),
     "ignore_paths"},
    {P_SERIALIZATION, WTL_FORMAT,
     SER("files", "sha256", ",\"allow_symlinks\":false,\"ignore_paths\":[\".\"]"), "ignored path"},
    {P_SERIALIZATION, WTL_FORMAT, SER("files", "sha256", ",\"allow_symlinks\":false,\"ignore_paths\":[\"\"]"),
     "ignored path"},
    {P_SERIALIZATION, WTL_FORMAT,
     SER("files", "sha256", ",\"allow_symlinks\":false,\"ignore_paths\":[\"a/../b\"]"), "ignored path"},
    {P_RESOURCES, WTL_FORMAT, "[]", "no file"},
    {P_RESOURCES, WTL_FORMAT, "{}", "resources"},
    {P_RESOURCES, WTL_FORMAT, "[7]", "resource"},
    {P_RESOURCES, WTL_FORMAT, RES(""), "file name"},
    {P_RESOURCES, WTL_FORMAT, RES("/etc/passwd"), "/etc/passwd"},
    {P_RESOURCES, WTL_FORMAT, RES("../x"), "../x"},
    {P_RESOURCES, WTL_FORMAT, RES("a/.."), "a/.."},
    {P_RESOURCES, WTL_FORMAT, RES("a/../b"), "a/../b"},
    {P_RESOURCES, WTL_FORMAT, RES(".."), ".."},
    {P_RESOURCES, WTL_FORMAT, RES("./a"), "./a"},
    {P_RESOURCES, WTL_FORMAT, RES("a/."), "a/."},
    {P_RESOURCES, WTL_FORMAT, RES("a//b"), "a//b"},
    {P_RESOURCES, WTL_FORMAT, RES("a/"), "a/"},
    {P_RESOURCES, WTL_FORMAT, RES("a\\u0000b"), "JSON"},
    {P_RESOURCES, WTL_FORMAT, RES("a\xff"), "JSON"},
    {P_RESOURCES, WTL_FORMAT, RES("..\\u002fx\\u001b"), "../x\\x1b"},
    {P_RESOURCES, WTL_FORMAT, "[{\"name\":\"f\",\"algorithm\":\"sha256\"}]", "digest"},
    {P_RESOURCES, WTL_FORMAT, "[{\"name\":\"f\",\"digest\":\"" SHA_A "\"}]", "algorithm"},
    {P_RESOURCES, WTL_FORMAT, "[{\"algorithm\":\"sha256\",\"digest\":\"" SHA_A "\"}]", "name"},
    {P_RESOURCES, WTL_FORMAT, "[{\"name\":\"f\",\"algorithm\":\"sha256\",\"digest\":\"ABCD\"}]",
     "hexadecimal"},
    {P_RESOURCES, WTL_FORMAT, "[{\"name\":\"f\",\"algorithm\":\"sha256\",\"digest\":\"\"}]", "0 bytes"},
    {P_RESOURCES, WTL_FORMAT,
     "[{\"name\":\"f\",\"algorithm\":\"sha256\",\"digest\":\"" SHA_A "\",\"size\":1}]", "size"},
    {P_RESOURCES, WTL_FORMAT,
     "[{\"name\":\"f\",\"algorithm\":\"sha256\",\"digest\":\"" SHA_A "\"},"
     "{\"name\":\"g\",\"algorithm\":\"sha256\",\"digest\":\"" SHA_A "\"},"
     "{\"name\":\"f\",\"algorithm\":\"sha256\",\"digest\":\"" SHA_B "\"}]",
     "twice"},
    {P_RESOURCES, WTL_FORMAT,
     "[{\"name\":\".\",\"algorithm\":\"sha256\",\"digest\":\"" SHA_A "\"},"
     "{\"name\":\"g\",\"algorithm\":\"sha256\",\"digest\":\"" SHA_A "\"}]",
     "beside"},
};

static void refused_variants(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        wtl_err err = {0};
        int rc = parse_with(refused[i].part, refused[i].text, &err);
        if (rc != refused[i].rc || strstr(err.text, refused[i].says) == NULL)
            fail_msg("%s gave %s: %s", refused[i].text, wtl_rc_name(rc), err.text);
    }
}

static void builder_refuses(void **state)
{
    (void)state;
    AUTO(wtl_statement) s = {0};
    AUTO(wtl_buf) out = {0};
    uint8_t digest[WTL_HASH_MAX] = {0};
    wtl_err err = {0};
    assert_int_equal(wtl_statement_set_subject(&s, "", &err), WTL_FORMAT);
    assert_int_equal(wtl_statement_set_subject(&s, "\xff", &err), WTL_FORMAT);
    assert_int_equal(wtl_statement_add(&s, "caf\xe9", digest, &err), WTL_FORMAT);
    assert_non_null(strstr(err.text, "caf\\xe9"));
    assert_int_equal(wtl_statement_add_ignore(&s, "\xff", &err), WTL_FORMAT);
    assert_int_equal(wtl_statement_add_ignore(&s, "/x", &err), WTL_FORMAT);
    assert_int_equal(wtl_statement_encode(&s, &out, &err), WTL_BUG);
    assert_good(wtl_statement_set_subject(&s, "m", &err), &err);
    assert_int_equal(wtl_statement_encode(&s, &out, &err), WTL_FORMAT);
    add(&s, "same", "a");
    add(&s, "same", "a");
    assert_int_equal(wtl_statement_encode(&s, &out, &err), WTL_FORMAT);
    assert_int_equal(out.n, 0);
}

/* The verifier hashes in the listed order, whatever it is. */
static void other_order(void **state)
{
    (void)state;
    wtl_err err = {0};
    AUTO(wtl_statement) s = {0};
    assert_good(wtl_statement_set_subject(&s, "m", &err), &err);
    add(&s, "a", "a");
    add(&s, "b", "b");
    AUTO(wtl_buf) out = {0};
    assert_good(wtl_statement_encode(&s, &out, &err), &err);
    char *text = wtl_buf_cstr(&out);
    char *a = strstr(text, "\"name\":\"a\"");
    char *b = strstr(text, "\"name\":\"b\"");
    assert_non_null(a);
    assert_non_null(b);
    a[8] = 'b';
    b[8] = 'a';
    AUTO(wtl_statement) t = {0};
    assert_good(wtl_statement_parse(&t, wtl_buf_view(&out), &err), &err);
    assert_string_equal(t.resource[0].name, "b");
}

static void every_truncation(void **state)
{
    (void)state;
    AUTO(wtl_buf) text = {0};
    encode(&text, WTL_HASH_SHA256);
    for (size_t n = 0; n < text.n; n++) {
        uint8_t *copy = malloc(n > 0 ? n : 1);
        assert_non_null(copy);
        memcpy(copy, text.p, n);
        wtl_statement s;
        assert_int_equal(wtl_statement_parse(&s, (wtl_bytes){copy, n}, NULL), WTL_FORMAT);
        free(copy);
    }
}

/* No crash; what is accepted differs visibly in names (digests are bound by the root). */
static void every_byte(void **state)
{
    (void)state;
    AUTO(wtl_buf) text = {0};
    encode(&text, WTL_HASH_SHA256);
    static const uint8_t masks[] = {0x01, 0x02, 0x04, 0x20, 0x5a, 0x80, 0xff};
    for (size_t i = 0; i < text.n; i++) {
        for (size_t m = 0; m < sizeof masks; m++) {
            text.p[i] ^= masks[m];
            wtl_statement s;
            if (wtl_statement_parse(&s, wtl_buf_view(&text), NULL) == 0) {
                AUTO(wtl_buf) again = {0};
                wtl_err err = {0};
                assert_good(wtl_statement_encode(&s, &again, &err), &err);
                wtl_statement_free(&s);
            }
            text.p[i] ^= masks[m];
        }
    }
}

static void real_payloads(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        int rc;
        size_t n;
        const char *says;
    } rows[] = {
        {"oms/sigs/basic.p256.sig", 0, 5, ""},
        {"oms/sigs/basic.p384.sig", 0, 5, ""},
        {"oms/sigs/basic.cert.sig", 0, 5, ""},
        {"oms/sigs/single.bin.p256.sig", 0, 1, ""},
        {"oms/sigs/basic.blake3.sig", WTL_POLICY, 0, "blake3"},
        {"oms/sigs/shard1000.sha256.sig", 0, 15, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *path = unit_path("WATTLE_VECTORS", rows[i].file);
        if (path == NULL) {
            print_message("skipped: the public vectors are not beside the project\n");
            skip();
        }
        static char data[1 << 16];
        FILE *f = fopen(path, "rb");
        assert_non_null(f);
        size_t n = fread(data, 1, sizeof data - 1, f);
        fclose(f);
        data[n] = '\0';
        char *start = strstr(data, "\"payload\":\"");
        assert_non_null(start);
        start += 11;
        AUTO(wtl_buf) payload = {0};
        wtl_err err = {0};
        wtl_bytes b64 = {(const uint8_t *)start, strcspn(start, "\"")};
        assert_good(wtl_text_b64_decode(&payload, b64, &err), &err);
        AUTO(wtl_statement) s = {0};
        assert_int_equal(wtl_statement_parse(&s, wtl_buf_view(&payload), &err), rows[i].rc);
        assert_int_equal(s.n_resources, rows[i].n);
        if (rows[i].rc != 0)
            assert_non_null(strstr(err.text, rows[i].says));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_form),      cmocka_unit_test(round_trip),
        cmocka_unit_test(accepted_variants), cmocka_unit_test(refused_variants),
        cmocka_unit_test(other_order),       cmocka_unit_test(builder_refuses),
        cmocka_unit_test(every_truncation),  cmocka_unit_test(every_byte),
        cmocka_unit_test(real_payloads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
