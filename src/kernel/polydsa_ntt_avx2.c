/* The transforms. The levels 128 and 64 of algorithms 41 and 42 go between 4 vectors far apart; the others within 8
 * neighbours, the last three within pairs, whose lanes are traded so that each level again goes between two vectors. */
#include "kernel/polydsa_avx2.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "kernel/polydsa_zeta.h"

enum { N = WTL_POLYDSA_N, Q = WTL_POLYDSA_Q, V = 8 };

/* A factor in Montgomery form, and times q^-1 mod 2^32: for each lane, or one for all. */
typedef struct factor {
    _Alignas(64) int32_t z[V], zq[V];
} factor;
typedef struct root {
    int32_t z, zq;
} root;

#define QINV(z) ((int32_t)((uint32_t)(z) * 58728449U))
#define Z(i) WTL_ZETA_##i
#define ROOT(z) {z, QINV(z)}
#define ROOTS(i) ROOT(Z(i))
#define VEC(a, b, c, d, e, f, g, h)                                                \
    {                                                                              \
        {a, b, c, d, e, f, g, h},                                                  \
        {                                                                          \
            QINV(a), QINV(b), QINV(c), QINV(d), QINV(e), QINV(f), QINV(g), QINV(h) \
        }                                                                          \
    }
/* Where the factors of a pair's blocks stand when its level comes; see ntt_64. */
#define LEN4(a, b) VEC(a, a, a, a, b, b, b, b)
#define LEN2(a, b, c, d) VEC(a, a, b, b, c, c, d, d)
#define LEN1(a, b, c, d, e, f, g, h) VEC(a, c, b, d, e, g, f, h)

