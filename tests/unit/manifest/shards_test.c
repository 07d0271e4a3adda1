#include "unit.h"

#include <inttypes.h>

#include "base/text.h"
#include "manifest/statement.h"

static void add(wtl_statement *s, const char *name, uint64_t start, uint64_t end, const char *content)
{
    uint8_t digest[WTL_HASH_MAX];
    wtl_err err = {0};
    assert_good(wtl_hash_once(s->hash, wtl_text_of(content), digest, &err), &err);
    assert_good(wtl_statement_add_shard(s, name, start, end, digest, &err), &err);
}

static wtl_statement begin(uint64_t shard_size)
{
    wtl_statement s = {.method = WTL_STATEMENT_SHARDS, .shard_size = shard_size};
    assert_int_equal(wtl_statement_set_subject(&s, "m", NULL), 0);
    return s;
}

static void written_form(void **state)
{
    (void)state;
    AUTO(wtl_statement) s = begin(10);
    add(&s, "b\n", 0, 7, "b");
    add(&s, "a:1:2", 10, 20, "b");
    add(&s, "a:1:2", 0, 10, "a");
    AUTO(wtl_buf) out = {0};
    wtl_err err = {0};
    assert_good(wtl_statement_encode(&s, &out, &err), &err);
    const char *text = strstr(wtl_buf_cstr(&out), "\"predicate\":");
    assert_non_null(text);
    /* printf a | sha256sum; printf b | sha256sum */
    assert_string_equal(
        text,
        "\"predicate\":{\"serialization\":{\"method\":\"shards\",\"hash_type\":\"sha256\",\"shard_size\":10,"
        "\"allow_symlinks\":false,\"ignore_paths\":[]},\"resources\":["
        "{\"name\":\"a:1:2:0:10\",\"algorithm\":\"sha256-sharded-10\",\"digest\":"
        "\"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb\"},"
        "{\"name\":\"a:1:2:10:20\",\"algorithm\":\"sha256-sharded-10\",\"digest\":"
        "\"3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d\"},"
        "{\"name\":\"b\\n:0:7\",\"algorithm\":\"sha256-sharded-10\",\"digest\":"
        "\"3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d\"}]}}");
    AUTO(wtl_statement) t = {0};
    assert_good(wtl_statement_parse(&t, wtl_buf_view(&out), &err), &err);
    assert_int_equal(t.method, WTL_STATEMENT_SHARDS);
    assert_int_equal(t.shard_size, 10);
    assert_int_equal(t.n_resources, 3);
    assert_int_equal(t.n_files, 2);
    assert_string_equal(t.resource[1].name, "a:1:2");
    assert_true(t.resource[0].name == t.resource[1].name);
    assert_int_equal(t.resource[1].start, 10);
    assert_int_equal(t.resource[1].end, 20);
}

