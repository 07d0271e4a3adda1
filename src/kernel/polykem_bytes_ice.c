#include "kernel/polykem_impl.h"

#if defined(__x86_64__)
#include <string.h>

#include <immintrin.h>

/* 32 coefficients of d bits are 4 d bytes, which VPERMB and VPMULTISHIFTQB spread and gather. Where 64 bytes are loaded
 * or stored for fewer, the next ones follow; only the last of a polynomial are masked. */

enum { N = WTL_POLYKEM_N, Q = WTL_POLYKEM_Q, W = 32, ROWS = N / W };
typedef __m512i v;
typedef uint8_t bytes64[64];

#define B4(f, j) f(j), f((j) + 1), f((j) + 2), f((j) + 3)
#define B16(f, j) B4(f, j), B4(f, (j) + 4), B4(f, (j) + 8), B4(f, (j) + 12)
#define B64(f) B16(f, 0), B16(f, 16), B16(f, 32), B16(f, 48)

static inline v get(const void *p)
{
    return _mm512_loadu_si512(p);
}

static inline v row(const wtl_polykem_poly *f, size_t i)
{
    return _mm512_load_si512(f->c + W * i);
}

static inline void put(wtl_polykem_poly *f, size_t i, v x)
{
    _mm512_store_si512(f->c + W * i, x);
}

static inline __mmask64 first(size_t n)
{
    return _bzhi_u64(~UINT64_C(0), (unsigned)n);
}

/* Piece i of eight of `size` bytes each. */
static inline v load_piece(const uint8_t *in, size_t i, unsigned size)
{
    return size * i + 64 <= (size_t)size * ROWS ? get(in + size * i)
                                                : _mm512_maskz_loadu_epi8(first(size), in + size * i);
}

static inline void store_piece(uint8_t *out, size_t i, unsigned size, v x)
{
    if (size * i + 64 <= (size_t)size * ROWS)
        _mm512_storeu_si512(out + size * i, x);
    else
        _mm512_mask_storeu_epi8(out + size * i, first(size), x);
}

/* Words of 12 bits: each word gets the two bytes that hold it. */
#define TWELVE(j) ((j) / 4 * 3 + (j) % 4 / 2 + (j) % 2)
static const bytes64 twelve = {B64(TWELVE)};

static inline v spread_12(v x)
{
    v two = _mm512_permutexvar_epi8(get(twelve), x);
    return _mm512_and_si512(_mm512_srlv_epi16(two, _mm512_set1_epi32(4 << 16)), _mm512_set1_epi16(0xfff));
}

/* The accepted among the `most` words that n bytes give go behind `have`, as far as there is room. */
static unsigned sample_last(wtl_polykem_poly *f, unsigned have, const uint8_t *in, size_t n)
{
    v x = spread_12(_mm512_maskz_loadu_epi8(first(n), in));
    __mmask32 good = _mm512_mask_cmplt_epu16_mask((__mmask32)first(n / 3 * 2), x, _mm512_set1_epi16(Q));
    unsigned room = N - have;
    unsigned got = (unsigned)_mm_popcnt_u32(good);
    got = got < room ? got : room;
    _mm512_mask_storeu_epi16(f->c + have, (__mmask32)first(got), _mm512_maskz_compress_epi16(good, x));
    return have + got;
}

unsigned wtl_polykem_bytes_ice_sample_ntt(wtl_polykem_poly *f, unsigned have, const uint8_t *in, size_t n)
{
    enum { TAKE = W * 12 / 8 };
    for (; n >= 64 && have <= N - W; n -= TAKE, in += TAKE) {
        v x = spread_12(get(in));
        __mmask32 good = _mm512_cmplt_epu16_mask(x, _mm512_set1_epi16(Q));
        _mm512_storeu_si512(f->c + have, _mm512_maskz_compress_epi16(good, x));
        have += (unsigned)_mm_popcnt_u32(good);
    }
    while (n > 0 && have < N) {
        size_t take = n < TAKE ? n : TAKE;
        have = sample_last(f, have, in, take);
        in += take;
        n -= take;
    }
    return have;
}

/* The difference of two sums of bits, by the nibble; the word's bits above it are passed over. */
#define OF_NIBBLE(j) ((j) % 2 + (j) / 2 % 2 - (j) / 4 % 2 - (j) / 8 % 2)
static const int16_t of_nibble[W] = {B16(OF_NIBBLE, 0), B16(OF_NIBBLE, 0)};

