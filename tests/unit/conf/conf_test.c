#include "unit.h"

#include <inttypes.h>

#include "base/text.h"
#include "conf/conf.h"

#define SECOND INT64_C(1000000000)
static const wtl_conf_row rows[] = {
    {.name = "name", .kind = WTL_CONF_TEXT, .help = "h"},
    {.name = "names", .kind = WTL_CONF_TEXT, .many = true, .arg = "NAME"},
    {.name = "flag", .kind = WTL_CONF_FLAG, .fallback = "no"},
    {.name = "count", .kind = WTL_CONF_NUMBER, .fallback = "7", .least = 1, .most = 100},
    {.name = "any", .kind = WTL_CONF_NUMBER},
    {.name = "wait", .kind = WTL_CONF_TIME, .fallback = "10s", .least = SECOND / 1000, .most = 3600 * SECOND},
    {.name = "idle", .kind = WTL_CONF_TIME, .fallback = "1h"},
    {.name = "room", .kind = WTL_CONF_SIZE, .fallback = "64K", .least = 1024, .most = INT64_C(1) << 30},
    {.name = "mood", .kind = WTL_CONF_WORD, .fallback = "calm", .words = "calm merry grim"},
    {.name = "file", .kind = WTL_CONF_FILE, .words = "- system"},
    {.name = "files", .kind = WTL_CONF_FILE, .many = true},
    {.name = "pins", .kind = WTL_CONF_PIN, .many = true},
    {.name = "at", .kind = WTL_CONF_ADDRESS},
    {.name = "way", .kind = WTL_CONF_ROUTE, .many = true},
};
static const wtl_conf_table table = {rows, sizeof rows / sizeof rows[0]};
#define HASH "00112233445566778899aabbccddeeffFF112233445566778899aabbccddeeff"

static wtl_conf *fresh(void)
{
    wtl_conf *c = NULL;
    wtl_err err = {0};
    assert_good(wtl_conf_new(&c, &table, &err), &err);
    return c;
}

static void put(wtl_conf *c, const char *name, const char *value, const char *folder)
{
    wtl_err err = {0};
    assert_good(wtl_conf_put(c, name, value, "here", folder, &err), &err);
}

static void refuse(const char *name, const char *value, const char *says)
{
    AUTO(wtl_conf) *c = fresh();
    wtl_err err = {0};
    bool had = wtl_conf_row_of(&table, name) != NULL && wtl_conf_has(c, name);
    assert_int_equal(wtl_conf_put(c, name, value, "here", NULL, &err), WTL_USAGE);
    if (strncmp(err.text, "here: ", 6) != 0 || strstr(err.text, says) == NULL)
        fail_msg("%s = %s: \"%s\" has no \"%s\"", name, value != NULL ? value : "(null)", err.text, says);
    if (wtl_conf_row_of(&table, name) != NULL) {
        assert_false(wtl_conf_given(c, name));
        assert_int_equal(wtl_conf_has(c, name), had);
    }
    assert_int_equal(wtl_conf_put(c, name, value, "here", NULL, NULL), WTL_USAGE);
}

static void defaults(void **state)
{
    (void)state;
    AUTO(wtl_conf) *c = fresh();
    assert_false(wtl_conf_has(c, "name"));
    assert_null(wtl_conf_text(c, "name", 0));
    assert_int_equal(wtl_conf_count(c, "names"), 0);
    assert_null(wtl_conf_list(c, "names")[0]);
    assert_true(wtl_conf_has(c, "count"));
    assert_false(wtl_conf_given(c, "count"));
    assert_int_equal(wtl_conf_number(c, "count"), 7);
    assert_string_equal(wtl_conf_text(c, "count", 0), "7");
    assert_null(wtl_conf_text(c, "count", 1));
    assert_null(wtl_conf_where(c, "count", 0));
    assert_int_equal(wtl_conf_number(c, "wait"), 10 * SECOND);
    assert_int_equal(wtl_conf_number(c, "idle"), 3600 * SECOND);
    assert_int_equal(wtl_conf_number(c, "room"), 65536);
    assert_int_equal(wtl_conf_number(c, "flag"), 0);
    assert_int_equal(wtl_conf_number(c, "any"), 0);
    wtl_conf_free(NULL);
}

