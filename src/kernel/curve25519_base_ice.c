/* Multiples of the base point by AVX-512 with IFMA: eight sums side by side, each of eight table entries. */
#if defined(__x86_64__)
#include <string.h>

#include "base/secret.h"
#include "kernel/curve25519_adx.h"
#include "kernel/curve25519_ice.h"
#include "kernel/curve25519_impl.h"
#include "kernel/curve25519_table.h"

#define VEC wtl_curve25519_ice_vec
#define INLINE static inline __attribute__((always_inline))
#define mul wtl_curve25519_ice_mul
#define carry wtl_curve25519_ice_carry

/* Points of -x^2 + y^2 = 1 + d x^2 y^2 as x = X/Z, y = Y/Z, xy = T/Z; wide. */
typedef struct sums {
    VEC x, y, z, t;
} sums;

/* Points to be added, as y + x, y - x and 2 d x y; fit for mul. */
typedef struct entries {
    VEC plus, minus, xyd2;
} entries;

INLINE VEC add(const VEC *a, const VEC *b)
{
    VEC r;
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
        r.v[i] = _mm512_add_epi64(a->v[i], b->v[i]);
    return carry(r);
}

INLINE VEC sub(const VEC *a, const VEC *b)
{
    VEC r;
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
        r.v[i] = _mm512_sub_epi64(_mm512_add_epi64(a->v[i], wtl_curve25519_ice_bias(i)), b->v[i]);
    return carry(r);
}

/* Lane l of word w of the result is word w of lane l's point: m[l] holds four words of point l and of point l + 4. */
INLINE VEC limbs(const __m512i m[4])
{
    const __m512i mask = wtl_curve25519_ice_all((UINT64_C(1) << 51) - 1);
    const __m512i even = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13);
    const __m512i odd = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
    __m512i a = _mm512_unpacklo_epi64(m[0], m[1]), b = _mm512_unpacklo_epi64(m[2], m[3]);
    __m512i c = _mm512_unpackhi_epi64(m[0], m[1]), d = _mm512_unpackhi_epi64(m[2], m[3]);
    __m512i w0 = _mm512_permutex2var_epi64(a, even, b), w1 = _mm512_permutex2var_epi64(c, even, d);
    __m512i w2 = _mm512_permutex2var_epi64(a, odd, b), w3 = _mm512_permutex2var_epi64(c, odd, d);
    return (VEC){{_mm512_and_si512(w0, mask), _mm512_and_si512(_mm512_shrdi_epi64(w0, w1, 51), mask),
                  _mm512_and_si512(_mm512_shrdi_epi64(w1, w2, 38), mask),
                  _mm512_and_si512(_mm512_shrdi_epi64(w2, w3, 25), mask), _mm512_srli_epi64(w3, 12)}};
}

/* The entries sizes[l] of the tables of positions l = 0 .. 7, each entry being read; size 0 is the neutral point. */
INLINE void scan(entries *e, const uint64_t table[8][8][12], __m512i sizes)
{
    __m512i front[8], back[4], m[4];
    for (int l = 0; l < 8; l++) {
        __m512i size = _mm512_permutexvar_epi64(wtl_curve25519_ice_all((uint64_t)l), sizes);
        __m512i f = _mm512_maskz_set1_epi64(_mm512_testn_epi64_mask(size, size) & 0x11, 1);
        __m256i b = _mm256_setzero_si256();
#pragma GCC unroll 8
        for (int j = 0; j < 8; j++) {
            __mmask8 k = _mm512_cmpeq_epi64_mask(size, wtl_curve25519_ice_all((uint64_t)j + 1));
            __m512i x = _mm512_loadu_epi64(table[l][j]);
            __m256i y = _mm256_loadu_epi64(table[l][j] + 8);
            __asm__("" : "+v"(x), "+v"(y)); /* no masked load, whose time may depend on its mask */
            f = _mm512_mask_mov_epi64(f, k, x);
            b = _mm256_mask_mov_epi64(b, k, y);
        }
        front[l] = f;
        back[l % 4] = l < 4 ? _mm512_castsi256_si512(b) : _mm512_inserti64x4(back[l % 4], b, 1);
    }
    for (int l = 0; l < 4; l++)
        m[l] = _mm512_shuffle_i64x2(front[l], front[l + 4], 0x44);
    e->plus = limbs(m);
    for (int l = 0; l < 4; l++)
        m[l] = _mm512_shuffle_i64x2(front[l], front[l + 4], 0xee);
    e->minus = limbs(m);
    e->xyd2 = limbs(back);
}

