/* Hellos of real programs, out of recorded packets (libpcap's file format: little-endian, microseconds). */
#include "unit.h"

#include "hello/client.h"
#include "hello/server.h"

static wtl_err err;

typedef struct side {
    uint16_t from_port; /* 0: not begun */
    wtl_buf bytes;
} side;

static uint32_t le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static unsigned be16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

/* The TCP payload of an IPv4 packet; packets come in order on a loopback device. */
static void add_packet(side sides[2], const uint8_t *ip, size_t n)
{
    size_t head = n >= 20 ? (ip[0] & 15u) * 4 : 0;
    if (head < 20 || ip[0] >> 4 != 4 || ip[9] != 6 || be16(ip + 2) > n || be16(ip + 2) < head + 20)
        return;
    const uint8_t *tcp = ip + head;
    size_t offset = (size_t)(tcp[12] >> 4) * 4;
    size_t total = be16(ip + 2) - head;
    uint16_t from = (uint16_t)be16(tcp);
    side *s = sides[0].from_port == 0 || sides[0].from_port == from ? &sides[0] : &sides[1];
    if (s->from_port == 0)
        s->from_port = from;
    if (s->from_port == from && offset <= total)
        wtl_buf_add(&s->bytes, tcp + offset, total - offset);
}

/* The client is who sends first. */
static void walk(side sides[2], const uint8_t *p, size_t n)
{
    assert_true(n > 24 && le32(p) == 0xa1b2c3d4u);
    uint32_t link = le32(p + 20);
    assert_true(link == 1 || link == 113 || link == 101 || link == 276);
    size_t before = link == 1 ? 14 : link == 113 ? 16 : link == 276 ? 20 : 0;
    for (size_t at = 24; at + 16 <= n;) {
        size_t size = le32(p + at + 8);
        at += 16;
        assert_true(size <= n - at);
        if (size > before)
            add_packet(sides, p + at + before, size - before);
        at += size;
    }
}

static void load(side sides[2], const char *name)
{
    static uint8_t file[1 << 20];
    char rest[100];
    snprintf(rest, sizeof rest, "pcaps/%s", name);
    const char *path = unit_path("WATTLE_VECTORS", rest);
    if (path == NULL) {
        print_message("WATTLE_VECTORS/%s is not there\n", rest);
        skip();
    }
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(file, 1, sizeof file, f);
    fclose(f);
    walk(sides, file, n);
}

/* Reads both, in pieces of `step` bytes. */
static void read_both(side sides[2], wtl_buf kept[2], size_t step, wtl_hello_client *c, wtl_hello_server *v)
{
    enum wtl_hello_state s = WTL_HELLO_MORE;
    size_t used;
    wtl_buf_clear(&kept[0]);
    wtl_buf_clear(&kept[1]);
    for (size_t n = 0; s == WTL_HELLO_MORE; n += step) {
        assert_true(n < sides[0].bytes.n + step);
        size_t now = n < sides[0].bytes.n ? n : sides[0].bytes.n;
        assert_good(wtl_hello_client_read(c, &s, &used, &kept[0], (wtl_bytes){sides[0].bytes.p, now}, &err),
                    &err);
    }
    s = WTL_HELLO_MORE;
    for (size_t n = 0; s == WTL_HELLO_MORE; n += step) {
        assert_true(n < sides[1].bytes.n + step);
        size_t now = n < sides[1].bytes.n ? n : sides[1].bytes.n;
        assert_good(wtl_hello_server_read(v, &s, &used, &kept[1], (wtl_bytes){sides[1].bytes.p, now}, &err),
                    &err);
    }
}

static void agreed(const char *name, uint16_t group, bool hybrid_offered)
{
    side sides[2] = {0};
    wtl_buf kept[2] = {0};
    load(sides, name);
    for (size_t step = 1; step < 4000; step = step * 3 + 1) {
        wtl_hello_client c;
        wtl_hello_server v;
        read_both(sides, kept, step, &c, &v);
        assert_true(c.tls13);
        assert_true(wtl_hello_client_offers(&c, group));
        assert_true(wtl_hello_client_shares(&c, group));
        assert_true(wtl_hello_client_offers(&c, 0x11ec) == hybrid_offered);
        assert_int_equal(v.version, 0x0304);
        assert_int_equal(v.group, group);
        assert_false(v.retry);
    }
    for (int i = 0; i < 2; i++) {
        wtl_buf_free(&sides[i].bytes);
        wtl_buf_free(&kept[i]);
    }
}

static void node_speaks_hybrid(void **state)
{
    (void)state;
    agreed("tls13_x25519mlkem768_node26.pcap", 0x11ec, true);
}

static void openssl_30_is_classical(void **state)
{
    (void)state;
    agreed("tls13_x25519_ossl30.pcap", 29, false);
}

/* SSH and RESP are seen for what they are. */
static void others_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *file, *client;
    } others[] = {{"ssh_openssh92.pcap", "speaks SSH"}, {"redis7_resp.pcap", "speaks plain RESP"}};
    for (size_t i = 0; i < 2; i++) {
        side sides[2] = {0};
        wtl_buf kept = {0};
        wtl_hello_client c;
        enum wtl_hello_state s;
        size_t used;
        load(sides, others[i].file);
        assert_int_equal(wtl_hello_client_read(&c, &s, &used, &kept, wtl_buf_view(&sides[0].bytes), &err),
                         WTL_FORMAT);
        if (strstr(err.text, others[i].client) == NULL)
            fail_msg("%s: %s", others[i].file, err.text);
        wtl_buf_free(&sides[0].bytes);
        wtl_buf_free(&sides[1].bytes);
        wtl_buf_free(&kept);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(node_speaks_hybrid),
        cmocka_unit_test(openssl_30_is_classical),
        cmocka_unit_test(others_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
