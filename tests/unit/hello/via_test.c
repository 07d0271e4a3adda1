#include "made.h"

#include "hello/via.h"

static wtl_err err;

static const char signature[] = "\r\n\r\n\0\r\nQUIT\n";

static void header(wtl_buf *out, uint8_t command, uint8_t family, wtl_bytes rest)
{
    wtl_buf_add(out, signature, 12);
    wtl_buf_u8(out, command);
    wtl_buf_u8(out, family);
    wtl_buf_u16(out, (uint16_t)rest.n);
    wtl_buf_bytes(out, rest);
}

static void tlv(wtl_buf *out, uint8_t type, const void *p, size_t n)
{
    wtl_buf_u8(out, type);
    wtl_buf_u16(out, (uint16_t)n);
    wtl_buf_add(out, p, n);
}

/* 192.0.2.1:4711 to 198.51.100.2:443 */
static void ipv4(wtl_buf *out)
{
    MADE(out, 192, 0, 2, 1, 198, 51, 100, 2, 0x12, 0x67, 0x01, 0xbb);
}

static int read_copy(wtl_via *v, enum wtl_hello_state *s, size_t *used, wtl_bytes in)
{
    return wtl_via_read(v, s, used, in, &err);
}

/* Read whole with these sizes; every shorter one waits. */
static void whole(wtl_via *v, wtl_bytes in, size_t n)
{
    enum wtl_hello_state s;
    size_t used;
    for (size_t i = 0; i < n; i++) {
        uint8_t *copy = malloc(i + 1);
        assert_non_null(copy);
        memcpy(copy, in.p, i);
        assert_good(read_copy(v, &s, &used, (wtl_bytes){copy, i}), &err);
        assert_int_equal(s, WTL_HELLO_MORE);
        assert_int_equal(used, 0);
        free(copy);
    }
    assert_good(read_copy(v, &s, &used, in), &err);
    assert_int_equal(s, WTL_HELLO_WHOLE);
    assert_int_equal(used, n);
}

static void refused(wtl_bytes in, const char *sentence)
{
    wtl_via v;
    enum wtl_hello_state s;
    size_t used;
    assert_int_equal(read_copy(&v, &s, &used, in), WTL_FORMAT);
    assert_int_equal(s, WTL_HELLO_MORE);
    assert_null(v.tlvs.p);
    if (strstr(err.text, sentence) == NULL)
        fail_msg("\"%s\" lacks \"%s\"", err.text, sentence);
}

static void addresses(void **state)
{
    (void)state;
    AUTO(wtl_buf) in = {0};
    AUTO(wtl_buf) rest = {0};
    wtl_via v;
    ipv4(&rest);
    header(&in, 0x21, 0x11, wtl_buf_view(&rest));
    wtl_buf_str(&in, "hello");
    whole(&v, wtl_buf_view(&in), 28);
    assert_int_equal(v.family, WTL_VIA_IPV4);
    assert_memory_equal(v.from, "\xc0\0\2\1", 4);
    assert_memory_equal(v.to, "\xc6\x33\x64\2", 4);
    assert_int_equal(v.from_port, 4711);
    assert_int_equal(v.to_port, 443);
    assert_int_equal(v.tlvs.n, 0);

    wtl_buf_clear(&in);
    wtl_buf_clear(&rest);
    for (unsigned i = 0; i < 32; i++)
        wtl_buf_u8(&rest, (uint8_t)i);
    MADE(&rest, 0, 80, 1, 0xbb, 4, 0, 2, 9, 9);
    header(&in, 0x21, 0x21, wtl_buf_view(&rest));
    whole(&v, wtl_buf_view(&in), 57);
    assert_int_equal(v.family, WTL_VIA_IPV6);
    assert_int_equal(v.from[15], 15);
    assert_int_equal(v.to[0], 16);
    assert_int_equal(v.from_port, 80);
    assert_int_equal(v.tlvs.n, 5);
}

static void other_families(void **state)
{
    (void)state;
    static const struct {
        uint8_t command, family;
        uint16_t n;
        enum wtl_via_family want;
    } cases[] = {
        {0x20, 0x00, 0, WTL_VIA_LOCAL},   {0x20, 0x11, 12, WTL_VIA_LOCAL},   {0x20, 0xff, 3, WTL_VIA_LOCAL},
        {0x21, 0x00, 0, WTL_VIA_UNSPEC},  {0x21, 0x31, 216, WTL_VIA_UNIX},   {0x21, 0x12, 12, WTL_VIA_UNSPEC},
        {0x21, 0x22, 36, WTL_VIA_UNSPEC}, {0x21, 0x32, 216, WTL_VIA_UNSPEC},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        AUTO(wtl_buf) in = {0};
        AUTO(wtl_buf) rest = {0};
        wtl_via v;
        wtl_buf_zero(&rest, cases[i].n);
        header(&in, cases[i].command, cases[i].family, wtl_buf_view(&rest));
        whole(&v, wtl_buf_view(&in), 16u + cases[i].n);
        assert_int_equal(v.family, cases[i].want);
        assert_int_equal(v.from_port, 0);
        assert_int_equal(v.tlvs.n, 0);
    }
}

