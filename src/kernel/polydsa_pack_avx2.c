/* Packing, unpacking and sampling. Bits are joined two neighbours at a time within growing lanes, and whole bytes then
 * gathered in each 128-bit lane; the other way bytes are spread first and shifted into place. Samplers move what is
 * accepted together by a table of permutations, one for each pattern of 8. */
#include "kernel/polydsa_avx2.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "base/secret.h"

enum { N = WTL_POLYDSA_N, Q = WTL_POLYDSA_Q, D = WTL_POLYDSA_D, V = 8 };

static inline __m256i load(const wtl_polydsa_poly *f, unsigned i)
{
    return _mm256_load_si256((const void *)(f->c + i));
}

static inline void store(wtl_polydsa_poly *f, unsigned i, __m256i x)
{
    _mm256_store_si256((void *)(f->c + i), x);
}

/* Two neighbours of less than 2^bits in each 64-bit lane become one number. */
static inline __m256i join_32(__m256i x, int bits)
{
    const __m256i up = _mm256_setr_epi32(32 - bits, 0, 32 - bits, 0, 32 - bits, 0, 32 - bits, 0);
    return _mm256_srli_epi64(_mm256_sllv_epi32(x, up), 32 - bits);
}

/* Two neighbours of less than 2^bits, bits >= 32, in each 128-bit lane become one number; a shift by 64 gives 0. */
static inline __m256i join_64(__m256i x, int bits)
{
    const __m256i down = _mm256_setr_epi64x(0, 64 - bits, 0, 64 - bits);
    const __m256i up = _mm256_setr_epi64x(bits, 64, bits, 64);
    return _mm256_or_si256(_mm256_srlv_epi64(x, down), _mm256_sllv_epi64(_mm256_shuffle_epi32(x, 0x4e), up));
}

/* Neighbouring bytes below 2^bits, bits <= 6, in words; neighbouring words below 2^bits, bits <= 13, in 32-bit lanes. */
static inline __m256i join_8(__m256i x, int bits)
{
    return _mm256_maddubs_epi16(x, _mm256_set1_epi16((int16_t)(1 | 256 << bits)));
}

static inline __m256i join_16(__m256i x, int bits)
{
    return _mm256_madd_epi16(x, _mm256_set1_epi32(1 | 65536 << bits));
}

/* The first n bytes, 8 <= n <= 16, and none more. */
#define PUT_128(out, x, n)                                                           \
    do {                                                                             \
        __m128i put_ = (x);                                                          \
        _mm_storel_epi64((void *)(out), put_);                                       \
        _mm_storel_epi64((void *)((out) + (n) - 8), _mm_bsrli_si128(put_, (n) - 8)); \
    } while (0)
#define PUT(out, x, n)                                               \
    do {                                                             \
        __m256i both_ = (x);                                         \
        PUT_128(out, _mm256_castsi256_si128(both_), n);              \
        PUT_128((out) + (n), _mm256_extracti128_si256(both_, 1), n); \
    } while (0)

/* The first 3 of every 4 bytes, 3 or 5 of every 8. */
static inline __m256i gather(__m256i x, __m128i from)
{
    return _mm256_shuffle_epi8(x, _mm256_broadcastsi128_si256(from));
}

static inline __m128i bytes_3_4(void)
{
    return _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
}

static inline __m128i bytes_3_8(void)
{
    return _mm_setr_epi8(0, 1, 2, 8, 9, 10, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
}

static inline __m128i bytes_5_8(void)
{
    return _mm_setr_epi8(0, 1, 2, 3, 4, 8, 9, 10, 11, 12, -1, -1, -1, -1, -1, -1);
}

/* 16 coefficients of 0 .. 2^16-1 in words. */
static inline __m256i words(__m256i a, __m256i b)
{
    return _mm256_permute4x64_epi64(_mm256_packus_epi32(a, b), 0xd8);
}

/* 32 coefficients of 0 .. 255 in bytes. */
static inline __m256i bytes(__m256i a, __m256i b, __m256i c, __m256i d)
{
    const __m256i rows = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    __m256i x = _mm256_packus_epi16(_mm256_packus_epi32(a, b), _mm256_packus_epi32(c, d));
    return _mm256_permutevar8x32_epi32(x, rows);
}

static inline __m256i bytes_of(const wtl_polydsa_poly *f, unsigned i)
{
    return bytes(load(f, i), load(f, i + V), load(f, i + 2 * V), load(f, i + 3 * V));
}

/* eta - x of 32 coefficients. */
static inline __m256i etas_of(const wtl_polydsa_poly *f, unsigned i, unsigned eta)
{
    const __m256i from = _mm256_set1_epi32((int32_t)eta);
    return bytes(_mm256_sub_epi32(from, load(f, i)), _mm256_sub_epi32(from, load(f, i + V)),
                 _mm256_sub_epi32(from, load(f, i + 2 * V)), _mm256_sub_epi32(from, load(f, i + 3 * V)));
}

/* 32 nibbles. */
static inline void put_nibbles(uint8_t *out, __m256i x)
{
    x = join_8(x, 4);
    _mm_storeu_si128((void *)out,
                     _mm_packus_epi16(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1)));
}

