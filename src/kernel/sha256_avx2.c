#include "kernel/sha256_impl.h"

#if defined(__x86_64__)
#include <immintrin.h>

enum { W = 8 };

static inline __m256i xor3(__m256i a, __m256i b, __m256i c)
{
    return _mm256_xor_si256(_mm256_xor_si256(a, b), c);
}

/* Halves of a rotation; they are joined by exclusive or with the rest. */
#define SHR(x, n) _mm256_srli_epi32(x, n)
#define ROR(x, n) _mm256_or_si256(_mm256_srli_epi32(x, n), _mm256_slli_epi32(x, 32 - (n)))

static inline __m256i expand(const __m256i w[16], unsigned i)
{
    const __m256i x = w[(i + 1) & 15];
    const __m256i y = w[(i + 14) & 15];
    __m256i s0 = xor3(ROR(x, 7), ROR(x, 18), SHR(x, 3));
    __m256i s1 = xor3(ROR(y, 17), ROR(y, 19), SHR(y, 10));
    return _mm256_add_epi32(_mm256_add_epi32(w[i & 15], s0), _mm256_add_epi32(w[(i + 9) & 15], s1));
}

/* One round of 8 messages; v holds a..h, which move through it instead of being renamed. */
static inline void round_of(__m256i v[8], unsigned i, __m256i kw)
{
    const __m256i a = v[(0 - i) & 7];
    const __m256i b = v[(1 - i) & 7];
    const __m256i c = v[(2 - i) & 7];
    const __m256i d = v[(3 - i) & 7];
    const __m256i e = v[(4 - i) & 7];
    const __m256i f = v[(5 - i) & 7];
    const __m256i g = v[(6 - i) & 7];
    const __m256i h = v[(7 - i) & 7];
    __m256i big1 = xor3(ROR(e, 6), ROR(e, 11), ROR(e, 25));
    __m256i big0 = xor3(ROR(a, 2), ROR(a, 13), ROR(a, 22));
    __m256i choice = _mm256_xor_si256(g, _mm256_and_si256(e, _mm256_xor_si256(f, g)));
    __m256i majority = _mm256_or_si256(_mm256_and_si256(a, b), _mm256_and_si256(c, _mm256_or_si256(a, b)));
    __m256i t = _mm256_add_epi32(_mm256_add_epi32(_mm256_add_epi32(h, kw), choice), big1);
    v[(3 - i) & 7] = _mm256_add_epi32(d, t);
    v[(7 - i) & 7] = _mm256_add_epi32(t, _mm256_add_epi32(big0, majority));
}

/* Eight rows of eight words become eight columns. */
static inline void transpose(__m256i r[W])
{
    __m256i t[W];
#pragma GCC unroll 8
    for (unsigned i = 0; i < W; i += 2) {
        t[i] = _mm256_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_epi32(r[i], r[i + 1]);
    }
#pragma GCC unroll 8
    for (unsigned i = 0; i < W; i += 4) {
        r[i] = _mm256_unpacklo_epi64(t[i], t[i + 2]);
        r[i + 1] = _mm256_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm256_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm256_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
#pragma GCC unroll 8
    for (unsigned i = 0; i < 4; i++) {
        t[i] = _mm256_permute2x128_si256(r[i], r[i + 4], 0x20);
        t[i + 4] = _mm256_permute2x128_si256(r[i], r[i + 4], 0x31);
    }
#pragma GCC unroll 8
    for (unsigned i = 0; i < W; i++)
        r[i] = t[i];
}

static inline void load_words(__m256i w[W], const uint8_t *const p[], size_t at)
{
    const __m256i swap = _mm256_broadcastsi128_si256(_mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
#pragma GCC unroll 8
    for (unsigned i = 0; i < W; i++)
        w[i] = _mm256_shuffle_epi8(_mm256_loadu_si256((const __m256i_u *)(p[i] + at)), swap);
    transpose(w);
}

static inline void block(__m256i v[8], __m256i w[16])
{
    for (unsigned r = 0; r < 64; r += 16) {
#pragma GCC unroll 16
        for (unsigned i = 0; i < 16; i++) {
            round_of(v, i, _mm256_add_epi32(w[i], _mm256_set1_epi32((int)wtl_sha256_ref_k[r + i])));
            if (r < 48)
                w[i] = expand(w, i);
        }
    }
}

void wtl_sha256_avx2_x8(uint32_t *const state[], const uint8_t *const p[], size_t blocks)
{
    union {
        uint32_t word[8][W];
        __m256i s[8];
    } turned;
    for (unsigned i = 0; i < W; i++) {
        for (unsigned j = 0; j < 8; j++)
            turned.word[j][i] = state[i][j];
    }
    for (size_t b = 0; b < blocks; b++) {
        __m256i v[8];
        __m256i w[16];
        load_words(w, p, b * WTL_SHA256_BLOCK);
        load_words(w + W, p, b * WTL_SHA256_BLOCK + 32);
#pragma GCC unroll 8
        for (unsigned j = 0; j < 8; j++)
            v[j] = turned.s[j];
        block(v, w);
#pragma GCC unroll 8
        for (unsigned j = 0; j < 8; j++)
            turned.s[j] = _mm256_add_epi32(turned.s[j], v[j]);
    }
    for (unsigned i = 0; i < W; i++) {
        for (unsigned j = 0; j < 8; j++)
            state[i][j] = turned.word[j][i];
    }
}
#endif
