#include "made.h"

#include "hello/client.h"

static wtl_err err;

/* Reads `in` at once; the bytes lie in memory of their own size, so that sanitizers see a step beyond. */
static int read_once(wtl_hello_client *h, enum wtl_hello_state *state, size_t *used, wtl_buf *message,
                     wtl_bytes in)
{
    wtl_buf_clear(message);
    return wtl_hello_client_read(h, state, used, message, in, &err);
}

static void usual(wtl_buf *out, size_t fragment)
{
    AUTO(wtl_buf) exts = {0};
    AUTO(wtl_buf) body = {0};
    made_usual_exts(&exts);
    made_client(&body, wtl_buf_view(&exts));
    made_records(out, 1, wtl_buf_view(&body), fragment);
}

static void check_usual(const wtl_hello_client *h)
{
    assert_int_equal(h->legacy_version, 0x0303);
    assert_true(h->tls13);
    assert_false(h->psk);
    assert_false(h->retried);
    assert_string_equal(h->server_name, "models.example.org");
    assert_int_equal(h->groups.n, 8);
    assert_int_equal(h->signatures.n, 6);
    assert_true(wtl_hello_client_offers(h, 0x11ec));
    assert_true(wtl_hello_client_offers(h, 23));
    assert_false(wtl_hello_client_offers(h, 24));
    assert_true(wtl_hello_client_shares(h, 0x11ec));
    assert_true(wtl_hello_client_shares(h, 29));
    assert_false(wtl_hello_client_shares(h, 23));
    assert_true(wtl_hello_client_speaks(h, "h2"));
    assert_true(wtl_hello_client_speaks(h, "http/1.1"));
    assert_false(wtl_hello_client_speaks(h, "http/1"));
    assert_false(wtl_hello_client_speaks(h, ""));
}

static void a_usual_one(void **state)
{
    (void)state;
    AUTO(wtl_buf) in = {0};
    AUTO(wtl_buf) message = {0};
    wtl_hello_client h;
    enum wtl_hello_state s;
    size_t used;
    usual(&in, 16384);
    size_t n = in.n;
    wtl_buf_str(&in, "what comes after it");
    assert_good(read_once(&h, &s, &used, &message, wtl_buf_view(&in)), &err);
    assert_int_equal(s, WTL_HELLO_WHOLE);
    assert_int_equal(used, n);
    check_usual(&h);
    assert_int_equal(message.n, n - 5);
    assert_memory_equal(message.p, in.p + 5, n - 5);
}

/* Two cuts, of records and of segments: nothing changes what is read, and nothing is decided early. */
static void every_cut(void **state)
{
    (void)state;
    static const size_t fragments[] = {1, 2, 3, 4, 5, 100, 1000, 16384};
    for (size_t f = 0; f < sizeof fragments / sizeof fragments[0]; f++) {
        AUTO(wtl_buf) in = {0};
        AUTO(wtl_buf) message = {0};
        usual(&in, fragments[f]);
        for (size_t cut = 0; cut <= in.n; cut++) {
            wtl_hello_client h;
            enum wtl_hello_state s;
            size_t used;
            wtl_bytes head = {cut > 0 ? malloc(cut) : NULL, cut};
            if (cut > 0)
                memcpy((void *)(uintptr_t)head.p, in.p, cut);
            assert_good(read_once(&h, &s, &used, &message, head), &err);
            free((void *)(uintptr_t)head.p);
            assert_int_equal(s, cut == in.n ? WTL_HELLO_WHOLE : WTL_HELLO_MORE);
            assert_int_equal(used, cut == in.n ? in.n : 0);
            if (cut < in.n) {
                assert_null(h.groups.p);
                assert_good(wtl_hello_client_read(&h, &s, &used, &message, wtl_buf_view(&in), &err), &err);
                assert_int_equal(s, WTL_HELLO_WHOLE);
                assert_int_equal(used, in.n);
            }
            check_usual(&h);
        }
    }
}

