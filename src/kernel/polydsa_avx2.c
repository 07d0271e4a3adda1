/* Arithmetic and rounding, 8 coefficients a vector. */
#include "kernel/polydsa_avx2.h"

#if defined(__x86_64__)
#include <immintrin.h>

enum { N = WTL_POLYDSA_N, Q = WTL_POLYDSA_Q, D = WTL_POLYDSA_D, V = 8, QINV = 58728449 };

static inline __m256i load(const wtl_polydsa_poly *f, unsigned i)
{
    return _mm256_load_si256((const void *)(f->c + i));
}

static inline void store(wtl_polydsa_poly *f, unsigned i, __m256i x)
{
    _mm256_store_si256((void *)(f->c + i), x);
}

/* The odd lanes in the even ones. */
static inline __m256i upper(__m256i x)
{
    return _mm256_shuffle_epi32(x, 0xf5);
}

/* x 2^-32 mod q of sums of products, |x| < 2^31 q, of the even and of the odd lanes; |.| < q. */
static inline __m256i mont(__m256i even, __m256i odd)
{
    const __m256i q = _mm256_set1_epi32(Q);
    const __m256i qinv = _mm256_set1_epi32(QINV);
    even = _mm256_sub_epi64(even, _mm256_mul_epi32(_mm256_mul_epi32(even, qinv), q));
    odd = _mm256_sub_epi64(odd, _mm256_mul_epi32(_mm256_mul_epi32(odd, qinv), q));
    return _mm256_blend_epi32(upper(even), odd, 0xaa);
}

/* |x| < 2^31 - 2^22 in; nearest multiple of 2^23 taken out as that of q: |.| <= 2^22 + k 8191 for |x| < k q. */
static inline __m256i reduce(__m256i x)
{
    __m256i t = _mm256_srai_epi32(_mm256_add_epi32(x, _mm256_set1_epi32(1 << 22)), 23);
    return _mm256_sub_epi32(x, _mm256_mullo_epi32(t, _mm256_set1_epi32(Q)));
}

/* |x| < q in, canonical out: a negative x is the greater one without its sign. */
static inline __m256i lift(__m256i x)
{
    return _mm256_min_epu32(x, _mm256_add_epi32(x, _mm256_set1_epi32(Q)));
}

static void mul(wtl_polydsa_poly *r, const wtl_polydsa_poly *a, const wtl_polydsa_poly *b)
{
    for (unsigned i = 0; i < N; i += V) {
        __m256i x = load(a, i), y = load(b, i);
        store(r, i, mont(_mm256_mul_epi32(x, y), _mm256_mul_epi32(upper(x), upper(y))));
    }
}

static void mulacc(wtl_polydsa_poly *r, const wtl_polydsa_poly *a, const wtl_polydsa_poly *b, size_t l)
{
    for (unsigned i = 0; i < N; i += V) {
        __m256i even = _mm256_setzero_si256(), odd = even;
        for (size_t j = 0; j < l; j++) {
            __m256i x = load(&a[j], i), y = load(&b[j], i);
            even = _mm256_add_epi64(even, _mm256_mul_epi32(x, y));
            odd = _mm256_add_epi64(odd, _mm256_mul_epi32(upper(x), upper(y)));
        }
        store(r, i, mont(even, odd));
    }
}

static void add(wtl_polydsa_poly *r, const wtl_polydsa_poly *a)
{
    for (unsigned i = 0; i < N; i += V)
        store(r, i, reduce(_mm256_add_epi32(load(r, i), load(a, i))));
}

static void sub(wtl_polydsa_poly *r, const wtl_polydsa_poly *a)
{
    for (unsigned i = 0; i < N; i += V)
        store(r, i, reduce(_mm256_sub_epi32(load(r, i), load(a, i))));
}

static void canon(wtl_polydsa_poly *f)
{
    for (unsigned i = 0; i < N; i += V)
        store(f, i, lift(reduce(load(f, i))));
}

static void shift(wtl_polydsa_poly *f)
{
    for (unsigned i = 0; i < N; i += V)
        store(f, i, _mm256_slli_epi32(load(f, i), D));
}

static void power2round(wtl_polydsa_poly *t1, wtl_polydsa_poly *t0, const wtl_polydsa_poly *t)
{
    const __m256i half = _mm256_set1_epi32((1 << (D - 1)) - 1);
    for (unsigned i = 0; i < N; i += V) {
        __m256i x = load(t, i);
        __m256i high = _mm256_srli_epi32(_mm256_add_epi32(x, half), D);
        store(t1, i, high);
        store(t0, i, _mm256_sub_epi32(x, _mm256_slli_epi32(high, D)));
    }
}

/* How x is divided by 2 gamma2: ceil(x / 128) times `by`, a power of two over 2 gamma2 / 128, rounded at `shift`. The
 * test goes through all x. */
typedef struct divisor {
    __m256i by, half, twice, parts; /* q - 1 is `parts` times 2 gamma2 */
    __m128i shift;
} divisor;

static inline divisor divisor_of(int32_t gamma2)
{
    const int32_t bits = gamma2 == (Q - 1) / 88 ? 24 : 22;
    return (divisor){
        .by = _mm256_set1_epi32(bits == 24 ? 11275 : 1025),
        .half = _mm256_set1_epi32(1 << (bits - 1)),
        .twice = _mm256_set1_epi32(2 * gamma2),
        .parts = _mm256_set1_epi32(bits == 24 ? 44 : 16),
        .shift = _mm_cvtsi32_si128(bits),
    };
}

