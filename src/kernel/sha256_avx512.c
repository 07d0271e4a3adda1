#include "kernel/sha256_impl.h"

#if defined(__x86_64__)
#include <immintrin.h>

enum { W = 16 };

/* Compilers would order a sum anew, and lengthen what waits for the round before; this sum stays as it is written. */
#define KEEP(x) __asm__("" : "+v"(x))

static inline __m512i xor3(__m512i a, __m512i b, __m512i c)
{
    return _mm512_ternarylogic_epi32(a, b, c, 0x96);
}

static inline __m512i sigma0(__m512i x)
{
    return xor3(_mm512_ror_epi32(x, 7), _mm512_ror_epi32(x, 18), _mm512_srli_epi32(x, 3));
}

static inline __m512i sigma1(__m512i x)
{
    return xor3(_mm512_ror_epi32(x, 17), _mm512_ror_epi32(x, 19), _mm512_srli_epi32(x, 10));
}

/* One round of 16 messages; v holds a..h, which move through it instead of being renamed. The sums are ordered so
 * that what waits for e is added last. */
static inline void round_of(__m512i v[8], unsigned i, __m512i kw)
{
    const __m512i a = v[(0 - i) & 7];
    const __m512i b = v[(1 - i) & 7];
    const __m512i c = v[(2 - i) & 7];
    const __m512i d = v[(3 - i) & 7];
    const __m512i e = v[(4 - i) & 7];
    const __m512i f = v[(5 - i) & 7];
    const __m512i g = v[(6 - i) & 7];
    const __m512i h = v[(7 - i) & 7];
    __m512i big1 = xor3(_mm512_ror_epi32(e, 6), _mm512_ror_epi32(e, 11), _mm512_ror_epi32(e, 25));
    __m512i big0 = xor3(_mm512_ror_epi32(a, 2), _mm512_ror_epi32(a, 13), _mm512_ror_epi32(a, 22));
    __m512i choice = _mm512_ternarylogic_epi32(e, f, g, 0xca);
    __m512i majority = _mm512_ternarylogic_epi32(a, b, c, 0xe8);
    __m512i early = _mm512_add_epi32(_mm512_add_epi32(h, kw), choice);
    KEEP(early);
    __m512i t = _mm512_add_epi32(early, big1);
    v[(3 - i) & 7] = _mm512_add_epi32(d, t);
    v[(7 - i) & 7] = _mm512_add_epi32(t, _mm512_add_epi32(big0, majority));
}

static inline __m512i constant(unsigned i)
{
    return _mm512_set1_epi32((int)wtl_sha256_ref_k[i]);
}

/* Sixteen rows of sixteen words become sixteen columns: by pairs of words, of double words, of quarters, of halves. */
static inline void transpose(__m512i r[W])
{
    __m512i t[W];
#pragma GCC unroll 16
    for (unsigned i = 0; i < W; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
#pragma GCC unroll 16
    for (unsigned i = 0; i < W; i += 4) {
        r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
#pragma GCC unroll 16
    for (unsigned i = 0; i < 4; i++) {
        __m512i a = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
        __m512i b = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
        __m512i c = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
        __m512i d = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
        t[i] = _mm512_shuffle_i32x4(a, c, 0x88);
        t[i + 4] = _mm512_shuffle_i32x4(b, d, 0x88);
        t[i + 8] = _mm512_shuffle_i32x4(a, c, 0xdd);
        t[i + 12] = _mm512_shuffle_i32x4(b, d, 0xdd);
    }
#pragma GCC unroll 16
    for (unsigned i = 0; i < W; i++)
        r[i] = t[i];
}

static inline void load_words(__m512i w[W], const uint8_t *const p[], size_t at)
{
    const __m512i swap = _mm512_broadcast_i32x4(_mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
#pragma GCC unroll 16
    for (unsigned i = 0; i < W; i++)
        w[i] = _mm512_shuffle_epi8(_mm512_loadu_si512(p[i] + at), swap);
    transpose(w);
}

static inline void block(__m512i v[8], __m512i w[W])
{
#pragma GCC unroll 16
    for (unsigned i = 0; i < 16; i++)
        round_of(v, i, _mm512_add_epi32(w[i], constant(i)));
    for (unsigned r = 16; r < 64; r += 16) {
#pragma GCC unroll 16
        for (unsigned i = 0; i < 16; i++) {
            w[i] = _mm512_add_epi32(_mm512_add_epi32(w[i], sigma0(w[(i + 1) & 15])),
                                    _mm512_add_epi32(w[(i + 9) & 15], sigma1(w[(i + 14) & 15])));
            round_of(v, i, _mm512_add_epi32(w[i], constant(r + i)));
        }
    }
}

void wtl_sha256_avx512_x16(uint32_t *const state[], const uint8_t *const p[], size_t blocks)
{
    uint32_t turned[8][W] __attribute__((aligned(64)));
    for (unsigned i = 0; i < W; i++) {
        for (unsigned j = 0; j < 8; j++)
            turned[j][i] = state[i][j];
    }
    __m512i s[8];
    __m512i v[8];
    __m512i w[W];
#pragma GCC unroll 8
    for (unsigned j = 0; j < 8; j++)
        v[j] = _mm512_load_si512(turned[j]);
    for (size_t b = 0; b < blocks; b++) {
        load_words(w, p, b * WTL_SHA256_BLOCK);
#pragma GCC unroll 8
        for (unsigned j = 0; j < 8; j++)
            s[j] = v[j];
        block(v, w);
#pragma GCC unroll 8
        for (unsigned j = 0; j < 8; j++)
            v[j] = _mm512_add_epi32(v[j], s[j]);
    }
#pragma GCC unroll 8
    for (unsigned j = 0; j < 8; j++)
        _mm512_store_si512(turned[j], v[j]);
    for (unsigned i = 0; i < W; i++) {
        for (unsigned j = 0; j < 8; j++)
            state[i][j] = turned[j][i];
    }
}
#endif
