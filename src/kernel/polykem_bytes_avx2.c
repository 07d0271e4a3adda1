#include "kernel/polykem_impl.h"

#if defined(__x86_64__)
#include <string.h>

#include <immintrin.h>

/* Eight coefficients of d bits are d bytes, which each half of a register spreads and gathers by itself. 16 bytes are loaded
 * or stored for them, and the next ones follow; only the last of a polynomial are treated apart. */

enum { N = WTL_POLYKEM_N, Q = WTL_POLYKEM_Q, W = 16, ROWS = N / W, HALF = W / 2 };
typedef __m256i v;
typedef uint8_t bytes32[32];
typedef int16_t words16[W];

#define B4(f, j) f(j), f((j) + 1), f((j) + 2), f((j) + 3)
#define B16(f, j) B4(f, j), B4(f, (j) + 4), B4(f, (j) + 8), B4(f, (j) + 12)
#define B32(f) B16(f, 0), B16(f, 16)

static inline v get(const void *p)
{
    return _mm256_loadu_si256(p);
}

static inline v row(const wtl_polykem_poly *f, size_t i)
{
    return _mm256_load_si256((const void *)(f->c + W * i));
}

static inline void put(wtl_polykem_poly *f, size_t i, v x)
{
    _mm256_store_si256((void *)(f->c + W * i), x);
}

