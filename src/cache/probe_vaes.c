#include <string.h>

#include "cache/probe.h"

#if defined(__x86_64__)
#include <immintrin.h>

/* The first n bytes (at most 64) of 64, zeros behind them; no byte behind them is read. */
static inline __m512i head(const uint8_t *p, size_t n)
{
    return _mm512_maskz_loadu_epi8((__mmask64)_bzhi_u64(UINT64_MAX, (unsigned)n), p);
}

static inline __m512i absorb(const wtl_probe_secret *s, __m512i lanes, __m512i stride)
{
    lanes = _mm512_xor_si512(lanes, stride);
    for (unsigned i = 0; i < 4; i++)
        lanes = _mm512_aesenc_epi128(lanes, _mm512_load_si512(s->round[i]));
    return lanes;
}

/* Computes what probe_aes.c does, its four lanes in one register. */
static inline uint64_t probe_hash(const wtl_probe_secret *s, wtl_bytes key)
{
    __m512i lanes = _mm512_load_si512(s->lane);
    lanes = absorb(s, lanes, head(key.p, key.n < 64 ? key.n : 64));
    for (size_t at = 64; at < key.n; at += 64)
        lanes = absorb(s, lanes, head(key.p + at, key.n - at < 64 ? key.n - at : 64));
    __m256i pair = _mm256_xor_si256(_mm512_castsi512_si256(lanes), _mm512_extracti64x4_epi64(lanes, 1));
    __m128i x = _mm_xor_si128(_mm256_castsi256_si128(pair), _mm256_extracti128_si256(pair, 1));
    x = _mm_xor_si128(x, _mm_cvtsi64_si128((int64_t)key.n));
    x = _mm_aesenc_si128(x, _mm_load_si128((const __m128i *)(const void *)s->last[0]));
    x = _mm_aesenc_si128(x, _mm_load_si128((const __m128i *)(const void *)s->last[1]));
    return (uint64_t)_mm_cvtsi128_si64(x);
}

/* See probe_aes.c on threads. */
__attribute__((no_sanitize("thread"))) static inline uint32_t probe_match(const wtl_probe_bucket *b,
                                                                          uint64_t hash)
{
    __m512i tags = _mm512_srli_epi64(_mm512_load_si512(b), 48);
    return _mm512_cmpeq_epi64_mask(tags, _mm512_set1_epi64((int64_t)(hash & 0xffff)));
}

static inline bool probe_in_line(size_t n)
{
    return n <= WTL_ENTRY_LINE;
}

/* The entry's whole first line against the key moved to where it lies in there, three words on. What the line has beside the key
 * may change meanwhile, and is masked out. */
__attribute__((no_sanitize("thread"))) static inline bool probe_same_line(const wtl_entry *e, wtl_bytes key)
{
    __mmask64 bytes = (__mmask64)_bzhi_u64(UINT64_MAX, (unsigned)key.n) << WTL_ENTRY_HEAD;
    __m512i moved = _mm512_alignr_epi64(head(key.p, key.n), _mm512_setzero_si512(), 8 - WTL_ENTRY_HEAD / 8);
    return _mm512_mask_cmpneq_epi8_mask(bytes, _mm512_load_si512((const void *)e), moved) == 0;
}

#define WTL_PROBE_IMPL
#include "cache/probe_impl.h"

const wtl_probe *wtl_probe_vaes(void)
{
    static const wtl_probe way = {"vaes", WTL_CPU_VAES, probe_hash_of, probe_get, probe_get_many};
    return &way;
}
#else
const wtl_probe *wtl_probe_vaes(void)
{
    return NULL;
}
#endif
