#include "unit.h"

#include "base/text.h"
#include "http/request.h"

static wtl_err err;

static int look(const char *text, wtl_http_request *r, enum wtl_http_state *s, size_t *used)
{
    return wtl_http_request_read(r, s, used, wtl_text_of(text), &err);
}

/* A good request, which ends with the text; every shorter one waits. */
static void good(const char *text, wtl_http_request *r)
{
    enum wtl_http_state s;
    size_t used;
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++) {
        char *copy = malloc(i + 1);
        assert_non_null(copy);
        memcpy(copy, text, i);
        assert_good(wtl_http_request_read(r, &s, &used, (wtl_bytes){(const uint8_t *)copy, i}, &err), &err);
        assert_int_equal(s, WTL_HTTP_MORE);
        assert_int_equal(used, 0);
        free(copy);
    }
    assert_good(look(text, r, &s, &used), &err);
    assert_int_equal(s, WTL_HTTP_WHOLE);
    assert_int_equal(used, n);
}

static void bad(const char *text, const char *sentence)
{
    wtl_http_request r;
    enum wtl_http_state s;
    size_t used;
    if (look(text, &r, &s, &used) != WTL_FORMAT)
        fail_msg("\"%s\" was accepted", text);
    assert_int_equal(s, WTL_HTTP_MORE);
    assert_int_equal(r.method[0], 0);
    if (strstr(err.text, sentence) == NULL)
        fail_msg("\"%s\" lacks \"%s\"", err.text, sentence);
}

static void usual_requests(void **state)
{
    (void)state;
    wtl_http_request r;
    good("GET /metrics HTTP/1.1\r\nHost: localhost:9464\r\nUser-Agent: x/1\r\nAccept: */*\r\n\r\n", &r);
    assert_string_equal(r.method, "GET");
    assert_string_equal(r.path, "/metrics");
    assert_int_equal(r.query.n, 0);
    assert_true(r.keep_alive);
    assert_false(r.head);
    good("HEAD /?a=b?c HTTP/1.1\r\nhost:\r\n\r\n", &r);
    assert_true(r.head);
    assert_string_equal(r.path, "/");
    assert_true(wtl_text_eq(r.query, "a=b?c"));
    good("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", &r);
    assert_string_equal(r.method, "POST");
    good("GET / HTTP/1.0\r\n\r\n", &r);
    assert_false(r.keep_alive);
    good("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", &r);
    assert_true(r.keep_alive);
    good("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade , CLOSE\r\n\r\n", &r);
    assert_false(r.keep_alive);
    good("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", &r);
    assert_false(r.keep_alive);
    good("GET / HTTP/1.1\r\nHost: a\r\nX: \xc3\xbc \t y \r\n\r\n", &r);
}

static void what_follows_is_not_used(void **state)
{
    (void)state;
    static const char two[] = "GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n\1\2";
    wtl_http_request r;
    enum wtl_http_state s;
    size_t used;
    assert_good(look(two, &r, &s, &used), &err);
    assert_int_equal(used, 28);
    assert_string_equal(r.path, "/a");
    assert_good(look(two + used, &r, &s, &used), &err);
    assert_string_equal(r.path, "/b");
}

