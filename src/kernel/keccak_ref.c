#include "kernel/keccak_impl.h"

#include "base/secret.h"

const uint64_t wtl_keccak_ref_rc[WTL_KECCAK_ROUNDS] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b,
    0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000a, 0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

/* Arrays of words are variables only while the functions that pass them on are taken in where they are called. */
#define INLINE static inline __attribute__((always_inline))

INLINE uint64_t rol(uint64_t x, unsigned n)
{
    return x << n | x >> (-n & 63);
}

/* Theta (FIPS 202 section 3.2.1). */
INLINE void theta(uint64_t a[WTL_KECCAK_WORDS])
{
    uint64_t c[5];
#pragma GCC unroll 5
    for (size_t x = 0; x < 5; x++)
        c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
#pragma GCC unroll 5
    for (size_t x = 0; x < 5; x++) {
        uint64_t d = c[(x + 4) % 5] ^ rol(c[(x + 1) % 5], 1);
        a[x] ^= d;
        a[x + 5] ^= d;
        a[x + 10] ^= d;
        a[x + 15] ^= d;
        a[x + 20] ^= d;
    }
}

/* Rho and pi (sections 3.2.2 and 3.2.3) fetch the row of the result that begins with word y from the words i0 .. i4 and
 * turn them by r0 .. r4; then chi (3.2.4), with c0 .. c4 for its five words. `inv` is the one of them that chi needs
 * flipped. */
#define ROW(y, i0, r0, i1, r1, i2, r2, i3, r3, i4, r4, flipped, c0, c1, c2, c3, c4) \
    do {                                                                            \
        uint64_t b0 = rol(a[i0], r0);                                               \
        uint64_t b1 = rol(a[i1], r1);                                               \
        uint64_t b2 = rol(a[i2], r2);                                               \
        uint64_t b3 = rol(a[i3], r3);                                               \
        uint64_t b4 = rol(a[i4], r4);                                               \
        uint64_t inv = ~(flipped);                                                  \
        e[y] = c0;                                                                  \
        e[(y) + 1] = c1;                                                            \
        e[(y) + 2] = c2;                                                            \
        e[(y) + 3] = c3;                                                            \
        e[(y) + 4] = c4;                                                            \
    } while (0)

/* Words 1, 2, 8, 12, 17 and 20 are kept with every bit flipped, before and after. By De Morgan's laws that turns the 25
 * negations of chi into 5, which counts where a processor has no "and not" (XKCP calls it lane complementing). */
INLINE void round_of(uint64_t e[WTL_KECCAK_WORDS], uint64_t a[WTL_KECCAK_WORDS], uint64_t rc)
{
    theta(a);
    ROW(0, 0, 0, 6, 44, 12, 43, 18, 21, 24, 14, b2, /* */
        b0 ^ (b1 | b2), b1 ^ (inv | b3), b2 ^ (b3 & b4), b3 ^ (b4 | b0), b4 ^ (b0 & b1));
    e[0] ^= rc;
    ROW(5, 3, 28, 9, 20, 10, 3, 16, 45, 22, 61, b4, /* */
        b0 ^ (b1 | b2), b1 ^ (b2 & b3), b2 ^ (b3 | inv), b3 ^ (b4 | b0), b4 ^ (b0 & b1));
    ROW(10, 1, 1, 7, 6, 13, 25, 19, 8, 20, 18, b3, /* */
        b0 ^ (b1 | b2), b1 ^ (b2 & b3), b2 ^ (inv & b4), inv ^ (b4 | b0), b4 ^ (b0 & b1));
    ROW(15, 4, 27, 5, 36, 11, 10, 17, 15, 23, 56, b3, /* */
        b0 ^ (b1 & b2), b1 ^ (b2 | b3), b2 ^ (inv | b4), inv ^ (b4 & b0), b4 ^ (b0 | b1));
    ROW(20, 2, 62, 8, 55, 14, 39, 15, 41, 21, 2, b1, /* */
        b0 ^ (inv & b2), inv ^ (b2 | b3), b2 ^ (b3 & b4), b3 ^ (b4 | b0), b4 ^ (b0 & b1));
}

INLINE void flip(uint64_t a[WTL_KECCAK_WORDS])
{
    a[1] = ~a[1];
    a[2] = ~a[2];
    a[8] = ~a[8];
    a[12] = ~a[12];
    a[17] = ~a[17];
    a[20] = ~a[20];
}

void wtl_keccak_ref_x1(uint64_t s[WTL_KECCAK_WORDS])
{
    uint64_t a[WTL_KECCAK_WORDS];
    uint64_t e[WTL_KECCAK_WORDS];
    for (size_t w = 0; w < WTL_KECCAK_WORDS; w++)
        a[w] = s[w];
    flip(a);
#pragma GCC unroll 1
    for (size_t r = 0; r < WTL_KECCAK_ROUNDS; r += 2) {
        round_of(e, a, wtl_keccak_ref_rc[r]);
        round_of(a, e, wtl_keccak_ref_rc[r + 1]);
    }
    flip(a);
    for (size_t w = 0; w < WTL_KECCAK_WORDS; w++)
        s[w] = a[w];
}

static void lanes(uint64_t *s, size_t n)
{
    uint64_t a[WTL_KECCAK_WORDS];
    for (size_t i = 0; i < n; i++) {
        for (size_t w = 0; w < WTL_KECCAK_WORDS; w++)
            a[w] = s[w * n + i];
        wtl_keccak_ref_x1(a);
        for (size_t w = 0; w < WTL_KECCAK_WORDS; w++)
            s[w * n + i] = a[w];
    }
    wtl_secret_wipe(a, sizeof a);
}

static void x4(uint64_t s[WTL_KECCAK_WORDS * 4])
{
    lanes(s, 4);
}

static void x8(uint64_t s[WTL_KECCAK_WORDS * 8])
{
    lanes(s, 8);
}

/* Written out, so that compilers see one store of 8 bytes. */
static inline void store(uint8_t *p, uint64_t x)
{
    p[0] = (uint8_t)x;
    p[1] = (uint8_t)(x >> 8);
    p[2] = (uint8_t)(x >> 16);
    p[3] = (uint8_t)(x >> 24);
    p[4] = (uint8_t)(x >> 32);
    p[5] = (uint8_t)(x >> 40);
    p[6] = (uint8_t)(x >> 48);
    p[7] = (uint8_t)(x >> 56);
}

static void squeeze(uint64_t *s, size_t n, uint8_t *const out[], size_t rate, size_t blocks)
{
    for (size_t b = 0; b < blocks; b++) {
        lanes(s, n);
        for (size_t i = 0; i < n; i++) {
            for (size_t w = 0; w < rate / 8; w++)
                store(out[i] + b * rate + 8 * w, s[w * n + i]);
        }
    }
}

static void squeeze_x4(uint64_t s[WTL_KECCAK_WORDS * 4], uint8_t *const out[4], size_t rate, size_t blocks)
{
    squeeze(s, 4, out, rate, blocks);
}

static void squeeze_x8(uint64_t s[WTL_KECCAK_WORDS * 8], uint8_t *const out[8], size_t rate, size_t blocks)
{
    squeeze(s, 8, out, rate, blocks);
}

const wtl_keccak wtl_keccak_ref = {WTL_CPU_REF, wtl_keccak_ref_x1, x4, x8, squeeze_x4, squeeze_x8};
