/* X25519 by AVX-512 with IFMA: a ladder whose step has two rounds of eight products instead of three rounds of four. */
#if defined(__x86_64__)
#include <string.h>

#include "base/secret.h"
#include "kernel/curve25519_adx.h"
#include "kernel/curve25519_ice.h"
#include "kernel/curve25519_impl.h"

#define VEC wtl_curve25519_ice_vec

/* A step takes two points, s and d, whose difference is the given point u, to s' = s + d and to d' = 2 s or 2 d. With
 * p, q = (xs - zs)(xd + zd) +- (xs + zs)(xd - zd) the sum is p^2 : u q^2. To spare the round for that u, each step also
 * yields the sum multiplied by u: from S = u s come P = u p and Q = u q, then p^2 : q Q and, times u, p P : Q^2.
 * After the first round the lanes hold p q P Q aa e bb, where aa and bb are the squares of the sum and the difference of
 * the coordinates of the point to be doubled, and e = aa - bb; after the second xs zs xS zS xd zd. */
typedef struct lanes {
    __m512i own, other,
        flip; /* of the operands of the first round: the indices, and what a set bit changes in both */
    __m512i second, a24; /* of the second: the index, and (486662 + 2) / 4 where e is */
} lanes;

/* In pairs of lanes, first plus second and first minus second, where the masks have it; tight. */
static inline __attribute__((always_inline)) VEC butterfly(const VEC *a, __mmask8 minus, __mmask8 cross)
{
    VEC r;
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++) {
        __m512i swapped = _mm512_shuffle_epi32(a->v[i], _MM_PERM_BADC);
        __m512i x = _mm512_mask_sub_epi64(a->v[i], minus, wtl_curve25519_ice_bias(i), a->v[i]);
        r.v[i] = _mm512_mask_add_epi64(x, cross, x, swapped);
    }
    return wtl_curve25519_ice_carry(r);
}

static inline __attribute__((always_inline)) VEC permute(const VEC *a, __m512i index)
{
    VEC r;
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
        r.v[i] = _mm512_permutexvar_epi64(index, a->v[i]);
    return r;
}

/* The second factors of the second round: p Q p Q bb (bb + 121666 e). */
static inline __attribute__((always_inline)) VEC second_factors(const VEC *h, const lanes *n)
{
    const __m512i zero = _mm512_setzero_si512();
    VEC r = permute(h, n->second);
    __m512i hi[5];
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
        hi[i] = _mm512_slli_epi64(_mm512_madd52hi_epu64(zero, h->v[i], n->a24), 1);
    hi[4] = _mm512_mullo_epi64(hi[4], wtl_curve25519_ice_all(19));
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++) {
        __m512i lo = _mm512_madd52lo_epu64(hi[(i + 4) % 5], h->v[i], n->a24);
        r.v[i] = _mm512_add_epi64(r.v[i], lo);
    }
    return wtl_curve25519_ice_carry(r);
}

static inline __attribute__((always_inline)) VEC step(const VEC *sums, uint64_t bit, const lanes *n)
{
    __m512i flip = _mm512_and_si512(n->flip, wtl_curve25519_ice_all((uint64_t)0 - bit));
    VEC a = permute(sums, _mm512_xor_si512(n->own, flip));
    VEC b = permute(sums, _mm512_xor_si512(n->other, flip));
    VEC c = wtl_curve25519_ice_mul(&a, &b);
    a = butterfly(&c, 0x2a, 0x2f);
    b = second_factors(&a, n);
    return wtl_curve25519_ice_mul(&a, &b);
}

static lanes make_lanes(void)
{
    return (lanes){
        .own = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 5, 5),
        .other = _mm512_setr_epi64(5, 4, 5, 4, 4, 5, 5, 5),
        .flip = _mm512_setr_epi64(0, 0, 0, 0, 4, 4, 4, 4),
        .second = _mm512_setr_epi64(0, 3, 0, 3, 6, 6, 6, 6),
        .a24 = _mm512_setr_epi64(0, 0, 0, 0, 0, 121666, 0, 0),
    };
}

/* s = 1 : 0, the neutral point; times u, u : 0; d = u : 1. */
static VEC start(const uint8_t point[32])
{
    const uint64_t mask = (UINT64_C(1) << 51) - 1;
    uint64_t w[4];
    memcpy(w, point, sizeof w);
    const uint64_t u[5] = {w[0] & mask, (w[0] >> 51 | w[1] << 13) & mask, (w[1] >> 38 | w[2] << 26) & mask,
                           (w[2] >> 25 | w[3] << 39) & mask, (w[3] >> 12) & mask};
    VEC r;
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++) {
        long long x = (long long)u[i], one = i == 0;
        r.v[i] = _mm512_setr_epi64(one, 0, x, 0, x, one, 0, 0);
    }
    return r;
}

static void finish(uint8_t out[32], const VEC *points)
{
    struct {
        uint64_t limb[5][8], x[4], z[4];
    } s;
    VEC t = wtl_curve25519_ice_carry(*points);
#pragma GCC unroll 5
    for (int i = 0; i < 5; i++)
        _mm512_storeu_si512(s.limb[i], t.v[i]);
    wtl_curve25519_ice_words(s.x, s.limb, 4);
    wtl_curve25519_ice_words(s.z, s.limb, 5);
    wtl_curve25519_adx_divide(out, s.x, s.z);
    wtl_secret_wipe(&s, sizeof s);
    wtl_secret_wipe(&t, sizeof t);
}

static void ice_mul(uint8_t out[32], const uint8_t scalar[32], const uint8_t point[32])
{
    uint64_t k[4], differ[4];
    const lanes n = make_lanes();
    VEC c = start(point);
    memcpy(k, scalar, sizeof k);
    k[0] &= ~UINT64_C(7);
    k[3] |= UINT64_C(3) << 62;
    /* Bit i: whether bits i and i + 1 of the scalar differ, and so the last sum is to be doubled; bit 255 as if set. */
    for (int i = 0; i < 4; i++)
        differ[i] = k[i] ^ (k[i] >> 1 | k[(i + 1) % 4] << 63);
    for (int i = 254; i >= 0; i--) {
        VEC sums = butterfly(&c, 0x2a, 0x3f);
        c = step(&sums, differ[i / 64] >> i % 64 & 1, &n);
    }
    /* The lowest bits of a clamped scalar are zero, so that the result is the doubled point. */
    finish(out, &c);
    wtl_secret_wipe(&c, sizeof c);
    wtl_secret_wipe(k, sizeof k);
    wtl_secret_wipe(differ, sizeof differ);
}

const wtl_curve25519 wtl_curve25519_ice = {WTL_CPU_AVX512, wtl_curve25519_base_ice, ice_mul};
#endif
