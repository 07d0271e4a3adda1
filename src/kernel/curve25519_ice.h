/* Eight numbers mod p = 2^255 - 19 side by side, for the files of the level ice alone. */
#ifndef WTL_KERNEL_CURVE25519_ICE_H
#define WTL_KERNEL_CURVE25519_ICE_H
#if defined(__AVX512IFMA__)

#include <immintrin.h>
#include <stdint.h>

/* Lane l holds the sum of v[i] lane l * 2^(51 i). "Tight" limbs are below 2^51 + 2^16, as carrying leaves them; only the
 * lower 52 bits of a limb are multiplied, so that the sum of two tight numbers must be carried first. "Wide" limbs are below
 * 2^60, as products are before carrying; sums of two wide ones and a bias fit into the 64 bits. */
typedef struct wtl_curve25519_ice_vec {
    __m512i v[5];
} wtl_curve25519_ice_vec;

/* X25519(scalar, 9). */
void wtl_curve25519_base_ice(uint8_t out[32], const uint8_t scalar[32]);

#define VEC wtl_curve25519_ice_vec

static inline __attribute__((always_inline)) __m512i wtl_curve25519_ice_all(uint64_t x)
{
    return _mm512_set1_epi64((long long)x);
}

/* Limb i of 512 p: more than any wide limb, so that it can be added before one is taken away. */
static inline __attribute__((always_inline)) __m512i wtl_curve25519_ice_bias(int i)
{
    return wtl_curve25519_ice_all((UINT64_C(1) << 60) - (i == 0 ? 19 * 512 : 512));
}

/* Wide (or up to four times that) to tight. */
static inline __attribute__((always_inline)) VEC wtl_curve25519_ice_carry(VEC a)
{
    const __m512i mask = wtl_curve25519_ice_all((UINT64_C(1) << 51) - 1);
    __m512i c0 = _mm512_srli_epi64(a.v[0], 51), c1 = _mm512_srli_epi64(a.v[1], 51);
    __m512i c2 = _mm512_srli_epi64(a.v[2], 51), c3 = _mm512_srli_epi64(a.v[3], 51);
    __m512i c4 = _mm512_srli_epi64(a.v[4], 51);
    a.v[0] = _mm512_madd52lo_epu64(_mm512_and_si512(a.v[0], mask), c4, wtl_curve25519_ice_all(19));
    a.v[1] = _mm512_add_epi64(_mm512_and_si512(a.v[1], mask), c0);
    a.v[2] = _mm512_add_epi64(_mm512_and_si512(a.v[2], mask), c1);
    a.v[3] = _mm512_add_epi64(_mm512_and_si512(a.v[3], mask), c2);
    a.v[4] = _mm512_add_epi64(_mm512_and_si512(a.v[4], mask), c3);
    return a;
}

#define WTL_LO(r, i, j) r = _mm512_madd52lo_epu64(r, a->v[i], b->v[j])
#define WTL_HI(r, i, j) r = _mm512_madd52hi_epu64(r, a->v[i], b->v[j])
/* The lower and the upper halves of a limb stand at 2^52, twice the limbs' 2^51. */
#define WTL_JOIN(lo, hi) _mm512_add_epi64(lo, _mm512_slli_epi64(hi, 1))

