#include "kernel/polykem_impl.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "kernel/polykem_zeta.h"

/* A polynomial is eight registers of 32 coefficients. The NTT's layers of distance 128, 64 and 32 are between registers;
 * for those of 16, 8, 4 and 2 two neighbours exchange halves, quarters .. so that again whole registers meet. */

enum { N = WTL_POLYKEM_N, Q = WTL_POLYKEM_Q, W = 32, ROWS = N / W };
typedef __m512i v;

/* Constants to multiply 32 coefficients with, and the same times 1/q. */
typedef struct row {
    _Alignas(64) int16_t z[W], low[W];
} row;

#define W4(f, k, p, j) f(k, p, j), f(k, p, (j) + 1), f(k, p, (j) + 2), f(k, p, (j) + 3)
#define W16(f, k, p, j) W4(f, k, p, j), W4(f, k, p, (j) + 4), W4(f, k, p, (j) + 8), W4(f, k, p, (j) + 12)
#define W32(f, k, p) W16(f, k, p, 0), W16(f, k, p, 16)

/* Which zeta multiplies word j of the p-th register (or pair of them) of a layer. */
#define FORTH1(p, j) 1
#define FORTH2(p, j) (2 + (p))
#define FORTH3(p, j) (4 + (p))
#define FORTH4(p, j) (8 + 2 * (p) + (j) / 16)
#define FORTH5(p, j) (16 + 4 * (p) + (j) / 8 % 2 * 2 + (j) / 16)
#define FORTH6(p, j) (32 + 8 * (p) + (j) / 8 % 2 * 4 + (j) / 16 * 2 + (j) / 4 % 2)
#define FORTH7(p, j) (64 + 16 * (p) + (j) / 8 % 2 * 8 + (j) / 16 * 4 + (j) / 2 % 2 * 2 + (j) / 4 % 2)
#define BACK7(p, j) (191 - FORTH7(p, j))
#define BACK6(p, j) (95 - FORTH6(p, j))
#define BACK5(p, j) (47 - FORTH5(p, j))
#define BACK4(p, j) (15 - 2 * (p) - (j) / 8 % 2)
#define BACK3(p, j) (7 - (p))
#define BACK2(p, j) (3 - (p))

#define ZETA(k, p, j) WTL_POLYKEM_ZETA(WTL_POLYKEM_MONT, k(p, j))
#define ZETA_LOW(k, p, j) WTL_POLYKEM_LOW(ZETA(k, p, j))
#define LAYER(k, p)             \
    {                           \
        {W32(ZETA, k, p)},      \
        {                       \
            W32(ZETA_LOW, k, p) \
        }                       \
    }

static const row forth1 = LAYER(FORTH1, 0);
static const row forth2[2] = {LAYER(FORTH2, 0), LAYER(FORTH2, 1)};
static const row forth[4][5] = {
    {LAYER(FORTH3, 0), LAYER(FORTH4, 0), LAYER(FORTH5, 0), LAYER(FORTH6, 0), LAYER(FORTH7, 0)},
    {LAYER(FORTH3, 1), LAYER(FORTH4, 1), LAYER(FORTH5, 1), LAYER(FORTH6, 1), LAYER(FORTH7, 1)},
    {LAYER(FORTH3, 2), LAYER(FORTH4, 2), LAYER(FORTH5, 2), LAYER(FORTH6, 2), LAYER(FORTH7, 2)},
    {LAYER(FORTH3, 3), LAYER(FORTH4, 3), LAYER(FORTH5, 3), LAYER(FORTH6, 3), LAYER(FORTH7, 3)},
};
static const row back[4][5] = {
    {LAYER(BACK3, 0), LAYER(BACK4, 0), LAYER(BACK5, 0), LAYER(BACK6, 0), LAYER(BACK7, 0)},
    {LAYER(BACK3, 1), LAYER(BACK4, 1), LAYER(BACK5, 1), LAYER(BACK6, 1), LAYER(BACK7, 1)},
    {LAYER(BACK3, 2), LAYER(BACK4, 2), LAYER(BACK5, 2), LAYER(BACK6, 2), LAYER(BACK7, 2)},
    {LAYER(BACK3, 3), LAYER(BACK4, 3), LAYER(BACK5, 3), LAYER(BACK6, 3), LAYER(BACK7, 3)},
};
static const row back2[2] = {LAYER(BACK2, 0), LAYER(BACK2, 1)};

#define SCALED(m, k, j) WTL_POLYKEM_ZETA(m, k)
#define SCALED_LOW(m, k, j) WTL_POLYKEM_LOW(SCALED(m, k, j))
#define SCALE(m, k)               \
    {                             \
        {W32(SCALED, m, k)},      \
        {                         \
            W32(SCALED_LOW, m, k) \
        }                         \
    }
static const row mont2 = SCALE(WTL_POLYKEM_MONT2, 0);
/* The inverse NTT's last layer with 2^32 / 128 in it: for the sums, and for the differences. */
static const row last[2] = {SCALE(WTL_POLYKEM_LAST, 0), SCALE(WTL_POLYKEM_LAST, 1)};