/* Byte by byte, each time in another place of memory as a growing buffer is. What was seen once is not looked at again: it is overwritten. */
static void one_byte_at_a_time(void **state)
{
    (void)state;
    static const size_t fragments[] = {1, 7, 16384};
    for (size_t f = 0; f < sizeof fragments / sizeof fragments[0]; f++) {
        AUTO(wtl_buf) in = {0};
        AUTO(wtl_buf) message = {0};
        wtl_hello_client h;
        enum wtl_hello_state s = WTL_HELLO_MORE;
        size_t used;
        usual(&in, fragments[f]);
        uint8_t *seen = malloc(in.n);
        assert_non_null(seen);
        for (size_t n = 0; n <= in.n; n++) {
            assert_int_equal(s, WTL_HELLO_MORE);
            if (n > 0)
                seen[n - 1] = in.p[n - 1];
            /* A record's head is looked at until it is whole. */
            if (n > 6)
                memset(seen, 0xee, n - 6);
            assert_good(wtl_hello_client_read(&h, &s, &used, &message, (wtl_bytes){seen, n}, &err), &err);
        }
        assert_int_equal(s, WTL_HELLO_WHOLE);
        check_usual(&h);
        free(seen);
    }
}

/* A hello of any change of one byte is read or refused; what is read lies inside the message. */
static void every_changed_byte(void **state)
{
    (void)state;
    static const uint8_t changes[] = {0x01, 0x80, 0xff, 0x10};
    AUTO(wtl_buf) in = {0};
    AUTO(wtl_buf) message = {0};
    usual(&in, 600);
    for (size_t i = 0; i < in.n; i++) {
        for (size_t k = 0; k < sizeof changes; k++) {
            wtl_hello_client h;
            enum wtl_hello_state s;
            size_t used;
            in.p[i] ^= changes[k];
            int rc = read_once(&h, &s, &used, &message, wtl_buf_view(&in));
            assert_true(rc == 0 || rc == WTL_FORMAT);
            if (rc == 0 && s == WTL_HELLO_WHOLE) {
                assert_true(h.shares.n == 0 ||
                            (h.shares.p >= message.p && h.shares.p + h.shares.n <= message.p + message.n));
                (void)wtl_hello_client_offers(&h, 29);
                (void)wtl_hello_client_shares(&h, 23);
                (void)wtl_hello_client_speaks(&h, "x");
            } else {
                assert_null(h.groups.p);
                assert_int_equal(used, 0);
            }
            in.p[i] ^= changes[k];
        }
    }
}

/* A hello with these extensions, and the sentence that refuses it (NULL: it is read). */
static void given(wtl_bytes exts, const char *sentence, wtl_hello_client *to)
{
    AUTO(wtl_buf) body = {0};
    AUTO(wtl_buf) in = {0};
    static wtl_buf message;
    wtl_hello_client h;
    enum wtl_hello_state s;
    size_t used;
    made_client(&body, exts);
    made_records(&in, 1, wtl_buf_view(&body), 16384);
    int rc = read_once(&h, &s, &used, &message, wtl_buf_view(&in));
    if (sentence == NULL) {
        assert_good(rc, &err);
        assert_int_equal(s, WTL_HELLO_WHOLE);
    } else {
        assert_int_equal(rc, WTL_FORMAT);
        if (strstr(err.text, sentence) == NULL)
            fail_msg("\"%s\" lacks \"%s\"", err.text, sentence);
    }
    if (to != NULL)
        *to = h; /* valid until the next call */
    else
        wtl_buf_free(&message);
}

#define EXTENSION(sentence, type, ...)               \
    do {                                             \
        AUTO(wtl_buf) exts_ = {0};                   \
        MADE_EXT(&exts_, type, __VA_ARGS__);         \
        given(wtl_buf_view(&exts_), sentence, NULL); \
    } while (0)

