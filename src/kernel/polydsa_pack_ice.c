/* Packing, unpacking and sampling. Bits are joined two neighbours at a time within growing lanes, and whole bytes then
 * gathered by VBMI's permutation; the other way bytes are spread first and shifted into place. */
#include "kernel/polydsa_ice.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "base/secret.h"

enum { N = WTL_POLYDSA_N, Q = WTL_POLYDSA_Q, D = WTL_POLYDSA_D, V = 16 };

#define BYTES(n) (UINT64_MAX >> (64 - (n))) /* the mask of the first n bytes */
#define FOUR(at, a, b, c, d) at(a), at(b), at(c), at(d)
#define SIXTEEN(at) \
    FOUR(at, 0, 1, 2, 3), FOUR(at, 4, 5, 6, 7), FOUR(at, 8, 9, 10, 11), FOUR(at, 12, 13, 14, 15)

static inline __m512i load(const wtl_polydsa_poly *f, unsigned i)
{
    return _mm512_load_si512(f->c + i);
}

/* Two neighbours of less than 2^bits in each 64-bit lane become one number. */
static inline __m512i join_32(__m512i x, unsigned bits)
{
    return _mm512_srli_epi64(_mm512_mask_slli_epi32(x, 0x5555, x, 32 - bits), 32 - bits);
}

/* Two neighbours of less than 2^bits, bits >= 32, in each 128-bit lane become one number. */
static inline __m512i join_64(__m512i x, unsigned bits)
{
    __m512i over = _mm512_mask_srli_epi64(x, 0xaa, x, 64 - bits);
    return _mm512_or_si512(over, _mm512_maskz_slli_epi64(0x55, _mm512_shuffle_epi32(x, _MM_PERM_BADC), bits));
}

/* The first 3 of every 4 bytes, 3 or 5 of every 8, 9 or 13 of every 16; what follows is not stored. */
#define FROM_3_4(i) 4 * (i), 4 * (i) + 1, 4 * (i) + 2
#define FROM_3_8(i) 8 * (i), 8 * (i) + 1, 8 * (i) + 2
#define FROM_5_8(i) 8 * (i), 8 * (i) + 1, 8 * (i) + 2, 8 * (i) + 3, 8 * (i) + 4
#define FROM_9_16(i) FROM_5_8(2 * (i)), 16 * (i) + 5, 16 * (i) + 6, 16 * (i) + 7, 16 * (i) + 8
#define FROM_13_16(i) FROM_9_16(i), 16 * (i) + 9, 16 * (i) + 10, 16 * (i) + 11, 16 * (i) + 12
static const _Alignas(64) uint8_t bytes_3_4[64] = {SIXTEEN(FROM_3_4)};
static const _Alignas(64) uint8_t bytes_3_8[64] = {FOUR(FROM_3_8, 0, 1, 2, 3), FOUR(FROM_3_8, 4, 5, 6, 7)};
static const _Alignas(64) uint8_t bytes_5_8[64] = {FOUR(FROM_5_8, 0, 1, 2, 3), FOUR(FROM_5_8, 4, 5, 6, 7)};
static const _Alignas(64) uint8_t bytes_9_16[64] = {FOUR(FROM_9_16, 0, 1, 2, 3)};
static const _Alignas(64) uint8_t bytes_13_16[64] = {FOUR(FROM_13_16, 0, 1, 2, 3)};

static inline void put(uint8_t *out, __m512i x, const uint8_t from[64], unsigned n)
{
    _mm512_mask_storeu_epi8(out, BYTES(n), _mm512_permutexvar_epi8(_mm512_load_si512(from), x));
}

/* 32 coefficients in words. */
static inline __m512i words(__m512i a, __m512i b)
{
#define EVEN(i) 4 * (i), 4 * (i) + 2
    static const _Alignas(64) uint16_t even[32] = {SIXTEEN(EVEN)};
    return _mm512_permutex2var_epi16(a, _mm512_load_si512(even), b);
}

/* 64 coefficients of 0 .. 255 in bytes. */
static inline __m512i bytes(__m512i a, __m512i b, __m512i c, __m512i d)
{
#define COLUMN(i) 4 * (i)
#define COLUMN_1(i) 4 * (i) + 1
#define COLUMN_2(i) 4 * (i) + 2
#define COLUMN_3(i) 4 * (i) + 3
    static const _Alignas(64)
        uint8_t rows[64] = {SIXTEEN(COLUMN), SIXTEEN(COLUMN_1), SIXTEEN(COLUMN_2), SIXTEEN(COLUMN_3)};
    a = _mm512_or_si512(a, _mm512_slli_epi32(b, 8));
    a = _mm512_ternarylogic_epi32(a, _mm512_slli_epi32(c, 16), _mm512_slli_epi32(d, 24), 0xfe);
    return _mm512_permutexvar_epi8(_mm512_load_si512(rows), a);
}