static const factor len4[16] = {
    LEN4(Z(32), Z(33)), LEN4(Z(34), Z(35)), LEN4(Z(36), Z(37)), LEN4(Z(38), Z(39)),
    LEN4(Z(40), Z(41)), LEN4(Z(42), Z(43)), LEN4(Z(44), Z(45)), LEN4(Z(46), Z(47)),
    LEN4(Z(48), Z(49)), LEN4(Z(50), Z(51)), LEN4(Z(52), Z(53)), LEN4(Z(54), Z(55)),
    LEN4(Z(56), Z(57)), LEN4(Z(58), Z(59)), LEN4(Z(60), Z(61)), LEN4(Z(62), Z(63)),
};
static const factor len2[16] = {
    LEN2(Z(64), Z(65), Z(66), Z(67)),     LEN2(Z(68), Z(69), Z(70), Z(71)),
    LEN2(Z(72), Z(73), Z(74), Z(75)),     LEN2(Z(76), Z(77), Z(78), Z(79)),
    LEN2(Z(80), Z(81), Z(82), Z(83)),     LEN2(Z(84), Z(85), Z(86), Z(87)),
    LEN2(Z(88), Z(89), Z(90), Z(91)),     LEN2(Z(92), Z(93), Z(94), Z(95)),
    LEN2(Z(96), Z(97), Z(98), Z(99)),     LEN2(Z(100), Z(101), Z(102), Z(103)),
    LEN2(Z(104), Z(105), Z(106), Z(107)), LEN2(Z(108), Z(109), Z(110), Z(111)),
    LEN2(Z(112), Z(113), Z(114), Z(115)), LEN2(Z(116), Z(117), Z(118), Z(119)),
    LEN2(Z(120), Z(121), Z(122), Z(123)), LEN2(Z(124), Z(125), Z(126), Z(127)),
};
static const factor len1[16] = {
    LEN1(Z(128), Z(129), Z(130), Z(131), Z(132), Z(133), Z(134), Z(135)),
    LEN1(Z(136), Z(137), Z(138), Z(139), Z(140), Z(141), Z(142), Z(143)),
    LEN1(Z(144), Z(145), Z(146), Z(147), Z(148), Z(149), Z(150), Z(151)),
    LEN1(Z(152), Z(153), Z(154), Z(155), Z(156), Z(157), Z(158), Z(159)),
    LEN1(Z(160), Z(161), Z(162), Z(163), Z(164), Z(165), Z(166), Z(167)),
    LEN1(Z(168), Z(169), Z(170), Z(171), Z(172), Z(173), Z(174), Z(175)),
    LEN1(Z(176), Z(177), Z(178), Z(179), Z(180), Z(181), Z(182), Z(183)),
    LEN1(Z(184), Z(185), Z(186), Z(187), Z(188), Z(189), Z(190), Z(191)),
    LEN1(Z(192), Z(193), Z(194), Z(195), Z(196), Z(197), Z(198), Z(199)),
    LEN1(Z(200), Z(201), Z(202), Z(203), Z(204), Z(205), Z(206), Z(207)),
    LEN1(Z(208), Z(209), Z(210), Z(211), Z(212), Z(213), Z(214), Z(215)),
    LEN1(Z(216), Z(217), Z(218), Z(219), Z(220), Z(221), Z(222), Z(223)),
    LEN1(Z(224), Z(225), Z(226), Z(227), Z(228), Z(229), Z(230), Z(231)),
    LEN1(Z(232), Z(233), Z(234), Z(235), Z(236), Z(237), Z(238), Z(239)),
    LEN1(Z(240), Z(241), Z(242), Z(243), Z(244), Z(245), Z(246), Z(247)),
    LEN1(Z(248), Z(249), Z(250), Z(251), Z(252), Z(253), Z(254), Z(255)),
};
static const factor back1[16] = {
    LEN1(Z(255), Z(254), Z(253), Z(252), Z(251), Z(250), Z(249), Z(248)),
    LEN1(Z(247), Z(246), Z(245), Z(244), Z(243), Z(242), Z(241), Z(240)),
    LEN1(Z(239), Z(238), Z(237), Z(236), Z(235), Z(234), Z(233), Z(232)),
    LEN1(Z(231), Z(230), Z(229), Z(228), Z(227), Z(226), Z(225), Z(224)),
    LEN1(Z(223), Z(222), Z(221), Z(220), Z(219), Z(218), Z(217), Z(216)),
    LEN1(Z(215), Z(214), Z(213), Z(212), Z(211), Z(210), Z(209), Z(208)),
    LEN1(Z(207), Z(206), Z(205), Z(204), Z(203), Z(202), Z(201), Z(200)),
    LEN1(Z(199), Z(198), Z(197), Z(196), Z(195), Z(194), Z(193), Z(192)),
    LEN1(Z(191), Z(190), Z(189), Z(188), Z(187), Z(186), Z(185), Z(184)),
    LEN1(Z(183), Z(182), Z(181), Z(180), Z(179), Z(178), Z(177), Z(176)),
    LEN1(Z(175), Z(174), Z(173), Z(172), Z(171), Z(170), Z(169), Z(168)),
    LEN1(Z(167), Z(166), Z(165), Z(164), Z(163), Z(162), Z(161), Z(160)),
    LEN1(Z(159), Z(158), Z(157), Z(156), Z(155), Z(154), Z(153), Z(152)),
    LEN1(Z(151), Z(150), Z(149), Z(148), Z(147), Z(146), Z(145), Z(144)),
    LEN1(Z(143), Z(142), Z(141), Z(140), Z(139), Z(138), Z(137), Z(136)),
    LEN1(Z(135), Z(134), Z(133), Z(132), Z(131), Z(130), Z(129), Z(128)),
};
static const factor back2[16] = {
    LEN2(Z(127), Z(126), Z(125), Z(124)), LEN2(Z(123), Z(122), Z(121), Z(120)),
    LEN2(Z(119), Z(118), Z(117), Z(116)), LEN2(Z(115), Z(114), Z(113), Z(112)),
    LEN2(Z(111), Z(110), Z(109), Z(108)), LEN2(Z(107), Z(106), Z(105), Z(104)),
    LEN2(Z(103), Z(102), Z(101), Z(100)), LEN2(Z(99), Z(98), Z(97), Z(96)),
    LEN2(Z(95), Z(94), Z(93), Z(92)),     LEN2(Z(91), Z(90), Z(89), Z(88)),
    LEN2(Z(87), Z(86), Z(85), Z(84)),     LEN2(Z(83), Z(82), Z(81), Z(80)),
    LEN2(Z(79), Z(78), Z(77), Z(76)),     LEN2(Z(75), Z(74), Z(73), Z(72)),
    LEN2(Z(71), Z(70), Z(69), Z(68)),     LEN2(Z(67), Z(66), Z(65), Z(64)),
};
static const factor back4[16] = {
    LEN4(Z(63), Z(62)), LEN4(Z(61), Z(60)), LEN4(Z(59), Z(58)), LEN4(Z(57), Z(56)),
    LEN4(Z(55), Z(54)), LEN4(Z(53), Z(52)), LEN4(Z(51), Z(50)), LEN4(Z(49), Z(48)),
    LEN4(Z(47), Z(46)), LEN4(Z(45), Z(44)), LEN4(Z(43), Z(42)), LEN4(Z(41), Z(40)),
    LEN4(Z(39), Z(38)), LEN4(Z(37), Z(36)), LEN4(Z(35), Z(34)), LEN4(Z(33), Z(32)),
};
static const root roots[32] = {
    {0, 0},    ROOTS(1),  ROOTS(2),  ROOTS(3),  ROOTS(4),  ROOTS(5),  ROOTS(6),  ROOTS(7),
    ROOTS(8),  ROOTS(9),  ROOTS(10), ROOTS(11), ROOTS(12), ROOTS(13), ROOTS(14), ROOTS(15),
    ROOTS(16), ROOTS(17), ROOTS(18), ROOTS(19), ROOTS(20), ROOTS(21), ROOTS(22), ROOTS(23),
    ROOTS(24), ROOTS(25), ROOTS(26), ROOTS(27), ROOTS(28), ROOTS(29), ROOTS(30), ROOTS(31),
};
static const root scale[2] = {ROOT(41978), ROOT(-3975713)}; /* 2^64 / 256 mod q, and times z1 2^-32 */