static void malformed_extensions(void **state)
{
    (void)state;
    EXTENSION("supported_groups", 10, 0, 0);
    EXTENSION("supported_groups", 10, 0, 3, 0, 29, 0);
    EXTENSION("supported_groups", 10, 0, 2, 0, 29, 0);
    EXTENSION("supported_groups", 10, 0, 4, 0, 29);
    EXTENSION("signature_algorithms", 13, 0, 1, 4);
    EXTENSION("supported_versions", 43, 0);
    EXTENSION("supported_versions", 43, 3, 3, 4, 3);
    EXTENSION("supported_versions", 43, 2, 3, 4, 0);
    EXTENSION("application_layer_protocol_negotiation", 16, 0, 0);
    EXTENSION("application_layer_protocol_negotiation", 16, 0, 1, 0);
    EXTENSION("application_layer_protocol_negotiation", 16, 0, 3, 3, 'h', '2');
    EXTENSION("application_layer_protocol_negotiation", 16, 0, 4, 2, 'h', '2', 0);
    EXTENSION("psk_key_exchange_modes", 45, 0);
    EXTENSION("cookie", 44, 0, 0);
    EXTENSION("key_share", 51, 0, 4, 0, 29, 0, 0);
    EXTENSION("key_share", 51, 0, 3, 0, 29, 0);
    EXTENSION("key_share", 51, 0, 5, 0, 29, 0, 2, 1);
    EXTENSION("key_share", 51, 0, 10, 0, 29, 0, 1, 1, 0, 29, 0, 1, 1);
    EXTENSION("0x001d, which it does not offer", 51, 0, 5, 0, 29, 0, 1, 1);
    EXTENSION(NULL, 51, 0, 0);
    EXTENSION(NULL, 0xfafa, 1, 2, 3);
}

static void extensions_that_do_not_add_up(void **state)
{
    (void)state;
    static const uint8_t cut[] = {0x12, 0x34, 0, 5, 1, 2, 3};
    given((wtl_bytes){cut, 7}, "do not add up", NULL);
    given((wtl_bytes){cut, 3}, "do not add up", NULL);
    given((wtl_bytes){NULL, 0}, NULL, NULL);
}

static void repeated_extensions(void **state)
{
    (void)state;
    AUTO(wtl_buf) exts = {0};
    made_usual_exts(&exts);
    MADE_EXT(&exts, 0x1a1a, 1);
    given(wtl_buf_view(&exts), "extension 6682 twice", NULL);
    wtl_buf_clear(&exts);
    made_name(&exts, "a");
    made_name(&exts, "a");
    given(wtl_buf_view(&exts), "extension 0 twice", NULL);
}

/* As many as there is room for, all different. */
static void very_many_extensions(void **state)
{
    (void)state;
    AUTO(wtl_buf) exts = {0};
    for (unsigned i = 0; i < 4000; i++)
        made_ext(&exts, (uint16_t)(0x1000 + i), (wtl_bytes){NULL, 0});
    given(wtl_buf_view(&exts), NULL, NULL);
    made_ext(&exts, 0x1000, (wtl_bytes){NULL, 0});
    given(wtl_buf_view(&exts), "extension 4096 twice", NULL);
}

static void a_name(const char *name, const char *want)
{
    AUTO(wtl_buf) exts = {0};
    wtl_hello_client h;
    made_name(&exts, name);
    given(wtl_buf_view(&exts), want == NULL ? "server_name" : NULL, &h);
    if (want != NULL)
        assert_string_equal(h.server_name, want);
}

static void names(void **state)
{
    (void)state;
    char longest[256];
    memset(longest, 'a', sizeof longest);
    for (size_t i = 63; i < 253; i += 64)
        longest[i] = '.';
    longest[253] = '\0';
    a_name(longest, longest);
    longest[253] = 'a';
    longest[254] = '\0';
    a_name(longest, NULL);
    longest[63] = 'a';
    longest[80] = '\0';
    a_name(longest, NULL);
    a_name("a", "a");
    a_name("XN--80AK6AA92E.com", "xn--80ak6aa92e.com");
    a_name("_tcp.a-b.c0", "_tcp.a-b.c0");
    a_name("127.0.0.1", "127.0.0.1");
    a_name("", NULL);
    a_name(".", NULL);
    a_name("a.", NULL);
    a_name(".a", NULL);
    a_name("a..b", NULL);
    a_name("a b", NULL);
    a_name("a\nb", NULL);
    a_name("::1", NULL);
    a_name("a/../b", NULL);
    a_name("*.a", NULL);
    a_name("m\xc3\xbcller.de", NULL);
}

static void lists_of_names(void **state)
{
    (void)state;
    EXTENSION("server_name", 0, 0);
    EXTENSION("server_name", 0, 0, 0);
    EXTENSION("server_name", 0, 0, 4, 0, 0, 2, 'a');
    EXTENSION("server_name", 0, 0, 4, 1, 0, 1, 'a');
    EXTENSION("server_name", 0, 0, 4, 0, 0, 1, 0);
    EXTENSION("server_name", 0, 0, 8, 0, 0, 1, 'a', 0, 0, 1, 'b');
    EXTENSION("server_name", 0, 0, 4, 0, 0, 1, 'a', 'b');
    EXTENSION(NULL, 0, 0, 4, 0, 0, 1, 'a');
}

