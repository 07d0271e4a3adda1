/* Arithmetic and rounding, 16 coefficients a vector. */
#include "kernel/polydsa_ice.h"

#if defined(__x86_64__)
#include <immintrin.h>

enum { N = WTL_POLYDSA_N, Q = WTL_POLYDSA_Q, D = WTL_POLYDSA_D, V = 16, QINV = 58728449 };

/* The odd lanes in the even ones; a shuffle has twice as many ports as a shift. */
static inline __m512i upper(__m512i x)
{
    return _mm512_shuffle_epi32(x, _MM_PERM_DDBB);
}

/* x 2^-32 mod q of sums of products, |x| < 2^31 q, of the even and of the odd lanes; |.| < q. */
static inline __m512i mont(__m512i even, __m512i odd)
{
    const __m512i q = _mm512_set1_epi32(Q);
    const __m512i qinv = _mm512_set1_epi32(QINV);
    even = _mm512_sub_epi64(even, _mm512_mul_epi32(_mm512_mul_epi32(even, qinv), q));
    odd = _mm512_sub_epi64(odd, _mm512_mul_epi32(_mm512_mul_epi32(odd, qinv), q));
    return _mm512_mask_shuffle_epi32(odd, 0x5555, even, _MM_PERM_DDBB);
}

/* |x| < 2^31 - 2^22 in; nearest multiple of 2^23 taken out as that of q: |.| <= 2^22 + k 8191 for |x| < k q. */
static inline __m512i reduce(__m512i x)
{
    __m512i t = _mm512_srai_epi32(_mm512_add_epi32(x, _mm512_set1_epi32(1 << 22)), 23);
    return _mm512_sub_epi32(x, _mm512_mullo_epi32(t, _mm512_set1_epi32(Q)));
}

/* |x| < q in, canonical out: a negative x is the greater one without its sign. */
static inline __m512i lift(__m512i x)
{
    return _mm512_min_epu32(x, _mm512_add_epi32(x, _mm512_set1_epi32(Q)));
}

static void mul(wtl_polydsa_poly *r, const wtl_polydsa_poly *a, const wtl_polydsa_poly *b)
{
    for (unsigned i = 0; i < N; i += V) {
        __m512i x = _mm512_load_si512(a->c + i), y = _mm512_load_si512(b->c + i);
        _mm512_store_si512(r->c + i, mont(_mm512_mul_epi32(x, y), _mm512_mul_epi32(upper(x), upper(y))));
    }
}

static void mulacc(wtl_polydsa_poly *r, const wtl_polydsa_poly *a, const wtl_polydsa_poly *b, size_t l)
{
    for (unsigned i = 0; i < N; i += V) {
        __m512i even = _mm512_setzero_si512(), odd = even;
        for (size_t j = 0; j < l; j++) {
            __m512i x = _mm512_load_si512(a[j].c + i), y = _mm512_load_si512(b[j].c + i);
            even = _mm512_add_epi64(even, _mm512_mul_epi32(x, y));
            odd = _mm512_add_epi64(odd, _mm512_mul_epi32(upper(x), upper(y)));
        }
        _mm512_store_si512(r->c + i, mont(even, odd));
    }
}

static void add(wtl_polydsa_poly *r, const wtl_polydsa_poly *a)
{
    for (unsigned i = 0; i < N; i += V) {
        __m512i x = _mm512_add_epi32(_mm512_load_si512(r->c + i), _mm512_load_si512(a->c + i));
        _mm512_store_si512(r->c + i, reduce(x));
    }
}

static void sub(wtl_polydsa_poly *r, const wtl_polydsa_poly *a)
{
    for (unsigned i = 0; i < N; i += V) {
        __m512i x = _mm512_sub_epi32(_mm512_load_si512(r->c + i), _mm512_load_si512(a->c + i));
        _mm512_store_si512(r->c + i, reduce(x));
    }
}

static void canon(wtl_polydsa_poly *f)
{
    for (unsigned i = 0; i < N; i += V)
        _mm512_store_si512(f->c + i, lift(reduce(_mm512_load_si512(f->c + i))));
}

static void shift(wtl_polydsa_poly *f)
{
    for (unsigned i = 0; i < N; i += V)
        _mm512_store_si512(f->c + i, _mm512_slli_epi32(_mm512_load_si512(f->c + i), D));
}

static void power2round(wtl_polydsa_poly *t1, wtl_polydsa_poly *t0, const wtl_polydsa_poly *t)
{
    const __m512i half = _mm512_set1_epi32((1 << (D - 1)) - 1);
    for (unsigned i = 0; i < N; i += V) {
        __m512i x = _mm512_load_si512(t->c + i);
        __m512i high = _mm512_srli_epi32(_mm512_add_epi32(x, half), D);
        _mm512_store_si512(t1->c + i, high);
        _mm512_store_si512(t0->c + i, _mm512_sub_epi32(x, _mm512_slli_epi32(high, D)));
    }
}

/* How x is divided by 2 gamma2: ceil(x / 128) times `by`, a power of two over 2 gamma2 / 128, rounded at `shift`. The
 * test goes through all x. */
typedef struct divisor {
    __m512i by, half, twice;
    __m128i shift;
    int32_t parts; /* q - 1 is this times 2 gamma2 */
} divisor;

static inline divisor divisor_of(int32_t gamma2)
{
    const int32_t bits = gamma2 == (Q - 1) / 88 ? 24 : 22;
    return (divisor){
        .by = _mm512_set1_epi32(bits == 24 ? 11275 : 1025),
        .half = _mm512_set1_epi32(1 << (bits - 1)),
        .twice = _mm512_set1_epi32(2 * gamma2),
        .shift = _mm_cvtsi32_si128(bits),
        .parts = bits == 24 ? 44 : 16,
    };
}

