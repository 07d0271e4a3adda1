/* The transforms. The levels 128, 64, 32 and 16 of algorithms 41 and 42 go between the 16 vectors of a polynomial; the
 * last four within pairs of vectors, whose lanes are traded so that each level again goes between two vectors. */
#include "kernel/polydsa_ice.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "kernel/polydsa_zeta.h"

enum { Q = WTL_POLYDSA_Q, V = 16 };

/* A factor in Montgomery form, and times q^-1 mod 2^32. */
typedef struct factor {
    _Alignas(64) int32_t z[V], zq[V];
} factor;

#define QINV(z) ((int32_t)((uint32_t)(z) * 58728449U))
#define Z(i) WTL_ZETA_##i
#define VEC(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)                                           \
    {                                                                                                 \
        {a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p},                                             \
        {                                                                                             \
            QINV(a), QINV(b), QINV(c), QINV(d), QINV(e), QINV(f), QINV(g), QINV(h), QINV(i), QINV(j), \
                QINV(k), QINV(l), QINV(m), QINV(n), QINV(o), QINV(p)                                  \
        }                                                                                             \
    }
/* Where the factors of a pair's blocks stand when its level comes; see ntt_pair and intt_pair. */
#define LEN8(a, b) VEC(a, a, a, a, a, a, a, a, b, b, b, b, b, b, b, b)
#define LEN8B(a, b) VEC(a, a, a, a, b, b, b, b, a, a, a, a, b, b, b, b)
#define LEN4(a, b, c, d) VEC(a, a, a, a, c, c, c, c, b, b, b, b, d, d, d, d)
#define LEN2(a, b, c, d, e, f, g, h) VEC(a, a, b, b, e, e, f, f, c, c, d, d, g, g, h, h)
#define LEN1(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p) \
    VEC(a, c, b, d, i, k, j, l, e, g, f, h, m, o, n, p)

