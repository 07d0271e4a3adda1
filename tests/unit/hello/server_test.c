#include "made.h"

#include "hello/server.h"

static wtl_err err;

static const uint8_t retry_random[32] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
                                         0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
                                         0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

/* The body of a hello; no length of extensions when there are none. */
static void server(wtl_buf *body, uint16_t legacy, bool retry, wtl_bytes exts)
{
    wtl_buf_u16(body, legacy);
    if (retry)
        wtl_buf_add(body, retry_random, 32);
    else
        wtl_buf_zero(body, 32);
    wtl_buf_u8(body, 8);
    wtl_buf_zero(body, 8);
    MADE(body, 0x13, 0x02, 0);
    if (exts.n > 0) {
        wtl_buf_u16(body, (uint16_t)exts.n);
        wtl_buf_bytes(body, exts);
    }
}

static int read_once(wtl_hello_server *h, enum wtl_hello_state *s, size_t *used, wtl_bytes in)
{
    AUTO(wtl_buf) message = {0};
    return wtl_hello_server_read(h, s, used, &message, in, &err);
}

/* *h of one such hello; a sentence when it is to be refused. */
static void given(uint16_t legacy, bool retry, wtl_bytes exts, const char *sentence, wtl_hello_server *h)
{
    AUTO(wtl_buf) body = {0};
    AUTO(wtl_buf) in = {0};
    enum wtl_hello_state s;
    size_t used;
    server(&body, legacy, retry, exts);
    made_records(&in, 2, wtl_buf_view(&body), 16384);
    size_t n = in.n;
    MADE(&in, 20, 3, 3, 0, 1, 1);
    int rc = read_once(h, &s, &used, wtl_buf_view(&in));
    if (sentence == NULL) {
        assert_good(rc, &err);
        assert_int_equal(s, WTL_HELLO_WHOLE);
        assert_int_equal(used, n);
        return;
    }
    assert_int_equal(rc, WTL_FORMAT);
    assert_int_equal(h->cipher, 0);
    if (strstr(err.text, sentence) == NULL)
        fail_msg("\"%s\" lacks \"%s\"", err.text, sentence);
}

static void hybrid(wtl_buf *exts)
{
    AUTO(wtl_buf) share = {0};
    MADE_EXT(exts, 43, 3, 4);
    made_share(&share, 0x11ec, 1120);
    made_ext(exts, 51, wtl_buf_view(&share));
}

static void a_hybrid_one(void **state)
{
    (void)state;
    AUTO(wtl_buf) exts = {0};
    wtl_hello_server h;
    hybrid(&exts);
    given(0x0303, false, wtl_buf_view(&exts), NULL, &h);
    assert_int_equal(h.version, 0x0304);
    assert_int_equal(h.group, 0x11ec);
    assert_int_equal(h.cipher, 0x1302);
    assert_false(h.retry);
    assert_false(h.psk);
}

static void resumed_with_and_without_a_share(void **state)
{
    (void)state;
    AUTO(wtl_buf) exts = {0};
    wtl_hello_server h;
    hybrid(&exts);
    MADE_EXT(&exts, 41, 0, 0);
    given(0x0303, false, wtl_buf_view(&exts), NULL, &h);
    assert_true(h.psk);
    wtl_buf_clear(&exts);
    MADE_EXT(&exts, 43, 3, 4);
    MADE_EXT(&exts, 41, 0, 0);
    given(0x0303, false, wtl_buf_view(&exts), NULL, &h);
    assert_true(h.psk);
    assert_int_equal(h.group, 0);
}

static void a_retry(void **state)
{
    (void)state;
    AUTO(wtl_buf) exts = {0};
    wtl_hello_server h;
    MADE_EXT(&exts, 43, 3, 4);
    MADE_EXT(&exts, 51, 0x11, 0xec);
    given(0x0303, true, wtl_buf_view(&exts), NULL, &h);
    assert_true(h.retry);
    assert_int_equal(h.group, 0x11ec);
    MADE_EXT(&exts, 44, 0, 1, 7);
    given(0x0303, true, wtl_buf_view(&exts), NULL, &h);
    MADE_EXT(&exts, 41, 0, 0);
    given(0x0303, true, wtl_buf_view(&exts), "pre_shared_key", &h);
}