/* In each 128-bit lane l bytes 4l .. 4l + 3, each in two words. */
#define TWICE(j) ((j) % 2 ? 0x80 : (j) / 16 * 4 + (j) % 16 / 4)
static const bytes64 twice = {B64(TWICE)};

void wtl_polykem_bytes_ice_cbd2(wtl_polykem_poly *f, const uint8_t in[128])
{
    v table = get(of_nibble);
    v how = get(twice);
    v nibble = _mm512_set1_epi32(4 << 16);
#pragma GCC unroll 8
    for (size_t i = 0; i < ROWS; i++) {
        v x = _mm512_broadcast_i32x4(_mm_loadu_si128((const void *)(in + 16 * i)));
        x = _mm512_srlv_epi16(_mm512_shuffle_epi8(x, how), nibble);
        put(f, i, _mm512_permutexvar_epi16(x, table));
    }
}

#define OF_SIX(j) ((j) % 2 + (j) / 2 % 2 + (j) / 4 % 2 - (j) / 8 % 2 - (j) / 16 % 2 - (j) / 32 % 2)
static const int16_t of_six[64] = {B64(OF_SIX)};

/* Quadword j gets the d / 2 bytes that hold its four words of d bits (from the middle of a byte on, when d is odd and j
 * too), and word k of it from bit d k - up on, where the bits that matter are then masked. */
#define QUAD(j, d) ((j) / 8 * (d) / 2 + (j) % 8)
#define SHIFT(j, d, up) (((j) % 8 / 2 * (d) + (j) % 2 * 8 + (d) % 2 * ((j) / 8 % 2) * 4 - (up)) & 63)

#define QUAD6(j) QUAD(j, 6)
#define SHIFT6(j) SHIFT(j, 6, 0)
static const bytes64 quad6 = {B64(QUAD6)}, shift6 = {B64(SHIFT6)};

void wtl_polykem_bytes_ice_cbd3(wtl_polykem_poly *f, const uint8_t in[192])
{
    v lower = get(of_six);
    v upper = get(of_six + W);
#pragma GCC unroll 8
    for (size_t i = 0; i < ROWS; i++) {
        v x = _mm512_permutexvar_epi8(get(quad6), load_piece(in, i, 24));
        x = _mm512_multishift_epi64_epi8(get(shift6), x);
        put(f, i, _mm512_permutex2var_epi16(lower, x, upper)); /* looks at six bits of each word */
    }
}

/* For |x| < 2q. As unsigned numbers negative ones are the largest. */
static inline v canonical(v x)
{
    x = _mm512_min_epu16(x, _mm512_add_epi16(x, _mm512_set1_epi16(2 * Q)));
    return _mm512_min_epu16(x, _mm512_sub_epi16(x, _mm512_set1_epi16(Q)));
}

/* Words of d bits become double words of 2d. */
static inline v join(v x, unsigned d)
{
    return _mm512_madd_epi16(x, _mm512_set1_epi32((int)(1u << (16 + d) | 1)));
}

#define THREE_OF_4(j) ((j) / 3 * 4 + (j) % 3)
static const bytes64 three_of_4 = {B64(THREE_OF_4)};

void wtl_polykem_bytes_ice_to_bytes(uint8_t out[WTL_POLYKEM_BYTES], const wtl_polykem_poly *f)
{
#pragma GCC unroll 8
    for (size_t i = 0; i < ROWS; i++) {
        v x = join(canonical(row(f, i)), 12);
        store_piece(out, i, 48, _mm512_permutexvar_epi8(get(three_of_4), x));
    }
}

unsigned wtl_polykem_bytes_ice_from_bytes(wtl_polykem_poly *f, const uint8_t in[WTL_POLYKEM_BYTES])
{
    v q = _mm512_set1_epi16(Q);
    v most = _mm512_setzero_si512();
#pragma GCC unroll 8
    for (size_t i = 0; i < ROWS; i++) {
        v x = spread_12(load_piece(in, i, 48));
        most = _mm512_max_epu16(most, x);
        put(f, i, _mm512_min_epu16(x, _mm512_sub_epi16(x, q)));
    }
    return _mm512_cmpge_epu16_mask(most, q);
}

