#include <string.h>

#include "cache/probe.h"

#if defined(__x86_64__)
#include <immintrin.h>

static inline __m128i load16(const void *p)
{
    return _mm_loadu_si128((const __m128i *)p);
}

/* The bytes from 16 i on, zeros behind the end; nothing outside of the key is read. */
static inline __m128i piece(wtl_bytes key, size_t i)
{
    if (i + 16 <= key.n)
        return load16(key.p + i);
    uint8_t part[16] = {0};
    if (i < key.n)
        memcpy(part, key.p + i, key.n - i);
    return load16(part);
}

/* The last 1 to 15 bytes, by two loads that overlap; the key has at least 16. */
static inline __m128i tail(wtl_bytes key, size_t i)
{
    static const uint8_t shift[32] = {0,    1,    2,    3,    4,    5,    6,    7,    8,    9,    10,
                                      11,   12,   13,   14,   15,   0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
                                      0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80};
    return _mm_shuffle_epi8(load16(key.p + key.n - 16), load16(shift + 16 - (key.n - i)));
}

static inline __m128i fetch(wtl_bytes key, size_t i)
{
    if (i + 16 <= key.n || i >= key.n || key.n < 16)
        return piece(key, i);
    return tail(key, i);
}

/* What a lane makes of 16 bytes: four rounds of AES under whitening of its own. */
static inline __m128i four(const wtl_probe_secret *s, __m128i x)
{
    for (unsigned i = 0; i < 4; i++)
        x = _mm_aesenc_si128(x, load16(s->round[i]));
    return x;
}

/* Four lanes side by side, each of every fourth 16 bytes, as a chain; then their sum and the length in two rounds more. A piece that
 * the key lacks is zeros, as if the key were that much longer: the length tells them apart. */
static inline uint64_t probe_hash(const wtl_probe_secret *s, wtl_bytes key)
{
    __m128i lane[4];
    for (unsigned i = 0; i < 4; i++)
        lane[i] = load16(s->lane + 16 * i);
    size_t at = 0;
    do {
        for (unsigned i = 0; i < 4; i++)
            lane[i] = four(s, _mm_xor_si128(lane[i], fetch(key, at + 16 * i)));
        at += 64;
    } while (at < key.n);
    __m128i x = _mm_xor_si128(_mm_xor_si128(lane[0], lane[1]), _mm_xor_si128(lane[2], lane[3]));
    x = _mm_xor_si128(x, _mm_cvtsi64_si128((int64_t)key.n));
    x = _mm_aesenc_si128(_mm_aesenc_si128(x, load16(s->last[0])), load16(s->last[1]));
    return (uint64_t)_mm_cvtsi128_si64(x);
}

/* Slots are stored as words; 32 bytes at once may show some before and some after a change, as eight loads might. */
__attribute__((no_sanitize("thread"))) static inline uint32_t probe_match(const wtl_probe_bucket *b,
                                                                          uint64_t hash)
{
    const __m256i tag = _mm256_set1_epi64x((int64_t)(hash << 48));
    const __m256i high = _mm256_set1_epi64x(INT64_C(-1) ^ INT64_C(0xffffffffffff));
    const __m256i *half = (const __m256i *)(const void *)b;
    __m256i low4 = _mm256_cmpeq_epi64(_mm256_and_si256(_mm256_load_si256(half), high), tag);
    __m256i high4 = _mm256_cmpeq_epi64(_mm256_and_si256(_mm256_load_si256(half + 1), high), tag);
    return (uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(low4)) |
           (uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(high4)) << 4;
}

static inline __m128i differ(const uint8_t *a, const uint8_t *b)
{
    return _mm_xor_si128(load16(a), load16(b));
}

static inline bool probe_in_line(size_t n)
{
    return n >= 16 && n <= WTL_ENTRY_LINE;
}

/* Three loads that overlap, whatever the length. */
static inline bool probe_same_line(const wtl_entry *e, wtl_bytes key)
{
    size_t middle = key.n < 32 ? 0 : 16;
    __m128i d = _mm_or_si128(_mm_or_si128(differ(e->key, key.p), differ(e->key + middle, key.p + middle)),
                             differ(e->key + key.n - 16, key.p + key.n - 16));
    return _mm_testz_si128(d, d) != 0;
}

#define WTL_PROBE_IMPL
#include "cache/probe_impl.h"

const wtl_probe *wtl_probe_aes(void)
{
    static const wtl_probe way = {"aes", WTL_CPU_AES, probe_hash_of, probe_get, probe_get_many};
    return &way;
}
#else
const wtl_probe *wtl_probe_aes(void)
{
    return NULL;
}
#endif
