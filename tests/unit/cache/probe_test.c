#include "unit.h"

#include "cache/probe.h"

/* AES's round (FIPS 197) by its definition, for the hash by its description in probe_aes.c. */
static uint8_t twice(uint8_t x)
{
    return (uint8_t)(x << 1 ^ (x & 0x80 ? 0x1b : 0));
}

static uint8_t product(uint8_t a, uint8_t b)
{
    uint8_t p = 0;
    for (; b != 0; b >>= 1, a = twice(a))
        p ^= b & 1 ? a : 0;
    return p;
}

static uint8_t sbox(uint8_t x)
{
    uint8_t inverse = 0;
    for (unsigned y = 1; y < 256 && inverse == 0; y++) {
        if (product(x, (uint8_t)y) == 1)
            inverse = (uint8_t)y;
    }
    uint8_t s = 0x63;
    for (unsigned i = 0; i < 5; i++)
        s ^= (uint8_t)(inverse << i | inverse >> (8 - i));
    return s;
}

static void aes_round(uint8_t s[16], const uint8_t *key)
{
    static uint8_t box[256];
    if (box[0] == 0) {
        for (unsigned i = 0; i < 256; i++)
            box[i] = sbox((uint8_t)i);
    }
    uint8_t t[16];
    for (unsigned c = 0; c < 4; c++) {
        for (unsigned r = 0; r < 4; r++)
            t[4 * c + r] = box[s[4 * ((c + r) % 4) + r]];
    }
    for (unsigned c = 0; c < 4; c++) {
        const uint8_t *k = t + 4 * c;
        for (unsigned r = 0; r < 4; r++)
            s[4 * c + r] = (uint8_t)(twice(k[r]) ^ twice(k[(r + 1) % 4]) ^ k[(r + 1) % 4] ^ k[(r + 2) % 4] ^
                                     k[(r + 3) % 4] ^ key[4 * c + r]);
    }
}

static uint64_t by_hand(const wtl_probe_secret *s, wtl_bytes key)
{
    uint8_t lane[64];
    memcpy(lane, s->lane, 64);
    size_t at = 0;
    do {
        for (size_t i = 0; i < 64 && at + i < key.n; i++)
            lane[i] ^= key.p[at + i];
        for (unsigned l = 0; l < 4; l++) {
            for (unsigned r = 0; r < 4; r++)
                aes_round(lane + 16 * l, s->round[r]);
        }
        at += 64;
    } while (at < key.n);
    uint8_t x[16];
    for (unsigned i = 0; i < 16; i++)
        x[i] = lane[i] ^ lane[16 + i] ^ lane[32 + i] ^ lane[48 + i];
    for (unsigned i = 0; i < 8; i++)
        x[i] ^= (uint8_t)((uint64_t)key.n >> 8 * i);
    aes_round(x, s->last[0]);
    aes_round(x, s->last[1]);
    uint64_t h = 0;
    for (unsigned i = 0; i < 8; i++)
        h |= (uint64_t)x[i] << 8 * i;
    return h;
}

static wtl_probe_secret a_secret(void)
{
    wtl_probe_secret s;
    uint8_t *p = (uint8_t *)&s;
    for (size_t i = 0; i < sizeof s; i++)
        p[i] = (uint8_t)(i * 151 + 7);
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned k = 1; k < 4; k++)
            memcpy(s.round[i] + 16 * k, s.round[i], 16);
    }
    return s;
}