static void psk_of(wtl_buf *exts, size_t identities, size_t binders)
{
    AUTO(wtl_buf) b = {0};
    wtl_buf_u16(&b, (uint16_t)(identities * 9));
    for (size_t i = 0; i < identities; i++)
        MADE(&b, 0, 3, 't', 'i', 'k', 0, 0, 0, 1);
    wtl_buf_u16(&b, (uint16_t)(binders * 33));
    for (size_t i = 0; i < binders; i++) {
        wtl_buf_u8(&b, 32);
        wtl_buf_zero(&b, 32);
    }
    made_ext(exts, 41, wtl_buf_view(&b));
}

static void pre_shared_keys(void **state)
{
    (void)state;
    AUTO(wtl_buf) exts = {0};
    wtl_hello_client h;
    made_usual_exts(&exts);
    size_t n = exts.n;
    psk_of(&exts, 2, 2);
    given(wtl_buf_view(&exts), NULL, &h);
    assert_true(h.psk);
    MADE_EXT(&exts, 0x3333, 0);
    given(wtl_buf_view(&exts), "must be the last", NULL);
    static const struct {
        size_t identities, binders;
    } wrong[] = {{0, 0}, {1, 0}, {1, 2}, {2, 1}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        exts.n = n;
        psk_of(&exts, wrong[i].identities, wrong[i].binders);
        given(wtl_buf_view(&exts), "pre_shared_key (41)", NULL);
    }
    wtl_buf_clear(&exts);
    psk_of(&exts, 1, 1);
    given(wtl_buf_view(&exts), "without psk_key_exchange_modes", NULL);
}

static void a_second_hello(void **state)
{
    (void)state;
    AUTO(wtl_buf) exts = {0};
    wtl_hello_client h;
    made_usual_exts(&exts);
    MADE_EXT(&exts, 44, 0, 3, 1, 2, 3);
    given(wtl_buf_view(&exts), NULL, &h);
    assert_true(h.retried);
}

static void old_clients(void **state)
{
    (void)state;
    AUTO(wtl_buf) body = {0};
    AUTO(wtl_buf) in = {0};
    AUTO(wtl_buf) message = {0};
    wtl_hello_client h;
    enum wtl_hello_state s;
    size_t used;
    made_client_head(&body);
    body.p[1] = 1;
    made_records(&in, 1, wtl_buf_view(&body), 16384);
    assert_good(read_once(&h, &s, &used, &message, wtl_buf_view(&in)), &err);
    assert_int_equal(s, WTL_HELLO_WHOLE);
    assert_int_equal(h.legacy_version, 0x0301);
    assert_false(h.tls13);
    assert_string_equal(h.server_name, "");
    assert_false(wtl_hello_client_offers(&h, 29));
    assert_false(wtl_hello_client_shares(&h, 29));
    assert_false(wtl_hello_client_speaks(&h, "h2"));
}

/* The bytes that differ from a usual hello of one record, and what is said of them. */
static void wrong_fields(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t value;
        const char *sentence;
    } wrong[] = {
        {0, 20, "does not speak TLS"},
        {0, 23, "does not speak TLS"},
        {1, 0xfe, "speaks DTLS"},
        {2, 0, "SSL 3.0"},
        {2, 4, "version is none of TLS"},
        {3, 0x7f, "16384 is the most"},
        {4, 0, "bytes more"},
        {5, 2, "begins with handshake message 2 instead of a ClientHello"},
        {6, 1, "too long"},
        {7, 0xff, "too long"},
        {9, 2, "legacy version 0x0203"},
        {10, 4, "legacy version 0x0304"},
        {10, 0, "legacy version 0x0300"},
        {43, 255, "shorter than its parts"},
        {77, 9, "bytes of cipher suites"},
        {86, 0, "without compression"},
        {87, 1, "without compression"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        AUTO(wtl_buf) in = {0};
        AUTO(wtl_buf) message = {0};
        wtl_hello_client h;
        enum wtl_hello_state s;
        size_t used;
        usual(&in, 16384);
        in.p[wrong[i].at] = wrong[i].value;
        if (wrong[i].at == 4)
            in.p[3] = 0x06; /* the record ends behind the hello */
        if (wrong[i].at == 4)
            wtl_buf_zero(&in, 1000);
        assert_int_equal(read_once(&h, &s, &used, &message, wtl_buf_view(&in)), WTL_FORMAT);
        if (strstr(err.text, wrong[i].sentence) == NULL)
            fail_msg("%zu: \"%s\" lacks \"%s\"", wrong[i].at, err.text, wrong[i].sentence);
    }
}

