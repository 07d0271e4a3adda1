#include "unit.h"

#include <locale.h>

#include "base/text.h"
#include "json/canon.h"

static void canon_is(const char *text, const char *want)
{
    AUTO(json_t) *j = NULL;
    AUTO(wtl_buf) out = {0};
    wtl_err err = {0};
    assert_good(wtl_json_parse(&j, wtl_text_of(text), "the test", &err), &err);
    assert_good(wtl_canon_write(j, &out, &err), &err);
    assert_string_equal(wtl_buf_cstr(&out), want);
}

/* RFC 8785 section 3.2.2 and 3.2.4: its example. */
static void example_of_the_rfc(void **state)
{
    (void)state;
    canon_is("{\"numbers\": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],"
             "\"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\","
             "\"literals\": [null, true, false]}",
             "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
             "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

/* RFC 8785 section 3.2.3: sorted by UTF-16 code units, in which U+1F600 comes before U+FB33. */
static void order_of_members(void **state)
{
    (void)state;
    canon_is(
        "{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\",\"\\ufb33\":\"Hebrew Letter Dalet With "
        "Dagesh\",\"1\":\"One\",\"\\ud83d\\ude00\":\"Emoji: Grinning Face\",\"\\u0080\":\"Control\","
        "\"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}",
        "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\",\"\xc3\xb6\":\"Latin Small "
        "Letter O With Diaeresis\",\"\xe2\x82\xac\":\"Euro Sign\",\"\xf0\x9f\x98\x80\":\"Emoji: Grinning "
        "Face\",\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}");
    canon_is("{\"\\uffff\":1,\"\\ue000\":2,\"\\udbff\\udfff\":3,\"\\ud800\\udc00\":4,\"\\ud7ff\":5}",
             "{\"\xed\x9f\xbf\":5,\"\xf0\x90\x80\x80\":4,\"\xf4\x8f\xbf\xbf\":3,\"\xee\x80\x80\":2,"
             "\"\xef\xbf\xbf\":1}");
    canon_is("{\"ab\":1,\"a\":2,\"\":3,\"B\":4,\"aa\":5,\"a\\u0001\":6}",
             "{\"\":3,\"B\":4,\"a\":2,\"a\\u0001\":6,\"aa\":5,\"ab\":1}");
}

static void strings(void **state)
{
    (void)state;
    canon_is("[\"\\u0008\\u0009\\u000a\\u000b\\u000c\\u000d\\u001F\\u007f\\u2028\\/\"]",
             "[\"\\b\\t\\n\\u000b\\f\\r\\u001f\x7f\xe2\x80\xa8/\"]");
    AUTO(wtl_buf) out = {0};
    AUTO(json_t) *nul = json_stringn("a\0b", 3);
    assert_int_equal(wtl_canon_write(nul, &out, NULL), 0);
    assert_string_equal(wtl_buf_cstr(&out), "\"a\\u0000b\"");
    static const char *const bad[] = {"\xff", "a\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "x\xe2\x82"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        AUTO(json_t) *value = json_string_nocheck(bad[i]);
        AUTO(json_t) *name = json_object();
        assert_int_equal(json_object_set_new_nocheck(name, bad[i], json_null()), 0);
        assert_int_equal(wtl_canon_write(value, &out, NULL), WTL_FORMAT);
        assert_int_equal(wtl_canon_write(name, &out, NULL), WTL_FORMAT);
        assert_int_equal(out.n, strlen("\"a\\u0000b\""));
    }
}

/* RFC 8785 appendix B, and powers of two where the nearest short decimal does not read back. */
static const struct {
    uint64_t bits;
    const char *text;
} doubles[] = {
    {0x0000000000000000, "0"},
    {0x8000000000000000, "0"},
    {0x0000000000000001, "5e-324"},
    {0x8000000000000001, "-5e-324"},
    {0x7fefffffffffffff, "1.7976931348623157e+308"},
    {0xffefffffffffffff, "-1.7976931348623157e+308"},
    {0x4340000000000000, "9007199254740992"},
    {0xc340000000000000, "-9007199254740992"},
    {0x4430000000000000, "295147905179352830000"},
    {0x44b52d02c7e14af5, "9.999999999999997e+22"},
    {0x44b52d02c7e14af6, "1e+23"},
    {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
    {0x444b1ae4d6e2ef4e, "999999999999999700000"},
    {0x444b1ae4d6e2ef4f, "999999999999999900000"},
    {0x444b1ae4d6e2ef50, "1e+21"},
    {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
    {0x3eb0c6f7a0b5ed8d, "0.000001"},
    {0x41b3de4355555553, "333333333.3333332"},
    {0x41b3de4355555554, "333333333.33333325"},
    {0x41b3de4355555555, "333333333.3333333"},
    {0x41b3de4355555556, "333333333.3333334"},
    {0x41b3de4355555557, "333333333.33333343"},
    {0xbecbf647612f3696, "-0.0000033333333333333333"},
    {0x43143ff3c1cb0959, "1424953923781206.2"},
    {0x3d30000000000000, "5.684341886080802e-14"}, /* 2^-44 */
    {0x0010000000000000, "2.2250738585072014e-308"},
    {0x3fb999999999999a, "0.1"},
    {0x3ff0000000000000, "1"},
    {0x4415af1d78b58c40, "100000000000000000000"},
};

static void numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof doubles / sizeof doubles[0]; i++) {
        double v;
        memcpy(&v, &doubles[i].bits, sizeof v);
        AUTO(json_t) *j = json_real(v);
        AUTO(wtl_buf) out = {0};
        wtl_err err = {0};
        assert_good(wtl_canon_write(j, &out, &err), &err);
        assert_string_equal(wtl_buf_cstr(&out), doubles[i].text);
    }
    canon_is("[-0, -0.0, 0e7, 1.0, 100e-2, 1e2, 123456789012345678901.5]",
             "[0,0,0,1,1,100,123456789012345680000]");
}

/* Every power of two and its neighbours read back as themselves, with no fewer digits possible. */
static void numbers_read_back(void **state)
{
    (void)state;
    uint64_t seed = 0x9e3779b97f4a7c15;
    for (unsigned i = 0; i < 20000; i++) {
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        uint64_t bits = i < 6141 ? ((uint64_t)(i / 3) << 52) + i % 3 - 1 : seed;
        double v;
        memcpy(&v, &bits, sizeof v);
        if (v != v || v - v != 0)
            continue;
        AUTO(json_t) *j = json_real(v);
        AUTO(wtl_buf) out = {0};
        assert_int_equal(wtl_canon_write(j, &out, NULL), 0);
        assert_true(strtod(wtl_buf_cstr(&out), NULL) == v);
    }
}

static void integers(void **state)
{
    (void)state;
    canon_is("[9007199254740991, -9007199254740991]", "[9007199254740991,-9007199254740991]");
    static const char *const beyond[] = {"[9007199254740992]", "[-9007199254740992]", "[9223372036854775807]",
                                         "[-9223372036854775808]"};
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        AUTO(json_t) *j = NULL;
        AUTO(wtl_buf) out = {0};
        wtl_err err = {0};
        assert_int_equal(wtl_json_parse(&j, wtl_text_of(beyond[i]), "x", NULL), 0);
        assert_int_equal(wtl_canon_write(j, &out, &err), WTL_FORMAT);
        assert_non_null(strstr(err.text, "beyond 2^53 - 1"));
    }
}

static void deep(void **state)
{
    (void)state;
    json_t *j = json_array();
    for (unsigned i = 1; i < 2048; i++) {
        json_t *outer = json_array();
        json_array_append_new(outer, j);
        j = outer;
    }
    AUTO(wtl_buf) out = {0};
    assert_int_equal(wtl_canon_write(j, &out, NULL), 0);
    assert_int_equal(out.n, 2 * 2048);
    json_t *outer = json_object();
    json_object_set_new(outer, "x", j);
    assert_int_equal(wtl_canon_write(outer, &out, NULL), WTL_FORMAT);
    assert_int_equal(out.n, 2 * 2048);
    json_decref(outer);
}

/* A program may have set a locale with a decimal comma; skipped where the system has none. */
static void other_locale(void **state)
{
    if (setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL)
        skip();
    numbers(state);
    setlocale(LC_NUMERIC, "C");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(example_of_the_rfc),
        cmocka_unit_test(order_of_members),
        cmocka_unit_test(strings),
        cmocka_unit_test(numbers),
        cmocka_unit_test(numbers_read_back),
        cmocka_unit_test(integers),
        cmocka_unit_test(deep),
        cmocka_unit_test(other_locale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