static const factor len8[8] = {
    LEN8(Z(16), Z(17)), LEN8(Z(18), Z(19)), LEN8(Z(20), Z(21)), LEN8(Z(22), Z(23)),
    LEN8(Z(24), Z(25)), LEN8(Z(26), Z(27)), LEN8(Z(28), Z(29)), LEN8(Z(30), Z(31)),
};
static const factor len4[8] = {
    LEN4(Z(32), Z(33), Z(34), Z(35)), LEN4(Z(36), Z(37), Z(38), Z(39)), LEN4(Z(40), Z(41), Z(42), Z(43)),
    LEN4(Z(44), Z(45), Z(46), Z(47)), LEN4(Z(48), Z(49), Z(50), Z(51)), LEN4(Z(52), Z(53), Z(54), Z(55)),
    LEN4(Z(56), Z(57), Z(58), Z(59)), LEN4(Z(60), Z(61), Z(62), Z(63)),
};
static const factor len2[8] = {
    LEN2(Z(64), Z(65), Z(66), Z(67), Z(68), Z(69), Z(70), Z(71)),
    LEN2(Z(72), Z(73), Z(74), Z(75), Z(76), Z(77), Z(78), Z(79)),
    LEN2(Z(80), Z(81), Z(82), Z(83), Z(84), Z(85), Z(86), Z(87)),
    LEN2(Z(88), Z(89), Z(90), Z(91), Z(92), Z(93), Z(94), Z(95)),
    LEN2(Z(96), Z(97), Z(98), Z(99), Z(100), Z(101), Z(102), Z(103)),
    LEN2(Z(104), Z(105), Z(106), Z(107), Z(108), Z(109), Z(110), Z(111)),
    LEN2(Z(112), Z(113), Z(114), Z(115), Z(116), Z(117), Z(118), Z(119)),
    LEN2(Z(120), Z(121), Z(122), Z(123), Z(124), Z(125), Z(126), Z(127)),
};
static const factor len1[8] = {
    LEN1(Z(128), Z(129), Z(130), Z(131), Z(132), Z(133), Z(134), Z(135), Z(136), Z(137), Z(138), Z(139),
         Z(140), Z(141), Z(142), Z(143)),
    LEN1(Z(144), Z(145), Z(146), Z(147), Z(148), Z(149), Z(150), Z(151), Z(152), Z(153), Z(154), Z(155),
         Z(156), Z(157), Z(158), Z(159)),
    LEN1(Z(160), Z(161), Z(162), Z(163), Z(164), Z(165), Z(166), Z(167), Z(168), Z(169), Z(170), Z(171),
         Z(172), Z(173), Z(174), Z(175)),
    LEN1(Z(176), Z(177), Z(178), Z(179), Z(180), Z(181), Z(182), Z(183), Z(184), Z(185), Z(186), Z(187),
         Z(188), Z(189), Z(190), Z(191)),
    LEN1(Z(192), Z(193), Z(194), Z(195), Z(196), Z(197), Z(198), Z(199), Z(200), Z(201), Z(202), Z(203),
         Z(204), Z(205), Z(206), Z(207)),
    LEN1(Z(208), Z(209), Z(210), Z(211), Z(212), Z(213), Z(214), Z(215), Z(216), Z(217), Z(218), Z(219),
         Z(220), Z(221), Z(222), Z(223)),
    LEN1(Z(224), Z(225), Z(226), Z(227), Z(228), Z(229), Z(230), Z(231), Z(232), Z(233), Z(234), Z(235),
         Z(236), Z(237), Z(238), Z(239)),
    LEN1(Z(240), Z(241), Z(242), Z(243), Z(244), Z(245), Z(246), Z(247), Z(248), Z(249), Z(250), Z(251),
         Z(252), Z(253), Z(254), Z(255)),
};
static const factor back1[8] = {
    LEN1(Z(255), Z(254), Z(253), Z(252), Z(251), Z(250), Z(249), Z(248), Z(247), Z(246), Z(245), Z(244),
         Z(243), Z(242), Z(241), Z(240)),
    LEN1(Z(239), Z(238), Z(237), Z(236), Z(235), Z(234), Z(233), Z(232), Z(231), Z(230), Z(229), Z(228),
         Z(227), Z(226), Z(225), Z(224)),
    LEN1(Z(223), Z(222), Z(221), Z(220), Z(219), Z(218), Z(217), Z(216), Z(215), Z(214), Z(213), Z(212),
         Z(211), Z(210), Z(209), Z(208)),
    LEN1(Z(207), Z(206), Z(205), Z(204), Z(203), Z(202), Z(201), Z(200), Z(199), Z(198), Z(197), Z(196),
         Z(195), Z(194), Z(193), Z(192)),
    LEN1(Z(191), Z(190), Z(189), Z(188), Z(187), Z(186), Z(185), Z(184), Z(183), Z(182), Z(181), Z(180),
         Z(179), Z(178), Z(177), Z(176)),
    LEN1(Z(175), Z(174), Z(173), Z(172), Z(171), Z(170), Z(169), Z(168), Z(167), Z(166), Z(165), Z(164),
         Z(163), Z(162), Z(161), Z(160)),
    LEN1(Z(159), Z(158), Z(157), Z(156), Z(155), Z(154), Z(153), Z(152), Z(151), Z(150), Z(149), Z(148),
         Z(147), Z(146), Z(145), Z(144)),
    LEN1(Z(143), Z(142), Z(141), Z(140), Z(139), Z(138), Z(137), Z(136), Z(135), Z(134), Z(133), Z(132),
         Z(131), Z(130), Z(129), Z(128)),
};
static const factor back2[8] = {
    LEN2(Z(127), Z(126), Z(125), Z(124), Z(123), Z(122), Z(121), Z(120)),
    LEN2(Z(119), Z(118), Z(117), Z(116), Z(115), Z(114), Z(113), Z(112)),
    LEN2(Z(111), Z(110), Z(109), Z(108), Z(107), Z(106), Z(105), Z(104)),
    LEN2(Z(103), Z(102), Z(101), Z(100), Z(99), Z(98), Z(97), Z(96)),
    LEN2(Z(95), Z(94), Z(93), Z(92), Z(91), Z(90), Z(89), Z(88)),
    LEN2(Z(87), Z(86), Z(85), Z(84), Z(83), Z(82), Z(81), Z(80)),
    LEN2(Z(79), Z(78), Z(77), Z(76), Z(75), Z(74), Z(73), Z(72)),
    LEN2(Z(71), Z(70), Z(69), Z(68), Z(67), Z(66), Z(65), Z(64)),
};
static const factor back4[8] = {
    LEN4(Z(63), Z(62), Z(61), Z(60)), LEN4(Z(59), Z(58), Z(57), Z(56)), LEN4(Z(55), Z(54), Z(53), Z(52)),
    LEN4(Z(51), Z(50), Z(49), Z(48)), LEN4(Z(47), Z(46), Z(45), Z(44)), LEN4(Z(43), Z(42), Z(41), Z(40)),
    LEN4(Z(39), Z(38), Z(37), Z(36)), LEN4(Z(35), Z(34), Z(33), Z(32)),
};
static const factor back8[8] = {
    LEN8B(Z(31), Z(30)), LEN8B(Z(29), Z(28)), LEN8B(Z(27), Z(26)), LEN8B(Z(25), Z(24)),
    LEN8B(Z(23), Z(22)), LEN8B(Z(21), Z(20)), LEN8B(Z(19), Z(18)), LEN8B(Z(17), Z(16)),
};