void wtl_polydsa_pack_avx2_pack_w1(uint8_t *out, const wtl_polydsa_poly *w1, int32_t gamma2)
{
    for (unsigned i = 0; i < N; i += 4 * V) {
        __m256i x = bytes_of(w1, i);
        if (gamma2 == (Q - 1) / 88)
            PUT(out + i / 4 * 3, gather(join_16(join_8(x, 6), 12), bytes_3_4()), 12);
        else
            put_nibbles(out + i / 2, x);
    }
}

void wtl_polydsa_pack_avx2_pack_eta(uint8_t *out, const wtl_polydsa_poly *f, unsigned eta)
{
    for (unsigned i = 0; i < N; i += 4 * V) {
        __m256i x = etas_of(f, i, eta);
        if (eta == 2) {
            x = gather(join_32(join_16(join_8(x, 3), 6), 12), bytes_3_8());
            __m128i high = _mm_bslli_si128(_mm256_extracti128_si256(x, 1), 6);
            PUT_128(out + i / 8 * 3, _mm_or_si128(_mm256_castsi256_si128(x), high), 12);
        } else {
            put_nibbles(out + i / 2, x);
        }
    }
}

void wtl_polydsa_pack_avx2_pack_t1(uint8_t out[320], const wtl_polydsa_poly *f)
{
    for (unsigned i = 0; i < N; i += 2 * V) {
        __m256i x = words(load(f, i), load(f, i + V));
        PUT(out + i / 8 * 10, gather(join_32(join_16(x, 10), 20), bytes_5_8()), 10);
    }
}

void wtl_polydsa_pack_avx2_pack_t0(uint8_t out[416], const wtl_polydsa_poly *f)
{
    const __m256i top = _mm256_set1_epi32(1 << (D - 1));
    for (unsigned i = 0; i < N; i += 2 * V) {
        __m256i x = words(_mm256_sub_epi32(top, load(f, i)), _mm256_sub_epi32(top, load(f, i + V)));
        PUT(out + i / 8 * 13, join_64(join_32(join_16(x, 13), 26), 52), 13);
    }
}

void wtl_polydsa_pack_avx2_pack_z(uint8_t *out, const wtl_polydsa_poly *f, int32_t gamma1)
{
    const __m256i top = _mm256_set1_epi32(gamma1);
    for (unsigned i = 0; i < N; i += V) {
        __m256i x = _mm256_sub_epi32(top, load(f, i));
        if (gamma1 == 1 << 17)
            PUT(out + i / 8 * 18, join_64(join_32(x, 18), 36), 9);
        else
            PUT(out + i / 8 * 20, gather(join_32(x, 20), bytes_5_8()), 10);
    }
}

/* Where 8 coefficients of so many bits begin: the byte, counted from bits / 2 on for the last 4, and the bit in it. None
 * reaches over 24 bits. */
typedef struct spread {
    _Alignas(32) int8_t at[32];
    int32_t by[V];
} spread;
#define BYTE(bits, i) (bits) * (i) / 8, (bits) * (i) / 8 + 1, (bits) * (i) / 8 + 2, -128
#define BYTE_4(bits, i) \
    (bits) * (i) / 8 - (bits) / 2, (bits) * (i) / 8 - (bits) / 2 + 1, (bits) * (i) / 8 - (bits) / 2 + 2, -128