static void older_servers(void **state)
{
    (void)state;
    wtl_hello_server h;
    for (uint16_t version = 0x0301; version <= 0x0303; version++) {
        AUTO(wtl_buf) exts = {0};
        given(version, false, wtl_buf_view(&exts), NULL, &h);
        assert_int_equal(h.version, version);
        MADE_EXT(&exts, 0xff01, 0);
        given(version, false, wtl_buf_view(&exts), NULL, &h);
        assert_int_equal(h.version, version);
        assert_int_equal(h.group, 0);
    }
}

#define REFUSED(sentence, legacy, retry, type, ...)                \
    do {                                                           \
        AUTO(wtl_buf) exts_ = {0};                                 \
        wtl_hello_server h_;                                       \
        MADE_EXT(&exts_, type, __VA_ARGS__);                       \
        given(legacy, retry, wtl_buf_view(&exts_), sentence, &h_); \
    } while (0)

static void contradictions(void **state)
{
    (void)state;
    AUTO(wtl_buf) exts = {0};
    wtl_hello_server h;
    REFUSED("supported_versions", 0x0303, false, 43, 3, 3);
    REFUSED("supported_versions", 0x0303, false, 43, 2, 3, 4);
    REFUSED("supported_versions", 0x0303, false, 43, 3);
    REFUSED("neither a key share nor", 0x0303, false, 43, 3, 4);
    REFUSED("does not say that it is of it", 0x0303, false, 51, 0, 29, 0, 1, 9);
    REFUSED("does not say that it is of it", 0x0303, false, 41, 0, 0);
    REFUSED("does not say that it is of it", 0x0303, true, 51, 0, 29);
    REFUSED("key_share", 0x0303, false, 51, 0, 29);
    REFUSED("key_share", 0x0303, false, 51, 0, 29, 0, 0);
    REFUSED("key_share", 0x0303, false, 51, 0, 29, 0, 2, 9);
    REFUSED("key_share", 0x0303, false, 51, 0, 29, 0, 1, 9, 9);
    REFUSED("key_share", 0x0303, true, 51, 0, 29, 0, 1, 9);
    REFUSED("pre_shared_key", 0x0303, false, 41, 0);
    hybrid(&exts);
    given(0x0302, false, wtl_buf_view(&exts), "legacy version 0x0302 instead", &h);
    given(0x0304, false, wtl_buf_view(&exts), "legacy version 0x0304", &h);
    MADE_EXT(&exts, 43, 3, 4);
    given(0x0303, false, wtl_buf_view(&exts), "extension 43 twice", &h);
    exts.n--;
    given(0x0303, false, wtl_buf_view(&exts), "do not add up", &h);
}

/* Before TLS 1.3 the certificate may follow in the same record; after, keys change at its end. */
static void what_follows_in_the_record(void **state)
{
    (void)state;
    AUTO(wtl_buf) exts = {0};
    wtl_hello_server h;
    enum wtl_hello_state s;
    size_t used;
    for (int tls13 = 0; tls13 < 2; tls13++) {
        AUTO(wtl_buf) body = {0};
        AUTO(wtl_buf) in = {0};
        if (tls13)
            hybrid(&exts);
        server(&body, 0x0303, false, wtl_buf_view(&exts));
        made_records(&in, 2, wtl_buf_view(&body), 16384);
        size_t n = in.n;
        MADE(&in, 11, 0, 0, 0);
        in.p[3] = (uint8_t)((n - 1) >> 8);
        in.p[4] = (uint8_t)(n - 1);
        assert_int_equal(read_once(&h, &s, &used, wtl_buf_view(&in)), tls13 ? WTL_FORMAT : 0);
        if (!tls13)
            assert_int_equal(used, n);
    }
    assert_non_null(strstr(err.text, "4 bytes more in the record"));
}

static void every_cut(void **state)
{
    (void)state;
    static const size_t fragments[] = {1, 5, 100, 16384};
    for (size_t f = 0; f < sizeof fragments / sizeof fragments[0]; f++) {
        AUTO(wtl_buf) exts = {0};
        AUTO(wtl_buf) body = {0};
        AUTO(wtl_buf) in = {0};
        AUTO(wtl_buf) kept = {0};
        wtl_hello_server h;
        enum wtl_hello_state s;
        size_t used;
        hybrid(&exts);
        server(&body, 0x0303, false, wtl_buf_view(&exts));
        made_records(&in, 2, wtl_buf_view(&body), fragments[f]);
        for (size_t n = 0; n <= in.n; n++) {
            assert_good(read_once(&h, &s, &used, (wtl_bytes){in.p, n}), &err);
            assert_int_equal(s, n == in.n ? WTL_HELLO_WHOLE : WTL_HELLO_MORE);
            assert_int_equal(h.group, n == in.n ? 0x11ec : 0);
            assert_good(wtl_hello_server_read(&h, &s, &used, &kept, (wtl_bytes){in.p, n}, &err), &err);
            assert_int_equal(s, n == in.n ? WTL_HELLO_WHOLE : WTL_HELLO_MORE);
        }
        assert_int_equal(h.group, 0x11ec);
    }
}