/* For products of residues mod X^2 - g: 1 for even words and g for odd ones. */
#define G(k, p, j)                       \
    ((1 - 2 * ((j) % 2 & (j) / 2 % 2)) * \
     WTL_POLYKEM_ZETA(WTL_POLYKEM_MONT, (j) % 2 * (64 + 8 * (p) + (j) / 4)))
#define G_LOW(k, p, j) WTL_POLYKEM_LOW(G(k, p, j))
#define GAMMA(p)             \
    {                        \
        {W32(G, 0, p)},      \
        {                    \
            W32(G_LOW, 0, p) \
        }                    \
    }
static const row gammas[ROWS] = {GAMMA(0), GAMMA(1), GAMMA(2), GAMMA(3),
                                 GAMMA(4), GAMMA(5), GAMMA(6), GAMMA(7)};

/* After the layer of distance 2 the first pairs of quadruples are in one register and the second pairs in another, the
 * quadruples in the order of FORTH7; `home` brings the standard's order back, `away` is its reverse. */
static const int32_t home[2][16] = {{0, 16, 2, 18, 1, 17, 3, 19, 8, 24, 10, 26, 9, 25, 11, 27},
                                    {4, 20, 6, 22, 5, 21, 7, 23, 12, 28, 14, 30, 13, 29, 15, 31}};
static const int32_t away[2][16] = {{0, 4, 2, 6, 16, 20, 18, 22, 8, 12, 10, 14, 24, 28, 26, 30},
                                    {1, 5, 3, 7, 17, 21, 19, 23, 9, 13, 11, 15, 25, 29, 27, 31}};

static inline v get(const void *p)
{
    return _mm512_loadu_si512(p);
}

static inline void load(v f[ROWS], const wtl_polykem_poly *p)
{
#pragma GCC unroll 8
    for (size_t i = 0; i < ROWS; i++)
        f[i] = _mm512_load_si512(p->c + W * i);
}

static inline void store(wtl_polykem_poly *p, const v f[ROWS])
{
#pragma GCC unroll 8
    for (size_t i = 0; i < ROWS; i++)
        _mm512_store_si512(p->c + W * i, f[i]);
}

/* x * c * 2^-16 mod q, of absolute value at most |x| / 39 + q / 2. */
static inline v times(v x, const row *c)
{
    v m = _mm512_mullo_epi16(x, get(c->low));
    return _mm512_sub_epi16(_mm512_mulhi_epi16(x, get(c->z)), _mm512_mulhi_epi16(m, _mm512_set1_epi16(Q)));
}

/* x mod q for any x, of absolute value at most q / 2 + |x| / 62 < 0.66 q. */
static inline v reduce(v x)
{
    v t = _mm512_mulhrs_epi16(x, _mm512_set1_epi16(10)); /* 2^15 / q is 9.84 */
    return _mm512_sub_epi16(x, _mm512_mullo_epi16(t, _mm512_set1_epi16(Q)));
}

static inline void fly(v *a, v *b, const row *c)
{
    v t = times(*b, c);
    *b = _mm512_sub_epi16(*a, t);
    *a = _mm512_add_epi16(*a, t);
}

static inline void fly_back(v *a, v *b, const row *c)
{
    v t = _mm512_sub_epi16(*b, *a);
    *a = _mm512_add_epi16(*a, *b);
    *b = times(t, c);
}

/* The layers from distance 32 to 2 of 64 coefficients. */
static inline void forth_64(v *a, v *b, const row c[5])
{
    fly(a, b, c);
    v x = _mm512_shuffle_i64x2(*a, *b, 0x44);
    v y = _mm512_shuffle_i64x2(*a, *b, 0xee);
    fly(&x, &y, c + 1);
    v s = _mm512_shuffle_i64x2(x, y, 0x88);
    v t = _mm512_shuffle_i64x2(x, y, 0xdd);
    fly(&s, &t, c + 2);
    x = _mm512_unpacklo_epi64(s, t);
    y = _mm512_unpackhi_epi64(s, t);
    fly(&x, &y, c + 3);
    s = _mm512_castps_si512(_mm512_shuffle_ps(_mm512_castsi512_ps(x), _mm512_castsi512_ps(y), 0x88));
    t = _mm512_castps_si512(_mm512_shuffle_ps(_mm512_castsi512_ps(x), _mm512_castsi512_ps(y), 0xdd));
    fly(&s, &t, c + 4);
    *a = reduce(_mm512_permutex2var_epi32(s, get(home[0]), t));
    *b = reduce(_mm512_permutex2var_epi32(s, get(home[1]), t));
}