/* eta - x of 64 coefficients. */
static inline __m512i bytes_of(const wtl_polydsa_poly *f, unsigned i, int32_t eta)
{
    const __m512i from = _mm512_set1_epi32(eta);
    return bytes(_mm512_sub_epi32(from, load(f, i)), _mm512_sub_epi32(from, load(f, i + V)),
                 _mm512_sub_epi32(from, load(f, i + 2 * V)), _mm512_sub_epi32(from, load(f, i + 3 * V)));
}

/* Neighbouring bytes below 2^bits, bits <= 6, in words; neighbouring words below 2^bits, bits <= 13, in 32-bit lanes. */
static inline __m512i join_8(__m512i x, unsigned bits)
{
    return _mm512_maddubs_epi16(x, _mm512_set1_epi16((int16_t)(1 | 256 << bits)));
}

static inline __m512i join_16(__m512i x, unsigned bits)
{
    return _mm512_madd_epi16(x, _mm512_set1_epi32(1 | 65536 << bits));
}

void wtl_polydsa_pack_ice_pack_w1(uint8_t *out, const wtl_polydsa_poly *w1, int32_t gamma2)
{
    for (unsigned i = 0; i < N; i += 4 * V) {
        __m512i x = bytes(load(w1, i), load(w1, i + V), load(w1, i + 2 * V), load(w1, i + 3 * V));
        if (gamma2 == (Q - 1) / 88)
            put(out + i / 4 * 3, join_16(join_8(x, 6), 12), bytes_3_4, 48);
        else
            _mm256_storeu_si256((void *)(out + i / 2), _mm512_cvtepi16_epi8(join_8(x, 4)));
    }
}

void wtl_polydsa_pack_ice_pack_eta(uint8_t *out, const wtl_polydsa_poly *f, unsigned eta)
{
    for (unsigned i = 0; i < N; i += 4 * V) {
        __m512i x = bytes_of(f, i, (int32_t)eta);
        if (eta == 2)
            put(out + i / 8 * 3, join_32(join_16(join_8(x, 3), 6), 12), bytes_3_8, 24);
        else
            _mm256_storeu_si256((void *)(out + i / 2), _mm512_cvtepi16_epi8(join_8(x, 4)));
    }
}

void wtl_polydsa_pack_ice_pack_t1(uint8_t out[320], const wtl_polydsa_poly *f)
{
    for (unsigned i = 0; i < N; i += 2 * V) {
        __m512i x = words(load(f, i), load(f, i + V));
        put(out + i / 8 * 10, join_32(join_16(x, 10), 20), bytes_5_8, 40);
    }
}

void wtl_polydsa_pack_ice_pack_t0(uint8_t out[416], const wtl_polydsa_poly *f)
{
    const __m512i top = _mm512_set1_epi16(1 << (D - 1));
    for (unsigned i = 0; i < N; i += 2 * V) {
        __m512i x = _mm512_sub_epi16(top, words(load(f, i), load(f, i + V)));
        put(out + i / 8 * 13, join_64(join_32(join_16(x, 13), 26), 52), bytes_13_16, 52);
    }
}

void wtl_polydsa_pack_ice_pack_z(uint8_t *out, const wtl_polydsa_poly *f, int32_t gamma1)
{
    const __m512i top = _mm512_set1_epi32(gamma1);
    for (unsigned i = 0; i < N; i += V) {
        __m512i x = _mm512_sub_epi32(top, load(f, i));
        if (gamma1 == 1 << 17)
            put(out + i / 8 * 18, join_64(join_32(x, 18), 36), bytes_9_16, 36);
        else
            put(out + i / 8 * 20, join_32(x, 20), bytes_5_8, 40);
    }
}