static void every_changed_byte(void **state)
{
    (void)state;
    AUTO(wtl_buf) exts = {0};
    AUTO(wtl_buf) body = {0};
    AUTO(wtl_buf) in = {0};
    hybrid(&exts);
    server(&body, 0x0303, false, wtl_buf_view(&exts));
    made_records(&in, 2, wtl_buf_view(&body), 700);
    for (size_t i = 0; i < in.n; i++) {
        for (unsigned v = 0; v < 256; v += i < 100 ? 1 : 51) {
            uint8_t was = in.p[i];
            wtl_hello_server h;
            enum wtl_hello_state s;
            size_t used;
            in.p[i] = (uint8_t)v;
            int rc = read_once(&h, &s, &used, wtl_buf_view(&in));
            assert_true(rc == 0 || rc == WTL_FORMAT || (rc == WTL_NO && i == 0));
            in.p[i] = was;
        }
    }
}

static void alerts(void **state)
{
    (void)state;
    static const struct {
        uint8_t in[7];
        const char *sentence;
        int rc;
    } cases[] = {
        {{21, 3, 3, 0, 2, 2, 40}, "the alert handshake_failure (40)", WTL_NO},
        {{21, 3, 1, 0, 2, 2, 70}, "the alert protocol_version (70)", WTL_NO},
        {{21, 3, 3, 0, 2, 1, 112}, "the alert unrecognized_name (112)", WTL_NO},
        {{21, 3, 3, 0, 2, 2, 211}, "the alert of no known name (211)", WTL_NO},
        {{21, 3, 3, 0, 2, 3, 40}, "level 3", WTL_FORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        wtl_hello_server h;
        enum wtl_hello_state s;
        size_t used;
        for (size_t n = 0; n < 6; n++) {
            assert_good(read_once(&h, &s, &used, (wtl_bytes){cases[i].in, n}), &err);
            assert_int_equal(s, WTL_HELLO_MORE);
        }
        assert_int_equal(read_once(&h, &s, &used, (wtl_bytes){cases[i].in, 7}), cases[i].rc);
        assert_non_null(strstr(err.text, cases[i].sentence));
    }
    static const uint8_t lengthy[] = {21, 3, 3, 0, 4};
    wtl_hello_server h;
    enum wtl_hello_state s;
    size_t used;
    assert_int_equal(read_once(&h, &s, &used, (wtl_bytes){lengthy, 5}), WTL_FORMAT);
}

static void other_protocols(void **state)
{
    (void)state;
    static const struct {
        const char *in, *name;
    } cases[] = {{"HTTP/1.1 400 Bad Request\r\n", "the server speaks plain HTTP"},
                 {"SSH-2.0-x", "the server speaks SSH"},
                 {"220 ready", "SMTP or FTP"},
                 {"-ERR unknown", "RESP"},
                 {"N", "the server does not speak TLS"},
                 {"\x16\x03\x03\x00\x04\x01", "begins with handshake message 1 instead of a ServerHello"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        wtl_hello_server h;
        enum wtl_hello_state s;
        size_t used;
        size_t n = i == 5 ? 6 : strlen(cases[i].in);
        assert_int_equal(read_once(&h, &s, &used, (wtl_bytes){(const uint8_t *)cases[i].in, n}), WTL_FORMAT);
        if (strstr(err.text, cases[i].name) == NULL)
            fail_msg("\"%s\" lacks \"%s\"", err.text, cases[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hybrid_one),   cmocka_unit_test(resumed_with_and_without_a_share),
        cmocka_unit_test(a_retry),        cmocka_unit_test(older_servers),
        cmocka_unit_test(contradictions), cmocka_unit_test(what_follows_in_the_record),
        cmocka_unit_test(every_cut),      cmocka_unit_test(every_changed_byte),
        cmocka_unit_test(alerts),         cmocka_unit_test(other_protocols),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