static inline v both(__m128i low, __m128i high)
{
    return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

/* In each half `size` bytes (12, 11 or 10), those of row i. Behind the last there are no 16, so it is loaded from before and
 * moved down. */
static inline v load_halves(const uint8_t *in, size_t i, int size)
{
    const uint8_t *p = in + 2 * (size_t)size * i;
    __m128i high = i < ROWS - 1 ? _mm_loadu_si128((const void *)(p + size))
                   : size == 12 ? _mm_srli_si128(_mm_loadu_si128((const void *)(p + 8)), 4)
                   : size == 11 ? _mm_srli_si128(_mm_loadu_si128((const void *)(p + 6)), 5)
                                : _mm_srli_si128(_mm_loadu_si128((const void *)(p + 4)), 6);
    return both(_mm_loadu_si128((const void *)p), high);
}

/* The reverse, for 11 or 10 bytes of a half: 16 are written, the next ones over them; at the end just these. */
static inline void store_halves(uint8_t *p, v x, int size, bool ends)
{
    __m128i high = _mm256_extracti128_si256(x, 1);
    _mm_storeu_si128((void *)p, _mm256_castsi256_si128(x));
    if (!ends) {
        _mm_storeu_si128((void *)(p + size), high);
        return;
    }
    uint16_t more = (uint16_t)_mm_extract_epi16(high, 4);
    _mm_storel_epi64((void *)(p + size), high);
    memcpy(p + size + 8, &more, sizeof more);
    if (size == 11)
        p[21] = (uint8_t)_mm_extract_epi8(high, 10);
}

/* Words of 12 bits: each word gets the two bytes that hold it, and loses the four bits above or below. */
#define TWELVE(j) ((j) % 16 / 4 * 3 + (j) % 4 / 2 + (j) % 2)
static const bytes32 twelve = {B32(TWELVE)};

static inline v spread_12(v x)
{
    v two = _mm256_shuffle_epi8(x, get(twelve));
    return _mm256_srli_epi16(_mm256_mullo_epi16(two, _mm256_set1_epi32(1 << 16 | 16)), 4);
}

/* Entry m: the places of the bytes of those words of eight whose bit is set in m, behind each other. */
#define IF_SET(m, i, rest) ((uint64_t)(rest) << ((m) >> (i) & 1) * 8 | (uint64_t)((m) >> (i) & 1) * 2 * (i))
#define PLACES(m) \
    IF_SET(       \
        m, 0,     \
        IF_SET(m, 1, IF_SET(m, 2, IF_SET(m, 3, IF_SET(m, 4, IF_SET(m, 5, IF_SET(m, 6, IF_SET(m, 7, 0))))))))
#define P64(m) B16(PLACES, m), B16(PLACES, (m) + 16), B16(PLACES, (m) + 32), B16(PLACES, (m) + 48)
static const uint64_t places[256] = {P64(0), P64(64), P64(128), P64(192)};

/* The words that `good` names go behind `have`, where eight have room. */
static inline unsigned append(wtl_polykem_poly *f, unsigned have, __m128i x, unsigned good)
{
    __m128i at = _mm_loadl_epi64((const void *)&places[good]);
    at = _mm_add_epi16(_mm_unpacklo_epi8(at, at), _mm_set1_epi16(0x100));
    _mm_storeu_si128((void *)(f->c + have), _mm_shuffle_epi8(x, at));
    return have + (unsigned)_mm_popcnt_u32(good);
}

static unsigned sample_last(wtl_polykem_poly *f, unsigned have, const uint8_t *in, size_t n)
{
    for (size_t i = 0; i < n && have < N; i += 3) {
        unsigned a = in[i] | (in[i + 1] & 15u) << 8;
        unsigned b = in[i + 1] >> 4 | (unsigned)in[i + 2] << 4;
        f->c[have] = (int16_t)a;
        have += a < Q;
        if (have == N)
            break;
        f->c[have] = (int16_t)b;
        have += b < Q;
    }
    return have;
}

/* 12 bytes of the 16 that are there. */
static inline unsigned sample_half(wtl_polykem_poly *f, unsigned have, const uint8_t *in)
{
    __m128i x = _mm_loadu_si128((const void *)in);
    x = _mm256_castsi256_si128(spread_12(_mm256_castsi128_si256(x)));
    __m128i good = _mm_cmpgt_epi16(_mm_set1_epi16(Q), x);
    return append(f, have, x, (unsigned)_mm_movemask_epi8(_mm_packs_epi16(good, _mm_setzero_si128())));
}

unsigned wtl_polykem_bytes_avx2_sample_ntt(wtl_polykem_poly *f, unsigned have, const uint8_t *in, size_t n)
{
    for (; n >= 24 + 4 && have <= N - W; n -= 24, in += 24) {
        v x = spread_12(load_halves(in, 0, 12));
        v good = _mm256_cmpgt_epi16(_mm256_set1_epi16(Q), x);
        unsigned bits = (unsigned)_mm256_movemask_epi8(_mm256_packs_epi16(good, good));
        have = append(f, have, _mm256_castsi256_si128(x), bits & 255);
        have = append(f, have, _mm256_extracti128_si256(x, 1), bits >> 16 & 255);
    }
    for (; n >= 12 + 4 && have <= N - HALF; n -= 12, in += 12)
        have = sample_half(f, have, in);
    return sample_last(f, have, in, n);
}

#define OF_NIBBLE(j) (uint8_t)((j) % 2 + (j) / 2 % 2 - (j) / 4 % 2 - (j) / 8 % 2)
static const bytes32 of_nibble = {B16(OF_NIBBLE, 0), B16(OF_NIBBLE, 0)};

void wtl_polykem_bytes_avx2_cbd2(wtl_polykem_poly *f, const uint8_t in[128])
{
    v table = get(of_nibble);
    v nibble = _mm256_set1_epi8(15);
    for (size_t i = 0; i < ROWS / 4; i++) {
        v x = get(in + 32 * i);
        v a = _mm256_shuffle_epi8(table, _mm256_and_si256(x, nibble));
        v b = _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(x, 4), nibble));
        v low = _mm256_unpacklo_epi8(a, b);
        v high = _mm256_unpackhi_epi8(a, b);
        put(f, 4 * i, _mm256_cvtepi8_epi16(_mm256_castsi256_si128(low)));
        put(f, 4 * i + 1, _mm256_cvtepi8_epi16(_mm256_castsi256_si128(high)));
        put(f, 4 * i + 2, _mm256_cvtepi8_epi16(_mm256_extracti128_si256(low, 1)));
        put(f, 4 * i + 3, _mm256_cvtepi8_epi16(_mm256_extracti128_si256(high, 1)));
    }
}

/* Double words with 24 bits: sums of three bits in fields of three, then differences of neighbours, plus 3, in fields of
 * six bits, which the two results hold in their words. */
static inline void differences(v x, v *first, v *second)
{
    const v ones = _mm256_set1_epi32(0x249249);
    const v even = _mm256_set1_epi32(0x1c71c7);
    v sums = _mm256_add_epi32(_mm256_and_si256(x, ones), _mm256_and_si256(_mm256_srli_epi32(x, 1), ones));
    sums = _mm256_add_epi32(sums, _mm256_and_si256(_mm256_srli_epi32(x, 2), ones));
    v plus = _mm256_add_epi32(_mm256_and_si256(sums, even), _mm256_set1_epi32(0x0c30c3));
    v d = _mm256_sub_epi32(plus, _mm256_and_si256(_mm256_srli_epi32(sums, 3), even));
    v three = _mm256_set1_epi16(3);
    v a = _mm256_blend_epi16(d, _mm256_slli_epi32(d, 10), 0xaa);
    v b = _mm256_blend_epi16(_mm256_srli_epi32(d, 12), _mm256_srli_epi32(d, 2), 0xaa);
    *first = _mm256_sub_epi16(_mm256_and_si256(a, _mm256_set1_epi16(7)), three);
    *second = _mm256_sub_epi16(_mm256_and_si256(b, _mm256_set1_epi16(7)), three);
}

