#include "unit.h"

#include "proxyconf/address.h"

static void taken(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *host;
        uint16_t port;
        bool is_unix;
    } row[] = {
        {"127.0.0.1:8443", "127.0.0.1", 8443, false},
        {"host:1", "host", 1, false},
        {"a.b-c.example.ORG:65535", "a.b-c.example.ORG", 65535, false},
        {"127.0.0.1:0", "127.0.0.1", 0, false},
        {"_srv.example:443", "_srv.example", 443, false},
        {"[::1]:443", "::1", 443, false},
        {"[::]:443", "::", 443, false},
        {"[2001:db8::1]:443", "2001:db8::1", 443, false},
        {"[::ffff:1.2.3.4]:443", "::ffff:1.2.3.4", 443, false},
        {"*:80", "", 80, false},
        {"unix:/run/a b.sock", "/run/a b.sock", 0, true},
        {"unix:a:1", "a:1", 0, true},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        wtl_address a = {0};
        wtl_err err = {0};
        assert_good(wtl_address_parse(&a, row[i].text, &err), &err);
        assert_string_equal(a.host, row[i].host);
        assert_int_equal(a.port, row[i].port);
        assert_int_equal(a.is_unix, row[i].is_unix);
    }
}

static void refuse(const char *text, const char *says)
{
    wtl_address a = {.host = "before", .port = 7};
    wtl_err err = {0};
    assert_int_equal(wtl_address_parse(&a, text, &err), WTL_USAGE);
    if (strstr(err.text, says) == NULL)
        fail_msg("%s: \"%s\" has no \"%s\"", text, err.text, says);
    assert_string_equal(a.host, "before");
    assert_int_equal(a.port, 7);
    assert_int_equal(wtl_address_parse(&a, text, NULL), WTL_USAGE);
}

static void refused(void **state)
{
    (void)state;
    static const char *const row[][2] = {
        {"", "no port"},
        {"host", "no port"},
        {"[::1]", "no port"},
        {":80", "host is missing"},
        {"[]:80", "host is missing"},
        {"host:", "the port is a number up to 65535"},
        {"host:00", "the port is"},
        {"host:08", "the port is"},
        {"host:65536", "the port is"},
        {"host:99999", "the port is"},
        {"host:100000", "the port is"},
        {"host:4294967297", "the port is"},
        {"host:-1", "the port is"},
        {"host:+1", "the port is"},
        {"host: 1", "the port is"},
        {"host:1 ", "the port is"},
        {"host:http", "the port is"},
        {"::1:443", "stands in brackets"},
        {"a:b:1", "stands in brackets"},
        {"[::1:443", "stands in brackets"},
        {"::1]:443", "stands in brackets"},
        {"[host]:443", "no number of IPv6"},
        {"[127.0.0.1]:443", "no number of IPv6"},
        {"[:::]:443", "no number of IPv6"},
        {"[::1%lo]:443", "no number of IPv6"},
        {"1.2.3:443", "neither a name nor a number of IPv4"},
        {"1.2.3.4.5:443", "neither a name"},
        {"256.1.1.1:443", "neither a name"},
        {"123:443", "neither a name"},
        {"a..b:1", "the host is no name"},
        {".a:1", "the host is no name"},
        {"a.:1", "the host is no name"},
        {"a b:1", "the host is no name"},
        {"a/b:1", "the host is no name"},
        {"**:1", "the host is no name"},
        {"*.example.org:1", "the host is no name"},
        {"h\xc3\xa9:1", "the host is no name"},
        {"http://host:80", "stands in brackets"},
        {"unix:", "the path is missing"},
        {"\x1b[2J:1", "'\\x1b[2J:1' is no address"},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
        refuse(row[i][0], row[i][1]);
}

static void lengths(void **state)
{
    (void)state;
    char text[1024];
    for (unsigned n = 90; n < 400; n++) {
        memset(text, 'p', sizeof text);
        memcpy(text, "unix:/", 6);
        text[5 + n] = '\0';
        wtl_address a;
        assert_int_equal(wtl_address_parse(&a, text, NULL), n <= 107 ? WTL_OK : WTL_USAGE);
        memset(text, 'h', sizeof text);
        for (unsigned i = 63; i < n; i += 64)
            text[i] = '.';
        memcpy(text + n, ":1", 3);
        bool ends_with_dot = text[n - 1] == '.';
        assert_int_equal(wtl_address_parse(&a, text, NULL), n <= 253 && !ends_with_dot ? WTL_OK : WTL_USAGE);
        memset(text, 'h', sizeof text);
        memcpy(text + n, ":1", 3);
        assert_int_equal(wtl_address_parse(&a, text, NULL), WTL_USAGE);
    }
}

static void same(void **state)
{
    (void)state;
    static const struct {
        const char *a;
        const char *b;
        bool same;
    } row[] = {
        {"h:1", "h:1", true},         {"h:1", "H:1", true},           {"h:1", "h:2", false},
        {"h:1", "g:1", false},        {"*:1", "0.0.0.0:1", true},     {"*:1", "[::]:1", true},
        {"*:1", "*:1", true},         {"[::]:1", "0.0.0.0:1", false}, {"*:1", "127.0.0.1:1", false},
        {"unix:/a", "unix:/a", true}, {"unix:/a", "unix:/b", false},  {"unix:/a", "unix:/A", false},
        {"unix:h", "h:1", false},     {"[::1]:1", "[::1]:1", true},
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        wtl_address a;
        wtl_address b;
        assert_int_equal(wtl_address_parse(&a, row[i].a, NULL), WTL_OK);
        assert_int_equal(wtl_address_parse(&b, row[i].b, NULL), WTL_OK);
        assert_int_equal(wtl_address_same(&a, &b), row[i].same);
        assert_int_equal(wtl_address_same(&b, &a), row[i].same);
    }
    static const char *const any[] = {"*:1", "0.0.0.0:1", "[::]:1"};
    static const char *const one[] = {"h:1", "127.0.0.1:1", "unix:::", "[::1]:1"};
    wtl_address a;
    for (size_t i = 0; i < 3; i++)
        assert_true(wtl_address_parse(&a, any[i], NULL) == WTL_OK && wtl_address_is_any(&a));
    for (size_t i = 0; i < 4; i++)
        assert_true(wtl_address_parse(&a, one[i], NULL) == WTL_OK && !wtl_address_is_any(&a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(taken),
        cmocka_unit_test(refused),
        cmocka_unit_test(lengths),
        cmocka_unit_test(same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