/* The odd lanes in the even ones; a shuffle has twice as many ports as a shift. */
static inline __m512i upper(__m512i x)
{
    return _mm512_shuffle_epi32(x, _MM_PERM_DDBB);
}

/* b z 2^-32 mod q for |b z| < 2^31 q; |.| < q: the products of even and of odd lanes, less the multiple of q that makes
 * their low halves 0, leave the high halves. zo: the odd lanes of z in the even ones. */
static inline __m512i times_odd(__m512i b, __m512i z, __m512i zo, __m512i zq)
{
    const __m512i q = _mm512_set1_epi32(Q);
    __m512i m = _mm512_mullo_epi32(b, zq);
    __m512i even = _mm512_sub_epi64(_mm512_mul_epi32(b, z), _mm512_mul_epi32(m, q));
    __m512i odd = _mm512_sub_epi64(_mm512_mul_epi32(upper(b), zo), _mm512_mul_epi32(upper(m), q));
    return _mm512_mask_shuffle_epi32(odd, 0x5555, even, _MM_PERM_DDBB);
}

static inline __m512i times(__m512i b, __m512i z, __m512i zq)
{
    return times_odd(b, z, z, zq);
}

/* One factor for all lanes. */
typedef struct root {
    int32_t z, zq;
} root;
#define ROOT(z) {z, QINV(z)}
#define ROOTS(i) ROOT(Z(i))
static const root roots[16] = {{0, 0},    ROOTS(1),  ROOTS(2),  ROOTS(3), ROOTS(4),  ROOTS(5),
                               ROOTS(6),  ROOTS(7),  ROOTS(8),  ROOTS(9), ROOTS(10), ROOTS(11),
                               ROOTS(12), ROOTS(13), ROOTS(14), ROOTS(15)};
static const root scale[2] = {ROOT(41978), ROOT(-3975713)};

/* Compilers would rather make a constant in a register, which costs a vector unit's time; a load costs none. */
#define KEEP(p) __asm__("" : "+r"(p))

static inline __m512i times_root(__m512i b, const root *r)
{
    return times(b, _mm512_set1_epi32(r->z), _mm512_set1_epi32(r->zq));
}

/* a + z b and a - z b */
static inline void cross(__m512i *a, __m512i *b, const root *r)
{
    __m512i t = times_root(*b, r);
    *b = _mm512_sub_epi32(*a, t);
    *a = _mm512_add_epi32(*a, t);
}

static inline void cross_vec(__m512i *a, __m512i *b, const factor *f)
{
    __m512i t = times(*b, _mm512_load_si512(f->z), _mm512_load_si512(f->zq));
    *b = _mm512_sub_epi32(*a, t);
    *a = _mm512_add_epi32(*a, t);
}

static inline void cross_odd(__m512i *a, __m512i *b, const factor *f)
{
    __m512i z = _mm512_load_si512(f->z);
    __m512i t = times_odd(*b, z, upper(z), _mm512_load_si512(f->zq));
    *b = _mm512_sub_epi32(*a, t);
    *a = _mm512_add_epi32(*a, t);
}

