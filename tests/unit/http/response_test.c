#include "unit.h"

#include "base/text.h"
#include "http/response.h"

static void responses(void **state)
{
    (void)state;
    AUTO(wtl_buf) b = {0};
    wtl_http_response_write(&b, 200, "text/plain", wtl_text_of("body\n"), true, false);
    assert_string_equal(wtl_buf_cstr(&b),
                        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n"
                        "Cache-Control: no-store\r\nConnection: keep-alive\r\n\r\nbody\n");
    wtl_buf_clear(&b);
    wtl_http_response_write(&b, 405, "text/plain", wtl_text_of("no\n"), false, true);
    assert_string_equal(wtl_buf_cstr(&b),
                        "HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n"
                        "Cache-Control: no-store\r\nAllow: GET, HEAD\r\nConnection: close\r\n\r\n");
    static const int known[] = {400, 404, 408, 431, 500, 503, 599};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        char line[20];
        wtl_buf_clear(&b);
        wtl_http_response_write(&b, known[i], "text/plain", (wtl_bytes){NULL, 0}, false, false);
        snprintf(line, sizeof line, "HTTP/1.1 %d ", known[i]);
        assert_true(strncmp(wtl_buf_cstr(&b), line, strlen(line)) == 0);
        assert_non_null(strstr(wtl_buf_cstr(&b), "Content-Length: 0\r\n"));
    }
}

/* What it is written for, read by its own rules: lines end with CR LF, the empty line stands once. */
static void heads_are_whole(void **state)
{
    (void)state;
    for (int status = 100; status < 600; status++) {
        for (unsigned way = 0; way < 4; way++) {
            AUTO(wtl_buf) b = {0};
            wtl_http_response_write(&b, status, "text/plain", wtl_text_of("x"), (way & 1) != 0,
                                    (way & 2) != 0);
            const char *text = wtl_buf_cstr(&b);
            const char *end = strstr(text, "\r\n\r\n");
            assert_non_null(end);
            assert_string_equal(end + 4, (way & 2) != 0 ? "" : "x");
            assert_int_equal(text[12], ' '); /* RFC 9112 section 4: also before an empty reason */
            assert_int_equal(strstr(text, "Allow:") != NULL, status == 405);
            for (const char *c = text; c < end; c++)
                assert_true(*c != '\n' || c[-1] == '\r');
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(responses),
        cmocka_unit_test(heads_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