static void amounts(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        int64_t v;
    } good[] = {
        {"count", "1", 1},
        {"count", "100", 100},
        {"count", "007", 7},
        {"any", "0", 0},
        {"any", "9223372036854775807", INT64_MAX},
        {"wait", "1ms", SECOND / 1000},
        {"wait", "3600s", 3600 * SECOND},
        {"wait", "60m", 3600 * SECOND},
        {"wait", "1h", 3600 * SECOND},
        {"idle", "0", 0},
        {"idle", "0s", 0},
        {"idle", "500ms", SECOND / 2},
        {"idle", "30d", 30 * 86400 * SECOND},
        {"idle", "106751d", 106751 * (86400 * SECOND)},
        {"room", "1024", 1024},
        {"room", "1K", 1024},
        {"room", "16M", 16 << 20},
        {"room", "1G", 1 << 30},
        {"flag", NULL, 1},
        {"flag", "yes", 1},
        {"flag", "on", 1},
        {"flag", "true", 1},
        {"flag", "no", 0},
        {"flag", "off", 0},
        {"flag", "false", 0},
        {"mood", "calm", 0},
        {"mood", "grim", 2},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        AUTO(wtl_conf) *c = fresh();
        put(c, good[i].name, good[i].text, NULL);
        assert_true(wtl_conf_given(c, good[i].name));
        assert_int_equal(wtl_conf_number(c, good[i].name), good[i].v);
        assert_string_equal(wtl_conf_text(c, good[i].name, 0), good[i].text != NULL ? good[i].text : "yes");
        assert_string_equal(wtl_conf_where(c, good[i].name, 0), "here");
    }
}