/* Every length from 0 to 300, and 64 KiB, at the end of its memory, so that a sanitizer sees what reads beyond. */
static void aes_is_what_it_says(void **state)
{
    (void)state;
    wtl_probe_secret s = a_secret();
    const wtl_probe *ways[] = {wtl_probe_aes(), wtl_probe_vaes()};
    for (size_t n = 0; n <= 301; n++) {
        size_t size = n <= 300 ? n : WTL_CACHE_KEY_MOST;
        uint8_t *key = malloc(size + 1);
        for (size_t i = 0; i < size; i++)
            key[1 + i] = (uint8_t)(i * 37 + size);
        for (unsigned w = 0; w < 2; w++) {
            if (ways[w] != NULL && wtl_cpu_has(ways[w]->level))
                assert_int_equal(ways[w]->hash(&s, (wtl_bytes){key + 1, size}),
                                 by_hand(&s, (wtl_bytes){key + 1, size}));
        }
        free(key);
    }
}

/* The first and the last of the vectors in appendix A of the SipHash paper's reference: key 00 .. 0f, message 00 01 .. */
static void siphash_is_siphash(void **state)
{
    (void)state;
    wtl_probe_secret s = a_secret();
    uint8_t m[15];
    for (unsigned i = 0; i < 16; i++)
        s.lane[i] = (uint8_t)i;
    for (unsigned i = 0; i < 15; i++)
        m[i] = (uint8_t)i;
    assert_int_equal(wtl_probe_ref()->hash(&s, (wtl_bytes){m, 15}), UINT64_C(0xa129ca6149be45e5));
    assert_int_equal(wtl_probe_ref()->hash(&s, (wtl_bytes){m, 0}), UINT64_C(0x726fdb47dd0e0e31));
}

/* Each bit of a key changes each bit of the hash about half the time, and so does its length. */
static void bits_spread(void **state)
{
    (void)state;
    const wtl_probe *ways[] = {wtl_probe_ref(), wtl_probe_aes(), wtl_probe_vaes()};
    wtl_probe_secret s = a_secret();
    for (unsigned w = 0; w < 3; w++) {
        if (ways[w] == NULL || !wtl_cpu_has(ways[w]->level))
            continue;
        unsigned turned[64] = {0};
        unsigned n = 0;
        for (unsigned round = 0; round < 64; round++) {
            uint8_t key[32];
            for (unsigned i = 0; i < 32; i++)
                key[i] = (uint8_t)(round * 7 + i * 13);
            uint64_t h = ways[w]->hash(&s, (wtl_bytes){key, 32});
            for (unsigned bit = 0; bit < 256; bit++, n++) {
                key[bit / 8] ^= (uint8_t)(1 << bit % 8);
                uint64_t d = h ^ ways[w]->hash(&s, (wtl_bytes){key, 32});
                key[bit / 8] ^= (uint8_t)(1 << bit % 8);
                for (unsigned i = 0; i < 64; i++)
                    turned[i] += d >> i & 1;
            }
        }
        for (unsigned i = 0; i < 64; i++)
            assert_in_range(turned[i], n * 47 / 100, n * 53 / 100);
    }
}

static void buckets_differ(void **state)
{
    (void)state;
    for (uint64_t h = 1; h != 0 && h < UINT64_C(1) << 63; h = h * 3 + 1) {
        for (unsigned log2 = 1; log2 <= WTL_PROBE_LOG2_MOST; log2++) {
            uint64_t mask = (UINT64_C(1) << log2) - 1;
            assert_true(wtl_probe_first(h, mask) <= mask && wtl_probe_second(h, mask) <= mask);
            assert_true(wtl_probe_first(h, mask) != wtl_probe_second(h, mask));
        }
    }
}

static void names(void **state)
{
    (void)state;
    const wtl_probe *p;
    wtl_err err = {0};
    assert_good(wtl_probe_choose(&p, "ref", &err), &err);
    assert_ptr_equal(p, wtl_probe_ref());
    assert_int_equal(wtl_probe_choose(&p, "sse9", &err), WTL_USAGE);
    assert_null(p);
    assert_good(wtl_probe_choose(&p, NULL, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(aes_is_what_it_says),
                                       cmocka_unit_test(siphash_is_siphash), cmocka_unit_test(bits_spread),
                                       cmocka_unit_test(buckets_differ), cmocka_unit_test(names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
