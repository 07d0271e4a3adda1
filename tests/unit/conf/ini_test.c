#include "unit.h"

#include "base/text.h"
#include "conf/ini.h"

static void read_back(void **state)
{
    (void)state;
    AUTO(wtl_ini) ini = {0};
    wtl_err err = {0};
    assert_good(
        wtl_ini_parse(&ini,
                      wtl_text_of("# comment\n; another\n\n  \n[a]\r\nx=1\r\ny\t = two words \n[b.c_D-9]\n"
                                  "[c]\nlong-key-9 = \xc3\xa9#;=:[]\n"),
                      &err),
        &err);
    assert_int_equal(ini.n, 3);
    assert_string_equal(ini.section[0].name, "a");
    assert_int_equal(ini.section[0].line, 5);
    assert_int_equal(ini.section[0].n, 2);
    assert_string_equal(ini.section[0].pair[0].value, "1");
    assert_int_equal(ini.section[0].pair[0].line, 6);
    assert_string_equal(ini.section[0].pair[1].key, "y");
    assert_string_equal(ini.section[0].pair[1].value, "two words");
    assert_string_equal(ini.section[1].name, "b.c_D-9");
    assert_int_equal(ini.section[1].n, 0);
    assert_string_equal(ini.section[2].pair[0].value, "\xc3\xa9#;=:[]");
}

static void nothing(void **state)
{
    (void)state;
    static const char *const rows[] = {"", "\n", "# x\n", "\r\n\r\n"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO(wtl_ini) ini = {0};
        wtl_err err = {0};
        assert_good(wtl_ini_parse(&ini, wtl_text_of(rows[i]), &err), &err);
        assert_int_equal(ini.n, 0);
    }
    AUTO(wtl_ini) ini = {0};
    assert_int_equal(wtl_ini_parse(&ini, (wtl_bytes){NULL, 0}, NULL), 0);
}