/* The reverse. 2q in, 5.7q out: sums double in each layer and are reduced after the second; products are below 0.8q. */
static inline void back_64(v *a, v *b, const row c[5])
{
    v s = _mm512_permutex2var_epi32(*a, get(away[0]), *b);
    v t = _mm512_permutex2var_epi32(*a, get(away[1]), *b);
    fly_back(&s, &t, c + 4);
    v x = _mm512_unpacklo_epi32(s, t);
    v y = _mm512_unpackhi_epi32(s, t);
    fly_back(&x, &y, c + 3);
    x = reduce(x);
    s = _mm512_unpacklo_epi64(x, y);
    t = _mm512_unpackhi_epi64(x, y);
    fly_back(&s, &t, c + 2);
    x = _mm512_shuffle_i64x2(s, t, 0x44);
    y = _mm512_shuffle_i64x2(s, t, 0xee);
    fly_back(&x, &y, c + 1);
    *a = _mm512_shuffle_i64x2(x, y, 0x88);
    *b = _mm512_shuffle_i64x2(x, y, 0xdd);
    fly_back(a, b, c);
}

/* Every layer adds at most 0.73q: 2q in, below 7q before the reduction; 2^15 is 9.8q. */
static void ntt(wtl_polykem_poly *p)
{
    v f[ROWS];
    load(f, p);
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++)
        fly(&f[i], &f[i + 4], &forth1);
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++)
        fly(&f[i / 2 * 4 + i % 2], &f[i / 2 * 4 + i % 2 + 2], &forth2[i / 2]);
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++)
        forth_64(&f[2 * i], &f[2 * i + 1], forth[i]);
    store(p, f);
}

static void intt(wtl_polykem_poly *p)
{
    v f[ROWS];
    load(f, p);
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++) {
        back_64(&f[2 * i], &f[2 * i + 1], back[i]);
        f[2 * i] = reduce(f[2 * i]);
    }
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++)
        fly_back(&f[i / 2 * 4 + i % 2], &f[i / 2 * 4 + i % 2 + 2], &back2[i / 2]);
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++) {
        v sum = _mm512_add_epi16(f[i], f[i + 4]);
        v difference = _mm512_sub_epi16(f[i + 4], f[i]);
        f[i] = times(sum, &last[0]);
        f[i + 4] = times(difference, &last[1]);
    }
    store(p, f);
}

/* The sums have 32 bits: at most 4 * 2 * q * 2q < 2^28, and after Montgomery's reduction 1.4q. */
static void mulacc(wtl_polykem_poly *r, const wtl_polykem_poly *a, const wtl_polykem_poly *b, size_t k)
{
    const __mmask32 odd = 0xaaaaaaaa;
    for (size_t i = 0; i < ROWS; i++) {
        v s = _mm512_setzero_si512();
        v t = _mm512_setzero_si512();
        for (size_t j = 0; j < k; j++) {
            v x = _mm512_load_si512(a[j].c + W * i);
            v y = _mm512_load_si512(b[j].c + W * i);
            s = _mm512_add_epi32(s, _mm512_madd_epi16(x, times(y, &gammas[i])));
            t = _mm512_add_epi32(t, _mm512_madd_epi16(x, _mm512_rol_epi32(y, 16)));
        }
        v lows = _mm512_mask_blend_epi16(odd, s, _mm512_slli_epi32(t, 16));
        v highs = _mm512_mask_blend_epi16(odd, _mm512_srli_epi32(s, 16), t);
        v m = _mm512_mullo_epi16(lows, _mm512_set1_epi16(-3327)); /* 1 / q mod 2^16 */
        v u = _mm512_sub_epi16(highs, _mm512_mulhi_epi16(m, _mm512_set1_epi16(Q)));
        _mm512_store_si512(r->c + W * i, reduce(u));
    }
}

static void tomont(wtl_polykem_poly *p)
{
    for (size_t i = 0; i < ROWS; i++)
        _mm512_store_si512(p->c + W * i, times(_mm512_load_si512(p->c + W * i), &mont2));
}

static void add(wtl_polykem_poly *r, const wtl_polykem_poly *a)
{
    for (size_t i = 0; i < ROWS; i++)
        _mm512_store_si512(r->c + W * i, reduce(_mm512_add_epi16(_mm512_load_si512(r->c + W * i),
                                                                 _mm512_load_si512(a->c + W * i))));
}

static void sub_from(wtl_polykem_poly *r, const wtl_polykem_poly *a)
{
    for (size_t i = 0; i < ROWS; i++)
        _mm512_store_si512(r->c + W * i, reduce(_mm512_sub_epi16(_mm512_load_si512(a->c + W * i),
                                                                 _mm512_load_si512(r->c + W * i))));
}

const wtl_polykem wtl_polykem_ice = {
    .level = WTL_CPU_AVX512,
    .ntt = ntt,
    .intt = intt,
    .mulacc = mulacc,
    .tomont = tomont,
    .add = add,
    .sub_from = sub_from,
    .sample_ntt = wtl_polykem_bytes_ice_sample_ntt,
    .cbd2 = wtl_polykem_bytes_ice_cbd2,
    .cbd3 = wtl_polykem_bytes_ice_cbd3,
    .to_bytes = wtl_polykem_bytes_ice_to_bytes,
    .from_bytes = wtl_polykem_bytes_ice_from_bytes,
    .compress = wtl_polykem_bytes_ice_compress,
    .decompress = wtl_polykem_bytes_ice_decompress,
};
#endif