/* round(2^d x / q) mod 2^d for d = 5, 10 and 11. 20159 and 630 are just above 2^26 / q and 2^21 / q, so that `low` is the
 * quotient rounded down or, very near to an integer, one off; what remains is in (-0.03q, 1.03q) and says whether to
 * round up. */
static inline v squeeze_far(v x, unsigned d)
{
    v factor = _mm512_set1_epi16(d == 5 ? 630 : 20159);
    v low = _mm512_mulhi_epi16(d == 11 ? _mm512_add_epi16(x, x) : x, factor);
    v rest = _mm512_sub_epi16(_mm512_slli_epi16(x, d), _mm512_mullo_epi16(low, _mm512_set1_epi16(Q)));
    __mmask32 up = _mm512_cmpgt_epi16_mask(rest, _mm512_set1_epi16(Q / 2));
    v r = _mm512_mask_sub_epi16(low, up, low, _mm512_set1_epi16(-1));
    return _mm512_and_si512(r, _mm512_set1_epi16((int16_t)((1u << d) - 1)));
}

/* The same for d = 1 and 4: ten bits of the quotient suffice. (For d = 5 they fail at x = 3381 and -3381.) */
static inline v squeeze_near(v x, unsigned d)
{
    v ten = _mm512_mulhi_epi16(x, _mm512_set1_epi16(20159));
    v r = _mm512_mulhrs_epi16(ten, _mm512_set1_epi16((int16_t)(1u << (5 + d))));
    return _mm512_and_si512(r, _mm512_set1_epi16((int16_t)((1u << d) - 1)));
}

static void compress_1(uint8_t *out, const wtl_polykem_poly *f)
{
#pragma GCC unroll 8
    for (size_t i = 0; i < ROWS; i++) {
        uint32_t bits = _mm512_test_epi16_mask(squeeze_near(row(f, i), 1), _mm512_set1_epi16(1));
        memcpy(out + 4 * i, &bits, sizeof bits);
    }
}

/* Four registers of words become one of pairs: lane l holds double words l, 4 + l .. of the four. */
static inline v nibbles(const wtl_polykem_poly *f, size_t i)
{
    v a = _mm512_packus_epi16(squeeze_near(row(f, i), 4), squeeze_near(row(f, i + 1), 4));
    v b = _mm512_packus_epi16(squeeze_near(row(f, i + 2), 4), squeeze_near(row(f, i + 3), 4));
    v pair = _mm512_set1_epi16(16 << 8 | 1);
    return _mm512_packus_epi16(_mm512_maddubs_epi16(a, pair), _mm512_maddubs_epi16(b, pair));
}

static void compress_4(uint8_t *out, const wtl_polykem_poly *f)
{
    static const int32_t order[16] = {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15};
    _mm512_storeu_si512(out, _mm512_permutexvar_epi32(get(order), nibbles(f, 0)));
    _mm512_storeu_si512(out + 64, _mm512_permutexvar_epi32(get(order), nibbles(f, 4)));
}

/* Two double words of 20 bits become 40 bits, or of 22 bits 44; from bit `low` of the quadword on. */
static inline v join_far(v x, unsigned low)
{
    return _mm512_sllv_epi32(x, _mm512_set1_epi64(low));
}

#define FIVE_OF_8(j) ((j) / 5 * 8 + (j) % 5)
static const bytes64 five_of_8 = {B64(FIVE_OF_8)};
/* The same behind the packing of two registers, which takes their lanes in turn. */
#define FIVE_IN_TURN(j) ((j) / 5 % 4 * 16 + (j) / 20 % 2 * 8 + (j) % 5)
static const bytes64 five_in_turn = {B64(FIVE_IN_TURN)};

static void compress_5(uint8_t *out, const wtl_polykem_poly *f)
{
#pragma GCC unroll 4
    for (size_t i = 0; i < ROWS / 2; i++) {
        v x = _mm512_packus_epi16(squeeze_far(row(f, 2 * i), 5), squeeze_far(row(f, 2 * i + 1), 5));
        x = join(_mm512_maddubs_epi16(x, _mm512_set1_epi16(32 << 8 | 1)), 10);
        x = _mm512_permutexvar_epi8(get(five_in_turn), _mm512_srli_epi64(join_far(x, 12), 12));
        if (i < 3)
            _mm512_storeu_si512(out + 40 * i, x);
        else
            _mm512_mask_storeu_epi8(out + 40 * i, first(40), x);
    }
}

