#include "unit.h"

#include <time.h>

#include "base/text.h"
#include "json/json.h"

static void refused(const char *text, size_t n)
{
    wtl_err err = {0};
    json_t *j = (json_t *)&err;
    int rc = wtl_json_parse(&j, (wtl_bytes){(const uint8_t *)text, n}, "the test", &err);
    if (rc != WTL_FORMAT)
        fail_msg("%.60s gave %s", text, wtl_rc_name(rc));
    assert_null(j);
    assert_non_null(strstr(err.text, "the test is not valid JSON at line "));
    for (const char *p = err.text; *p != '\0'; p++)
        assert_true((unsigned char)*p >= 0x20);
}

static void bad_documents(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      " ",
                                      "{",
                                      "}",
                                      "{\"a\":1,}",
                                      "[1,]",
                                      "{\"a\":1}x",
                                      "{\"a\":1} {}",
                                      "{'a':1}",
                                      "{\"a\" 1}",
                                      "nul",
                                      "\"open",
                                      "{\"a\":01}",
                                      "{\"a\":+1}",
                                      "{\"a\":.5}",
                                      "{\"a\":1.}",
                                      "{\"a\":NaN}",
                                      "{\"a\":Infinity}",
                                      "{\"a\":1,\"a\":1}",
                                      "{\"a\":1,\"b\":{\"c\":1,\"c\":2}}",
                                      "{\"a\":1,\"\\u0061\":2}",
                                      "{\"a\":99999999999999999999}",
                                      "{\"a\":-99999999999999999999}",
                                      "{\"a\":1e99999}",
                                      "\"\\u0000\"",
                                      "\"\\ud800\"",
                                      "\"\\udc00\\ud800\"",
                                      "\"\\x\"",
                                      "\"a\nb\"",
                                      "\"\x01\"",
                                      "\"\xff\"",
                                      "\"\xc0\x80\"",
                                      "\"\xed\xa0\x80\"",
                                      "\xef\xbb\xbf{}",
                                      "/* c */ {}",
                                      "{\"\\u0000\":1}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refused(bad[i], strlen(bad[i]));
    refused("{}\0", 3);
    refused("{\"a\0b\":1}", 9);
    refused("\"a\0b\"", 5);
    refused("[3\0\n]", 5);
    refused("[\n\0]", 4);
}

static void where_it_is_wrong(void **state)
{
    (void)state;
    json_t *j;
    wtl_err err = {0};
    assert_int_equal(wtl_json_parse(&j, wtl_text_of("{\n \"a\": 1,\n \"a\": 2}"), "x", &err), WTL_FORMAT);
    assert_non_null(strstr(err.text, "line 3, column 4"));
}

static void nested(char open, char close, const char *inner)
{
    size_t n = 1000000;
    size_t step = strlen(inner) + 1;
    char *text = malloc(n * (step + 1));
    assert_non_null(text);
    char *p = text;
    for (size_t i = 0; i < n; i++) {
        *p++ = open;
        memcpy(p, inner, step - 1);
        p += step - 1;
    }
    refused(text, (size_t)(p - text));
    memset(p, close, n);
    refused(text, (size_t)(p - text) + n);
    free(text);
}

static void a_million_levels(void **state)
{
    (void)state;
    clock_t t = clock();
    nested('[', ']', "");
    nested('{', '}', "\"a\":");
    assert_true((double)(clock() - t) / CLOCKS_PER_SEC < 2.0);
}

static void members(void **state)
{
    (void)state;
    AUTO(json_t) *j = NULL;
    wtl_err err = {0};
    assert_good(wtl_json_parse(&j, wtl_text_of("{\"o\":{},\"a\":[],\"s\":\"t\",\"n\":null}"), "doc", &err),
                &err);
    json_t *v = NULL;
    const char *s = NULL;
    assert_good(wtl_json_get_object(j, "doc", "o", &v, &err), &err);
    assert_good(wtl_json_get_array(j, "doc", "a", &v, &err), &err);
    assert_good(wtl_json_get_string(j, "doc", "s", &s, &err), &err);
    assert_string_equal(s, "t");
    assert_int_equal(wtl_json_get_object(j, "doc", "a", &v, &err), WTL_FORMAT);
    assert_string_equal(err.text, "the field \"a\" of doc is not an object");
    assert_int_equal(wtl_json_get_array(j, "doc", "s", &v, &err), WTL_FORMAT);
    assert_int_equal(wtl_json_get_string(j, "doc", "n", &s, &err), WTL_FORMAT);
    assert_int_equal(wtl_json_get_string(j, "doc", "x", &s, &err), WTL_FORMAT);
    assert_string_equal(err.text, "doc has no field \"x\"");
    assert_int_equal(wtl_json_get_string(json_object_get(j, "a"), "doc", "x", &s, &err), WTL_FORMAT);
    assert_string_equal(s, "t");
}

static void only_known_keys(void **state)
{
    (void)state;
    static const char *const keys[] = {"a", "b", NULL};
    AUTO(json_t) *j = NULL;
    wtl_err err = {0};
    assert_good(wtl_json_parse(&j, wtl_text_of("[{\"a\":1},{\"a\":1,\"b\":2},{},{\"a\":1,\"\\u001bc\":2}]"),
                               "doc", &err),
                &err);
    for (size_t i = 0; i < 3; i++)
        assert_good(wtl_json_only_keys(json_array_get(j, i), "doc", keys, &err), &err);
    assert_int_equal(wtl_json_only_keys(json_array_get(j, 3), "doc", keys, &err), WTL_FORMAT);
    assert_non_null(strstr(err.text, "\"\\x1bc\""));
    assert_int_equal(wtl_json_only_keys(j, "doc", keys, &err), WTL_FORMAT);
    assert_int_equal(wtl_json_only_keys(NULL, "doc", keys, &err), WTL_FORMAT);
}

static void written_in_order(void **state)
{
    (void)state;
    static const char text[] = "{\"z\":1,\"a\":[true,null,\"\xc3\xa9\\n/\"],\"m\":{}}";
    AUTO(json_t) *j = NULL;
    wtl_err err = {0};
    assert_good(wtl_json_parse(&j, wtl_text_of(text), "doc", &err), &err);
    AUTO(wtl_buf) out = {0};
    wtl_buf_str(&out, ">");
    assert_good(wtl_json_write(j, false, &out, &err), &err);
    assert_string_equal(wtl_buf_cstr(&out) + 1, text);
    AUTO(wtl_buf) pretty = {0};
    assert_good(wtl_json_write(j, true, &pretty, &err), &err);
    assert_non_null(strstr(wtl_buf_cstr(&pretty), "{\n  \"z\": 1,\n  \"a\": [\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_documents),    cmocka_unit_test(where_it_is_wrong),
        cmocka_unit_test(a_million_levels), cmocka_unit_test(members),
        cmocka_unit_test(only_known_keys),  cmocka_unit_test(written_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
