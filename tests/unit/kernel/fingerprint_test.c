/* The fingerprint: every way against its description, with OpenSSL's AES turned into rounds of it. */
#include "unit.h"

#include <stdbool.h>

#include "kernel/fingerprint_impl.h"

enum { STRIDE = WTL_FINGERPRINT_STRIDE, DATA = 8192 };

static wtl_fingerprint_secret secret;
static uint8_t data[DATA + 64];

static uint32_t noise(void)
{
    static uint64_t x = 88172645463325252u;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (uint32_t)(x >> 16);
}

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof secret; i++)
        ((uint8_t *)&secret)[i] = (uint8_t)noise();
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)noise();
    return 0;
}

static const wtl_fingerprint *level_of(int level)
{
    const wtl_fingerprint *way = NULL;
    wtl_err err = {0};
    if (level == WTL_CPU_AUTO || wtl_cpu_has(level))
        assert_good(wtl_fingerprint_pick(&way, level, &err), &err);
    return way;
}

/* ---- AES by its definition: bytes as polynomials over GF(2) modulo x^8 + x^4 + x^3 + x + 1 (FIPS 197 section 4) */

static uint8_t times(uint8_t a, uint8_t b)
{
    uint8_t r = 0;
    for (; b != 0; b >>= 1) {
        r ^= (uint8_t)(b & 1 ? a : 0);
        a = (uint8_t)(a << 1 ^ (a & 0x80 ? 0x1b : 0));
    }
    return r;
}

static uint8_t substitute(uint8_t x)
{
    static uint8_t table[256];
    static bool made;
    for (unsigned v = 0; !made && v < 256; v++) {
        uint8_t inverse = 0;
        for (unsigned w = 1; w < 256 && v != 0; w++)
            inverse = times((uint8_t)v, (uint8_t)w) == 1 ? (uint8_t)w : inverse;
        uint8_t y = 0x63;
        for (unsigned k = 0; k < 5; k++)
            y ^= (uint8_t)(inverse << k | inverse >> (8 - k));
        table[v] = y;
    }
    made = true;
    return table[x];
}

static void round_of(uint8_t x[16], const uint8_t key[16])
{
    uint8_t b[16], out[16];
    for (unsigned i = 0; i < 16; i++)
        b[i] = substitute(x[(i + 4 * (i % 4)) % 16]);
    for (unsigned i = 0; i < 16; i++) {
        const uint8_t *column = b + i / 4 * 4;
        out[i] = (uint8_t)(times(column[i % 4], 2) ^ times(column[(i + 1) % 4], 3) ^ column[(i + 2) % 4] ^
                           column[(i + 3) % 4] ^ key[i]);
    }
    memcpy(x, out, 16);
}

static void described(wtl_bytes head, wtl_bytes body, uint8_t out[16])
{
    static uint8_t text[2 * DATA + 2 * STRIDE];
    size_t body_n = (body.n + STRIDE - 1) / STRIDE * STRIDE;
    size_t n = body_n + (head.n + STRIDE - 1) / STRIDE * STRIDE;
    memset(text, 0, n);
    if (body.n != 0)
        memcpy(text, body.p, body.n);
    if (head.n != 0)
        memcpy(text + body_n, head.p, head.n);
    memset(out, 0, 16);
    for (unsigned lane = 0; lane < STRIDE / 16; lane++) {
        uint8_t x[16];
        memcpy(x, secret.lane + (size_t)16 * lane, 16);
        for (size_t at = (size_t)16 * lane; at < n; at += STRIDE) {
            for (unsigned i = 0; i < 16; i++)
                x[i] ^= text[at + i];
            for (unsigned r = 0; r < 4; r++)
                round_of(x, secret.round[r]);
        }
        for (unsigned i = 0; i < 16; i++)
            out[i] ^= x[i];
    }
    for (unsigned i = 0; i < 8; i++) {
        out[i] ^= (uint8_t)((uint64_t)body.n >> 8 * i);
        out[8 + i] ^= (uint8_t)((uint64_t)head.n >> 8 * i);
    }
    for (unsigned r = 0; r < 4; r++)
        round_of(out, secret.last[r]);
}

/* FIPS 197 appendix B: round 1 of the example. */
static void the_round_is_aes(void **state)
{
    (void)state;
    static const uint8_t from[16] = {0x19, 0x3d, 0xe3, 0xbe, 0xa0, 0xf4, 0xe2, 0x2b,
                                     0x9a, 0xc6, 0x8d, 0x2a, 0xe9, 0xf8, 0x48, 0x08};
    static const uint8_t key[16] = {0xa0, 0xfa, 0xfe, 0x17, 0x88, 0x54, 0x2c, 0xb1,
                                    0x23, 0xa3, 0x39, 0x39, 0x2a, 0x6c, 0x76, 0x05};
    static const uint8_t to[16] = {0xa4, 0x9c, 0x7f, 0xf2, 0x68, 0x9f, 0x35, 0x2b,
                                   0x6b, 0x5b, 0xea, 0x43, 0x02, 0x6a, 0x50, 0x49};
    uint8_t x[16];
    memcpy(x, from, 16);
    round_of(x, key);
    assert_memory_equal(x, to, 16);
}