/* The odd lanes in the even ones. */
static inline __m256i upper(__m256i x)
{
    return _mm256_shuffle_epi32(x, 0xf5);
}

/* b z 2^-32 mod q for |b z| < 2^31 q; |.| < q: the products of even and of odd lanes, less the multiple of q that makes
 * their low halves 0, leave the high halves. zo: the odd lanes of z in the even ones. */
static inline __m256i times_odd(__m256i b, __m256i z, __m256i zo, __m256i zq)
{
    const __m256i q = _mm256_set1_epi32(Q);
    __m256i m = _mm256_mullo_epi32(b, zq);
    __m256i even = _mm256_sub_epi64(_mm256_mul_epi32(b, z), _mm256_mul_epi32(m, q));
    __m256i odd = _mm256_sub_epi64(_mm256_mul_epi32(upper(b), zo), _mm256_mul_epi32(upper(m), q));
    return _mm256_blend_epi32(upper(even), odd, 0xaa);
}

static inline __m256i times_root(__m256i b, const root *r)
{
    __m256i z = _mm256_set1_epi32(r->z);
    return times_odd(b, z, z, _mm256_set1_epi32(r->zq));
}

static inline __m256i lanes(const int32_t c[V])
{
    return _mm256_load_si256((const void *)c);
}

static inline __m256i times(__m256i b, const factor *f)
{
    __m256i z = lanes(f->z);
    return times_odd(b, z, z, lanes(f->zq));
}

static inline __m256i times_each(__m256i b, const factor *f)
{
    __m256i z = lanes(f->z);
    return times_odd(b, z, upper(z), lanes(f->zq));
}

/* a + t and a - t */
static inline void cross(__m256i *a, __m256i *b, __m256i t)
{
    *b = _mm256_sub_epi32(*a, t);
    *a = _mm256_add_epi32(*a, t);
}

/* a + b; returns b - a */
static inline __m256i back(__m256i *a, __m256i b)
{
    __m256i t = _mm256_sub_epi32(b, *a);
    *a = _mm256_add_epi32(*a, b);
    return t;
}

/* |x| < 2^31 - 2^22 in; |.| < q out */
static inline __m256i reduce(__m256i x)
{
    __m256i t = _mm256_srai_epi32(_mm256_add_epi32(x, _mm256_set1_epi32(1 << 22)), 23);
    return _mm256_sub_epi32(x, _mm256_mullo_epi32(t, _mm256_set1_epi32(Q)));
}

static inline void trade(__m256i *a, __m256i *b, __m256i low, __m256i high)
{
    *a = low;
    *b = high;
}
#define TRADE_128(a, b) \
    trade(a, b, _mm256_permute2x128_si256(*(a), *(b), 0x20), _mm256_permute2x128_si256(*(a), *(b), 0x31))
#define TRADE_64(a, b) trade(a, b, _mm256_unpacklo_epi64(*(a), *(b)), _mm256_unpackhi_epi64(*(a), *(b)))
#define TRADE_32(a, b) trade(a, b, _mm256_unpacklo_epi32(*(a), *(b)), _mm256_unpackhi_epi32(*(a), *(b)))
#define TRADE_EVEN(a, b)                                                                                    \
    trade(                                                                                                  \
        a, b,                                                                                               \
        _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(*(a)), _mm256_castsi256_ps(*(b)), 0x88)), \
        _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(*(a)), _mm256_castsi256_ps(*(b)), 0xdd)))

/* Vectors `step` lanes apart. */
static inline void load(__m256i *v, unsigned n, const int32_t *c, unsigned step)
{
#pragma GCC unroll 8
    for (unsigned i = 0; i < n; i++)
        v[i] = lanes(c + i * step);
}

static inline void store(int32_t *c, unsigned step, const __m256i *v, unsigned n)
{
#pragma GCC unroll 8
    for (unsigned i = 0; i < n; i++)
        _mm256_store_si256((void *)(c + i * step), v[i]);
}

