#include "kernel/polykem_impl.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "kernel/polykem_zeta.h"

/* A polynomial is sixteen registers of 16 coefficients. The NTT's layers of distance 128 and 64 run over all of them, four
 * at a time; then 64 coefficients stay in four registers for those of 32 and 16 between registers and of 8, 4 and 2,
 * for which two neighbours exchange halves, quarters and eighths so that again whole registers meet. */

enum { N = WTL_POLYKEM_N, Q = WTL_POLYKEM_Q, W = 16, ROWS = N / W };
typedef __m256i v;

/* Constants to multiply 16 coefficients with, and the same times 1/q. */
typedef struct row {
    _Alignas(32) int16_t z[W], low[W];
} row;

#define W4(f, k, p, j) f(k, p, j), f(k, p, (j) + 1), f(k, p, (j) + 2), f(k, p, (j) + 3)
#define W16(f, k, p) W4(f, k, p, 0), W4(f, k, p, 4), W4(f, k, p, 8), W4(f, k, p, 12)

/* Which zeta multiplies word j of the p-th pair of registers of a layer: as it is, or on the way back. */
#define FORTH5(p, j) (16 + 2 * (p) + (j) / 8)
#define FORTH6(p, j) (32 + 4 * (p) + (j) / 4)
#define FORTH7(p, j) (64 + 8 * (p) + (j) / 2)
#define BACK5(p, j) (47 - FORTH5(p, j))
#define BACK6(p, j) (95 - FORTH6(p, j))
#define BACK7(p, j) (191 - FORTH7(p, j))

#define ZETA(k, p, j) WTL_POLYKEM_ZETA(WTL_POLYKEM_MONT, k(p, j))
#define ZETA_LOW(k, p, j) WTL_POLYKEM_LOW(ZETA(k, p, j))
#define LAYER(k, p)             \
    {                           \
        {W16(ZETA, k, p)},      \
        {                       \
            W16(ZETA_LOW, k, p) \
        }                       \
    }
/* m times the k-th zeta in every word. */
#define SCALED(m, k, j) WTL_POLYKEM_ZETA(m, k)
#define SCALED_LOW(m, k, j) WTL_POLYKEM_LOW(SCALED(m, k, j))
#define SCALE(m, k)               \
    {                             \
        {W16(SCALED, m, k)},      \
        {                         \
            W16(SCALED_LOW, m, k) \
        }                         \
    }
#define SAME(k) SCALE(WTL_POLYKEM_MONT, k)

/* The zetas 0 to 15: of the layers between registers. */
static const row same[16] = {SAME(0), SAME(1), SAME(2),  SAME(3),  SAME(4),  SAME(5),  SAME(6),  SAME(7),
                             SAME(8), SAME(9), SAME(10), SAME(11), SAME(12), SAME(13), SAME(14), SAME(15)};
#define FORTH(p) {LAYER(FORTH5, p), LAYER(FORTH6, p), LAYER(FORTH7, p)}
static const row forth[8][3] = {FORTH(0), FORTH(1), FORTH(2), FORTH(3),
                                FORTH(4), FORTH(5), FORTH(6), FORTH(7)};
#define BACK(p) {LAYER(BACK5, p), LAYER(BACK6, p), LAYER(BACK7, p)}
static const row back[8][3] = {BACK(0), BACK(1), BACK(2), BACK(3), BACK(4), BACK(5), BACK(6), BACK(7)};
static const row mont2 = SCALE(WTL_POLYKEM_MONT2, 0);
/* The inverse NTT's last layer with 2^32 / 128 in it: for the sums, and for the differences. */
static const row last[2] = {SCALE(WTL_POLYKEM_LAST, 0), SCALE(WTL_POLYKEM_LAST, 1)};

/* For products of residues mod X^2 - g: 1 for even words and g for odd ones. */
#define G(k, p, j)                       \
    ((1 - 2 * ((j) % 2 & (j) / 2 % 2)) * \
     WTL_POLYKEM_ZETA(WTL_POLYKEM_MONT, (j) % 2 * (64 + 4 * (p) + (j) / 4)))
#define G_LOW(k, p, j) WTL_POLYKEM_LOW(G(k, p, j))
#define GAMMA(p)             \
    {                        \
        {W16(G, 0, p)},      \
        {                    \
            W16(G_LOW, 0, p) \
        }                    \
    }
static const row gammas[ROWS] = {GAMMA(0),  GAMMA(1),  GAMMA(2),  GAMMA(3), GAMMA(4),  GAMMA(5),
                                 GAMMA(6),  GAMMA(7),  GAMMA(8),  GAMMA(9), GAMMA(10), GAMMA(11),
                                 GAMMA(12), GAMMA(13), GAMMA(14), GAMMA(15)};