/* r1 of canonical x; its greatest value stands for 0, and r0 is then one less. */
static inline __m512i split(__m512i *r0, __m512i x, const divisor *d)
{
    __m512i t = _mm512_srli_epi32(_mm512_add_epi32(x, _mm512_set1_epi32(127)),
                                  7); /* < 2^16: no product overflows */
    t = _mm512_srl_epi32(_mm512_add_epi32(_mm512_mullo_epi32(t, d->by), d->half), d->shift);
    __mmask16 top = _mm512_cmpeq_epi32_mask(t, _mm512_set1_epi32(d->parts));
    x = _mm512_sub_epi32(x, _mm512_mullo_epi32(t, d->twice));
    *r0 = _mm512_mask_sub_epi32(x, top, x, _mm512_set1_epi32(1));
    return _mm512_maskz_mov_epi32(_knot_mask16(top), t);
}

static void decompose(wtl_polydsa_poly *r1, wtl_polydsa_poly *r0, const wtl_polydsa_poly *a, int32_t gamma2)
{
    const divisor d = divisor_of(gamma2);
    for (unsigned i = 0; i < N; i += V) {
        __m512i low;
        __m512i high = split(&low, lift(_mm512_load_si512(a->c + i)), &d);
        _mm512_store_si512(r1->c + i, high);
        _mm512_store_si512(r0->c + i, low);
    }
}

/* Up for r0 > 0, else down, modulo the number of parts. */
static void use_hint(wtl_polydsa_poly *r1, const wtl_polydsa_poly *h, const wtl_polydsa_poly *a,
                     int32_t gamma2)
{
    const divisor d = divisor_of(gamma2);
    const __m512i m = _mm512_set1_epi32(d.parts);
    for (unsigned i = 0; i < N; i += V) {
        __m512i low, hint = _mm512_load_si512(h->c + i);
        __m512i high = split(&low, lift(_mm512_load_si512(a->c + i)), &d);
        __m512i down = _mm512_sub_epi32(high, hint), up = _mm512_add_epi32(high, hint);
        down = _mm512_min_epu32(down, _mm512_add_epi32(down, m));
        up = _mm512_min_epu32(up, _mm512_sub_epi32(up, m));
        __mmask16 positive = _mm512_cmpgt_epi32_mask(low, _mm512_setzero_si512());
        _mm512_store_si512(r1->c + i, _mm512_mask_mov_epi32(down, positive, up));
    }
}

static unsigned make_hint(wtl_polydsa_poly *h, const wtl_polydsa_poly *r0, const wtl_polydsa_poly *r1,
                          int32_t gamma2)
{
    const __m512i most = _mm512_set1_epi32(gamma2), least = _mm512_set1_epi32(-gamma2);
    unsigned ones = 0;
    for (unsigned i = 0; i < N; i += V) {
        __m512i x = _mm512_load_si512(r0->c + i), high = _mm512_load_si512(r1->c + i);
        __mmask16 edge = _mm512_mask_test_epi32_mask(_mm512_cmpeq_epi32_mask(x, least), high, high);
        __mmask16 out = _kor_mask16(_mm512_cmpgt_epi32_mask(x, most), _mm512_cmplt_epi32_mask(x, least));
        __mmask16 one = _kor_mask16(out, edge);
        _mm512_store_si512(h->c + i, _mm512_maskz_set1_epi32(one, 1));
        ones += (unsigned)__builtin_popcount(_cvtmask16_u32(one));
    }
    return ones;
}

/* |centred x| is the lesser of |x| and q - |x|. */
static bool exceeds(const wtl_polydsa_poly *f, int32_t bound)
{
    const __m512i q = _mm512_set1_epi32(Q);
    __m512i most = _mm512_setzero_si512();
    for (unsigned i = 0; i < N; i += V) {
        __m512i x = _mm512_abs_epi32(_mm512_load_si512(f->c + i));
        most = _mm512_max_epi32(most, _mm512_min_epi32(x, _mm512_sub_epi32(q, x)));
    }
    return _cvtmask16_u32(_mm512_cmpge_epi32_mask(most, _mm512_set1_epi32(bound))) != 0;
}

const wtl_polydsa wtl_polydsa_ice = {
    .level = WTL_CPU_AVX512,
    .ntt = wtl_polydsa_ntt_ice_forward,
    .intt = wtl_polydsa_ntt_ice_inverse,
    .mul = mul,
    .mulacc = mulacc,
    .add = add,
    .sub = sub,
    .canon = canon,
    .shift = shift,
    .uniform = wtl_polydsa_pack_ice_uniform,
    .bounded = wtl_polydsa_pack_ice_bounded,
    .power2round = power2round,
    .decompose = decompose,
    .pack_w1 = wtl_polydsa_pack_ice_pack_w1,
    .make_hint = make_hint,
    .use_hint = use_hint,
    .exceeds = exceeds,
    .pack_eta = wtl_polydsa_pack_ice_pack_eta,
    .unpack_eta = wtl_polydsa_pack_ice_unpack_eta,
    .pack_t1 = wtl_polydsa_pack_ice_pack_t1,
    .unpack_t1 = wtl_polydsa_pack_ice_unpack_t1,
    .pack_t0 = wtl_polydsa_pack_ice_pack_t0,
    .unpack_t0 = wtl_polydsa_pack_ice_unpack_t0,
    .pack_z = wtl_polydsa_pack_ice_pack_z,
    .unpack_z = wtl_polydsa_pack_ice_unpack_z,
};

#endif