/* a + b and z (b - a) */
static inline void back(__m512i *a, __m512i *b, const root *r)
{
    __m512i t = _mm512_sub_epi32(*b, *a);
    *a = _mm512_add_epi32(*a, *b);
    *b = times_root(t, r);
}

static inline void back_vec(__m512i *a, __m512i *b, const factor *f)
{
    __m512i t = _mm512_sub_epi32(*b, *a);
    *a = _mm512_add_epi32(*a, *b);
    *b = times(t, _mm512_load_si512(f->z), _mm512_load_si512(f->zq));
}

static inline void back_odd(__m512i *a, __m512i *b, const factor *f)
{
    __m512i z = _mm512_load_si512(f->z);
    __m512i t = _mm512_sub_epi32(*b, *a);
    *a = _mm512_add_epi32(*a, *b);
    *b = times_odd(t, z, upper(z), _mm512_load_si512(f->zq));
}

/* |x| < 2^31 - 2^22 in; |.| < q out */
static inline __m512i reduce(__m512i x)
{
    __m512i t = _mm512_srai_epi32(_mm512_add_epi32(x, _mm512_set1_epi32(1 << 22)), 23);
    return _mm512_sub_epi32(x, _mm512_mullo_epi32(t, _mm512_set1_epi32(Q)));
}

static inline void trade(__m512i *a, __m512i *b, __m512i low, __m512i high)
{
    *a = low;
    *b = high;
}
#define TRADE_128(a, b, l, h) \
    trade(a, b, _mm512_shuffle_i64x2(*(a), *(b), l), _mm512_shuffle_i64x2(*(a), *(b), h))
#define TRADE_64(a, b) trade(a, b, _mm512_unpacklo_epi64(*(a), *(b)), _mm512_unpackhi_epi64(*(a), *(b)))
#define TRADE_32(a, b) trade(a, b, _mm512_unpacklo_epi32(*(a), *(b)), _mm512_unpackhi_epi32(*(a), *(b)))
#define TRADE_ALL(a, b, l, h) \
    trade(a, b, _mm512_permutex2var_epi32(*(a), l, *(b)), _mm512_permutex2var_epi32(*(a), h, *(b)))

#define TRADE_EVEN(a, b)                                                                                    \
    trade(                                                                                                  \
        a, b,                                                                                               \
        _mm512_castps_si512(_mm512_shuffle_ps(_mm512_castsi512_ps(*(a)), _mm512_castsi512_ps(*(b)), 0x88)), \
        _mm512_castps_si512(_mm512_shuffle_ps(_mm512_castsi512_ps(*(a)), _mm512_castsi512_ps(*(b)), 0xdd)))
/* W pairs at a time, so that the wait for one product is filled with others. */
#define PAIRS for (unsigned i = 0; i < V; i += 2)

/* Vectors 2p and 2p + 1, of quarters a0..a3 and b0..b3, through the levels 8, 4, 2, 1. */
static inline void ntt_pairs(__m512i v[V])
{
    const __m512i first = _mm512_setr_epi32(0, 16, 2, 18, 1, 17, 3, 19, 8, 24, 10, 26, 9, 25, 11, 27);
    const __m512i second = _mm512_add_epi32(first, _mm512_set1_epi32(4));
#pragma GCC unroll 16
    PAIRS
    {
        TRADE_128(&v[i], &v[i + 1], 0x44, 0xee); /* a0 a1 b0 b1, a2 a3 b2 b3 */
    }
#pragma GCC unroll 16
    PAIRS
    {
        cross_vec(&v[i], &v[i + 1], &len8[i / 2]);
    }
#pragma GCC unroll 16
    PAIRS
    {
        TRADE_128(&v[i], &v[i + 1], 0x88, 0xdd); /* a0 b0 a2 b2, a1 b1 a3 b3 */
        cross_vec(&v[i], &v[i + 1], &len4[i / 2]);
    }
#pragma GCC unroll 16
    PAIRS
    {
        TRADE_64(&v[i], &v[i + 1]);
        cross_vec(&v[i], &v[i + 1], &len2[i / 2]);
    }
#pragma GCC unroll 16
    PAIRS
    {
        TRADE_EVEN(&v[i], &v[i + 1]);
        cross_odd(&v[i], &v[i + 1], &len1[i / 2]);
    }
#pragma GCC unroll 16
    PAIRS
    {
        TRADE_ALL(&v[i], &v[i + 1], first, second);
        v[i] = reduce(v[i]);
        v[i + 1] = reduce(v[i + 1]);
    }
}

