#include "kernel/keccak_impl.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

enum { WORDS = WTL_KECCAK_WORDS };

/* Arrays of registers are arrays only while the functions that pass them on are taken in where they are called. */
#define INLINE static inline __attribute__((always_inline))

/* The same round for registers of one, four and eight words: P is the prefix of their intrinsics. */
#define XOR3(P, a, b, c) P##_ternarylogic_epi64(a, b, c, 0x96)
#define CHI(P, a, b, c) P##_ternarylogic_epi64(a, b, c, 0xd2) /* a ^ (~b & c) */
#define TURN(P, x, n) ((n) == 0 ? (x) : P##_rol_epi64(x, n))
#define SUM(P, x) XOR3(P, XOR3(P, a[x], a[(x) + 5], a[(x) + 10]), a[(x) + 15], a[(x) + 20])

/* The row of the result that begins with word y (FIPS 202 section 3.2): rho and pi fetch it from the words i0 .. i4,
 * one of each column, and turn them by r0 .. r4; d is what theta adds to each column; then chi. */
#define ROW(T, P, y, i0, r0, i1, r1, i2, r2, i3, r3, i4, r4)   \
    do {                                                       \
        T b0 = TURN(P, P##_xor_epi64(a[i0], d[(i0) % 5]), r0); \
        T b1 = TURN(P, P##_xor_epi64(a[i1], d[(i1) % 5]), r1); \
        T b2 = TURN(P, P##_xor_epi64(a[i2], d[(i2) % 5]), r2); \
        T b3 = TURN(P, P##_xor_epi64(a[i3], d[(i3) % 5]), r3); \
        T b4 = TURN(P, P##_xor_epi64(a[i4], d[(i4) % 5]), r4); \
        e[y] = CHI(P, b0, b1, b2);                             \
        e[(y) + 1] = CHI(P, b1, b2, b3);                       \
        e[(y) + 2] = CHI(P, b2, b3, b4);                       \
        e[(y) + 3] = CHI(P, b3, b4, b0);                       \
        e[(y) + 4] = CHI(P, b4, b0, b1);                       \
    } while (0)

/* d costs five instructions more than adding both its parts to every word at once would, but those read three registers
 * each, of which Zen 5 feeds two a cycle. The order of the rows was measured; it matters to how many words stay in
 * registers. */
#define ROUND(T, P, rc)                                                                       \
    do {                                                                                      \
        T c0 = SUM(P, 0);                                                                     \
        T c1 = SUM(P, 1);                                                                     \
        T c2 = SUM(P, 2);                                                                     \
        T c3 = SUM(P, 3);                                                                     \
        T c4 = SUM(P, 4);                                                                     \
        const T d[5] = {P##_xor_epi64(c4, TURN(P, c1, 1)), P##_xor_epi64(c0, TURN(P, c2, 1)), \
                        P##_xor_epi64(c1, TURN(P, c3, 1)), P##_xor_epi64(c2, TURN(P, c4, 1)), \
                        P##_xor_epi64(c3, TURN(P, c0, 1))};                                   \
        ROW(T, P, 10, 1, 1, 7, 6, 13, 25, 19, 8, 20, 18);                                     \
        ROW(T, P, 20, 2, 62, 8, 55, 14, 39, 15, 41, 21, 2);                                   \
        ROW(T, P, 5, 3, 28, 9, 20, 10, 3, 16, 45, 22, 61);                                    \
        ROW(T, P, 15, 4, 27, 5, 36, 11, 10, 17, 15, 23, 56);                                  \
        ROW(T, P, 0, 0, 0, 6, 44, 12, 43, 18, 21, 24, 14);                                    \
        e[0] = P##_xor_epi64(e[0], rc);                                                       \
    } while (0)

INLINE void round1(__m128i e[WORDS], const __m128i a[WORDS], size_t r)
{
    ROUND(__m128i, _mm, _mm_loadl_epi64((const void *)&wtl_keccak_ref_rc[r]));
}

INLINE void round4(__m256i e[WORDS], const __m256i a[WORDS], size_t r)
{
    ROUND(__m256i, _mm256, _mm256_set1_epi64x((long long)wtl_keccak_ref_rc[r]));
}

INLINE void round8(__m512i e[WORDS], const __m512i a[WORDS], size_t r)
{
    ROUND(__m512i, _mm512, _mm512_set1_epi64((long long)wtl_keccak_ref_rc[r]));
}

static void x1(uint64_t s[WORDS])
{
    __m128i a[WORDS];
    __m128i e[WORDS];
#pragma GCC unroll 25
    for (size_t w = 0; w < WORDS; w++)
        a[w] = _mm_loadl_epi64((const void *)(s + w));
#pragma GCC unroll 1
    for (size_t r = 0; r < WTL_KECCAK_ROUNDS; r += 2) {
        round1(e, a, r);
        round1(a, e, r + 1);
    }
#pragma GCC unroll 25
    for (size_t w = 0; w < WORDS; w++)
        _mm_storel_epi64((void *)(s + w), a[w]);
}

INLINE void permute4(__m256i a[WORDS])
{
    __m256i e[WORDS];
#pragma GCC unroll 1
    for (size_t r = 0; r < WTL_KECCAK_ROUNDS; r += 2) {
        round4(e, a, r);
        round4(a, e, r + 1);
    }
}

INLINE void load4(__m256i a[WORDS], const uint64_t *s)
{
#pragma GCC unroll 25
    for (size_t w = 0; w < WORDS; w++)
        a[w] = _mm256_load_si256((const void *)(s + 4 * w));
}

INLINE void store4(uint64_t *s, const __m256i a[WORDS])
{
#pragma GCC unroll 25
    for (size_t w = 0; w < WORDS; w++)
        _mm256_store_si256((void *)(s + 4 * w), a[w]);
}

static void x4(uint64_t s[WORDS * 4])
{
    __m256i a[WORDS];
    load4(a, s);
    permute4(a);
    store4(s, a);
}

INLINE void permute8(__m512i a[WORDS])
{
    __m512i e[WORDS];
#pragma GCC unroll 1
    for (size_t r = 0; r < WTL_KECCAK_ROUNDS; r += 2) {
        round8(e, a, r);
        round8(a, e, r + 1);
    }
}

INLINE void load8(__m512i a[WORDS], const uint64_t *s)
{
#pragma GCC unroll 25
    for (size_t w = 0; w < WORDS; w++)
        a[w] = _mm512_load_si512(s + 8 * w);
}

INLINE void store8(uint64_t *s, const __m512i a[WORDS])
{
#pragma GCC unroll 25
    for (size_t w = 0; w < WORDS; w++)
        _mm512_store_si512(s + 8 * w, a[w]);
}

static void x8(uint64_t s[WORDS * 8])
{
    __m512i a[WORDS];
    load8(a, s);
    permute8(a);
    store8(s, a);
}

/* Words w .. w+3 of four lanes to at[i] + 8 * w. */
INLINE void tile4(uint8_t *const at[4], const __m256i a[WORDS], size_t w)
{
    __m256i lo0 = _mm256_unpacklo_epi64(a[w], a[w + 1]);
    __m256i hi0 = _mm256_unpackhi_epi64(a[w], a[w + 1]);
    __m256i lo1 = _mm256_unpacklo_epi64(a[w + 2], a[w + 3]);
    __m256i hi1 = _mm256_unpackhi_epi64(a[w + 2], a[w + 3]);
    _mm256_storeu_si256((void *)(at[0] + 8 * w), _mm256_permute2x128_si256(lo0, lo1, 0x20));
    _mm256_storeu_si256((void *)(at[1] + 8 * w), _mm256_permute2x128_si256(hi0, hi1, 0x20));
    _mm256_storeu_si256((void *)(at[2] + 8 * w), _mm256_permute2x128_si256(lo0, lo1, 0x31));
    _mm256_storeu_si256((void *)(at[3] + 8 * w), _mm256_permute2x128_si256(hi0, hi1, 0x31));
}

/* Word w of n lanes, which lies at s. */
INLINE void column(uint8_t *const at[], const uint64_t *s, size_t n, size_t w)
{
    for (size_t i = 0; i < n; i++)
        memcpy(at[i] + 8 * w, s + n * w + i, 8);
}

static void squeeze_x4(uint64_t s[WORDS * 4], uint8_t *const out[4], size_t rate, size_t blocks)
{
    uint8_t *at[4] = {out[0], out[1], out[2], out[3]};
    __m256i a[WORDS];
    load4(a, s);
    for (size_t b = 0; b < blocks; b++) {
        permute4(a);
        store4(s, a);
#pragma GCC unroll 4
        for (size_t w = 0; w < 16; w += 4)
            tile4(at, a, w);
        if (rate > 136)
            tile4(at, a, 16);
        column(at, s, 4, rate / 8 - 1);
        for (size_t i = 0; i < 4; i++)
            at[i] += rate;
    }
}

/* Eight rows of eight words become eight columns: by words, by pairs, by halves. */
INLINE void transpose8(__m512i r[8])
{
    __m512i t[8];
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i += 2) {
        t[i] = _mm512_unpacklo_epi64(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi64(r[i], r[i + 1]);
    }
#pragma GCC unroll 2
    for (size_t i = 0; i < 2; i++) {
        __m512i a = _mm512_shuffle_i64x2(t[i], t[i + 2], 0x88);
        __m512i b = _mm512_shuffle_i64x2(t[i], t[i + 2], 0xdd);
        __m512i c = _mm512_shuffle_i64x2(t[i + 4], t[i + 6], 0x88);
        __m512i d = _mm512_shuffle_i64x2(t[i + 4], t[i + 6], 0xdd);
        r[i] = _mm512_shuffle_i64x2(a, c, 0x88);
        r[i + 2] = _mm512_shuffle_i64x2(b, d, 0x88);
        r[i + 4] = _mm512_shuffle_i64x2(a, c, 0xdd);
        r[i + 6] = _mm512_shuffle_i64x2(b, d, 0xdd);
    }
}

/* Words w .. w+n-1 of eight lanes to at[i] + 8 * w. */
INLINE void tile8(uint8_t *const at[8], const __m512i a[WORDS], size_t w, size_t n)
{
    __m512i r[8];
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++)
        r[i] = a[w + i];
    transpose8(r);
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++)
        _mm512_mask_storeu_epi64(at[i] + 8 * w, (__mmask8)((1u << n) - 1), r[i]);
}

static void squeeze_x8(uint64_t s[WORDS * 8], uint8_t *const out[8], size_t rate, size_t blocks)
{
    uint8_t *at[8] = {out[0], out[1], out[2], out[3], out[4], out[5], out[6], out[7]};
    __m512i a[WORDS];
    load8(a, s);
    for (size_t b = 0; b < blocks; b++) {
        permute8(a);
        store8(s, a);
        tile8(at, a, 0, 8);
        tile8(at, a, 8, 8);
        if (rate > 136)
            tile8(at, a, 16, 5);
        else
            column(at, s, 8, 16);
        for (size_t i = 0; i < 8; i++)
            at[i] += rate;
    }
}

const wtl_keccak wtl_keccak_ice = {WTL_CPU_AVX512, x1, x4, x8, squeeze_x4, squeeze_x8};
#endif