static void refused(void **state)
{
    (void)state;
    static const char *const bad[][3] = {
        {"count", "0", "count goes from 1 to 100, and '0' is outside"},
        {"count", "101", "goes from 1 to 100"},
        {"count", "-1", "a number in digits, and '-1' is none"},
        {"count", "+1", "a number in digits"},
        {"count", " 1", "begins or ends with a space"},
        {"count", "1 ", "begins or ends with a space"},
        {"count", "1 0", "a number in digits"},
        {"count", "0x10", "a number in digits"},
        {"count", "1e1", "a number in digits"},
        {"count", "1.0", "a number in digits"},
        {"count", "1K", "a number in digits"},
        {"count", "", "is empty"},
        {"count", NULL, "needs a value"},
        {"any", "9223372036854775808", "a number in digits"},
        {"any", "99999999999999999999999999999999", "a number in digits"},
        {"wait", "0", "goes from 1ms to 1h"},
        {"wait", "3601s", "goes from 1ms to 1h, and '3601s' is outside"},
        {"wait", "10", "a time as 500ms"},
        {"wait", "10 s", "a time as 500ms"},
        {"wait", "10S", "a time as 500ms"},
        {"wait", "s", "a time as 500ms"},
        {"wait", "1h30m", "a time as 500ms"},
        {"wait", "1us", "a time as 500ms"},
        {"wait", "-1s", "a time as 500ms"},
        {"idle", "106752d", "a time as 500ms"},
        {"idle", "9223372036854775807s", "a time as 500ms"},
        {"room", "1023", "goes from 1K to 1G"},
        {"room", "2G", "goes from 1K to 1G"},
        {"room", "1k", "a size as 4096"},
        {"room", "1KB", "a size as 4096"},
        {"room", "9999999999T", "a size as 4096"},
        {"flag", "1", "flag is yes or no, not '1'"},
        {"flag", "Yes", "yes or no"},
        {"mood", "sad", "mood is one of calm, merry, grim, not 'sad'"},
        {"mood", "cal", "one of calm"},
        {"mood", "calm merry", "one of calm"},
        {"name", "a\x1b[2J", "the control character 0x1b"},
        {"name", "a\nb", "the control character 0x0a"},
        {"name", NULL, "name needs a value"},
        {"names", NULL, "names needs a value, NAME"},
        {"name", "#b", "begins as a comment does, with #"},
        {"names", "a,;b", "begins as a comment does, with ;"},
        {"names", "a,,b", "names is empty"},
        {"names", ",", "names is empty"},
        {"names", "a,", "names is empty"},
        {"nmae", "x", "there is no option 'nmae'; did you mean 'name'?"},
        {"zzzzzz", "x", "there is no option 'zzzzzz'"},
        {"\x1b[2J", "x", "there is no option '\\x1b[2J'"},
        {"", "x", "there is no option ''"},
        {"Name", "x", "did you mean 'name'?"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refuse(bad[i][0], bad[i][1], bad[i][2]);
    static char longest[70000];
    memset(longest, '9', sizeof longest - 1);
    refuse("count", longest, "...");
    refuse(longest, "x", "...");
}

static void once_and_often(void **state)
{
    (void)state;
    AUTO(wtl_conf) *c = fresh();
    wtl_err err = {0};
    put(c, "name", "a, b", NULL);
    assert_string_equal(wtl_conf_text(c, "name", 0), "a, b");
    assert_int_equal(wtl_conf_put(c, "name", "b", "there", NULL, &err), WTL_USAGE);
    assert_string_equal(err.text, "there: name is given twice, first in here");
    assert_int_equal(wtl_conf_put(c, "name", "b", "here", NULL, &err), WTL_USAGE);
    assert_string_equal(err.text, "here: name is given twice");
    put(c, "count", "3", NULL);
    assert_int_equal(wtl_conf_put(c, "count", "4", "here", NULL, &err), WTL_USAGE);
    assert_int_equal(wtl_conf_number(c, "count"), 3);
    put(c, "names", "a , b,\tc", NULL);
    put(c, "names", "d", NULL);
    assert_int_equal(wtl_conf_count(c, "names"), 4);
    assert_int_equal(wtl_conf_put(c, "names", "e,,f", "here", NULL, &err), WTL_USAGE);
    assert_int_equal(wtl_conf_count(c, "names"), 4);
    static const char *const want[] = {"a", "b", "c", "d"};
    const char *const *list = wtl_conf_list(c, "names");
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(wtl_conf_text(c, "names", i), want[i]);
        assert_string_equal(list[i], want[i]);
    }
    assert_null(list[4]);
    for (size_t i = 4; i < WTL_CONF_MANY; i++)
        put(c, "names", "x", NULL);
    assert_int_equal(wtl_conf_put(c, "names", "x", "here", NULL, &err), WTL_USAGE);
    assert_non_null(strstr(err.text, "more than 1024 values"));
    assert_int_equal(wtl_conf_count(c, "names"), WTL_CONF_MANY);
}

static void folders(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        const char *folder;
        const char *got;
    } row[] = {
        {"file", "a.pem", "/etc", "/etc/a.pem"},
        {"file", "a.pem", "/", "/a.pem"},
        {"file", "a.pem", "", "a.pem"},
        {"file", "a.pem", NULL, "a.pem"},
        {"file", "/a.pem", "/etc", "/a.pem"},
        {"file", "././a.pem", "/etc", "/etc/a.pem"},
        {"file", "../a.pem", "/etc/x", "/etc/x/../a.pem"},
        {"file", ".", "/etc", "/etc/."},
        {"file", "-", "/etc", "-"},
        {"file", "system", "/etc", "system"},
        {"file", "./system", "/etc", "/etc/system"},
        {"files", "system", "/etc", "/etc/system"},
        {"pins", HASH, "/etc", HASH},
        {"pins", HASH "0", "/etc", "/etc/" HASH "0"},
        {"pins", "k.pem", "/etc", "/etc/k.pem"},
        {"name", "a.pem", "/etc", "a.pem"},
        {"at", "host:1", "/etc", "host:1"},
        {"at", "unix:a.sock", "/run", "unix:/run/a.sock"},
        {"at", "unix:/a.sock", "/run", "unix:/a.sock"},
        {"at", "unix:", "/run", "unix:"},
        {"at", "x=unix:a", "/run", "x=unix:a"},
        {"way", "x=unix:a", "/run", "x=unix:/run/a"},
        {"way", "x=unix:", "/run", "x=unix:"},
        {"way", "x=h:1", "/run", "x=h:1"},
        {"way", "=unix:/a", "/run", "=unix:/a"},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        AUTO(wtl_conf) *c = fresh();
        put(c, row[i].name, row[i].text, row[i].folder);
        assert_string_equal(wtl_conf_text(c, row[i].name, 0), row[i].got);
    }
}

static void read_back(wtl_conf *c, const char *wanted)
{
    wtl_err err = {0};
    AUTO(wtl_buf) text = {0};
    AUTO(wtl_buf) again = {0};
    AUTO(wtl_ini) ini = {0};
    AUTO(wtl_conf) *back = fresh();
    assert_good(wtl_conf_print(c, "it", &text, &err), &err);
    if (wanted != NULL)
        assert_string_equal(wtl_buf_cstr(&text), wanted);
    assert_good(wtl_ini_parse_repeated(&ini, wtl_buf_view(&text), &err), &err);
    assert_int_equal(ini.n, 1);
    assert_good(wtl_conf_section(back, &ini.section[0], "f", "/other", &err), &err);
    assert_good(wtl_conf_print(back, "it", &again, &err), &err);
    assert_string_equal(wtl_buf_cstr(&text), wtl_buf_cstr(&again));
    for (size_t i = 0; i < table.n; i++) {
        const char *name = rows[i].name;
        assert_int_equal(wtl_conf_given(c, name), wtl_conf_given(back, name));
        assert_int_equal(wtl_conf_number(c, name), wtl_conf_number(back, name));
        assert_int_equal(wtl_conf_count(c, name), wtl_conf_count(back, name));
    }
}