#define THREE_TO_4(j) ((j) % 4 == 3 ? 0x80 : (j) % 16 / 4 * 3 + (j) % 4)
static const bytes32 three_to_4 = {B32(THREE_TO_4)};

void wtl_polykem_bytes_avx2_cbd3(wtl_polykem_poly *f, const uint8_t in[192])
{
    for (size_t i = 0; i < ROWS / 2; i++) {
        const uint8_t *p = in + 24 * i;
        __m128i high = _mm_srli_si128(_mm_loadu_si128((const void *)(p + 8)), 4);
        v x = _mm256_shuffle_epi8(both(_mm_loadu_si128((const void *)p), high), get(three_to_4));
        v a;
        v b;
        differences(x, &a, &b);
        v low = _mm256_unpacklo_epi32(a, b);
        v upper = _mm256_unpackhi_epi32(a, b);
        put(f, 2 * i, _mm256_permute2x128_si256(low, upper, 0x20));
        put(f, 2 * i + 1, _mm256_permute2x128_si256(low, upper, 0x31));
    }
}

/* For |x| < 2q. As unsigned numbers negative ones are the largest. */
static inline v canonical(v x)
{
    x = _mm256_min_epu16(x, _mm256_add_epi16(x, _mm256_set1_epi16(2 * Q)));
    return _mm256_min_epu16(x, _mm256_sub_epi16(x, _mm256_set1_epi16(Q)));
}

/* Words of d bits become double words of 2d. */
static inline v join(v x, unsigned d)
{
    return _mm256_madd_epi16(x, _mm256_set1_epi32((int)(1u << (16 + d) | 1)));
}

#define THREE_OF_4(j) ((j) % 16 < 12 ? (j) % 16 / 3 * 4 + (j) % 16 % 3 : 0x80)
static const bytes32 three_of_4 = {B32(THREE_OF_4)};

void wtl_polykem_bytes_avx2_to_bytes(uint8_t out[WTL_POLYKEM_BYTES], const wtl_polykem_poly *f)
{
    const v together = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7);
    for (size_t i = 0; i < ROWS; i++) {
        v x = _mm256_shuffle_epi8(join(canonical(row(f, i)), 12), get(three_of_4));
        x = _mm256_permutevar8x32_epi32(x, together);
        _mm_storeu_si128((void *)(out + 24 * i), _mm256_castsi256_si128(x));
        _mm_storel_epi64((void *)(out + 24 * i + 16), _mm256_extracti128_si256(x, 1));
    }
}

unsigned wtl_polykem_bytes_avx2_from_bytes(wtl_polykem_poly *f, const uint8_t in[WTL_POLYKEM_BYTES])
{
    v q = _mm256_set1_epi16(Q);
    v most = _mm256_setzero_si256();
    for (size_t i = 0; i < ROWS; i++) {
        v x = spread_12(load_halves(in, i, 12));
        most = _mm256_max_epu16(most, x);
        put(f, i, _mm256_min_epu16(x, _mm256_sub_epi16(x, q)));
    }
    return (unsigned)_mm256_movemask_epi8(_mm256_cmpgt_epi16(most, _mm256_set1_epi16(Q - 1)));
}

/* round(2^d x / q) mod 2^d for d = 5, 10 and 11. 20159 and 630 are just above 2^26 / q and 2^21 / q, so that `low` is the
 * quotient rounded down or, very near to an integer, one off; what remains is in (-0.03q, 1.03q) and says whether to
 * round up. */
static inline v squeeze_far(v x, int d)
{
    v factor = _mm256_set1_epi16(d == 5 ? 630 : 20159);
    v low = _mm256_mulhi_epi16(d == 11 ? _mm256_add_epi16(x, x) : x, factor);
    v rest = _mm256_sub_epi16(_mm256_slli_epi16(x, d), _mm256_mullo_epi16(low, _mm256_set1_epi16(Q)));
    v r = _mm256_sub_epi16(low, _mm256_cmpgt_epi16(rest, _mm256_set1_epi16(Q / 2)));
    return _mm256_and_si256(r, _mm256_set1_epi16((int16_t)((1u << d) - 1)));
}

/* The same for d = 1 and 4: ten bits of the quotient suffice. (For d = 5 they fail at x = 3381 and -3381.) */
static inline v squeeze_near(v x, unsigned d)
{
    v ten = _mm256_mulhi_epi16(x, _mm256_set1_epi16(20159));
    v r = _mm256_mulhrs_epi16(ten, _mm256_set1_epi16((int16_t)(1u << (5 + d))));
    return _mm256_and_si256(r, _mm256_set1_epi16((int16_t)((1u << d) - 1)));
}