/* A statement in shards of the size written as `size`, over resources of the names; parsed. */
static int parse(const char *size, const char *algorithm, const char *const *names, wtl_err *err)
{
    AUTO(wtl_buf) b = {0};
    AUTO(wtl_buf) digests = {0};
    AUTO(wtl_buf) list = {0};
    for (; *names != NULL; names++) {
        uint8_t digest[32];
        assert_int_equal(wtl_hash_once(WTL_HASH_SHA256, wtl_text_of(*names), digest, NULL), 0);
        wtl_buf_add(&digests, digest, 32);
        wtl_buf_fmt(&list, "%s{\"name\":\"%s\",\"algorithm\":\"%s\",\"digest\":\"", list.n > 0 ? "," : "",
                    *names, algorithm);
        wtl_buf_hex(&list, (wtl_bytes){digest, 32});
        wtl_buf_str(&list, "\"}");
    }
    uint8_t root[32];
    assert_int_equal(wtl_hash_once(WTL_HASH_SHA256, wtl_buf_view(&digests), root, NULL), 0);
    wtl_buf_str(&b, "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"name\":\"m\","
                    "\"digest\":{\"sha256\":\"");
    wtl_buf_hex(&b, (wtl_bytes){root, 32});
    wtl_buf_fmt(
        &b,
        "\"}}],\"predicateType\":\"https://model_signing/signature/v1.0\",\"predicate\":{"
        "\"serialization\":{\"method\":\"shards\",\"hash_type\":\"sha256\",%s\"allow_symlinks\":false},"
        "\"resources\":[%s]}}",
        size, wtl_buf_cstr(&list));
    AUTO(wtl_statement) s = {0};
    return wtl_statement_parse(&s, wtl_buf_view(&b), err);
}

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void names(void **state)
{
    (void)state;
    static const struct {
        int rc;
        const char *names[5];
        const char *says;
    } rows[] = {
        {0, {"f:0:10"}, ""},
        {0, {"f:0:1"}, ""},
        {0, {"f:0:0"}, ""},
        {0, {".:0:10", ".:10:11"}, ""},
        {0, {"f:0:10", "f:10:20", "f:20:29"}, ""},
        {0, {"f:20:29", "f:0:10", "f:10:20"}, ""},
        {0, {"f:0:10", "g:0:3", "f:10:20"}, ""},
        {0, {"a:b:0:10", "a:b:10:12", "a:0:4"}, ""},
        {0, {"a/b c:0:10", "a/b:0:10"}, ""},
        {WTL_FORMAT, {"f"}, "PATH:START:END"},
        {WTL_FORMAT, {"f:0"}, "PATH:START:END"},
        {WTL_FORMAT, {"0:10"}, "PATH:START:END"},
        {WTL_FORMAT, {":0:10"}, "file name"},
        {WTL_FORMAT, {"f:0:"}, "PATH:START:END"},
        {WTL_FORMAT, {"f::10"}, "PATH:START:END"},
        {WTL_FORMAT, {"f:0:10 "}, "PATH:START:END"},
        {WTL_FORMAT, {"f:0:+10"}, "PATH:START:END"},
        {WTL_FORMAT, {"f:-0:10"}, "PATH:START:END"},
        {WTL_FORMAT, {"f:00:10"}, "PATH:START:END"},
        {WTL_FORMAT, {"f:0:010"}, "PATH:START:END"},
        {WTL_FORMAT, {"f:0:0x9"}, "PATH:START:END"},
        {WTL_FORMAT, {"f:0:9223372036854775808"}, "PATH:START:END"},
        {WTL_FORMAT, {"f:0:99999999999999999999"}, "PATH:START:END"},
        {WTL_FORMAT, {"f:0:18446744073709551626"}, "PATH:START:END"},
        {WTL_FORMAT, {"f:0:11"}, "do not cover"},
        {WTL_FORMAT, {"f:1:10"}, "do not cover"},
        {WTL_FORMAT, {"f:10:20"}, "do not cover"},
        {WTL_FORMAT, {"f:10:0"}, "do not cover"},
        {WTL_FORMAT, {"f:5:5"}, "do not cover"},
        {WTL_FORMAT, {"f:0:10", "f:0:10"}, "do not cover"},
        {WTL_FORMAT, {"f:0:9", "f:9:19"}, "do not cover"},
        {WTL_FORMAT, {"f:0:10", "f:20:30"}, "do not cover"},
        {WTL_FORMAT, {"f:0:10", "f:9:19"}, "do not cover"},
        {WTL_FORMAT, {"f:0:10", "f:10:10"}, "do not cover"},
        {WTL_FORMAT, {"f:0:0", "f:0:10"}, "do not cover"},
        {WTL_FORMAT, {"f:0:0", "f:0:0"}, "do not cover"},
        {WTL_FORMAT, {"f:0:5", "f:0:10"}, "do not cover"},
        {WTL_FORMAT, {"../f:0:5"}, "file name"},
        {WTL_FORMAT, {"/f:0:5"}, "file name"},
        {WTL_FORMAT, {"a/..:0:5"}, "file name"},
        {WTL_FORMAT, {".:0:5", "f:0:5"}, "beside"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wtl_err err = {0};
        int rc = parse("\"shard_size\":10,", "sha256-sharded-10", rows[i].names, &err);
        if (rc != rows[i].rc || strstr(err.text, rows[i].says) == NULL)
            fail_msg("%s, ... gave %s: %s", rows[i].names[0], wtl_rc_name(rc), err.text);
    }
}

static void sizes(void **state)
{
    (void)state;
    static const struct {
        int rc;
        const char *size;
        const char *algorithm;
        const char *name;
    } rows[] = {
        {0, "\"shard_size\":1000.0,", "sha256-sharded-1000", "f:0:1000"},
        {0, "\"shard_size\":1e3,", "sha256-sharded-1000", "f:0:1000"},
        {0, "\"shard_size\":1,", "sha256-sharded-1", "f:0:1"},
        {0, "\"shard_size\":9223372036854775807,", "sha256-sharded-9223372036854775807",
         "f:0:9223372036854775807"},
        {0, "\"shard_size\":9007199254740992.0,", "sha256-sharded-9007199254740992", "f:0:10"},
        {WTL_FORMAT, "\"shard_size\":9007199254740994.0,", "sha256-sharded-9007199254740994", "f:0:10"},
        {WTL_FORMAT, "\"shard_size\":1e300,", "sha256-sharded-1000", "f:0:1000"},
        {WTL_FORMAT, "\"shard_size\":1e999,", "sha256-sharded-1000", "f:0:1000"},
        {WTL_FORMAT, "\"shard_size\":9223372036854775808,", "sha256-sharded-9223372036854775808", "f:0:1"},
        {WTL_FORMAT, "\"shard_size\":0,", "sha256-sharded-0", "f:0:0"},
        {WTL_FORMAT, "\"shard_size\":0.0,", "sha256-sharded-0", "f:0:0"},
        {WTL_FORMAT, "\"shard_size\":-1,", "sha256-sharded-1", "f:0:1"},
        {WTL_FORMAT, "\"shard_size\":-1000.0,", "sha256-sharded-1000", "f:0:1000"},
        {WTL_FORMAT, "\"shard_size\":1000.5,", "sha256-sharded-1000", "f:0:1000"},
        {WTL_FORMAT, "\"shard_size\":0.5,", "sha256-sharded-0", "f:0:0"},
        {WTL_FORMAT, "\"shard_size\":NaN,", "sha256-sharded-1000", "f:0:1000"},
        {WTL_FORMAT, "\"shard_size\":\"1000\",", "sha256-sharded-1000", "f:0:1000"},
        {WTL_FORMAT, "\"shard_size\":null,", "sha256-sharded-1000", "f:0:1000"},
        {WTL_FORMAT, "", "sha256-sharded-1000", "f:0:1000"},
        {WTL_FORMAT, "\"shard_size\":1000,\"shards\":1,", "sha256-sharded-1000", "f:0:1000"},
        {WTL_FORMAT, "\"shard_size\":1000,", "sha256", "f:0:1000"},
        {WTL_FORMAT, "\"shard_size\":1000.0,", "sha256-sharded-1000.0", "f:0:1000"},
        {WTL_FORMAT, "\"shard_size\":1000,", "sha256-sharded-1001", "f:0:1000"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wtl_err err = {0};
        int rc = parse(rows[i].size, rows[i].algorithm, NAMES(rows[i].name), &err);
        if (rc != rows[i].rc || (rc < 0 && err.text[0] == '\0'))
            fail_msg("%s %s gave %s: %s", rows[i].size, rows[i].name, wtl_rc_name(rc), err.text);
    }
}

static void builder_refuses(void **state)
{
    (void)state;
    wtl_err err = {0};
    AUTO(wtl_buf) out = {0};
    uint8_t digest[WTL_HASH_MAX] = {0};
    AUTO(wtl_statement) s = begin(10);
    assert_int_equal(wtl_statement_add(&s, "f", digest, &err), WTL_BUG);
    add(&s, "f", 0, 10, "a");
    add(&s, "f", 11, 12, "a");
    assert_int_equal(wtl_statement_encode(&s, &out, &err), WTL_FORMAT);
    assert_int_equal(out.n, 0);
    AUTO(wtl_statement) zero = begin(0);
    add(&zero, "f", 0, 0, "a");
    assert_int_equal(wtl_statement_encode(&zero, &out, &err), WTL_BUG);
    AUTO(wtl_statement) huge = begin(UINT64_C(1) << 63);
    add(&huge, "f", 0, 10, "a");
    assert_int_equal(wtl_statement_encode(&huge, &out, &err), WTL_BUG);
    AUTO(wtl_statement) files = {0};
    assert_int_equal(wtl_statement_add_shard(&files, "f", 0, 10, digest, &err), WTL_BUG);
}

/* The key written with an escape is found by the parser and not by the quick look: the outcome is the same. */
static void escaped_key(void **state)
{
    (void)state;
    AUTO(wtl_statement) s = begin(10);
    add(&s, "f", 0, 10, "a");
    AUTO(wtl_buf) out = {0};
    wtl_err err = {0};
    assert_good(wtl_statement_encode(&s, &out, &err), &err);
    char *text = wtl_buf_cstr(&out);
    char *key = strstr(text, "\"resources\"");
    AUTO(wtl_buf) other = {0};
    wtl_buf_add(&other, text, (size_t)(key - text));
    wtl_buf_str(&other, "\"\\u0072esources\"");
    wtl_buf_str(&other, key + strlen("\"resources\""));
    AUTO(wtl_statement) t = {0};
    assert_good(wtl_statement_parse(&t, wtl_buf_view(&other), &err), &err);
    assert_int_equal(t.n_resources, 1);
    wtl_buf_clear(&other);
    wtl_buf_add(&other, text, out.n - 2);
    wtl_buf_str(&other, ",\"\\u0072esources\":[]}}");
    AUTO(wtl_statement) twice = {0};
    assert_int_equal(wtl_statement_parse(&twice, wtl_buf_view(&other), &err), WTL_FORMAT);
    assert_non_null(strstr(err.text, "duplicate"));
}

static void many(void **state)
{
    (void)state;
    enum { N = 20000 };
    AUTO(wtl_statement) s = begin(3);
    for (uint64_t i = 0; i < N; i++)
        add(&s, "one file", 3 * i, 3 * i + 3, "x");
    assert_int_equal(s.n_files, 1);
    AUTO(wtl_buf) out = {0};
    wtl_err err = {0};
    assert_good(wtl_statement_encode(&s, &out, &err), &err);
    assert_true(out.cap - out.n < 2048); /* the length is foreseen */
    AUTO(wtl_statement) t = {0};
    assert_good(wtl_statement_parse(&t, wtl_buf_view(&out), &err), &err);
    assert_int_equal(t.n_resources, N);
    wtl_statement_drop(&t);
    assert_string_equal(t.subject, "m");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_form),    cmocka_unit_test(names),       cmocka_unit_test(sizes),
        cmocka_unit_test(builder_refuses), cmocka_unit_test(escaped_key), cmocka_unit_test(many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