static inline v get(const int16_t *p)
{
    return _mm256_load_si256((const void *)p);
}

static inline void put(int16_t *p, v x)
{
    _mm256_store_si256((void *)p, x);
}

/* x * c * 2^-16 mod q, of absolute value at most |x| / 39 + q / 2. */
static inline v times(v x, const row *c)
{
    v m = _mm256_mullo_epi16(x, get(c->low));
    return _mm256_sub_epi16(_mm256_mulhi_epi16(x, get(c->z)), _mm256_mulhi_epi16(m, _mm256_set1_epi16(Q)));
}

/* x mod q for any x, of absolute value at most q / 2 + |x| / 62 < 0.66 q. */
static inline v reduce(v x)
{
    v t = _mm256_mulhrs_epi16(x, _mm256_set1_epi16(10)); /* 2^15 / q is 9.84 */
    return _mm256_sub_epi16(x, _mm256_mullo_epi16(t, _mm256_set1_epi16(Q)));
}

static inline void fly(v *a, v *b, const row *c)
{
    v t = times(*b, c);
    *b = _mm256_sub_epi16(*a, t);
    *a = _mm256_add_epi16(*a, t);
}

static inline void fly_back(v *a, v *b, const row *c)
{
    v t = _mm256_sub_epi16(*b, *a);
    *a = _mm256_add_epi16(*a, *b);
    *b = times(t, c);
}

/* The upper double word of each quadword of a changes places with the lower one of b. */
static inline void swap_inner(v *a, v *b)
{
    v x = _mm256_blend_epi32(*a, _mm256_slli_epi64(*b, 32), 0xaa);
    *b = _mm256_blend_epi32(_mm256_srli_epi64(*a, 32), *b, 0xaa);
    *a = x;
}

/* The layers of distance 8, 4 and 2 of two registers. */
static inline void forth_32(v *a, v *b, const row c[3])
{
    v s = _mm256_permute2x128_si256(*a, *b, 0x20);
    v t = _mm256_permute2x128_si256(*a, *b, 0x31);
    fly(&s, &t, c);
    v x = _mm256_unpacklo_epi64(s, t);
    v y = _mm256_unpackhi_epi64(s, t);
    fly(&x, &y, c + 1);
    swap_inner(&x, &y);
    fly(&x, &y, c + 2);
    s = reduce(_mm256_unpacklo_epi32(x, y));
    t = reduce(_mm256_unpackhi_epi32(x, y));
    *a = _mm256_permute2x128_si256(s, t, 0x20);
    *b = _mm256_permute2x128_si256(s, t, 0x31);
}

/* The reverse. 2q in, 1.5q out: sums double in each layer and are reduced after the second; products are below 0.8q. */
static inline void back_32(v *a, v *b, const row c[3])
{
    v s = _mm256_permute2x128_si256(*a, *b, 0x20);
    v t = _mm256_permute2x128_si256(*a, *b, 0x31);
    v x = _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(s), _mm256_castsi256_ps(t), 0x88));
    v y = _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(s), _mm256_castsi256_ps(t), 0xdd));
    fly_back(&x, &y, c + 2);
    swap_inner(&x, &y);
    fly_back(&x, &y, c + 1);
    x = reduce(x);
    s = _mm256_unpacklo_epi64(x, y);
    t = _mm256_unpackhi_epi64(x, y);
    fly_back(&s, &t, c);
    *a = _mm256_permute2x128_si256(s, t, 0x20);
    *b = _mm256_permute2x128_si256(s, t, 0x31);
}

/* Every layer adds at most 0.73q: 2q in, below 7q before the reduction; 2^15 is 9.8q. */
static void ntt(wtl_polykem_poly *p)
{
    for (int16_t *c = p->c; c < p->c + 64; c += W) {
        v f[4] = {get(c), get(c + 64), get(c + 128), get(c + 192)};
        fly(&f[0], &f[2], &same[1]);
        fly(&f[1], &f[3], &same[1]);
        fly(&f[0], &f[1], &same[2]);
        fly(&f[2], &f[3], &same[3]);
        put(c, f[0]);
        put(c + 64, f[1]);
        put(c + 128, f[2]);
        put(c + 192, f[3]);
    }
    for (size_t i = 0; i < 4; i++) {
        int16_t *c = p->c + 64 * i;
        v f[4] = {get(c), get(c + 16), get(c + 32), get(c + 48)};
        fly(&f[0], &f[2], &same[4 + i]);
        fly(&f[1], &f[3], &same[4 + i]);
        fly(&f[0], &f[1], &same[8 + 2 * i]);
        fly(&f[2], &f[3], &same[9 + 2 * i]);
        forth_32(&f[0], &f[1], forth[2 * i]);
        forth_32(&f[2], &f[3], forth[2 * i + 1]);
        put(c, f[0]);
        put(c + 16, f[1]);
        put(c + 32, f[2]);
        put(c + 48, f[3]);
    }
}