/* The other way: levels 1, 2, 4, 8. */
static inline void intt_pairs(__m512i v[V])
{
    const __m512i first = _mm512_setr_epi32(0, 4, 2, 6, 16, 20, 18, 22, 8, 12, 10, 14, 24, 28, 26, 30);
    const __m512i second = _mm512_add_epi32(first, _mm512_set1_epi32(1));
#pragma GCC unroll 16
    PAIRS
    {
        TRADE_ALL(&v[i], &v[i + 1], first, second);
    }
#pragma GCC unroll 16
    PAIRS
    {
        back_odd(&v[i], &v[i + 1], &back1[i / 2]);
    }
#pragma GCC unroll 16
    PAIRS
    {
        TRADE_32(&v[i], &v[i + 1]);
        back_vec(&v[i], &v[i + 1], &back2[i / 2]);
    }
#pragma GCC unroll 16
    PAIRS
    {
        TRADE_64(&v[i], &v[i + 1]); /* a0 b0 a2 b2, a1 b1 a3 b3 */
        back_vec(&v[i], &v[i + 1], &back4[i / 2]);
    }
#pragma GCC unroll 16
    PAIRS
    {
        TRADE_128(&v[i], &v[i + 1], 0x44, 0xee); /* a0 b0 a1 b1, a2 b2 a3 b3 */
        back_vec(&v[i], &v[i + 1], &back8[i / 2]);
    }
#pragma GCC unroll 16
    PAIRS
    {
        TRADE_128(&v[i], &v[i + 1], 0x88, 0xdd);
    }
}

static inline void load(__m512i v[V], const wtl_polydsa_poly *f)
{
#pragma GCC unroll 16
    for (unsigned i = 0; i < V; i++)
        v[i] = _mm512_load_si512(f->c + i * V);
}

static inline void store(wtl_polydsa_poly *f, const __m512i v[V])
{
#pragma GCC unroll 16
    for (unsigned i = 0; i < V; i++)
        _mm512_store_si512(f->c + i * V, v[i]);
}

/* From |x| < q + 2^20 each level adds less than q: below 2^27 before the last step. */
void wtl_polydsa_ntt_ice_forward(wtl_polydsa_poly *f)
{
    const root *z = roots;
    __m512i v[V];
    KEEP(z);
    load(v, f);
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++)
        cross(&v[i], &v[i + 8], z + 1);
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++)
        cross(&v[i + (i & 4)], &v[i + (i & 4) + 4], z + 2 + i / 4);
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++)
        cross(&v[2 * i - (i & 1)], &v[2 * i - (i & 1) + 2], z + 4 + i / 2);
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++)
        cross(&v[2 * i], &v[2 * i + 1], z + 8 + i);
    ntt_pairs(v);
    store(f, v);
}

/* Sums grow to 256 (q - 1) < 2^31; differences times |z| <= q / 2 stay below 2^31 q. */
void wtl_polydsa_ntt_ice_inverse(wtl_polydsa_poly *f)
{
    const root *z = roots, *last = scale;
    __m512i v[V];
    KEEP(z);
    KEEP(last);
    load(v, f);
    intt_pairs(v);
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++)
        back(&v[2 * i], &v[2 * i + 1], z + 15 - i);
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++)
        back(&v[2 * i - (i & 1)], &v[2 * i - (i & 1) + 2], z + 7 - i / 2);
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++)
        back(&v[i + (i & 4)], &v[i + (i & 4) + 4], z + 3 - i / 4);
#pragma GCC unroll 8
    for (unsigned i = 0; i < 8; i++) {
        __m512i sum = _mm512_add_epi32(v[i], v[i + 8]);
        v[i + 8] = times_root(_mm512_sub_epi32(v[i + 8], v[i]), last + 1);
        v[i] = times_root(sum, last);
    }
    store(f, v);
}

#endif