/* Two rows as bytes: the packing takes their halves in turn. */
static inline v pack_near(const wtl_polykem_poly *f, size_t i, unsigned d)
{
    return _mm256_packus_epi16(squeeze_near(row(f, i), d), squeeze_near(row(f, i + 1), d));
}

static void compress_1(uint8_t *out, const wtl_polykem_poly *f)
{
    for (size_t i = 0; i < ROWS / 2; i++) {
        v x = _mm256_permute4x64_epi64(pack_near(f, 2 * i, 1), 0xd8);
        int bits = _mm256_movemask_epi8(_mm256_slli_epi16(x, 7));
        memcpy(out + 4 * i, &bits, sizeof bits);
    }
}

static void compress_4(uint8_t *out, const wtl_polykem_poly *f)
{
    const v order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const v pair = _mm256_set1_epi16(16 << 8 | 1);
    for (size_t i = 0; i < ROWS / 4; i++) {
        v a = _mm256_maddubs_epi16(pack_near(f, 4 * i, 4), pair);
        v b = _mm256_maddubs_epi16(pack_near(f, 4 * i + 2, 4), pair);
        v x = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(a, b), order);
        _mm256_storeu_si256((void *)(out + 32 * i), x);
    }
}

/* Two double words of 20 bits become 40 bits, or of 22 bits 44; from bit `low` of the quadword on. */
static inline v join_far(v x, int low)
{
    return _mm256_sllv_epi32(x, _mm256_set1_epi64x(low));
}

#define FIVE_OF_8(j) ((j) % 16 < 10 ? (j) % 16 / 5 * 8 + (j) % 16 % 5 : 0x80)
static const bytes32 five_of_8 = {B32(FIVE_OF_8)};

static inline v five_of_each(v x)
{
    return _mm256_shuffle_epi8(_mm256_srli_epi64(join_far(x, 12), 12), get(five_of_8));
}

static void compress_5(uint8_t *out, const wtl_polykem_poly *f)
{
    for (size_t i = 0; i < ROWS / 2; i++) {
        v x = _mm256_packus_epi16(squeeze_far(row(f, 2 * i), 5), squeeze_far(row(f, 2 * i + 1), 5));
        x = _mm256_permute4x64_epi64(x, 0xd8);
        x = join(_mm256_maddubs_epi16(x, _mm256_set1_epi16(32 << 8 | 1)), 10);
        store_halves(out + 20 * i, five_of_each(x), 10, i == ROWS / 2 - 1);
    }
}

static void compress_10(uint8_t *out, const wtl_polykem_poly *f)
{
    for (size_t i = 0; i < ROWS; i++)
        store_halves(out + 20 * i, five_of_each(join(squeeze_far(row(f, i), 10), 10)), 10, i == ROWS - 1);
}

/* The 44 bits from bit 10 on of two quadwords become 88: bits 0 .. 63 of the first, and the others. */
static void compress_11(uint8_t *out, const wtl_polykem_poly *f)
{
    const v left = _mm256_setr_epi64x(34, 64, 34, 64);
    const v right = _mm256_setr_epi64x(10, 30, 10, 30);
    for (size_t i = 0; i < ROWS; i++) {
        v x = join_far(join(squeeze_far(row(f, i), 11), 11), 10);
        v other = _mm256_sllv_epi64(_mm256_shuffle_epi32(x, 0x4e), left);
        store_halves(out + 22 * i, _mm256_or_si256(_mm256_srlv_epi64(x, right), other), 11, i == ROWS - 1);
    }
}

void wtl_polykem_bytes_avx2_compress(uint8_t *out, const wtl_polykem_poly *f, unsigned d)
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

/* (q y + 2^(d-1)) / 2^d: of each word the upper d bits below the sign, times q / 2^15 and rounded. */
static inline v widen(v x, unsigned d)
{
    v mask = _mm256_set1_epi16((int16_t)(((1u << d) - 1) << (15 - d)));
    return _mm256_mulhrs_epi16(_mm256_and_si256(x, mask), _mm256_set1_epi16(Q));
}

#define BIT(j) (int16_t)(1u << (j))
static void decompress_1(wtl_polykem_poly *f, const uint8_t *in)
{
    static const words16 bit = {B16(BIT, 0)};
    v each = get(bit);
    for (size_t i = 0; i < ROWS; i++) {
        v x = _mm256_set1_epi16((int16_t)(in[2 * i] | in[2 * i + 1] << 8));
        v set = _mm256_cmpeq_epi16(_mm256_and_si256(x, each), each);
        put(f, i, _mm256_and_si256(set, _mm256_set1_epi16((Q + 1) / 2)));
    }
}