#define BIT(bits, i) (bits) * (i) % 8
#define SPREAD(bits)                                                                            \
    {                                                                                           \
        {BYTE(bits, 0),   BYTE(bits, 1),   BYTE(bits, 2),   BYTE(bits, 3),                      \
         BYTE_4(bits, 4), BYTE_4(bits, 5), BYTE_4(bits, 6), BYTE_4(bits, 7)},                   \
        {                                                                                       \
            BIT(bits, 0), BIT(bits, 1), BIT(bits, 2), BIT(bits, 3), BIT(bits, 4), BIT(bits, 5), \
                BIT(bits, 6), BIT(bits, 7)                                                      \
        }                                                                                       \
    }
static const spread spread_3 = SPREAD(3), spread_4 = SPREAD(4), spread_10 = SPREAD(10),
                    spread_13 = SPREAD(13), spread_18 = SPREAD(18), spread_20 = SPREAD(20);

/* from - the numbers of `bits` bits in the n bytes. Whole vectors are read; near the end, those that end there. */
static inline void unpack(wtl_polydsa_poly *f, const uint8_t *in, const spread *s, unsigned bits,
                          int32_t from, int32_t sign)
{
    const unsigned last = N / 8 * bits - 16;
    const __m256i mask = _mm256_set1_epi32((1 << bits) - 1);
    const __m256i by = _mm256_load_si256((const void *)s->by);
    for (unsigned i = 0; i < N; i += V) {
        unsigned low = i / 8 * bits, high = low + bits / 2;
        __m256i at = _mm256_load_si256((const void *)s->at);
        if (high > last) {
            unsigned a = low > last ? low - last : 0, b = high - last;
            at = _mm256_add_epi8(at, _mm256_setr_m128i(_mm_set1_epi8((char)a), _mm_set1_epi8((char)b)));
            low -= a;
            high -= b;
        }
        __m256i x = _mm256_loadu2_m128i((const void *)(in + high), (const void *)(in + low));
        x = _mm256_and_si256(_mm256_srlv_epi32(_mm256_shuffle_epi8(x, at), by), mask);
        x = sign > 0 ? x : _mm256_sub_epi32(_mm256_set1_epi32(from), x);
        store(f, i, x);
    }
}

unsigned wtl_polydsa_pack_avx2_unpack_eta(wtl_polydsa_poly *f, const uint8_t *in, unsigned eta)
{
    const __m256i low = _mm256_set1_epi32(-(int32_t)eta);
    if (eta == 2)
        unpack(f, in, &spread_3, 3, 2, -1);
    else
        unpack(f, in, &spread_4, 4, 4, -1);
    __m256i least = _mm256_setzero_si256();
    for (unsigned i = 0; i < N; i += V)
        least = _mm256_min_epi32(least, load(f, i));
    return (unsigned)_mm256_movemask_epi8(_mm256_cmpgt_epi32(low, least));
}

void wtl_polydsa_pack_avx2_unpack_t1(wtl_polydsa_poly *f, const uint8_t in[320])
{
    unpack(f, in, &spread_10, 10, 0, 1);
}

void wtl_polydsa_pack_avx2_unpack_t0(wtl_polydsa_poly *f, const uint8_t in[416])
{
    unpack(f, in, &spread_13, 13, 1 << (D - 1), -1);
}

void wtl_polydsa_pack_avx2_unpack_z(wtl_polydsa_poly *f, const uint8_t *in, int32_t gamma1)
{
    if (gamma1 == 1 << 17)
        unpack(f, in, &spread_18, 18, 1 << 17, -1);
    else
        unpack(f, in, &spread_20, 20, 1 << 19, -1);
}

/* Byte k of a row: the place of the k-th bit of the row's number. */
#define BIT_OF(m, i) ((m) >> (i) & 1)
#define MOVE(m, i, below) ((uint64_t)(BIT_OF(m, i) * (i)) << 8 * (below))
#define B1(m) BIT_OF(m, 0)
#define B2(m) (B1(m) + BIT_OF(m, 1))
#define B3(m) (B2(m) + BIT_OF(m, 2))
#define B4(m) (B3(m) + BIT_OF(m, 3))
#define B5(m) (B4(m) + BIT_OF(m, 4))
#define B6(m) (B5(m) + BIT_OF(m, 5))
#define B7(m) (B6(m) + BIT_OF(m, 6))
#define ROW(m)                                                                                          \
    MOVE(m, 1, B1(m)) | MOVE(m, 2, B2(m)) | MOVE(m, 3, B3(m)) | MOVE(m, 4, B4(m)) | MOVE(m, 5, B5(m)) | \
        MOVE(m, 6, B6(m)) | MOVE(m, 7, B7(m))