static void every_level(void **state)
{
    (void)state;
    for (int level = 0; level < WTL_CPU_LEVELS; level++) {
        const wtl_fingerprint *way = level_of(level);
        for (size_t n = 0; way != NULL && n < 1200; n = n < 600 ? n + 1 : n + 37) {
            uint8_t got[16], good[16];
            wtl_bytes body = {data + n % 3, n};
            wtl_bytes head = {data + 5, n * 13 % 700};
            way->of(&secret, head, body, got);
            described(head, body, good);
            if (memcmp(got, good, 16) != 0)
                fail_msg("%s, %zu bytes", way->name, n);
        }
        assert_true(way != NULL || !wtl_cpu_has(level));
    }
}

/* Nothing beside the bytes is read: they end where the page does, as the address sanitizer sees. */
static void no_byte_more(void **state)
{
    (void)state;
    for (int level = 0; level < WTL_CPU_LEVELS; level++) {
        const wtl_fingerprint *way = level_of(level);
        for (size_t n = 1; way != NULL && n < 700; n += 9) {
            uint8_t out[16];
            uint8_t *own = malloc(n);
            memset(own, 1, n);
            way->of(&secret, (wtl_bytes){own, n}, (wtl_bytes){own, n}, out);
            way->of(&secret, (wtl_bytes){NULL, 0}, (wtl_bytes){own, n}, out);
            way->of(&secret, (wtl_bytes){own, n}, (wtl_bytes){NULL, 0}, out);
            free(own);
        }
    }
}

/* Every bit of head, body and lengths matters, and where one ends and the other begins. */
static void every_bit(void **state)
{
    (void)state;
    const wtl_fingerprint *way = level_of(WTL_CPU_AUTO);
    enum { N = 1100 };
    static uint8_t text[N];
    uint8_t first[16], other[16];
    memcpy(text, data, N);
    way->of(&secret, (wtl_bytes){text, 100}, (wtl_bytes){text + 100, N - 100}, first);
    for (size_t bit = 0; bit < (size_t)8 * N; bit++) {
        text[bit / 8] ^= (uint8_t)(1u << bit % 8);
        way->of(&secret, (wtl_bytes){text, 100}, (wtl_bytes){text + 100, N - 100}, other);
        text[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_memory_not_equal(first, other, 16);
    }
    for (size_t cut = 0; cut <= N; cut++) {
        way->of(&secret, (wtl_bytes){text, cut}, (wtl_bytes){text + cut, N - cut}, other);
        if (cut != 100)
            assert_memory_not_equal(first, other, 16);
    }
    memset(text, 0, N);
    way->of(&secret, (wtl_bytes){text, 0}, (wtl_bytes){text, 0}, first);
    for (size_t n = 1; n < N; n++) {
        way->of(&secret, (wtl_bytes){text, 0}, (wtl_bytes){text, n}, other);
        assert_memory_not_equal(first, other, 16);
        way->of(&secret, (wtl_bytes){text, n}, (wtl_bytes){text, 0}, other);
        assert_memory_not_equal(first, other, 16);
    }
}

/* The one that is written down in src/kernel/fingerprint.c. */
static void the_known_answer(void **state)
{
    (void)state;
    wtl_fingerprint_secret kept = secret;
    uint32_t x = 1;
    uint8_t good[16], got[16];
    for (size_t i = 0; i < sizeof secret; i++) {
        x = x * 1664525 + 1013904223;
        ((uint8_t *)&secret)[i] = (uint8_t)(x >> 24);
    }
    wtl_bytes head = {(const uint8_t *)"head", 4}, body = {(const uint8_t *)"body", 4};
    described(head, body, good);
    wtl_fingerprint_ref.of(&secret, head, body, got);
    secret = kept;
    assert_memory_equal(good, got, 16);
    static const uint8_t written[16] = {0xf1, 0x12, 0x05, 0x21, 0xf1, 0x8a, 0x31, 0x69,
                                        0x4c, 0x3d, 0x52, 0x8f, 0x76, 0xce, 0xb1, 0xcb};
    assert_memory_equal(good, written, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_round_is_aes), cmocka_unit_test(the_known_answer), cmocka_unit_test(every_level),
        cmocka_unit_test(no_byte_more),     cmocka_unit_test(every_bit),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