static void malformed(void **state)
{
    (void)state;
    static const struct {
        uint8_t command, family;
        uint16_t n;
        const char *sentence;
    } cases[] = {
        {0x21, 0x11, 11, "needs more than its 27 bytes"},
        {0x21, 0x21, 35, "needs more"},
        {0x21, 0x31, 215, "needs more"},
        {0x21, 0x12, 11, "needs more"},
        {0x21, 0x22, 35, "needs more"},
        {0x21, 0x32, 215, "needs more"},
        {0x21, 0x41, 64, "family 0x41"},
        {0x21, 0x13, 64, "family 0x13"},
        {0x21, 0x10, 64, "family 0x10"},
        {0x21, 0x01, 64, "family 0x01"},
        {0x22, 0x11, 12, "command 0x22"},
        {0x11, 0x11, 12, "command 0x11"},
        {0x31, 0x11, 12, "command 0x31"},
        {0x21, 0x11, 4081, "4097 bytes; 4096 are accepted"},
        {0x20, 0x00, 65535, "65551 bytes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        AUTO(wtl_buf) in = {0};
        AUTO(wtl_buf) rest = {0};
        wtl_buf_zero(&rest, cases[i].n);
        header(&in, cases[i].command, cases[i].family, wtl_buf_view(&rest));
        refused(wtl_buf_view(&in), cases[i].sentence);
    }
}

static void what_is_no_header(void **state)
{
    (void)state;
    static const char one[] = "PROXY TCP4 192.0.2.1 198.51.100.2 4711 443\r\n";
    wtl_via v;
    enum wtl_hello_state s;
    size_t used;
    for (size_t n = 0; n < sizeof one; n++) {
        int rc = read_copy(&v, &s, &used, (wtl_bytes){(const uint8_t *)one, n});
        assert_int_equal(rc, n < 6 ? 0 : WTL_FORMAT);
        if (n >= 6)
            assert_non_null(strstr(err.text, "version 1"));
    }
    refused(wtl_text_of("POST / HTTP/1.1"), "the sender speaks plain HTTP");
    refused(wtl_text_of("\x16\x03\x01"), "the sender speaks TLS where the PROXY protocol");
    refused(wtl_text_of("\r\n\r\n\r"), "does not speak the PROXY protocol");
    refused(wtl_text_of("\r\r"), "0d 0d in hexadecimal");
}

/* A header of TCP over IPv4 with these parts. */
static void with_parts(wtl_buf *in, wtl_bytes parts)
{
    AUTO(wtl_buf) rest = {0};
    wtl_buf_clear(in);
    ipv4(&rest);
    wtl_buf_bytes(&rest, parts);
    header(in, 0x21, 0x11, wtl_buf_view(&rest));
}

static void parts(void **state)
{
    (void)state;
    AUTO(wtl_buf) in = {0};
    AUTO(wtl_buf) good = {0};
    wtl_via v;
    static const uint8_t ssl[] = {1, 0, 0, 0, 0, 0x21, 0, 7, 'T', 'L', 'S', 'v', '1', '.', '3', 0x22, 0, 0};
    static const uint8_t many[200];
    tlv(&good, 0x01, "h2", 2);
    tlv(&good, 0x02, "models.example.org", 18);
    tlv(&good, 0x04, NULL, 0);
    tlv(&good, 0x05, many, 128);
    tlv(&good, 0x20, ssl, sizeof ssl);
    tlv(&good, 0x20, ssl, 5);
    tlv(&good, 0xe5, many, 200);
    with_parts(&in, wtl_buf_view(&good));
    whole(&v, wtl_buf_view(&in), in.n);
    assert_int_equal(v.tlvs.n, good.n);

    static const struct {
        uint8_t type;
        size_t n;
        const uint8_t *p;
        const char *sentence;
    } wrong[] = {{0x20, 4, ssl, "TLS part"},
                 {0x20, 6, ssl, "TLS part"},
                 {0x20, 14, ssl, "TLS part"},
                 {0x20, sizeof ssl - 1, ssl, "TLS part"},
                 {0x05, 129, many, "129 bytes"},
                 {0x03, 3, many, "not of 4 bytes"},
                 {0x03, 5, many, "not of 4 bytes"},
                 {0x03, 4, many, "does not fit"},
                 {0x02, 2, (const uint8_t *)"\xc3(", "UTF-8"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        AUTO(wtl_buf) bad = {0};
        tlv(&bad, wrong[i].type, wrong[i].p, wrong[i].n);
        with_parts(&in, wtl_buf_view(&bad));
        refused(wtl_buf_view(&in), wrong[i].sentence);
    }
    for (size_t n = 1; n < 5; n++) {
        AUTO(wtl_buf) bad = {0};
        tlv(&bad, 0xe0, "xy", 2);
        with_parts(&in, (wtl_bytes){bad.p, n});
        refused(wtl_buf_view(&in), "do not add up");
    }
}

/* CRC32c by the definition: the remainder of the reflected polynomial, a table's entry at a time. */
static uint32_t crc_of(const uint8_t *p, size_t n)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < n; i++) {
        uint32_t entry = (crc ^ p[i]) & 0xff;
        for (int k = 0; k < 8; k++)
            entry = (entry & 1) != 0 ? entry >> 1 ^ 0x82f63b78u : entry >> 1;
        crc = entry ^ crc >> 8;
    }
    return ~crc;
}

