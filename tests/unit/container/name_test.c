#include "unit.h"

#include "base/text.h"
#include "container/name.h"

static void good_names(void **state)
{
    (void)state;
    static const char *const rows[] = {"a",   "a/b",      "...",      ".hidden", "a..b", "a b\n", "-",
                                       "C:x", "\xc3\xa9", "a/...b/c", "\\",      "~",    "a/.b"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_true(wtl_name_ok(wtl_text_of(rows[i])));
}

static void bad_names(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",      "/",      "/a",   "a/",        "a//b",         ".",  "..",  "./a",   "../a", "a/..", "a/.",
        "a/./b", "a/../b", "\xff", "a\xc0\xaf", "\xed\xa0\x80", "//", "/..", "a/b/.."};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_false(wtl_name_ok(wtl_text_of(rows[i])));
    assert_false(wtl_name_ok((wtl_bytes){(const uint8_t *)"a\0b", 3}));
}

static void lengths(void **state)
{
    (void)state;
    static uint8_t name[WTL_NAME_MAX + 1];
    memset(name, 'n', sizeof name);
    assert_true(wtl_name_ok((wtl_bytes){name, WTL_NAME_MAX}));
    assert_false(wtl_name_ok((wtl_bytes){name, WTL_NAME_MAX + 1}));
}

static void order_is_of_bytes(void **state)
{
    (void)state;
    static const char *const rising[] = {"A", "a", "a-b", "a/b", "a0", "ab", "\xc3\xa9", "\xf0\x90\x80\x80"};
    for (size_t i = 0; i < 8; i++) {
        for (size_t k = 0; k < 8; k++) {
            int c = wtl_name_compare(wtl_text_of(rising[i]), wtl_text_of(rising[k]));
            assert_true(i < k ? c < 0 : i > k ? c > 0 : c == 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_names),
        cmocka_unit_test(bad_names),
        cmocka_unit_test(lengths),
        cmocka_unit_test(order_is_of_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
