#include "kernel/fingerprint_impl.h"

#if defined(__x86_64__)
#include <immintrin.h>

enum { STRIDE = WTL_FINGERPRINT_STRIDE, WIDE = 64, LANES = STRIDE / WIDE };

static inline __m128i load16(const void *p)
{
    return _mm_loadu_si128((const __m128i *)p);
}

static inline void store16(void *p, __m128i x)
{
    _mm_storeu_si128((__m128i *)p, x);
}

static inline void four(const __m512i round[4], __m512i lane[LANES])
{
#pragma GCC unroll 8
    for (unsigned r = 0; r < 4; r++) {
#pragma GCC unroll 8
        for (unsigned i = 0; i < LANES; i++)
            lane[i] = _mm512_aesenc_epi128(lane[i], round[r]);
    }
}

/* The first n bytes of 64, zeros behind them; no byte behind them is read. */
static inline __m512i some(const uint8_t *p, size_t n)
{
    return _mm512_maskz_loadu_epi8((__mmask64)_bzhi_u64(UINT64_MAX, (unsigned)(n < WIDE ? n : WIDE)), p);
}

static inline void absorb(const __m512i round[4], __m512i lane[LANES], wtl_bytes part)
{
    size_t at = 0;
    for (; at + STRIDE <= part.n; at += STRIDE) {
#pragma GCC unroll 8
        for (unsigned i = 0; i < LANES; i++)
            lane[i] = _mm512_xor_si512(lane[i], _mm512_loadu_si512(part.p + at + (size_t)WIDE * i));
        four(round, lane);
    }
    if (at == part.n)
        return;
#pragma GCC unroll 8
    for (size_t i = 0; i < LANES; i++) {
        size_t from = at + WIDE * i;
        if (from < part.n)
            lane[i] = _mm512_xor_si512(lane[i], some(part.p + from, part.n - from));
    }
    four(round, lane);
}

static inline __m128i sum(const __m512i lane[LANES])
{
    __m512i x = lane[0];
#pragma GCC unroll 8
    for (unsigned i = 1; i < LANES; i++)
        x = _mm512_xor_si512(x, lane[i]);
    __m256i half = _mm256_xor_si256(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64(x, 1));
    return _mm_xor_si128(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

static void of(const wtl_fingerprint_secret *s, wtl_bytes head, wtl_bytes body, uint8_t out[WTL_FINGERPRINT])
{
    __m512i round[4];
    __m512i lane[LANES];
#pragma GCC unroll 8
    for (unsigned r = 0; r < 4; r++)
        round[r] = _mm512_broadcast_i32x4(load16(s->round[r]));
#pragma GCC unroll 8
    for (unsigned i = 0; i < LANES; i++)
        lane[i] = _mm512_loadu_si512(s->lane + (size_t)WIDE * i);
    absorb(round, lane, body);
    absorb(round, lane, head);
    __m128i x = _mm_xor_si128(sum(lane), _mm_set_epi64x((int64_t)head.n, (int64_t)body.n));
#pragma GCC unroll 8
    for (unsigned r = 0; r < 4; r++)
        x = _mm_aesenc_si128(x, load16(s->last[r]));
    store16(out, x);
}

const wtl_fingerprint wtl_fingerprint_vaes = {"vaes", of};
#endif