static void compress_10(uint8_t *out, const wtl_polykem_poly *f)
{
#pragma GCC unroll 8
    for (size_t i = 0; i < ROWS; i++) {
        v x = _mm512_srli_epi64(join_far(join(squeeze_far(row(f, i), 10), 10), 12), 12);
        store_piece(out, i, 40, _mm512_permutexvar_epi8(get(five_of_8), x));
    }
}

#define ELEVEN_OF_16(j) ((j) / 11 * 16 + (j) % 11)
static const bytes64 eleven_of_16 = {B64(ELEVEN_OF_16)};

/* The 44 bits from bit 10 on of two quadwords become 88: bits 0 .. 63 of the first, and the others. */
static void compress_11(uint8_t *out, const wtl_polykem_poly *f)
{
    static const uint64_t left[8] = {34, 64, 34, 64, 34, 64, 34, 64};
    static const uint64_t right[8] = {10, 30, 10, 30, 10, 30, 10, 30};
#pragma GCC unroll 8
    for (size_t i = 0; i < ROWS; i++) {
        v x = join_far(join(squeeze_far(row(f, i), 11), 11), 10);
        v other = _mm512_sllv_epi64(_mm512_shuffle_epi32(x, 0x4e), get(left));
        x = _mm512_or_si512(_mm512_srlv_epi64(x, get(right)), other);
        store_piece(out, i, 44, _mm512_permutexvar_epi8(get(eleven_of_16), x));
    }
}

void wtl_polykem_bytes_ice_compress(uint8_t *out, const wtl_polykem_poly *f, unsigned d)
{
    switch (d) {
    case 1:
        compress_1(out, f);
        break;
    case 4:
        compress_4(out, f);
        break;
    case 5:
        compress_5(out, f);
        break;
    case 10:
        compress_10(out, f);
        break;
    default:
        compress_11(out, f);
    }
}

static void decompress_1(wtl_polykem_poly *f, const uint8_t *in)
{
#pragma GCC unroll 8
    for (size_t i = 0; i < ROWS; i++) {
        uint32_t bits;
        memcpy(&bits, in + 4 * i, sizeof bits);
        put(f, i, _mm512_maskz_set1_epi16(bits, (Q + 1) / 2));
    }
}

/* (q y + 2^(d-1)) / 2^d: of each word the upper d bits below the sign, times q / 2^15 and rounded. */
static inline void widen(wtl_polykem_poly *f, const uint8_t *in, unsigned d, const bytes64 quad,
                         const bytes64 shift)
{
    v mask = _mm512_set1_epi16((int16_t)(((1u << d) - 1) << (15 - d)));
#pragma GCC unroll 8
    for (size_t i = 0; i < ROWS; i++) {
        v x = _mm512_permutexvar_epi8(get(quad), load_piece(in, i, 4 * d));
        x = _mm512_and_si512(_mm512_multishift_epi64_epi8(get(shift), x), mask);
        put(f, i, _mm512_mulhrs_epi16(x, _mm512_set1_epi16(Q)));
    }
}

#define QUAD4(j) QUAD(j, 4)
#define QUAD5(j) QUAD(j, 5)
#define QUAD10(j) QUAD(j, 10)
#define QUAD11(j) QUAD(j, 11)
#define SHIFT4(j) SHIFT(j, 4, 11)
#define SHIFT5(j) SHIFT(j, 5, 10)
#define SHIFT10(j) SHIFT(j, 10, 5)
#define SHIFT11(j) SHIFT(j, 11, 4)
static const bytes64 quad4 = {B64(QUAD4)}, shift4 = {B64(SHIFT4)};
static const bytes64 quad5 = {B64(QUAD5)}, shift5 = {B64(SHIFT5)};
static const bytes64 quad10 = {B64(QUAD10)}, shift10 = {B64(SHIFT10)};
static const bytes64 quad11 = {B64(QUAD11)}, shift11 = {B64(SHIFT11)};

void wtl_polykem_bytes_ice_decompress(wtl_polykem_poly *f, const uint8_t *in, unsigned d)
{
    switch (d) {
    case 1:
        decompress_1(f, in);
        break;
    case 4:
        widen(f, in, 4, quad4, shift4);
        break;
    case 5:
        widen(f, in, 5, quad5, shift5);
        break;
    case 10:
        widen(f, in, 10, quad10, shift10);
        break;
    default:
        widen(f, in, 11, quad11, shift11);
    }
}
#endif