#define ROWS_4(m) ROW(m), ROW((m) + 1), ROW((m) + 2), ROW((m) + 3)
#define ROWS_16(m) ROWS_4(m), ROWS_4((m) + 4), ROWS_4((m) + 8), ROWS_4((m) + 12)
#define ROWS_64(m) ROWS_16(m), ROWS_16((m) + 16), ROWS_16((m) + 32), ROWS_16((m) + 48)
static const uint64_t together[256] = {ROWS_64(0), ROWS_64(64), ROWS_64(128), ROWS_64(192)};

static inline __m128i row(unsigned pattern)
{
    return _mm_loadl_epi64((const void *)&together[pattern]);
}

/* Whole vectors are read and, behind `have`, written while there is room; the rest goes one by one. */
unsigned wtl_polydsa_pack_avx2_uniform(wtl_polydsa_poly *f, unsigned have, const uint8_t *in, size_t n)
{
    const __m256i three = _mm256_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1, 4, 5, 6, -1,
                                           7, 8, 9, -1, 10, 11, 12, -1, 13, 14, 15, -1);
    for (; have <= N - V && n >= 3 * V; in += 3 * V, n -= 3 * V) { /* the second load begins 8 bytes in */
        __m256i x = _mm256_loadu2_m128i((const void *)(in + 8), (const void *)in);
        x = _mm256_and_si256(_mm256_shuffle_epi8(x, three), _mm256_set1_epi32(0x7fffff));
        __m256i good = _mm256_cmpgt_epi32(_mm256_set1_epi32(Q), x);
        unsigned pattern = (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(good));
        x = _mm256_permutevar8x32_epi32(x, _mm256_cvtepu8_epi32(row(pattern)));
        _mm256_storeu_si256((void *)(f->c + have), x);
        have += (unsigned)__builtin_popcount(pattern);
    }
    return wtl_polydsa_ref.uniform(f, have, in, n);
}

/* eta - x, and for eta 2 eta - (x mod 5), of nibbles x. */
static inline __m128i values(__m128i x, unsigned eta)
{
    const __m128i two = _mm_setr_epi8(2, 1, 0, -1, -2, 2, 1, 0, -1, -2, 2, 1, 0, -1, -2, 0);
    const __m128i four = _mm_setr_epi8(4, 3, 2, 1, 0, -1, -2, -3, -4, 0, 0, 0, 0, 0, 0, 0);
    return _mm_shuffle_epi8(eta == 2 ? two : four, x);
}

/* 8 bytes, 16 nibbles, at a time. The patterns may be seen, not what they stand for. */
unsigned wtl_polydsa_pack_avx2_bounded(wtl_polydsa_poly *f, unsigned have, const uint8_t *in, size_t n,
                                       unsigned eta)
{
    const __m128i limit = _mm_set1_epi8(eta == 2 ? 15 : 9);
    for (; have <= N - 2 * V && n >= V; in += V, n -= V) {
        __m128i x = _mm_cvtepu8_epi16(_mm_loadl_epi64((const void *)in));
        x = _mm_and_si128(_mm_or_si128(x, _mm_slli_epi16(x, 4)), _mm_set1_epi8(15));
        unsigned pattern = WTL_CT_PUBLIC((unsigned)_mm_movemask_epi8(_mm_cmpgt_epi8(limit, x)));
        x = values(x, eta);
        __m128i low = _mm_shuffle_epi8(x, row(pattern & 255));
        __m128i high = _mm_shuffle_epi8(_mm_unpackhi_epi64(x, x), row(pattern >> 8));
        _mm256_storeu_si256((void *)(f->c + have), _mm256_cvtepi8_epi32(low));
        have += (unsigned)__builtin_popcount(pattern & 255);
        _mm256_storeu_si256((void *)(f->c + have), _mm256_cvtepi8_epi32(high));
        have += (unsigned)__builtin_popcount(pattern >> 8);
    }
    return wtl_polydsa_ref.bounded(f, have, in, n, eta);
}

#endif
