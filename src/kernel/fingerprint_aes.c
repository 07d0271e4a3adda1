#include "kernel/fingerprint_impl.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

enum { STRIDE = WTL_FINGERPRINT_STRIDE, PIECE = 16, GROUP = 8 };

static inline __m128i load16(const void *p)
{
    return _mm_loadu_si128((const __m128i *)p);
}

static inline void store16(void *p, __m128i x)
{
    _mm_storeu_si128((__m128i *)p, x);
}

static inline void four(const __m128i round[4], __m128i lane[GROUP])
{
#pragma GCC unroll 8
    for (unsigned r = 0; r < 4; r++) {
#pragma GCC unroll 8
        for (unsigned i = 0; i < GROUP; i++)
            lane[i] = _mm_aesenc_si128(lane[i], round[r]);
    }
}

static inline void add(__m128i lane[GROUP], const uint8_t *p)
{
#pragma GCC unroll 8
    for (unsigned i = 0; i < GROUP; i++)
        lane[i] = _mm_xor_si128(lane[i], load16(p + (size_t)PIECE * i));
}

/* What is left behind the whole strides, and zeros. */
typedef struct rest {
    uint8_t p[STRIDE];
    bool any;
} rest;

static inline void rest_of(rest *r, wtl_bytes part)
{
    size_t n = part.n % STRIDE;
    r->any = n != 0;
    if (!r->any)
        return;
    memset(r->p, 0, sizeof r->p);
    memcpy(r->p, part.p + part.n - n, n);
}

static inline void absorb(const __m128i round[4], __m128i lane[GROUP], wtl_bytes part, const rest *r,
                          size_t at)
{
    for (size_t i = 0; i + STRIDE <= part.n; i += STRIDE) {
        add(lane, part.p + i + at);
        four(round, lane);
    }
    if (r->any) {
        add(lane, r->p + at);
        four(round, lane);
    }
}

/* Lanes know nothing of each other: eight at a time, as many as keep the processor busy and fit its registers. */
static void of(const wtl_fingerprint_secret *s, wtl_bytes head, wtl_bytes body, uint8_t out[WTL_FINGERPRINT])
{
    rest body_rest;
    rest head_rest;
    __m128i round[4];
    __m128i x = _mm_set_epi64x((int64_t)head.n, (int64_t)body.n);
    rest_of(&body_rest, body);
    rest_of(&head_rest, head);
#pragma GCC unroll 8
    for (unsigned r = 0; r < 4; r++)
        round[r] = load16(s->round[r]);
    for (size_t at = 0; at < STRIDE; at += (size_t)PIECE * GROUP) {
        __m128i lane[GROUP];
#pragma GCC unroll 8
        for (unsigned i = 0; i < GROUP; i++)
            lane[i] = load16(s->lane + at + (size_t)PIECE * i);
        absorb(round, lane, body, &body_rest, at);
        absorb(round, lane, head, &head_rest, at);
#pragma GCC unroll 8
        for (unsigned i = 0; i < GROUP; i++)
            x = _mm_xor_si128(x, lane[i]);
    }
#pragma GCC unroll 8
    for (unsigned r = 0; r < 4; r++)
        x = _mm_aesenc_si128(x, load16(s->last[r]));
    store16(out, x);
}

const wtl_fingerprint wtl_fingerprint_aes = {"aes", of};
#endif
