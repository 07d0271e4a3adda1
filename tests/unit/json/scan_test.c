#include "unit.h"

#include "base/text.h"
#include "json/scan.h"

static wtl_bytes find(const char *text, const char *a, const char *b)
{
    const char *path[] = {a, b, NULL};
    return wtl_scan_find(wtl_text_of(text), path);
}

static void assert_span(wtl_bytes got, const char *want)
{
    if (want == NULL) {
        assert_null(got.p);
        return;
    }
    assert_non_null(got.p);
    assert_int_equal(got.n, strlen(want));
    assert_memory_equal(got.p, want, got.n);
}

static void finds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *want; /* the value of a.b */
    } rows[] = {
        {"{\"a\":{\"b\":1}}", "1"},
        {" { \"x\" : [1,{\"a\":2}] ,\t\"a\" :\r\n{ \"c\":\"}\\\"\", \"b\" : [ \"]\" , {} ] } } ",
         "[ \"]\" , {} ]"},
        {"{\"a\":{\"b\":\"\\\\\"}}", "\"\\\\\""},
        {"{\"a\":{\"b\":null},\"a\":{\"b\":1}}", "null"},
        {"{\"a\":{\"b\":-1.5e3,\"b\":2}}", "-1.5e3"},
        {"{\"a\":{}}", NULL},
        {"{\"a\":[]}", NULL},
        {"{\"a\":1}", NULL},
        {"{}", NULL},
        {"[]", NULL},
        {"", NULL},
        {"{", NULL},
        {"{\"a\":{\"b\":1}", NULL},
        {"{\"a\":{\"b\":1}}x", NULL},
        {"{\"a\":{\"b\":1},}", NULL},
        {"{\"a\":{\"b\":1 2}}", NULL},
        {"{\"a\":{\"b\":}}", NULL},
        {"{\"a\":{\"b\":[1,2}", NULL},
        {"{\"a\":{\"b\"=1}}", NULL},
        {"{a:{\"b\":1}}", NULL},
        {"{\"a\":{\"b\":\"open}}", NULL},
        {"{\"a\":{\"b\":\"open\\\"}}", NULL},
        {"{\"\\u0061\":{\"b\":1}}", NULL}, /* left to the parser */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_span(find(rows[i].text, "a", "b"), rows[i].want);
}

static void parses_the_rest(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":{\"b\":[1,2,3],\"c\":4}}";
    wtl_err err = {0};
    AUTO(json_t) *j = NULL;
    wtl_bytes span = find(text, "a", "b");
    assert_good(wtl_scan_parse_rest(&j, wtl_text_of(text), span, "[]", "text", &err), &err);
    assert_int_equal(json_array_size(json_object_get(json_object_get(j, "a"), "b")), 0);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(j, "a"), "c")), 4);
    static const char twice[] = "{\"a\":{\"b\":[1],\"\\u0062\":[2]}}";
    AUTO(json_t) *k = NULL;
    span = find(twice, "a", "b");
    assert_span(span, "[1]");
    assert_int_equal(wtl_scan_parse_rest(&k, wtl_text_of(twice), span, "[]", "text", &err), WTL_FORMAT);
    assert_non_null(strstr(err.text, "duplicate"));
}

/* The elements with '|' between them, or NULL when the list is refused. */
static const char *list(const char *text)
{
    static char out[256];
    size_t n = 0;
    wtl_scan rest = {.rest = wtl_text_of(text)};
    for (;;) {
        wtl_bytes one;
        wtl_err err = {0};
        int rc = wtl_scan_next(&rest, &one, "list", &err);
        if (rc < 0) {
            assert_int_equal(rc, WTL_FORMAT);
            assert_non_null(strstr(err.text, "list is not valid JSON"));
            return NULL;
        }
        if (one.p == NULL)
            break;
        assert_true(n + one.n + 2 < sizeof out);
        memcpy(out + n, one.p, one.n);
        n += one.n;
        out[n++] = '|';
    }
    out[n] = '\0';
    return out;
}

static void lists(void **state)
{
    (void)state;
    assert_string_equal(list("[]"), "");
    assert_string_equal(list("[ ]"), "");
    assert_string_equal(list("[1]"), "1|");
    assert_string_equal(list(" [ 1 , \"a,]\" ,{\"x\":[1,2]}, [ ] ,null ] "),
                        "1|\"a,]\"|{\"x\":[1,2]}|[ ]|null|");
    assert_string_equal(list("[[1,2],[3]]"), "[1,2]|[3]|");
    static const char *const bad[] = {"",    "[",      "]",     "[1",    "[1,",   "[1,]", "[,1]",  "[1,,2]",
                                      "[1}", "[1 2]",  "[1]2",  "{}",    "\"a\"", "1",    "[\"a]", "[{]",
                                      ",1]", "[1][2]", "[1],[", "[ , ]", "[1:2]", "[[1]", "[1]]"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (list(bad[i]) != NULL)
            fail_msg("accepted: %s", bad[i]);
    }
}

static void deep_nesting_is_cheap(void **state)
{
    (void)state;
    enum { DEEP = 1000000 };
    AUTO(wtl_buf) b = {0};
    wtl_buf_str(&b, "{\"a\":{\"b\":");
    for (size_t i = 0; i < DEEP; i++)
        wtl_buf_u8(&b, '[');
    for (size_t i = 0; i < DEEP; i++)
        wtl_buf_u8(&b, ']');
    wtl_buf_str(&b, "}}");
    assert_int_equal(find(wtl_buf_cstr(&b), "a", "b").n, 2 * DEEP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds),
        cmocka_unit_test(parses_the_rest),
        cmocka_unit_test(lists),
        cmocka_unit_test(deep_nesting_is_cheap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