/* Where 16 coefficients of so many bits begin: the byte, and the bit in it. None reaches over 24 bits. */
typedef struct spread {
    _Alignas(64) uint8_t at[64];
    uint32_t by[V];
} spread;
#define BYTE(bits, i) (bits) * (i) / 8, (bits) * (i) / 8 + 1, (bits) * (i) / 8 + 2, 63
#define BIT(bits, i) (bits) * (i) % 8
#define AT_3(i) BYTE(3, i)
#define AT_4(i) BYTE(4, i)
#define AT_10(i) BYTE(10, i)
#define AT_13(i) BYTE(13, i)
#define AT_18(i) BYTE(18, i)
#define AT_20(i) BYTE(20, i)
#define BY_3(i) BIT(3, i)
#define BY_4(i) BIT(4, i)
#define BY_10(i) BIT(10, i)
#define BY_13(i) BIT(13, i)
#define BY_18(i) BIT(18, i)
#define BY_20(i) BIT(20, i)
static const spread spread_3 = {{SIXTEEN(AT_3)}, {SIXTEEN(BY_3)}};
static const spread spread_4 = {{SIXTEEN(AT_4)}, {SIXTEEN(BY_4)}};
static const spread spread_10 = {{SIXTEEN(AT_10)}, {SIXTEEN(BY_10)}};
static const spread spread_13 = {{SIXTEEN(AT_13)}, {SIXTEEN(BY_13)}};
static const spread spread_18 = {{SIXTEEN(AT_18)}, {SIXTEEN(BY_18)}};
static const spread spread_20 = {{SIXTEEN(AT_20)}, {SIXTEEN(BY_20)}};

/* 16 numbers of `bits` bits. */
static inline __m512i take(const uint8_t *in, const spread *s, unsigned bits)
{
    __m512i x = _mm512_maskz_loadu_epi8(BYTES(2 * bits), in);
    x = _mm512_permutexvar_epi8(_mm512_load_si512(s->at), x);
    x = _mm512_srlv_epi32(x, _mm512_load_si512(s->by));
    return _mm512_and_si512(x, _mm512_set1_epi32((1 << bits) - 1));
}

static inline void unpack_from(wtl_polydsa_poly *f, const uint8_t *in, const spread *s, unsigned bits,
                               int32_t from)
{
    for (unsigned i = 0; i < N; i += V) {
        __m512i x = take(in + i / 8 * bits, s, bits);
        _mm512_store_si512(f->c + i, _mm512_sub_epi32(_mm512_set1_epi32(from), x));
    }
}

unsigned wtl_polydsa_pack_ice_unpack_eta(wtl_polydsa_poly *f, const uint8_t *in, unsigned eta)
{
    const int32_t low = -(int32_t)eta;
    if (eta == 2)
        unpack_from(f, in, &spread_3, 3, 2);
    else
        unpack_from(f, in, &spread_4, 4, 4);
    __m512i least = _mm512_setzero_si512();
    for (unsigned i = 0; i < N; i += V)
        least = _mm512_min_epi32(least, load(f, i));
    return _cvtmask16_u32(_mm512_cmplt_epi32_mask(least, _mm512_set1_epi32(low)));
}

void wtl_polydsa_pack_ice_unpack_t1(wtl_polydsa_poly *f, const uint8_t in[320])
{
    for (unsigned i = 0; i < N; i += V)
        _mm512_store_si512(f->c + i, take(in + i / 8 * 10, &spread_10, 10));
}

void wtl_polydsa_pack_ice_unpack_t0(wtl_polydsa_poly *f, const uint8_t in[416])
{
    unpack_from(f, in, &spread_13, 13, 1 << (D - 1));
}

void wtl_polydsa_pack_ice_unpack_z(wtl_polydsa_poly *f, const uint8_t *in, int32_t gamma1)
{
    if (gamma1 == 1 << 17)
        unpack_from(f, in, &spread_18, 18, 1 << 17);
    else
        unpack_from(f, in, &spread_20, 20, 1 << 19);
}

/* 16 candidates of 48 bytes, and which of them are below q. */
static inline __mmask16 candidates(__m512i *x, __m512i in)
{
#define THREE(i) 3 * (i), 3 * (i) + 1, 3 * (i) + 2, 63
    static const _Alignas(64) uint8_t three[64] = {SIXTEEN(THREE)};
    *x = _mm512_and_si512(_mm512_permutexvar_epi8(_mm512_load_si512(three), in), _mm512_set1_epi32(0x7fffff));
    return _mm512_cmplt_epi32_mask(*x, _mm512_set1_epi32(Q));
}

static inline unsigned least(size_t a, size_t b)
{
    return (unsigned)(a < b ? a : b);
}