/* The sums of the layers of distance 16 and 32 reach 5.7q and are then reduced. */
static inline void back_64(int16_t *c, size_t i)
{
    v f[4] = {get(c), get(c + 16), get(c + 32), get(c + 48)};
    back_32(&f[0], &f[1], back[2 * i]);
    back_32(&f[2], &f[3], back[2 * i + 1]);
    fly_back(&f[0], &f[1], &same[15 - 2 * i]);
    fly_back(&f[2], &f[3], &same[14 - 2 * i]);
    fly_back(&f[0], &f[2], &same[7 - i]);
    fly_back(&f[1], &f[3], &same[7 - i]);
    put(c, reduce(f[0]));
    put(c + 16, reduce(f[1]));
    put(c + 32, f[2]);
    put(c + 48, f[3]);
}

static void intt(wtl_polykem_poly *p)
{
    for (size_t i = 0; i < 4; i++)
        back_64(p->c + 64 * i, i);
    for (int16_t *c = p->c; c < p->c + 64; c += W) {
        v f[4] = {get(c), get(c + 64), get(c + 128), get(c + 192)};
        fly_back(&f[0], &f[1], &same[3]);
        fly_back(&f[2], &f[3], &same[2]);
        put(c, times(_mm256_add_epi16(f[0], f[2]), &last[0]));
        put(c + 64, times(_mm256_add_epi16(f[1], f[3]), &last[0]));
        put(c + 128, times(_mm256_sub_epi16(f[2], f[0]), &last[1]));
        put(c + 192, times(_mm256_sub_epi16(f[3], f[1]), &last[1]));
    }
}

/* The sums have 32 bits: at most 4 * 2 * q * 2q < 2^28, and after Montgomery's reduction 1.4q. */
static void mulacc(wtl_polykem_poly *r, const wtl_polykem_poly *a, const wtl_polykem_poly *b, size_t k)
{
    for (size_t i = 0; i < ROWS; i++) {
        v s = _mm256_setzero_si256();
        v t = _mm256_setzero_si256();
        for (size_t j = 0; j < k; j++) {
            v x = get(a[j].c + W * i);
            v y = get(b[j].c + W * i);
            v other = _mm256_or_si256(_mm256_slli_epi32(y, 16), _mm256_srli_epi32(y, 16));
            s = _mm256_add_epi32(s, _mm256_madd_epi16(x, times(y, &gammas[i])));
            t = _mm256_add_epi32(t, _mm256_madd_epi16(x, other));
        }
        v lows = _mm256_blend_epi16(s, _mm256_slli_epi32(t, 16), 0xaa);
        v highs = _mm256_blend_epi16(_mm256_srli_epi32(s, 16), t, 0xaa);
        v m = _mm256_mullo_epi16(lows, _mm256_set1_epi16(-3327)); /* 1 / q mod 2^16 */
        put(r->c + W * i, reduce(_mm256_sub_epi16(highs, _mm256_mulhi_epi16(m, _mm256_set1_epi16(Q)))));
    }
}

static void tomont(wtl_polykem_poly *p)
{
    for (size_t i = 0; i < N; i += W)
        put(p->c + i, times(get(p->c + i), &mont2));
}

static void add(wtl_polykem_poly *r, const wtl_polykem_poly *a)
{
    for (size_t i = 0; i < N; i += W)
        put(r->c + i, reduce(_mm256_add_epi16(get(r->c + i), get(a->c + i))));
}

static void sub_from(wtl_polykem_poly *r, const wtl_polykem_poly *a)
{
    for (size_t i = 0; i < N; i += W)
        put(r->c + i, reduce(_mm256_sub_epi16(get(a->c + i), get(r->c + i))));
}

const wtl_polykem wtl_polykem_avx2 = {
    .level = WTL_CPU_AVX2,
    .ntt = ntt,
    .intt = intt,
    .mulacc = mulacc,
    .tomont = tomont,
    .add = add,
    .sub_from = sub_from,
    .sample_ntt = wtl_polykem_bytes_avx2_sample_ntt,
    .cbd2 = wtl_polykem_bytes_avx2_cbd2,
    .cbd3 = wtl_polykem_bytes_avx2_cbd3,
    .to_bytes = wtl_polykem_bytes_avx2_to_bytes,
    .from_bytes = wtl_polykem_bytes_avx2_from_bytes,
    .compress = wtl_polykem_bytes_avx2_compress,
    .decompress = wtl_polykem_bytes_avx2_decompress,
};
#endif
