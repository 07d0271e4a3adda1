#include "kernel/keccak_impl.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

/* Arrays of registers are arrays only while the functions that pass them on are taken in where they are called. */
#define INLINE static inline __attribute__((always_inline))

enum { WORDS = WTL_KECCAK_WORDS };

INLINE __m256i add(__m256i a, __m256i b)
{
    return _mm256_xor_si256(a, b);
}

/* Left by n; the turns by whole bytes are one instruction. */
INLINE __m256i turn(__m256i x, int n)
{
    const __m256i by8 = _mm256_set_epi8(14, 13, 12, 11, 10, 9, 8, 15, 6, 5, 4, 3, 2, 1, 0, 7, 14, 13, 12, 11,
                                        10, 9, 8, 15, 6, 5, 4, 3, 2, 1, 0, 7);
    const __m256i by56 = _mm256_set_epi8(8, 15, 14, 13, 12, 11, 10, 9, 0, 7, 6, 5, 4, 3, 2, 1, 8, 15, 14, 13,
                                         12, 11, 10, 9, 0, 7, 6, 5, 4, 3, 2, 1);
    if (n == 0)
        return x;
    if (n == 8 || n == 56)
        return _mm256_shuffle_epi8(x, n == 8 ? by8 : by56);
    return _mm256_or_si256(_mm256_slli_epi64(x, n), _mm256_srli_epi64(x, 64 - n));
}

INLINE __m256i chi(__m256i a, __m256i b, __m256i c)
{
    return add(a, _mm256_andnot_si256(b, c));
}

/* The row of the result that begins with word y (FIPS 202 section 3.2): rho and pi fetch it from the words i0 .. i4,
 * one of each column, and turn them by r0 .. r4; d is what theta adds to each column; then chi. */
#define ROW(y, i0, r0, i1, r1, i2, r2, i3, r3, i4, r4)  \
    do {                                                \
        __m256i b0 = turn(add(a[i0], d[(i0) % 5]), r0); \
        __m256i b1 = turn(add(a[i1], d[(i1) % 5]), r1); \
        __m256i b2 = turn(add(a[i2], d[(i2) % 5]), r2); \
        __m256i b3 = turn(add(a[i3], d[(i3) % 5]), r3); \
        __m256i b4 = turn(add(a[i4], d[(i4) % 5]), r4); \
        e[y] = chi(b0, b1, b2);                         \
        e[(y) + 1] = chi(b1, b2, b3);                   \
        e[(y) + 2] = chi(b2, b3, b4);                   \
        e[(y) + 3] = chi(b3, b4, b0);                   \
        e[(y) + 4] = chi(b4, b0, b1);                   \
    } while (0)

INLINE __m256i sum(const __m256i a[WORDS], size_t x)
{
    return add(add(add(a[x], a[x + 5]), add(a[x + 10], a[x + 15])), a[x + 20]);
}

INLINE void round_of(__m256i e[WORDS], const __m256i a[WORDS], size_t r)
{
    __m256i c0 = sum(a, 0);
    __m256i c1 = sum(a, 1);
    __m256i c2 = sum(a, 2);
    __m256i c3 = sum(a, 3);
    __m256i c4 = sum(a, 4);
    const __m256i d[5] = {add(c4, turn(c1, 1)), add(c0, turn(c2, 1)), add(c1, turn(c3, 1)),
                          add(c2, turn(c4, 1)), add(c3, turn(c0, 1))};
    ROW(0, 0, 0, 6, 44, 12, 43, 18, 21, 24, 14);
    e[0] = add(e[0], _mm256_set1_epi64x((long long)wtl_keccak_ref_rc[r]));
    ROW(5, 3, 28, 9, 20, 10, 3, 16, 45, 22, 61);
    ROW(10, 1, 1, 7, 6, 13, 25, 19, 8, 20, 18);
    ROW(15, 4, 27, 5, 36, 11, 10, 17, 15, 23, 56);
    ROW(20, 2, 62, 8, 55, 14, 39, 15, 41, 21, 2);
}