/* Behind `have` whole vectors are written while there is room; what is not accepted is overwritten by the next. */
unsigned wtl_polydsa_pack_ice_uniform(wtl_polydsa_poly *f, unsigned have, const uint8_t *in, size_t n)
{
    __m512i x;
    for (; have <= N - V && n >= 3 * V; in += 3 * V, n -= 3 * V) {
        __mmask16 good = candidates(&x, _mm512_maskz_loadu_epi8(BYTES(3 * V), in));
        _mm512_storeu_si512(f->c + have, _mm512_maskz_compress_epi32(good, x));
        have += (unsigned)__builtin_popcount(_cvtmask16_u32(good));
    }
    for (unsigned part; have < N && n > 0; in += part, n -= part) {
        part = least(n, 3 * V);
        __mmask16 good = candidates(&x, _mm512_maskz_loadu_epi8(BYTES(part), in));
        good = _cvtu32_mask16(_cvtmask16_u32(good) & ((1U << part / 3) - 1));
        unsigned more = least((size_t)__builtin_popcount(_cvtmask16_u32(good)), N - have);
        _mm512_mask_storeu_epi32(f->c + have, _cvtu32_mask16((1U << more) - 1),
                                 _mm512_maskz_compress_epi32(good, x));
        have += more;
    }
    return have;
}

/* eta - x, and for eta 2 eta - (x mod 5), of a nibble x. */
static inline __m512i values(unsigned eta)
{
    const __m128i two = _mm_setr_epi8(2, 1, 0, -1, -2, 2, 1, 0, -1, -2, 2, 1, 0, -1, -2, 0);
    const __m128i four = _mm_setr_epi8(4, 3, 2, 1, 0, -1, -2, -3, -4, 0, 0, 0, 0, 0, 0, 0);
    return _mm512_broadcast_i32x4(eta == 2 ? two : four);
}

/* The nibbles of 32 bytes, and which of them are below the limit. */
static inline __mmask64 nibbles(__m512i *x, __m256i in, unsigned limit)
{
    __m512i w = _mm512_cvtepu8_epi16(in);
    *x = _mm512_and_si512(_mm512_or_si512(w, _mm512_slli_epi16(w, 4)), _mm512_set1_epi8(15));
    return _mm512_cmplt_epu8_mask(*x, _mm512_set1_epi8((char)limit));
}

static inline __m512i quarter(__m512i x, unsigned k)
{
    switch (k) {
    case 0:
        return _mm512_cvtepi8_epi32(_mm512_castsi512_si128(x));
    case 1:
        return _mm512_cvtepi8_epi32(_mm512_extracti32x4_epi32(x, 1));
    case 2:
        return _mm512_cvtepi8_epi32(_mm512_extracti32x4_epi32(x, 2));
    default:
        return _mm512_cvtepi8_epi32(_mm512_extracti32x4_epi32(x, 3));
    }
}

unsigned wtl_polydsa_pack_ice_bounded(wtl_polydsa_poly *f, unsigned have, const uint8_t *in, size_t n,
                                      unsigned eta)
{
    const __m512i table = values(eta);
    const unsigned limit = eta == 2 ? 15 : 9;
    __m512i x;
    for (; have <= N - 4 * V && n >= 32; in += 32, n -= 32) {
        uint64_t good = WTL_CT_PUBLIC(
            _cvtmask64_u64(nibbles(&x, _mm256_loadu_si256((const void *)in), limit)));
        x = _mm512_maskz_compress_epi8(_cvtu64_mask64(good), _mm512_shuffle_epi8(table, x));
#pragma GCC unroll 4
        for (unsigned k = 0; k < 4; k++)
            _mm512_storeu_si512(f->c + have + k * V, quarter(x, k));
        have += (unsigned)__builtin_popcountll(good);
    }
    for (unsigned part; have < N && n > 0; in += part, n -= part) {
        part = least(n, 32);
        __mmask64 low = nibbles(&x, _mm256_maskz_loadu_epi8((__mmask32)BYTES(part), in), limit);
        uint64_t good = WTL_CT_PUBLIC(_cvtmask64_u64(low)) & BYTES(2 * part);
        unsigned more = least((size_t)__builtin_popcountll(good), N - have);
        uint64_t room = more == 0 ? 0 : BYTES(more);
        x = _mm512_maskz_compress_epi8(_cvtu64_mask64(good), _mm512_shuffle_epi8(table, x));
#pragma GCC unroll 4
        for (unsigned k = 0; k < 4; k++)
            _mm512_mask_storeu_epi32(f->c + have + k * V, (__mmask16)(room >> k * V), quarter(x, k));
        have += more;
    }
    return have;
}

#endif
