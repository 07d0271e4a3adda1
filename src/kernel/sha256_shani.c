#include "kernel/sha256_impl.h"

#if defined(__x86_64__)
#include <immintrin.h>

/* The instructions hold a,b,e,f in one register and c,d,g,h in another (Intel SDM volume 2, SHA256RNDS2). */
typedef struct vars {
    __m128i abef, cdgh;
} vars;

static inline vars load_state(const uint32_t *s)
{
    __m128i dcba = _mm_loadu_si128((const __m128i_u *)s);
    __m128i hgfe = _mm_loadu_si128((const __m128i_u *)(s + 4));
    __m128i badc = _mm_shuffle_epi32(dcba, 0xb1); /* words from high to low: c d a b */
    __m128i efgh = _mm_shuffle_epi32(hgfe, 0x1b);
    return (vars){_mm_alignr_epi8(badc, efgh, 8), _mm_blend_epi16(efgh, badc, 0xf0)};
}

static inline void store_state(uint32_t *s, vars v)
{
    __m128i feba = _mm_shuffle_epi32(v.abef, 0x1b);
    __m128i dchg = _mm_shuffle_epi32(v.cdgh, 0xb1);
    _mm_storeu_si128((__m128i_u *)s, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i_u *)(s + 4), _mm_alignr_epi8(dchg, feba, 8));
}

static inline __m128i load_words(const uint8_t *p)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i_u *)p), swap);
}

/* Four rounds. */
static inline void quad(vars *v, __m128i words, size_t i)
{
    __m128i kw = _mm_add_epi32(words, _mm_loadu_si128((const __m128i_u *)&wtl_sha256_ref_k[4 * i]));
    v->cdgh = _mm_sha256rnds2_epu32(v->cdgh, v->abef, kw);
    v->abef = _mm_sha256rnds2_epu32(v->abef, v->cdgh, _mm_shuffle_epi32(kw, 0x0e));
}

/* The next four words of the schedule from the sixteen before them. */
static inline __m128i expand(const __m128i w[4], size_t i)
{
    __m128i newest = w[(i + 3) & 3];
    __m128i t = _mm_sha256msg1_epu32(w[i & 3], w[(i + 1) & 3]);
    t = _mm_add_epi32(t, _mm_alignr_epi8(newest, w[(i + 2) & 3], 4));
    return _mm_sha256msg2_epu32(t, newest);
}

void wtl_sha256_shani_x1(uint32_t *const state[], const uint8_t *const p[], size_t blocks)
{
    const uint8_t *q = p[0];
    vars v = load_state(state[0]);
    for (; blocks > 0; blocks--, q += WTL_SHA256_BLOCK) {
        const vars before = v;
        __m128i w[4];
#pragma GCC unroll 16
        for (size_t i = 0; i < 16; i++) {
            w[i & 3] = i < 4 ? load_words(&q[16 * i]) : expand(w, i);
            quad(&v, w[i & 3], i);
        }
        v.abef = _mm_add_epi32(v.abef, before.abef);
        v.cdgh = _mm_add_epi32(v.cdgh, before.cdgh);
    }
    store_state(state[0], v);
}

/* One message waits for the result of each instruction; two fill the gaps of one another. */
void wtl_sha256_shani_x2(uint32_t *const state[], const uint8_t *const p[], size_t blocks)
{
    const uint8_t *q = p[0];
    const uint8_t *r = p[1];
    vars u = load_state(state[0]);
    vars v = load_state(state[1]);
    for (; blocks > 0; blocks--, q += WTL_SHA256_BLOCK, r += WTL_SHA256_BLOCK) {
        const vars u_before = u;
        const vars v_before = v;
        __m128i w[4];
        __m128i x[4];
#pragma GCC unroll 16
        for (size_t i = 0; i < 16; i++) {
            w[i & 3] = i < 4 ? load_words(&q[16 * i]) : expand(w, i);
            x[i & 3] = i < 4 ? load_words(&r[16 * i]) : expand(x, i);
            quad(&u, w[i & 3], i);
            quad(&v, x[i & 3], i);
        }
        u.abef = _mm_add_epi32(u.abef, u_before.abef);
        u.cdgh = _mm_add_epi32(u.cdgh, u_before.cdgh);
        v.abef = _mm_add_epi32(v.abef, v_before.abef);
        v.cdgh = _mm_add_epi32(v.cdgh, v_before.cdgh);
    }
    store_state(state[0], u);
    store_state(state[1], v);
}
#endif