/* r1 of canonical x; its greatest value stands for 0, and r0 is then one less. */
static inline __m256i split(__m256i *r0, __m256i x, const divisor *d)
{
    __m256i t = _mm256_srli_epi32(_mm256_add_epi32(x, _mm256_set1_epi32(127)),
                                  7); /* < 2^16: no overflow below */
    t = _mm256_srl_epi32(_mm256_add_epi32(_mm256_mullo_epi32(t, d->by), d->half), d->shift);
    __m256i top = _mm256_cmpeq_epi32(t, d->parts); /* -1 where so */
    *r0 = _mm256_add_epi32(_mm256_sub_epi32(x, _mm256_mullo_epi32(t, d->twice)), top);
    return _mm256_andnot_si256(top, t);
}

static void decompose(wtl_polydsa_poly *r1, wtl_polydsa_poly *r0, const wtl_polydsa_poly *a, int32_t gamma2)
{
    const divisor d = divisor_of(gamma2);
    for (unsigned i = 0; i < N; i += V) {
        __m256i low;
        __m256i high = split(&low, lift(load(a, i)), &d);
        store(r1, i, high);
        store(r0, i, low);
    }
}

/* Up for r0 > 0, else down, modulo the number of parts. */
static void use_hint(wtl_polydsa_poly *r1, const wtl_polydsa_poly *h, const wtl_polydsa_poly *a,
                     int32_t gamma2)
{
    const divisor d = divisor_of(gamma2);
    for (unsigned i = 0; i < N; i += V) {
        __m256i low, hint = load(h, i);
        __m256i high = split(&low, lift(load(a, i)), &d);
        __m256i down = _mm256_sub_epi32(high, hint), up = _mm256_add_epi32(high, hint);
        down = _mm256_min_epu32(down, _mm256_add_epi32(down, d.parts));
        up = _mm256_min_epu32(up, _mm256_sub_epi32(up, d.parts));
        store(r1, i, _mm256_blendv_epi8(down, up, _mm256_cmpgt_epi32(low, _mm256_setzero_si256())));
    }
}

static unsigned make_hint(wtl_polydsa_poly *h, const wtl_polydsa_poly *r0, const wtl_polydsa_poly *r1,
                          int32_t gamma2)
{
    const __m256i most = _mm256_set1_epi32(gamma2), least = _mm256_set1_epi32(-gamma2);
    __m256i ones = _mm256_setzero_si256();
    for (unsigned i = 0; i < N; i += V) {
        __m256i x = load(r0, i);
        __m256i edge = _mm256_andnot_si256(_mm256_cmpeq_epi32(load(r1, i), _mm256_setzero_si256()),
                                           _mm256_cmpeq_epi32(x, least));
        __m256i out = _mm256_or_si256(_mm256_cmpgt_epi32(x, most), _mm256_cmpgt_epi32(least, x));
        __m256i one = _mm256_srli_epi32(_mm256_or_si256(out, edge), 31);
        store(h, i, one);
        ones = _mm256_add_epi32(ones, one);
    }
    __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(ones), _mm256_extracti128_si256(ones, 1));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4e));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xb1));
    return (unsigned)_mm_cvtsi128_si32(sum);
}

/* |centred x| is the lesser of |x| and q - |x|. */
static bool exceeds(const wtl_polydsa_poly *f, int32_t bound)
{
    const __m256i q = _mm256_set1_epi32(Q);
    __m256i most = _mm256_setzero_si256();
    for (unsigned i = 0; i < N; i += V) {
        __m256i x = _mm256_abs_epi32(load(f, i));
        most = _mm256_max_epi32(most, _mm256_min_epi32(x, _mm256_sub_epi32(q, x)));
    }
    return _mm256_movemask_epi8(_mm256_cmpgt_epi32(most, _mm256_set1_epi32(bound - 1))) != 0;
}

const wtl_polydsa wtl_polydsa_avx2 = {
    .level = WTL_CPU_AVX2,
    .ntt = wtl_polydsa_ntt_avx2_forward,
    .intt = wtl_polydsa_ntt_avx2_inverse,
    .mul = mul,
    .mulacc = mulacc,
    .add = add,
    .sub = sub,
    .canon = canon,
    .shift = shift,
    .uniform = wtl_polydsa_pack_avx2_uniform,
    .bounded = wtl_polydsa_pack_avx2_bounded,
    .power2round = power2round,
    .decompose = decompose,
    .pack_w1 = wtl_polydsa_pack_avx2_pack_w1,
    .make_hint = make_hint,
    .use_hint = use_hint,
    .exceeds = exceeds,
    .pack_eta = wtl_polydsa_pack_avx2_pack_eta,
    .unpack_eta = wtl_polydsa_pack_avx2_unpack_eta,
    .pack_t1 = wtl_polydsa_pack_avx2_pack_t1,
    .unpack_t1 = wtl_polydsa_pack_avx2_unpack_t1,
    .pack_t0 = wtl_polydsa_pack_avx2_pack_t0,
    .unpack_t0 = wtl_polydsa_pack_avx2_unpack_t0,
    .pack_z = wtl_polydsa_pack_avx2_pack_z,
    .unpack_z = wtl_polydsa_pack_avx2_unpack_z,
};

#endif