static void a_long_session(void **state)
{
    (void)state;
    AUTO(wtl_buf) body = {0};
    AUTO(wtl_buf) in = {0};
    AUTO(wtl_buf) message = {0};
    wtl_hello_client h;
    enum wtl_hello_state s;
    size_t used;
    wtl_buf_u16(&body, 0x0303);
    wtl_buf_zero(&body, 32);
    wtl_buf_u8(&body, 33);
    wtl_buf_zero(&body, 33);
    MADE(&body, 0, 2, 0x13, 0x01, 1, 0);
    made_records(&in, 1, wtl_buf_view(&body), 16384);
    assert_int_equal(read_once(&h, &s, &used, &message, wtl_buf_view(&in)), WTL_FORMAT);
    assert_non_null(strstr(err.text, "session ID of 33 bytes"));
}

static void odd_records(void **state)
{
    (void)state;
    static const struct {
        const char *sentence;
        uint8_t n, in[24];
    } odd[] = {
        {"empty handshake record", 5, {22, 3, 1, 0, 0}},
        {"empty handshake record", 11, {22, 3, 1, 0, 1, 1, 22, 3, 1, 0, 0}},
        {"a record of type 20 in the middle", 7, {22, 3, 1, 0, 1, 1, 20}},
        {"a record of type 21 in the middle", 9, {22, 3, 1, 0, 1, 1, 21, 3, 3}},
        {"version is none of TLS", 8, {22, 3, 1, 0, 1, 1, 22, 2}},
        {"too short to be one", 9, {22, 3, 1, 0, 4, 1, 0, 0, 40}},
        {"too long", 9, {22, 3, 1, 0, 4, 1, 0, 0x3f, 0xf8}},
        {"too long", 9, {22, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff}},
        {"does not speak TLS", 6, {20, 3, 3, 0, 1, 1}},
        {"does not speak TLS", 7, {21, 3, 3, 0, 2, 1, 0}},
    };
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        AUTO(wtl_buf) message = {0};
        wtl_hello_client h;
        enum wtl_hello_state s;
        size_t used;
        /* Nothing is refused a byte later than it can be. */
        assert_int_equal(read_once(&h, &s, &used, &message, (wtl_bytes){odd[i].in, odd[i].n}), WTL_FORMAT);
        if (strstr(err.text, odd[i].sentence) == NULL)
            fail_msg("%zu: \"%s\" lacks \"%s\"", i, err.text, odd[i].sentence);
    }
}