/* What stands at 2^255 and above, times 19: its limbs in r. */
static inline __attribute__((always_inline)) VEC wtl_curve25519_ice_upper(const VEC *a, const VEC *b)
{
    const __m512i zero = _mm512_setzero_si512(), n19 = wtl_curve25519_ice_all(19);
    __m512i l5 = zero, l6 = zero, l7 = zero, l8 = zero;
    __m512i h5 = zero, h6 = zero, h7 = zero, h8 = zero, h9 = zero;
    WTL_LO(l5, 4, 1), WTL_LO(l6, 4, 2), WTL_LO(l7, 4, 3), WTL_LO(l8, 4, 4);
    WTL_HI(h6, 4, 1), WTL_HI(h7, 4, 2), WTL_HI(h8, 4, 3), WTL_HI(h9, 4, 4);
    WTL_LO(l5, 3, 2), WTL_LO(l6, 3, 3), WTL_LO(l7, 3, 4), WTL_HI(h5, 3, 1);
    WTL_HI(h6, 3, 2), WTL_HI(h7, 3, 3), WTL_HI(h8, 3, 4), WTL_LO(l5, 2, 3);
    WTL_LO(l6, 2, 4), WTL_HI(h5, 2, 2), WTL_HI(h6, 2, 3), WTL_HI(h7, 2, 4);
    WTL_LO(l5, 1, 4), WTL_HI(h5, 1, 3), WTL_HI(h6, 1, 4);
    WTL_HI(h5, 0, 4), WTL_HI(h5, 4, 0);
    return (VEC){{_mm512_mullo_epi64(WTL_JOIN(l5, h5), n19), _mm512_mullo_epi64(WTL_JOIN(l6, h6), n19),
                  _mm512_mullo_epi64(WTL_JOIN(l7, h7), n19), _mm512_mullo_epi64(WTL_JOIN(l8, h8), n19),
                  _mm512_mullo_epi64(_mm512_slli_epi64(h9, 1), n19)}};
}

/* a * b, wide; both tight. The upper part goes first, so that its end is worked on beside the lower part. */
static inline __attribute__((always_inline)) VEC wtl_curve25519_ice_mul(const VEC *a, const VEC *b)
{
    const __m512i zero = _mm512_setzero_si512();
    VEC l = wtl_curve25519_ice_upper(a, b);
    __m512i h1 = zero, h2 = zero, h3 = zero, h4 = zero;
    WTL_HI(h4, 3, 0), WTL_HI(h4, 2, 1), WTL_HI(h4, 1, 2), WTL_HI(h4, 0, 3);
    WTL_HI(h3, 2, 0), WTL_HI(h3, 1, 1), WTL_HI(h3, 0, 2);
    WTL_HI(h2, 1, 0), WTL_HI(h2, 0, 1), WTL_HI(h1, 0, 0);
    WTL_LO(l.v[4], 4, 0), WTL_LO(l.v[3], 3, 0), WTL_LO(l.v[2], 2, 0), WTL_LO(l.v[1], 1, 0),
        WTL_LO(l.v[0], 0, 0);
    WTL_LO(l.v[4], 3, 1), WTL_LO(l.v[3], 2, 1), WTL_LO(l.v[2], 1, 1), WTL_LO(l.v[1], 0, 1);
    WTL_LO(l.v[4], 2, 2), WTL_LO(l.v[3], 1, 2), WTL_LO(l.v[2], 0, 2);
    WTL_LO(l.v[4], 1, 3), WTL_LO(l.v[3], 0, 3), WTL_LO(l.v[4], 0, 4);
    l.v[1] = WTL_JOIN(l.v[1], h1);
    l.v[2] = WTL_JOIN(l.v[2], h2);
    l.v[3] = WTL_JOIN(l.v[3], h3);
    l.v[4] = WTL_JOIN(l.v[4], h4);
    return l;
}

#undef WTL_LO
#undef WTL_HI
#undef WTL_JOIN
#undef VEC

/* Word i of lane l of tight a: a number below 2^256. */
static inline void wtl_curve25519_ice_words(uint64_t w[4], const uint64_t limb[5][8], int l)
{
    const uint64_t mask = (UINT64_C(1) << 51) - 1;
    uint64_t x0 = limb[0][l], x1 = limb[1][l] + (x0 >> 51), x2 = limb[2][l] + (x1 >> 51);
    uint64_t x3 = limb[3][l] + (x2 >> 51), x4 = limb[4][l] + (x3 >> 51);
    x0 &= mask, x1 &= mask, x2 &= mask, x3 &= mask;
    w[0] = x0 | x1 << 51;
    w[1] = x1 >> 13 | x2 << 38;
    w[2] = x2 >> 26 | x3 << 25;
    w[3] = x3 >> 39 | x4 << 12;
}

#endif
#endif
