#include "unit.h"

#include "replay/parse.h"

static wtl_bytes text_of(const char *s)
{
    return (wtl_bytes){(const uint8_t *)s, strlen(s)};
}

static int parse(wtl_trace *t, enum wtl_parse_format f, wtl_bytes b, wtl_err *err)
{
    *t = (wtl_trace){0};
    int rc = wtl_parse_trace(t, f, b, err);
    if (rc == WTL_OK)
        rc = wtl_trace_done(t, err);
    if (rc != WTL_OK)
        wtl_trace_free(t);
    return rc;
}

static void check_keys(const wtl_trace *t, const uint32_t *key, size_t n)
{
    assert_int_equal(t->n, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(t->key[i], key[i]);
}

static void test_text(void **state)
{
    (void)state;
    wtl_trace t;
    wtl_err err = {0};
    assert_good(parse(&t, WTL_PARSE_LIRS, text_of("10000\r\n1\n\n*\n10000\n18446744073709551615"), &err),
                &err);
    check_keys(&t, (const uint32_t[]){0, 1, 0, 2}, 4);
    assert_int_equal(t.keys, 3);
    assert_int_equal(t.footprint, 3 * WTL_PARSE_SIZE);
    assert_int_equal(t.asked, 4 * WTL_PARSE_SIZE);
    wtl_trace_free(&t);
    assert_good(
        parse(&t, WTL_PARSE_ADDRESS, text_of("s 0x1fffff50 1\nl 0x1fffff58 6\ns 0x1fffff50 2\n"), &err),
        &err);
    check_keys(&t, (const uint32_t[]){0, 1, 0}, 3);
    wtl_trace_free(&t);
}

static void test_text_refused(void **state)
{
    (void)state;
    static const struct {
        enum wtl_parse_format f;
        const char *text;
        const char *says;
    } bad[] = {
        {WTL_PARSE_LIRS, "1\n2x\n", "line 2"},
        {WTL_PARSE_LIRS, "1\n-2\n", "line 2"},
        {WTL_PARSE_LIRS, "18446744073709551616\n", "line 1"},
        {WTL_PARSE_LIRS, "1\n 2\n", "line 2"},
        {WTL_PARSE_LIRS, "", "no request"},
        {WTL_PARSE_LIRS, "*\n\n", "no request"},
        {WTL_PARSE_ADDRESS, "x 0x1 1\n", "line 1"},
        {WTL_PARSE_ADDRESS, "l 0x 1\n", "line 1"},
        {WTL_PARSE_ADDRESS, "l 0x1\n", "line 1"},
        {WTL_PARSE_ADDRESS, "l 0x1 \n", "line 1"},
        {WTL_PARSE_ADDRESS, "l 1234 1\n", "line 1"},
        {WTL_PARSE_ADDRESS, "l 0x10000000000000000 1\n", "line 1"},
        {WTL_PARSE_ADDRESS, "l 0x1 1\nl\n", "line 2"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        wtl_trace t;
        wtl_err err = {0};
        assert_int_equal(parse(&t, bad[i].f, text_of(bad[i].text), &err), WTL_FORMAT);
        assert_non_null(strstr(err.text, bad[i].says));
    }
}

static void test_numbers(void **state)
{
    (void)state;
    static const uint8_t four[] = {0, 0, 0, 1, 255, 255, 255, 255, 0, 0, 0, 1};
    static const uint8_t eight[] = {0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1};
    wtl_trace t;
    wtl_err err = {0};
    assert_good(parse(&t, WTL_PARSE_CACHE2K, (wtl_bytes){four, sizeof four}, &err), &err);
    check_keys(&t, (const uint32_t[]){0, 1, 0}, 3);
    wtl_trace_free(&t);
    assert_good(parse(&t, WTL_PARSE_SCARAB, (wtl_bytes){eight, sizeof eight}, &err), &err);
    check_keys(&t, (const uint32_t[]){0, 1}, 2);
    wtl_trace_free(&t);
    for (size_t n = 0; n < sizeof eight; n++) {
        assert_int_equal(parse(&t, WTL_PARSE_CACHE2K, (wtl_bytes){eight, n}, &err),
                         n != 0 && n % 4 == 0 ? WTL_OK : WTL_FORMAT);
        wtl_trace_free(&t);
        assert_int_equal(parse(&t, WTL_PARSE_SCARAB, (wtl_bytes){eight, n}, &err),
                         n == 8 ? WTL_OK : WTL_FORMAT);
        wtl_trace_free(&t);
    }
}

static void record(uint8_t *p, uint64_t id, uint32_t size)
{
    memset(p, 0xee, 24);
    memcpy(p + 4, &id, 8);
    memcpy(p + 12, &size, 4);
}

static void test_oracle(void **state)
{
    (void)state;
    uint8_t b[4 * 24];
    wtl_trace t;
    wtl_err err = {0};
    record(b, 7, 65536);
    record(b + 24, UINT64_MAX, 0);
    record(b + 48, 7, 100);
    record(b + 72, 1, 1 << 30);
    assert_good(parse(&t, WTL_PARSE_ORACLE, (wtl_bytes){b, sizeof b}, &err), &err);
    check_keys(&t, (const uint32_t[]){0, 1, 0, 2}, 4);
    assert_int_equal(t.size[0], 65536); /* its first */
    assert_int_equal(t.size[1], 1);
    assert_int_equal(t.footprint, 65537 + (1 << 30));
    assert_int_equal(t.asked, 2 * 65536 + 1 + (1 << 30));
    wtl_trace_free(&t);
    for (size_t n = 0; n < sizeof b; n++) {
        assert_int_equal(parse(&t, WTL_PARSE_ORACLE, (wtl_bytes){b, n}, &err),
                         n != 0 && n % 24 == 0 ? WTL_OK : WTL_FORMAT);
        wtl_trace_free(&t);
    }
    record(b + 72, 1, (1 << 30) + 1);
    assert_int_equal(parse(&t, WTL_PARSE_ORACLE, (wtl_bytes){b, sizeof b}, &err), WTL_FORMAT);
    assert_non_null(strstr(err.text, "record 4"));
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int format;
    } name[] = {
        {"lirs_loop.trace.gz", WTL_PARSE_LIRS},
        {"/a/b/address_gcc.trace.gz", WTL_PARSE_ADDRESS},
        {"x/cache2k_web07.trace.xz", WTL_PARSE_CACHE2K},
        {"scarab_scarab-recs.trace.xz", WTL_PARSE_SCARAB},
        {"cphys.oracleGeneral.bin", WTL_PARSE_ORACLE},
        {"lirs_dir/trace.gz", -1},
        {"lirs", -1},
        {"", -1},
    };
    for (size_t i = 0; i < sizeof name / sizeof name[0]; i++) {
        enum wtl_parse_format f = WTL_PARSE_FORMATS;
        assert_int_equal(wtl_parse_by_name(&f, name[i].path), name[i].format >= 0);
        assert_int_equal(f, name[i].format >= 0 ? name[i].format : WTL_PARSE_FORMATS);
    }
    assert_null(wtl_parse_name(WTL_PARSE_FORMATS));
}

/* Numbers of keys go by first appearance, however many there are and wherever their hashes meet. */
static void test_many_keys(void **state)
{
    (void)state;
    wtl_trace t = {0};
    enum { KEYS = 5000 };
    for (unsigned turn = 0; turn < 2; turn++) {
        for (uint64_t i = 0; i < KEYS; i++)
            wtl_trace_add(&t, i << 32, 1 + (uint32_t)i);
    }
    assert_int_equal(wtl_trace_done(&t, NULL), WTL_OK);
    assert_int_equal(t.keys, KEYS);
    assert_int_equal(t.largest, KEYS);
    for (size_t i = 0; i < t.n; i++)
        assert_int_equal(t.key[i], i % KEYS);
    wtl_trace_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),   cmocka_unit_test(test_text_refused), cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_oracle), cmocka_unit_test(test_names),        cmocka_unit_test(test_many_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