/* The levels 32 to 1 of the k-th 64 coefficients. */
static inline void ntt_64(int32_t *c, unsigned k)
{
    __m256i v[8];
    load(v, 8, c, V);
#pragma GCC unroll 8
    for (unsigned i = 0; i < 4; i++)
        cross(&v[i], &v[i + 4], times_root(v[i + 4], &roots[4 + k]));
#pragma GCC unroll 8
    for (unsigned i = 0; i < 4; i++) {
        unsigned at = i + (i & 2);
        cross(&v[at], &v[at + 2], times_root(v[at + 2], &roots[8 + 2 * k + i / 2]));
    }
#pragma GCC unroll 8
    for (unsigned i = 0; i < 4; i++)
        cross(&v[2 * i], &v[2 * i + 1], times_root(v[2 * i + 1], &roots[16 + 4 * k + i]));
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i += 2) {
        TRADE_128(&v[i], &v[i + 1]);
        cross(&v[i], &v[i + 1], times(v[i + 1], &len4[4 * k + i / 2]));
    }
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i += 2) {
        TRADE_64(&v[i], &v[i + 1]);
        cross(&v[i], &v[i + 1], times(v[i + 1], &len2[4 * k + i / 2]));
    }
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i += 2) {
        TRADE_EVEN(&v[i], &v[i + 1]);
        cross(&v[i], &v[i + 1], times_each(v[i + 1], &len1[4 * k + i / 2]));
    }
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i += 2) {
        v[i] = reduce(v[i]);
        v[i + 1] = reduce(v[i + 1]);
        TRADE_32(&v[i], &v[i + 1]);
        TRADE_64(&v[i], &v[i + 1]);
        TRADE_128(&v[i], &v[i + 1]);
    }
    store(c, V, v, 8);
}

/* From |x| < q + 2^20 each level adds less than q: below 2^27 before the last step. */
void wtl_polydsa_ntt_avx2_forward(wtl_polydsa_poly *f)
{
    for (unsigned i = 0; i < N / 4; i += V) {
        __m256i v[4];
        load(v, 4, f->c + i, N / 4);
        cross(&v[0], &v[2], times_root(v[2], &roots[1]));
        cross(&v[1], &v[3], times_root(v[3], &roots[1]));
        cross(&v[0], &v[1], times_root(v[1], &roots[2]));
        cross(&v[2], &v[3], times_root(v[3], &roots[3]));
        store(f->c + i, N / 4, v, 4);
    }
    for (unsigned k = 0; k < 4; k++)
        ntt_64(f->c + k * N / 4, k);
}

static inline void intt_64(int32_t *c, unsigned k)
{
    __m256i v[8];
    load(v, 8, c, V);
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i += 2) {
        TRADE_128(&v[i], &v[i + 1]);
        TRADE_64(&v[i], &v[i + 1]);
        TRADE_EVEN(&v[i], &v[i + 1]);
        v[i + 1] = times_each(back(&v[i], v[i + 1]), &back1[4 * k + i / 2]);
    }
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i += 2) {
        TRADE_32(&v[i], &v[i + 1]);
        v[i + 1] = times(back(&v[i], v[i + 1]), &back2[4 * k + i / 2]);
    }
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i += 2) {
        TRADE_64(&v[i], &v[i + 1]);
        v[i + 1] = times(back(&v[i], v[i + 1]), &back4[4 * k + i / 2]);
    }
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i += 2) {
        TRADE_128(&v[i], &v[i + 1]);
        v[i + 1] = times_root(back(&v[i], v[i + 1]), &roots[31 - 4 * k - i / 2]);
    }
#pragma GCC unroll 8
    for (unsigned i = 0; i < 4; i++) {
        unsigned at = i + (i & 2);
        v[at + 2] = times_root(back(&v[at], v[at + 2]), &roots[15 - 2 * k - i / 2]);
    }
#pragma GCC unroll 8
    for (unsigned i = 0; i < 4; i++)
        v[i + 4] = times_root(back(&v[i], v[i + 4]), &roots[7 - k]);
    store(c, V, v, 8);
}

/* Sums grow to 256 (q - 1) < 2^31; differences times |z| <= q / 2 stay below 2^31 q. */
void wtl_polydsa_ntt_avx2_inverse(wtl_polydsa_poly *f)
{
    for (unsigned k = 0; k < 4; k++)
        intt_64(f->c + k * N / 4, k);
    for (unsigned i = 0; i < N / 4; i += V) {
        __m256i v[4];
        load(v, 4, f->c + i, N / 4);
        v[1] = times_root(back(&v[0], v[1]), &roots[3]);
        v[3] = times_root(back(&v[2], v[3]), &roots[2]);
        v[2] = times_root(back(&v[0], v[2]), &scale[1]);
        v[3] = times_root(back(&v[1], v[3]), &scale[1]);
        v[0] = times_root(v[0], &scale[0]);
        v[1] = times_root(v[1], &scale[0]);
        store(f->c + i, N / 4, v, 4);
    }
}

#endif
