#include "unit.h"

#include "base/text.h"

static void b64_known(void **state)
{
    (void)state;
    static const struct {
        const char *raw;
        const char *text;
    } rows[] = {{"", ""},
                {"f", "Zg=="},
                {"fo", "Zm8="},
                {"foo", "Zm9v"},
                {"foob", "Zm9vYg=="},
                {"fooba", "Zm9vYmE="},
                {"foobar", "Zm9vYmFy"}}; /* RFC 4648 section 10 */
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        AUTO(wtl_buf) out = {0};
        wtl_text_b64_encode(&out, wtl_text_of(rows[i].raw));
        assert_true(wtl_text_eq(wtl_buf_view(&out), rows[i].text));
        AUTO(wtl_buf) back = {0};
        assert_int_equal(wtl_text_b64_decode(&back, wtl_text_of(rows[i].text), NULL), 0);
        assert_true(wtl_text_eq(wtl_buf_view(&back), rows[i].raw));
    }
}

static void b64_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {"Z",      "Zg",   "Zg=",  "Zh==", "Zm9=", "Zg==Zg==", "Zm 9",
                                      "Zm9v\n", "Z===", "====", "=g==", "_-8=", "Zg=a"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        AUTO(wtl_buf) out = {0};
        wtl_err err = {0};
        assert_int_equal(wtl_text_b64_decode(&out, wtl_text_of(bad[i]), &err), WTL_FORMAT);
        assert_true(err.text[0] != '\0');
    }
}

static void b64url_both_ways(void **state)
{
    (void)state;
    uint8_t raw[300];
    for (size_t i = 0; i < sizeof raw; i++)
        raw[i] = (uint8_t)(i * 7 + (i >> 3));
    for (size_t n = 0; n <= sizeof raw; n++) {
        AUTO(wtl_buf) text = {0};
        AUTO(wtl_buf) padded = {0};
        AUTO(wtl_buf) back = {0};
        wtl_text_b64url_encode(&text, (wtl_bytes){raw, n});
        assert_int_equal(text.n, wtl_text_b64url_size(n));
        wtl_text_b64_encode(&padded, (wtl_bytes){raw, n});
        for (size_t i = 0; i < text.n; i++) {
            uint8_t c = padded.p[i];
            assert_int_equal(text.p[i], c == '+' ? '-' : c == '/' ? '_' : c);
        }
        assert_int_equal(wtl_text_b64url_decode(&back, wtl_buf_view(&text), NULL), 0);
        assert_int_equal(back.n, n);
        assert_memory_equal(back.p, raw, n);
        uint8_t exact[301];
        memset(exact, 0xee, sizeof exact);
        assert_int_equal(wtl_text_b64url_take(exact, n, wtl_buf_view(&text), NULL), 0);
        assert_memory_equal(exact, raw, n);
        assert_int_equal(exact[n], 0xee);
        assert_int_equal(wtl_text_b64url_take(exact, n + 1, wtl_buf_view(&text), NULL), WTL_FORMAT);
        for (size_t i = 0; i <= n; i++)
            assert_int_equal(exact[i], 0);
    }
}

static void b64url_refuses(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Z", "Zh", "Zm9", "Zg==", "Zm8=", "Zm9v=", "Z m8", "Zm8\n", "+_8", "/-8", "Zm9vY", "Zg\xc3"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        AUTO(wtl_buf) out = {0};
        wtl_err err = {0};
        assert_int_equal(wtl_text_b64url_decode(&out, wtl_text_of(bad[i]), &err), WTL_FORMAT);
        assert_int_equal(out.n, 0);
        assert_true(err.text[0] != '\0');
    }
}

static void hex_both_ways(void **state)
{
    (void)state;
    AUTO(wtl_buf) raw = {0};
    assert_int_equal(wtl_text_hex_decode(&raw, wtl_text_of("00ff7a"), NULL), 0);
    AUTO(wtl_buf) text = {0};
    wtl_buf_hex(&text, wtl_buf_view(&raw));
    assert_true(wtl_text_eq(wtl_buf_view(&text), "00ff7a"));
    assert_int_equal(wtl_text_hex_decode(&raw, wtl_text_of("0F"), NULL), WTL_FORMAT);
    assert_int_equal(wtl_text_hex_decode(&raw, wtl_text_of("0"), NULL), WTL_FORMAT);
}

static void utf8_edges(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "a",
                                       "\xc2\x80",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xe2\x82",
                                      "\xff"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(wtl_text_is_utf8(wtl_text_of(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(wtl_text_is_utf8(wtl_text_of(bad[i])));
    assert_false(wtl_text_is_utf8((wtl_bytes){(const uint8_t *)"a\0b", 3}));
}

static void quoting_hides_controls(void **state)
{
    (void)state;
    AUTO(wtl_buf) out = {0};
    wtl_text_quote(&out, wtl_text_of("a\nb\x1b[1m\"\\\xff\xc2\x9b\xc3\xa9"));
    assert_string_equal(wtl_buf_cstr(&out), "a\\x0ab\\x1b[1m\\x22\\x5c\\xff\\xc2\\x9b\xc3\xa9");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(b64_known),
        cmocka_unit_test(b64_refuses),
        cmocka_unit_test(b64url_both_ways),
        cmocka_unit_test(b64url_refuses),
        cmocka_unit_test(hex_both_ways),
        cmocka_unit_test(utf8_edges),
        cmocka_unit_test(quoting_hides_controls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