static void malformed(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"\r\n", "begins with an empty line"},
        {"\n", "alone"},
        {"GET / HTTP/1.1\n", "alone"},
        {"GET / HTTP/1.1\rX", "alone"},
        {"GET / HTTP/1.1\r\r\n", "alone"},
        {"GET /\1", "control character 0x01"},
        {"\x16\3\1", "control character 0x16"},
        {"GET /\x7f", "control character 0x7f"},
        {"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", "folded"},
        {"GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n", "folded"},
        {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", "no field"},
        {"GET / HTTP/1.1\r\nHost\r\n\r\n", "no field"},
        {"GET / HTTP/1.1\r\n: a\r\n\r\n", "no field"},
        {"GET / HTTP/1.1\r\nHo st: a\r\n\r\n", "no field"},
        {"GET / HTTP/1.1\r\n\r\n", "0 Host fields"},
        {"GET / HTTP/1.1\r\nHost: a\r\nHOST: b\r\n\r\n", "2 Host fields"},
        {"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", "2 Host fields"},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n", "body"},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 00\r\n\r\n", "body"},
        {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\ncontent-length: 0\r\n\r\n", "more than once"},
        {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", "body"},
        {"GET / HTTP/1.2\r\nHost: a\r\n\r\n", "another version"},
        {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "another version"},
        {"GET / http/1.1\r\nHost: a\r\n\r\n", "another version"},
        {"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", "another version"},
        {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "another version"},
        {"GET /\r\n\r\n", "three words"},
        {"GET\r\n\r\n", "three words"},
        {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", "method"},
        {"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", "method"},
        {"ABCDEFGHIJKLMNOP / HTTP/1.1\r\nHost: a\r\n\r\n", "method"},
        {"GET  HTTP/1.1\r\nHost: a\r\n\r\n", "does not begin with '/'"},
        {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "does not begin with '/'"},
        {"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "does not begin with '/'"},
        {"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", "characters"},
        {"GET /\xc3\xbc HTTP/1.1\r\nHost: a\r\n\r\n", "characters"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        bad(cases[i][0], cases[i][1]);
}

static void lengths(void **state)
{
    (void)state;
    wtl_http_request r;
    enum wtl_http_state s;
    size_t used;
    AUTO(wtl_buf) b = {0};
    for (size_t n = 254; n <= 256; n++) {
        wtl_buf_clear(&b);
        wtl_buf_str(&b, "GET ");
        for (size_t i = 0; i < n; i++)
            wtl_buf_u8(&b, '/');
        wtl_buf_str(&b, "?q HTTP/1.0\r\n\r\n");
        assert_int_equal(wtl_http_request_read(&r, &s, &used, wtl_buf_view(&b), &err),
                         n < 256 ? 0 : WTL_FORMAT);
        if (n < 256)
            assert_int_equal(strlen(r.path), n);
    }
    for (size_t n = WTL_HTTP_MOST - 1; n <= WTL_HTTP_MOST + 1; n++) {
        wtl_buf_clear(&b);
        wtl_buf_str(&b, "GET / HTTP/1.0\r\nX: ");
        while (b.n < n - 4)
            wtl_buf_u8(&b, 'x');
        wtl_buf_str(&b, "\r\n\r\n");
        assert_int_equal(b.n, n);
        assert_int_equal(wtl_http_request_read(&r, &s, &used, wtl_buf_view(&b), &err),
                         n <= WTL_HTTP_MOST ? 0 : WTL_FORMAT);
    }
    assert_non_null(strstr(err.text, "more than 8192 bytes"));
    /* Full, and without an end: told before more comes. */
    assert_int_equal(wtl_http_request_read(&r, &s, &used, (wtl_bytes){b.p, WTL_HTTP_MOST}, &err), WTL_FORMAT);
    assert_good(wtl_http_request_read(&r, &s, &used, (wtl_bytes){b.p, WTL_HTTP_MOST - 1}, &err), &err);
    assert_int_equal(s, WTL_HTTP_MORE);
}

static void every_value_of_every_byte(void **state)
{
    (void)state;
    static const char text[] =
        "GET /a?b HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    size_t n = sizeof text - 1;
    for (size_t i = 0; i < n; i++) {
        for (unsigned v = 0; v < 256; v++) {
            wtl_http_request r;
            enum wtl_http_state s;
            size_t used;
            char *copy = malloc(n);
            assert_non_null(copy);
            memcpy(copy, text, n);
            copy[i] = (char)v;
            int rc = wtl_http_request_read(&r, &s, &used, (wtl_bytes){(const uint8_t *)copy, n}, &err);
            assert_true(rc == 0 || rc == WTL_FORMAT);
            if (rc == 0 && s == WTL_HTTP_WHOLE)
                assert_int_equal(used, n);
            free(copy);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usual_requests),
        cmocka_unit_test(what_follows_is_not_used),
        cmocka_unit_test(malformed),
        cmocka_unit_test(lengths),
        cmocka_unit_test(every_value_of_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