static void printed(void **state)
{
    (void)state;
    AUTO(wtl_conf) *c = fresh();
    static const char some[] =
        "[it]\nname = two words\nnames = a\nnames = b\nflag = on\n# count = 7\n"
        "# wait = 10s\n# idle = 1h\n# room = 64K\n# mood = calm\nfile = -\nfiles = /x/c.pem\n";
    read_back(c, "[it]\n# flag = no\n# count = 7\n# wait = 10s\n# idle = 1h\n# room = 64K\n# mood = calm\n");
    put(c, "name", "two words", NULL);
    put(c, "names", "a,b", NULL);
    put(c, "flag", "on", NULL);
    put(c, "file", "-", "/x");
    put(c, "files", "c.pem", "/x");
    read_back(c, some);
}

static void not_printed(void **state)
{
    (void)state;
    static char longest[200];
    memset(longest, 'a', sizeof longest - 1);
    static const char *const bad[][2] = {{"a #b", "comment"},
                                         {"a ;", "comment"},
                                         {"a\t;b", "control character 0x09"},
                                         {"\xff", "not UTF-8"},
                                         {longest, "too long"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        AUTO(wtl_conf) *c = fresh();
        AUTO(wtl_buf) out = {0};
        wtl_err err = {0};
        wtl_buf_str(&out, "x");
        if (i == 2) /* a tab is a control character, and refused before */
            assert_int_equal(wtl_conf_put(c, "name", bad[i][0], "here", NULL, &err), WTL_USAGE);
        else
            put(c, "name", bad[i][0], NULL);
        if (i != 2)
            assert_int_equal(wtl_conf_print(c, "it", &out, &err), WTL_FORMAT);
        if (strstr(err.text, bad[i][1]) == NULL)
            fail_msg("\"%s\" has no \"%s\"", err.text, bad[i][1]);
        assert_string_equal(wtl_buf_cstr(&out), "x");
        assert_int_equal(wtl_conf_print(c, "no name", &out, &err), WTL_FORMAT);
        assert_int_equal(wtl_conf_print(c, "", &out, &err), WTL_FORMAT);
    }
}

static void sections(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *says; /* NULL: taken */
    } row[] = {
        {"[a]\nname = x\nnames = a, b\nnames = c\n", NULL},
        {"[a]\n", NULL},
        {"[a]\n\nnmae = x\n", "p.ini: line 3: there is no option 'nmae'; did you mean 'name'?"},
        {"[a]\nname = x\n# y\nname = x\n", "p.ini: line 4: name is given twice, first in p.ini: line 2"},
        {"[a]\nwait = 5\n", "p.ini: line 2: wait takes a time as 500ms, 10s, 5m, 2h or 30d, and '5' is none"},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        AUTO(wtl_ini) ini = {0};
        AUTO(wtl_conf) *c = fresh();
        wtl_err err = {0};
        assert_good(wtl_ini_parse_repeated(&ini, wtl_text_of(row[i].text), &err), &err);
        int rc = wtl_conf_section(c, &ini.section[0], "p.ini", NULL, &err);
        assert_int_equal(rc, row[i].says == NULL ? WTL_OK : WTL_USAGE);
        if (row[i].says != NULL)
            assert_string_equal(err.text, row[i].says);
    }
}

static void wrong_default(void **state)
{
    (void)state;
    static const wtl_conf_row bad = {.name = "n", .kind = WTL_CONF_NUMBER, .fallback = "x"};
    static const wtl_conf_table one = {&bad, 1};
    wtl_conf *c = NULL;
    assert_int_equal(wtl_conf_new(&c, &one, NULL), WTL_BUG);
    assert_null(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),       cmocka_unit_test(amounts),  cmocka_unit_test(refused),
        cmocka_unit_test(once_and_often), cmocka_unit_test(folders),  cmocka_unit_test(printed),
        cmocka_unit_test(not_printed),    cmocka_unit_test(sections), cmocka_unit_test(wrong_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