static void refuse(wtl_bytes text, const char *says)
{
    wtl_ini ini = {0};
    wtl_err err = {0};
    int rc = wtl_ini_parse(&ini, text, &err);
    if (rc != WTL_FORMAT || strstr(err.text, says) == NULL)
        fail_msg("%.*s gave %s: %s", (int)text.n, (const char *)text.p, wtl_rc_name(rc), err.text);
    assert_null(ini.section);
    assert_int_equal(ini.n, 0);
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *says;
    } rows[] = {
        {"[a]", "line 1: the last line has no end"},
        {"[a]\nx = 1", "line 2: the last line has no end"},
        {"[a]\n# ", "line 2: the last line has no end"},
        {"x = 1\n", "line 1: a key before the first [section]"},
        {"[a]\n[b]\n[a]\n", "line 3: the section [a] is there already, in line 1"},
        {"[a]\nx = 1\nx = 1\n", "line 3: the key \"x\" is there already, in line 2"},
        {"[a]\nx\n", "line 2"},
        {"[a]\nx: 1\n", "line 2"},
        {"[a]\nx =\n", "line 2: the key \"x\" has no value"},
        {"[a]\n= 1\n", "line 2"},
        {"[a]\nX = 1\n", "line 2"},
        {"[a]\nx y = 1\n", "line 2"},
        {"[a]\nx = 1\n y = 2\n", "line 3: the line begins with a space"},
        {"[a]\n\tx = 1\n", "line 2: the line begins with a space"},
        {"[a]\nx = 1 ; why\n", "line 2: a comment behind"},
        {"[a]\nx = 1 # why\n", "line 2: a comment behind"},
        {"[a]\nx = ;\n", "line 2: a comment behind"},
        {"[a]\nx = #1\n", "line 2: a comment behind"},
        {"[a\n", "line 1"},
        {"[]\n", "line 1"},
        {"[a b]\n", "line 1"},
        {"[a] # b\n", "line 1"},
        {"[a]]\n", "line 1"},
        {"[[a]\n", "line 1"},
        {"\xef\xbb\xbf[a]\n", "line 1"},
        {"[a]\nx = \xff\n", "line 2: the line is not UTF-8"},
        {"[a]\nx = \xed\xa0\x80\n", "line 2: the line is not UTF-8"},
        {"[a]\nx = 1\x1b[2J\n", "line 2: the control character 0x1b"},
        {"[a]\nx = 1\x7f\n", "line 2: the control character 0x7f"},
        {"[a]\rx = 1\r", "line 1: the control character 0x0d"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        refuse(wtl_text_of(rows[i].text), rows[i].says);
    static const char nul[] = "[a]\nx = 1\0y = 2\n";
    refuse((wtl_bytes){(const uint8_t *)nul, sizeof nul - 1}, "line 2: the control character 0x00");
}

/* At the limits all is well, one past them not. */
static void limits(void **state)
{
    (void)state;
    for (unsigned over = 0; over < 2; over++) {
        AUTO(wtl_buf) line = {0};
        AUTO(wtl_buf) name = {0};
        AUTO(wtl_buf) sections = {0};
        AUTO(wtl_buf) pairs = {0};
        wtl_buf_str(&line, "[a]\nx=");
        for (unsigned i = 0; i < WTL_INI_LINE - 2 + over; i++)
            wtl_buf_u8(&line, 'v');
        wtl_buf_u8(&line, '\n');
        wtl_buf_u8(&name, '[');
        for (unsigned i = 0; i < WTL_INI_NAME + over; i++)
            wtl_buf_u8(&name, 'n');
        wtl_buf_str(&name, "]\nx=1\n");
        for (unsigned i = 0; i < WTL_INI_SECTIONS + over; i++)
            wtl_buf_fmt(&sections, "[s%u]\n", i);
        wtl_buf_str(&pairs, "[a]\n");
        for (unsigned i = 0; i < WTL_INI_PAIRS + over; i++)
            wtl_buf_fmt(&pairs, "k%u=1\n", i);
        wtl_buf *const all[] = {&line, &name, &sections, &pairs};
        static const char *const says[] = {"at most 190", "at most 48", "256 sections", "512 keys"};
        for (size_t i = 0; i < 4; i++) {
            AUTO(wtl_ini) ini = {0};
            wtl_err err = {0};
            if (over > 0)
                refuse(wtl_buf_view(all[i]), says[i]);
            else
                assert_good(wtl_ini_parse(&ini, wtl_buf_view(all[i]), &err), &err);
        }
    }
}

static void repeated(void **state)
{
    (void)state;
    static const char text[] = "[a]\nx = 1\ny = 2\nx = 3\n[b]\nx = 4\n";
    refuse(wtl_text_of(text), "line 4: the key \"x\" is there already, in line 2");
    AUTO(wtl_ini) ini = {0};
    wtl_err err = {0};
    assert_good(wtl_ini_parse_repeated(&ini, wtl_text_of(text), &err), &err);
    assert_int_equal(ini.section[0].n, 3);
    assert_string_equal(ini.section[0].pair[2].key, "x");
    assert_string_equal(ini.section[0].pair[2].value, "3");
    assert_int_equal(ini.section[0].pair[2].line, 4);
    AUTO(wtl_ini) twice = {0};
    assert_int_equal(wtl_ini_parse_repeated(&twice, wtl_text_of("[a]\n[a]\n"), &err), WTL_FORMAT);
}

/* What is written is read again; what could not be is not written. */
static void written(void **state)
{
    (void)state;
    char longest[WTL_INI_LINE];
    memset(longest, 'v', sizeof longest);
    longest[WTL_INI_LINE - 4] = '\0'; /* "k = " and this */
    const char *const good[] = {"1",     "two  words", "a;b#c",    "[x]",  "= 1",
                                "\"q\"", "a\tb",       "\xc3\xa9", longest};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        AUTO(wtl_buf) out = {0};
        AUTO(wtl_ini) ini = {0};
        wtl_err err = {0};
        assert_good(wtl_ini_put_section(&out, "S.1", &err), &err);
        assert_good(wtl_ini_put_pair(&out, "k", good[i], &err), &err);
        assert_good(wtl_ini_parse(&ini, wtl_buf_view(&out), &err), &err);
        assert_string_equal(ini.section[0].name, "S.1");
        assert_string_equal(ini.section[0].pair[0].value, good[i]);
    }
    longest[WTL_INI_LINE - 4] = 'v';
    longest[WTL_INI_LINE - 3] = '\0';
    const char *const bad[][2] = {{"k", ""},  {"k", " a"},   {"k", "a\t"},  {"k", "a #b"},
                                  {"k", ";"}, {"k", "a\nb"}, {"k", "\xff"}, {"k", longest},
                                  {"", "a"},  {"K", "a"},    {"a b", "a"},  {"[", "a"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        AUTO(wtl_buf) out = {0};
        assert_int_equal(wtl_ini_put_pair(&out, bad[i][0], bad[i][1], NULL), WTL_FORMAT);
        assert_int_equal(out.n, 0);
    }
    static const char *const names[] = {"", "a b", "a]", "\n",
                                        "0123456789012345678901234567890123456789012345678"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        AUTO(wtl_buf) out = {0};
        assert_int_equal(wtl_ini_put_section(&out, names[i], NULL), WTL_FORMAT);
        assert_int_equal(out.n, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_back), cmocka_unit_test(nothing),  cmocka_unit_test(refused),
        cmocka_unit_test(limits),    cmocka_unit_test(repeated), cmocka_unit_test(written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
