#include "unit.h"

#include "trust/glob.h"

static void matches(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        const char *name;
        bool yes;
    } rows[] = {
        {"*", "", true},
        {"*", "any/thing", true},
        {"", "", true},
        {"", "a", false},
        {"a", "a", true},
        {"a", "A", false},
        {"a", "ab", false},
        {"ab", "a", false},
        {"?", "a", true},
        {"?", "", false},
        {"?", "ab", false},
        {"?", "\xc3\xa9", true},
        {"??", "\xc3\xa9", false},
        {"llama-*", "llama-3", true},
        {"llama-*", "llama", false},
        {"*-3", "llama-3", true},
        {"*-3", "llama-3b", false},
        {"a*b*c", "aXbYc", true},
        {"a*b*c", "abbbc", true},
        {"a*b*c", "acb", false},
        {"**", "x", true},
        {"*?", "", false},
        {"*?", "x", true},
        {"a*", "a", true},
        {"*a*a*a*", "aa", false},
        {"*a*a*a*", "baabab", true},
        {"\xc3*", "\xc3\xa9", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (wtl_glob_matches(rows[i].pattern, rows[i].name) != rows[i].yes)
            fail_msg("\"%s\" and \"%s\"", rows[i].pattern, rows[i].name);
    }
}

/* A pattern of many stars against a long name that almost matches ends soon. */
static void no_explosion(void **state)
{
    (void)state;
    char pattern[201];
    char name[4001];
    for (size_t i = 0; i < 200; i += 2)
        memcpy(pattern + i, "*a", 2);
    pattern[199] = 'b';
    pattern[200] = '\0';
    memset(name, 'a', 4000);
    name[4000] = '\0';
    assert_false(wtl_glob_matches(pattern, name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches),
        cmocka_unit_test(no_explosion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