/* Where the mask has it, the opposite points. */
INLINE void negate(entries *e, __mmask8 which)
{
    const uint64_t mask = (UINT64_C(1) << 51) - 1;
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++) {
        __m512i plus = e->plus.v[i], p2 = wtl_curve25519_ice_all(2 * mask - (i == 0 ? 36 : 0));
        e->plus.v[i] = _mm512_mask_mov_epi64(plus, which, e->minus.v[i]);
        e->minus.v[i] = _mm512_mask_mov_epi64(e->minus.v[i], which, plus);
        e->xyd2.v[i] = _mm512_mask_sub_epi64(e->xyd2.v[i], which, p2, e->xyd2.v[i]);
    }
}

/* The points for digits 8 g .. 8 g + 7. The scalar comes with 8 added to every digit but the last, so that digits are
 * -8 .. 7. */
static void choose(entries *e, const uint64_t scalar[4], int g)
{
    const __m512i at = _mm512_setr_epi64(0, 4, 8, 12, 16, 20, 24, 28);
    __m512i offset = _mm512_maskz_set1_epi64(g == 7 ? 0x7f : 0xff, 8);
    __m512i digit = _mm512_srlv_epi64(wtl_curve25519_ice_all(scalar[g / 2] >> g % 2 * 32), at);
    digit = _mm512_sub_epi64(_mm512_and_si512(digit, wtl_curve25519_ice_all(15)), offset);
    scan(e, wtl_curve25519_table + 8 * (size_t)g, _mm512_abs_epi64(digit));
    negate(e, _mm512_movepi64_mask(digit));
}

/* The sum of x = (plus - minus) / 2, y = (plus + minus) / 2 alone. */
INLINE void first(sums *s, const entries *e)
{
    VEC x = sub(&e->plus, &e->minus), y = add(&e->plus, &e->minus);
    s->t = mul(&x, &y);
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++) {
        s->x.v[i] = _mm512_add_epi64(x.v[i], x.v[i]);
        s->y.v[i] = _mm512_add_epi64(y.v[i], y.v[i]);
        s->z.v[i] = i == 0 ? wtl_curve25519_ice_all(4) : _mm512_setzero_si512();
    }
}

/* The sum of two points: Hisil, Wong, Carter and Dawson, "Twisted Edwards Curves Revisited", section 3.1: its E, F, G, H
 * from A, B, C, D, wide. */
typedef struct middle {
    VEC e, f, g, h;
} middle;

INLINE middle half(const VEC *a, const VEC *b, const VEC *c, const VEC *d)
{
    return (middle){sub(b, a), sub(d, c), add(d, c), add(b, a)};
}

INLINE void end(sums *s, const middle *m)
{
    s->x = mul(&m->e, &m->f);
    s->y = mul(&m->g, &m->h);
    s->z = mul(&m->f, &m->g);
    s->t = mul(&m->e, &m->h);
}

INLINE VEC twice(VEC a)
{
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
        a.v[i] = _mm512_add_epi64(a.v[i], a.v[i]);
    return a;
}

static void add_entries(sums *s, const entries *e)
{
    VEC low = sub(&s->y, &s->x), high = add(&s->y, &s->x), t = carry(s->t);
    VEC a = mul(&low, &e->minus), b = mul(&high, &e->plus), c = mul(&t, &e->xyd2), d = twice(s->z);
    middle m = half(&a, &b, &c, &d);
    end(s, &m);
}

INLINE VEC from(const VEC *a, __m512i index)
{
    VEC r;
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
        r.v[i] = _mm512_permutexvar_epi64(index, a->v[i]);
    return r;
}