static void checksums(void **state)
{
    (void)state;
    AUTO(wtl_buf) in = {0};
    AUTO(wtl_buf) list = {0};
    wtl_via v;
    assert_int_equal(crc_of((const uint8_t *)"123456789", 9), 0xe3069283u); /* the catalogues' check value */
    tlv(&list, 0x03, "\0\0\0\0", 4);
    tlv(&list, 0x02, "name", 4);
    with_parts(&in, wtl_buf_view(&list));
    uint32_t crc = crc_of(in.p, in.n);
    size_t at = 28 + 3;
    for (int i = 0; i < 4; i++)
        in.p[at + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
    whole(&v, wtl_buf_view(&in), in.n);
    /* Any change of a bit is now seen. */
    for (size_t i = 0; i < in.n * 8; i++) {
        enum wtl_hello_state s;
        size_t used;
        in.p[i / 8] ^= (uint8_t)(1u << i % 8);
        int rc = read_copy(&v, &s, &used, wtl_buf_view(&in));
        /* But for the command, which makes it LOCAL, a length that waits for more, and the type of the checksum. */
        bool may = i / 8 == 12 || i / 8 == 14 || i / 8 == 15 || i / 8 == 28;
        assert_true(rc == WTL_FORMAT || may);
        in.p[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    tlv(&list, 0x03, "\0\0\0\0", 4);
    with_parts(&in, wtl_buf_view(&list));
    crc = crc_of(in.p, in.n);
    for (int i = 0; i < 4; i++)
        in.p[at + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
    refused(wtl_buf_view(&in), "more than one checksum");
}

static void every_changed_byte(void **state)
{
    (void)state;
    AUTO(wtl_buf) in = {0};
    wtl_via from = {.family = WTL_VIA_IPV6, .from_port = 1, .to_port = 2};
    wtl_via_tls tls = {.version = "TLSv1.3", .server_name = "a.b", .verified = true, .peer_name = "c"};
    assert_good(wtl_via_write(&in, &from, &tls, &err), &err);
    for (size_t i = 0; i < in.n; i++) {
        for (unsigned v = 0; v < 256; v++) {
            uint8_t was = in.p[i];
            wtl_via got;
            enum wtl_hello_state s;
            size_t used;
            in.p[i] = (uint8_t)v;
            uint8_t *copy = malloc(in.n);
            assert_non_null(copy);
            memcpy(copy, in.p, in.n);
            int rc = read_copy(&got, &s, &used, (wtl_bytes){copy, in.n});
            assert_true(rc == 0 || rc == WTL_FORMAT);
            assert_true(used <= in.n);
            free(copy);
            in.p[i] = was;
        }
    }
}

static bool has(const wtl_buf *b, const void *p, size_t n)
{
    return memmem(b->p, b->n, p, n) != NULL;
}

static void what_is_written(void **state)
{
    (void)state;
    AUTO(wtl_buf) out = {0};
    wtl_via v = {.family = WTL_VIA_IPV4, .from = {192, 0, 2, 1}, .to = {198, 51, 100, 2}};
    v.from_port = 4711;
    v.to_port = 443;
    wtl_via_tls tls = {.version = "TLSv1.3",
                       .cipher = "TLS_AES_128_GCM_SHA256",
                       .peer_name = "client one",
                       .server_name = "models.example.org",
                       .alpn = {(const uint8_t *)"h2", 2},
                       .verified = true,
                       .group = "X25519MLKEM768"};
    wtl_buf_str(&out, "before");
    assert_good(wtl_via_write(&out, &v, &tls, &err), &err);
    static const uint8_t ssl[] = {0x20, 0,   53,  7,   0,   0,   0,   0,    0x21, 0, 7,
                                  'T',  'L', 'S', 'v', '1', '.', '3', 0x23, 0,    22};
    assert_true(has(&out, ssl, sizeof ssl));
    assert_true(has(&out,
                    "\x22\0\x0a"
                    "client one",
                    13));
    assert_true(has(&out, "\2\0\x12models.example.org", 21));
    assert_true(has(&out, "\1\0\2h2", 5));
    assert_true(has(&out, "\xe0\0\x0eX25519MLKEM768", 17));
    wtl_via back;
    whole(&back, (wtl_bytes){out.p + 6, out.n - 6}, out.n - 6);
    assert_int_equal(back.family, WTL_VIA_IPV4);
    assert_memory_equal(back.from, v.from, 16);
    assert_memory_equal(back.to, v.to, 16);
    assert_int_equal(back.from_port, 4711);
    assert_int_equal(back.to_port, 443);
}

static void who_was_verified(void **state)
{
    (void)state;
    static const struct {
        bool verified, resumed;
        uint8_t flags, result;
    } cases[] = {{false, false, 1, 1}, {false, true, 1, 1}, {true, false, 7, 0}, {true, true, 5, 0}};
    for (size_t i = 0; i < 4; i++) {
        AUTO(wtl_buf) out = {0};
        wtl_via v = {.family = WTL_VIA_UNSPEC};
        wtl_via_tls tls = {
            .version = "T", .peer_name = "p", .verified = cases[i].verified, .resumed = cases[i].resumed};
        assert_good(wtl_via_write(&out, &v, &tls, &err), &err);
        assert_int_equal(out.p[19], cases[i].flags);
        assert_int_equal(out.p[23], cases[i].result);
        assert_true(has(&out, "\x22\0\1p", 4) == cases[i].verified);
    }
}

static void families_written(void **state)
{
    (void)state;
    static const struct {
        enum wtl_via_family family;
        size_t n;
    } cases[] = {{WTL_VIA_LOCAL, 16},
                 {WTL_VIA_IPV4, 28},
                 {WTL_VIA_IPV6, 52},
                 {WTL_VIA_UNIX, 232},
                 {WTL_VIA_UNSPEC, 16}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        AUTO(wtl_buf) out = {0};
        wtl_via v = {.family = cases[i].family};
        wtl_via back;
        wtl_via_tls none = {0};
        assert_good(wtl_via_write(&out, &v, &none, &err), &err);
        assert_int_equal(out.n, cases[i].n);
        whole(&back, wtl_buf_view(&out), out.n);
        assert_int_equal(back.family, cases[i].family);
    }
}

static void too_long_to_be_written(void **state)
{
    (void)state;
    AUTO(wtl_buf) out = {0};
    char name[5000];
    memset(name, 'a', sizeof name);
    wtl_via v = {.family = WTL_VIA_IPV4};
    wtl_via_tls tls = {.server_name = name};
    wtl_buf_str(&out, "x");
    name[4096 - 28 - 3] = '\0';
    assert_good(wtl_via_write(&out, &v, &tls, &err), &err);
    assert_int_equal(out.n, 1 + 4096);
    name[4096 - 28 - 3] = 'a';
    name[4096 - 28 - 2] = '\0';
    assert_int_equal(wtl_via_write(&out, &v, &tls, &err), WTL_FORMAT);
    assert_int_equal(out.n, 1 + 4096);
    name[4096 - 28 - 2] = 'a';
    name[4999] = '\0';
    assert_int_equal(wtl_via_write(&out, &v, &tls, &err), WTL_FORMAT);
    assert_int_equal(out.n, 1 + 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(other_families),
        cmocka_unit_test(malformed),
        cmocka_unit_test(what_is_no_header),
        cmocka_unit_test(parts),
        cmocka_unit_test(checksums),
        cmocka_unit_test(every_changed_byte),
        cmocka_unit_test(what_is_written),
        cmocka_unit_test(who_was_verified),
        cmocka_unit_test(families_written),
        cmocka_unit_test(too_long_to_be_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