/* The most that is accepted, one more, 17 KiB; in large records and in small ones, whose heads count. */
static void lengths(void **state)
{
    (void)state;
    static const struct {
        size_t body, fragment;
        bool good;
    } cases[] = {{16375, 16384, true}, {16376, 16384, false}, {17408, 16384, false}, {2726, 1, true},
                 {2727, 1, false},     {8000, 5, true},       {9000, 5, false},      {65535, 16384, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        AUTO(wtl_buf) exts = {0};
        AUTO(wtl_buf) body = {0};
        AUTO(wtl_buf) in = {0};
        AUTO(wtl_buf) message = {0};
        wtl_hello_client h;
        enum wtl_hello_state s;
        size_t used;
        wtl_buf_u16(&exts, 0x7777);
        wtl_buf_u16(&exts, (uint16_t)(cases[i].body - 79 - 2 - 4));
        wtl_buf_zero(&exts, cases[i].body - 79 - 2 - 4);
        made_client(&body, wtl_buf_view(&exts));
        assert_int_equal(body.n, cases[i].body);
        made_records(&in, 1, wtl_buf_view(&body), cases[i].fragment);
        int rc = read_once(&h, &s, &used, &message, wtl_buf_view(&in));
        assert_int_equal(rc, cases[i].good ? 0 : WTL_FORMAT);
        assert_true(message.cap <= 2 * WTL_HELLO_MOST);
        if (cases[i].good) {
            assert_int_equal(s, WTL_HELLO_WHOLE);
            assert_true(used == in.n && used <= WTL_HELLO_MOST);
        }
    }
}

static void other_protocols(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *in;
        size_t n;
    } others[] = {
#define OTHER(name, in) {name, in, sizeof(in) - 1}
        OTHER("plain HTTP where TLS", "GET / HTTP/1.1\r\n"),
        OTHER("plain HTTP where TLS", "POST /upload HTTP/1.1\r\n"),
        OTHER("plain HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        OTHER("SSH", "SSH-2.0-OpenSSH_9.2\r\n"),
        OTHER("the PROXY protocol, version 1", "PROXY TCP4 192.0.2.1"),
        OTHER("the PROXY protocol, version 2", "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"),
        OTHER("PostgreSQL (its request", "\0\0\0\x08\x04\xd2\x16\x2f"),
        OTHER("plain PostgreSQL", "\0\0\0\x29\0\3\0\0user\0"),
        OTHER("plain Kafka", "\0\0\0\x23\0\x12\0\3\0\0\0\1"),
        OTHER("SSL 2.0", "\x80\x2e\1\0\2\0\x15\0\0\0\x10"),
        OTHER("SSL 2.0", "\x80\x2e\1\3\1\0\x15\0\0\0\x10"),
        OTHER("SMTP", "EHLO client.example\r\n"),
        OTHER("SMTP", "220 mail.example ESMTP\r\n"),
        OTHER("RESP", "*1\r\n$4\r\nPING\r\n"),
        OTHER("RESP", "PING\r\n"),
        OTHER("MySQL", "\x4a\0\0\0\x0a\x38\x2e\x30"),
        OTHER("first bytes are 00 01 02 in hexadecimal", "\0\1\2"),
        OTHER("first bytes are ff fe fd fc fb fa f9 f8 in", "\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8\xf7\xf6"),
        OTHER("first bytes are 47 in", "G"),
#undef OTHER
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        AUTO(wtl_buf) message = {0};
        wtl_hello_client h;
        enum wtl_hello_state s;
        size_t used;
        wtl_bytes in = {(const uint8_t *)others[i].in, others[i].n};
        for (size_t n = 1; n <= in.n; n++)
            assert_int_equal(read_once(&h, &s, &used, &message, (wtl_bytes){in.p, n}), WTL_FORMAT);
        if (strstr(err.text, others[i].name) == NULL)
            fail_msg("\"%s\" lacks \"%s\"", err.text, others[i].name);
    }
}

static void misuse_is_told(void **state)
{
    (void)state;
    AUTO(wtl_buf) in = {0};
    AUTO(wtl_buf) message = {0};
    wtl_hello_client h;
    enum wtl_hello_state s;
    size_t used;
    usual(&in, 100);
    assert_good(read_once(&h, &s, &used, &message, (wtl_bytes){in.p, 500}), &err);
    assert_int_equal(wtl_hello_client_read(&h, &s, &used, &message, (wtl_bytes){in.p, 499}, &err), WTL_BUG);
    wtl_buf_clear(&message);
    wtl_buf_u8(&message, 1);
    assert_int_equal(wtl_hello_client_read(&h, &s, &used, &message, wtl_buf_view(&in), &err), WTL_BUG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_usual_one),
        cmocka_unit_test(every_cut),
        cmocka_unit_test(one_byte_at_a_time),
        cmocka_unit_test(every_changed_byte),
        cmocka_unit_test(malformed_extensions),
        cmocka_unit_test(extensions_that_do_not_add_up),
        cmocka_unit_test(repeated_extensions),
        cmocka_unit_test(very_many_extensions),
        cmocka_unit_test(names),
        cmocka_unit_test(lists_of_names),
        cmocka_unit_test(pre_shared_keys),
        cmocka_unit_test(a_second_hello),
        cmocka_unit_test(old_clients),
        cmocka_unit_test(wrong_fields),
        cmocka_unit_test(a_long_session),
        cmocka_unit_test(odd_records),
        cmocka_unit_test(lengths),
        cmocka_unit_test(other_protocols),
        cmocka_unit_test(misuse_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