/* The two bytes from which word j / 2 takes its d bits (of both halves' 2d bytes, or of each half's d), and the power of
 * two that brings these to the top of `up` bits. */
#define AT(j, d) ((j) / 2 * (d) / 8 + (j) % 2)
#define POWER(j, d, up) (int16_t)(1u << ((up) - (d) - (j) * (d) % 8))

#define AT4(j) AT(j, 4)
#define POWER4(j) POWER(j, 4, 15)
static void decompress_4(wtl_polykem_poly *f, const uint8_t *in)
{
    static const bytes32 at = {B32(AT4)};
    static const words16 power = {B16(POWER4, 0)};
    for (size_t i = 0; i < ROWS; i++) {
        int64_t eight;
        memcpy(&eight, in + 8 * i, sizeof eight);
        v x = _mm256_shuffle_epi8(_mm256_set1_epi64x(eight), get(at));
        put(f, i, widen(_mm256_mullo_epi16(x, get(power)), 4));
    }
}

#define AT5(j) AT(j, 5)
#define POWER5(j) POWER(j, 5, 15)
static void decompress_5(wtl_polykem_poly *f, const uint8_t *in)
{
    static const bytes32 at = {B32(AT5)};
    static const words16 power = {B16(POWER5, 0)};
    for (size_t i = 0; i < ROWS; i++) {
        const uint8_t *p = in + 10 * i - (i == ROWS - 1 ? 6 : 0);
        __m128i ten = _mm_loadu_si128((const void *)p);
        ten = i == ROWS - 1 ? _mm_srli_si128(ten, 6) : ten;
        v x = _mm256_shuffle_epi8(both(ten, ten), get(at));
        put(f, i, widen(_mm256_mullo_epi16(x, get(power)), 5));
    }
}

#define AT10(j) AT((j) % 16, 10)
#define POWER10(j) POWER(j, 10, 16)
static void decompress_10(wtl_polykem_poly *f, const uint8_t *in)
{
    static const bytes32 at = {B32(AT10)};
    static const words16 power = {B16(POWER10, 0)};
    for (size_t i = 0; i < ROWS; i++) {
        v x = _mm256_shuffle_epi8(load_halves(in, i, 10), get(at));
        put(f, i, widen(_mm256_srli_epi16(_mm256_mullo_epi16(x, get(power)), 1), 10));
    }
}

/* Eleven bits may reach into a third byte: double words hold four of those of an even word and of an odd one. */
#define AT11(j, odd)                                                                                        \
    ((2 * ((j) % 16 / 4) + (odd)) * 11 / 8 + (j) % 4 < 16 ? (2 * ((j) % 16 / 4) + (odd)) * 11 / 8 + (j) % 4 \
                                                          : 0x80)
#define EVEN11(j) AT11(j, 0)
#define ODD11(j) AT11(j, 1)
#define SHIFT_EVEN(j) (7 - 22 * (j) % 8)
#define SHIFT_ODD(j) (20 - (22 * (j) + 11) % 8)
static void decompress_11(wtl_polykem_poly *f, const uint8_t *in)
{
    static const bytes32 even = {B32(EVEN11)};
    static const bytes32 odd = {B32(ODD11)};
    static const int32_t shift[2][8] = {{B4(SHIFT_EVEN, 0), B4(SHIFT_EVEN, 4)},
                                        {B4(SHIFT_ODD, 0), B4(SHIFT_ODD, 4)}};
    for (size_t i = 0; i < ROWS; i++) {
        v x = load_halves(in, i, 11);
        v a = _mm256_sllv_epi32(_mm256_shuffle_epi8(x, get(even)), get(shift[0]));
        v b = _mm256_sllv_epi32(_mm256_shuffle_epi8(x, get(odd)), get(shift[1]));
        put(f, i, widen(_mm256_blend_epi16(_mm256_srli_epi32(a, 3), b, 0xaa), 11));
    }
}

void wtl_polykem_bytes_avx2_decompress(wtl_polykem_poly *f, const uint8_t *in, unsigned d)
{
    switch (d) {
    case 1:
        decompress_1(f, in);
        break;
    case 4:
        decompress_4(f, in);
        break;
    case 5:
        decompress_5(f, in);
        break;
    case 10:
        decompress_10(f, in);
        break;
    default:
        decompress_11(f, in);
    }
}
#endif