static inline void permute(__m256i a[WORDS])
{
    __m256i e[WORDS];
#pragma GCC unroll 1
    for (size_t r = 0; r < WTL_KECCAK_ROUNDS; r += 2) {
        round_of(e, a, r);
        round_of(a, e, r + 1);
    }
}

/* Four lanes, from s on, of a state of n. */
INLINE void load(__m256i a[WORDS], const uint64_t *s, size_t n)
{
    for (size_t w = 0; w < WORDS; w++)
        a[w] = _mm256_load_si256((const void *)(s + n * w));
}

INLINE void store(uint64_t *s, const __m256i a[WORDS], size_t n)
{
    for (size_t w = 0; w < WORDS; w++)
        _mm256_store_si256((void *)(s + n * w), a[w]);
}

static void x4(uint64_t s[WORDS * 4])
{
    __m256i a[WORDS];
    load(a, s, 4);
    permute(a);
    store(s, a, 4);
}

static void x8(uint64_t s[WORDS * 8])
{
    __m256i a[WORDS];
    for (size_t half = 0; half < 8; half += 4) {
        load(a, s + half, 8);
        permute(a);
        store(s + half, a, 8);
    }
}

/* Words w .. w+3 of four lanes to out[i] + 8 * w. */
static inline void tile(uint8_t *const out[4], const __m256i a[WORDS], size_t w)
{
    __m256i lo0 = _mm256_unpacklo_epi64(a[w], a[w + 1]);
    __m256i hi0 = _mm256_unpackhi_epi64(a[w], a[w + 1]);
    __m256i lo1 = _mm256_unpacklo_epi64(a[w + 2], a[w + 3]);
    __m256i hi1 = _mm256_unpackhi_epi64(a[w + 2], a[w + 3]);
    _mm256_storeu_si256((void *)(out[0] + 8 * w), _mm256_permute2x128_si256(lo0, lo1, 0x20));
    _mm256_storeu_si256((void *)(out[1] + 8 * w), _mm256_permute2x128_si256(hi0, hi1, 0x20));
    _mm256_storeu_si256((void *)(out[2] + 8 * w), _mm256_permute2x128_si256(lo0, lo1, 0x31));
    _mm256_storeu_si256((void *)(out[3] + 8 * w), _mm256_permute2x128_si256(hi0, hi1, 0x31));
}

/* The rate is four whole tiles and a word, or five and a word. */
static void squeeze(__m256i a[WORDS], uint8_t *const out[4], size_t rate, size_t blocks)
{
    uint8_t *at[4] = {out[0], out[1], out[2], out[3]};
    for (size_t b = 0; b < blocks; b++) {
        size_t w = 0;
        permute(a);
        for (; w < rate / 32 * 4; w += 4)
            tile(at, a, w);
        for (size_t i = 0; i < 4; i++) {
            memcpy(at[i] + 8 * w, (const uint8_t *)&a[w] + 8 * i, 8);
            at[i] += rate;
        }
    }
}

static void squeeze_x4(uint64_t s[WORDS * 4], uint8_t *const out[4], size_t rate, size_t blocks)
{
    __m256i a[WORDS];
    load(a, s, 4);
    squeeze(a, out, rate, blocks);
    store(s, a, 4);
}

static void squeeze_x8(uint64_t s[WORDS * 8], uint8_t *const out[8], size_t rate, size_t blocks)
{
    __m256i a[WORDS];
    for (size_t half = 0; half < 8; half += 4) {
        load(a, s + half, 8);
        squeeze(a, out + half, rate, blocks);
        store(s + half, a, 8);
    }
}

const wtl_keccak wtl_keccak_avx2 = {WTL_CPU_AVX2, wtl_keccak_ref_x1, x4, x8, squeeze_x4, squeeze_x8};
#endif