/* In each lane l, the sum of the points of lanes l and l ^ apart. */
static middle fold(const sums *s, int apart)
{
    static const uint64_t d2[5] = {0x69b9426b2f159, 0x35050762add7a, 0x3cf44c0038052, 0x6738cc7407977,
                                   0x2406d9dc56dff};
    __m512i index = _mm512_xor_si512(_mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7),
                                     wtl_curve25519_ice_all((uint64_t)apart));
    VEC low = sub(&s->y, &s->x), high = add(&s->y, &s->x), z = carry(s->z), t = carry(s->t), td, k;
    for (int i = 0; i < 5; i++)
        k.v[i] = wtl_curve25519_ice_all(d2[i]);
    td = mul(&t, &k);
    td = carry(td);
    VEC low2 = from(&low, index), high2 = from(&high, index), z2 = from(&z, index), td2 = from(&td, index);
    VEC a = mul(&low, &low2), b = mul(&high, &high2), c = mul(&t, &td2), d = mul(&z, &z2);
    d = twice(d);
    return half(&a, &b, &c, &d);
}

/* u = (Z + Y) / (Z - Y) = (F + H) / (F - H) of the sum of all lanes. */
static void finish(uint8_t out[32], sums *s)
{
    struct {
        uint64_t limb[5][8], over[4], under[4];
        middle m;
    } r;
    r.m = fold(s, 4);
    end(s, &r.m);
    r.m = fold(s, 2);
    end(s, &r.m);
    r.m = fold(s, 1);
    VEC over = add(&r.m.f, &r.m.h), under = sub(&r.m.f, &r.m.h);
    for (int i = 0; i < 5; i++)
        _mm512_storeu_si512(r.limb[i], over.v[i]);
    wtl_curve25519_ice_words(r.over, r.limb, 0);
    for (int i = 0; i < 5; i++)
        _mm512_storeu_si512(r.limb[i], under.v[i]);
    wtl_curve25519_ice_words(r.under, r.limb, 0);
    wtl_curve25519_adx_divide(out, r.over, r.under);
    wtl_secret_wipe(&r, sizeof r);
}

/* Clamped, and 8 added to digits 0 .. 62 in base 16. */
static void recode(uint64_t k[4], const uint8_t scalar[32])
{
    unsigned __int128 t = 0;
    memcpy(k, scalar, 4 * sizeof k[0]);
    k[0] &= ~UINT64_C(7);
    k[3] = (k[3] & INT64_MAX) | UINT64_C(1) << 62;
    for (int i = 0; i < 4; i++) {
        t += (unsigned __int128)k[i] + (i < 3 ? 0x8888888888888888 : 0x0888888888888888);
        k[i] = (uint64_t)t;
        t >>= 64;
    }
}

void wtl_curve25519_base_ice(uint8_t out[32], const uint8_t scalar[32])
{
    struct {
        uint64_t k[4];
        sums s;
        entries e;
    } w;
    recode(w.k, scalar);
    choose(&w.e, w.k, 0);
    first(&w.s, &w.e);
    for (int g = 1; g < 8; g++) {
        choose(&w.e, w.k, g);
        add_entries(&w.s, &w.e);
    }
    finish(out, &w.s);
    wtl_secret_wipe(&w, sizeof w);
}

static VEC load(const uint64_t *p)
{
    VEC r;
    for (int i = 0; i < 5; i++)
        r.v[i] = _mm512_loadu_epi64(p + 8 * i);
    return r;
}

#define FIELD(op, made)                                                       \
    static void field_##op(uint64_t *r, const uint64_t *a, const uint64_t *b) \
    {                                                                         \
        VEC x = load(a), y = load(b), z = made;                               \
        for (int i = 0; i < 5; i++)                                           \
            _mm512_storeu_epi64(r + 8 * i, z.v[i]);                           \
    }
FIELD(mul, carry(mul(&x, &y)))
FIELD(add, add(&x, &y))
FIELD(sub, sub(&x, &y))

static void field_sqr(uint64_t *r, const uint64_t *a)
{
    field_mul(r, a, a);
}

const wtl_curve25519_field wtl_curve25519_base_ice_field = {WTL_CPU_AVX512,
                                                            WTL_CPU_ICE,
                                                            5,
                                                            8,
                                                            51,
                                                            (UINT64_C(1) << 52) - 1,
                                                            (UINT64_C(1) << 51) + (1 << 16),
                                                            field_mul,
                                                            field_sqr,
                                                            field_add,
                                                            field_sub};
#endif
