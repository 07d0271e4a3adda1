#include "kernel/polykem_impl.h"

#include "base/contract.h"

enum {
    N = WTL_POLYKEM_N,
    Q = WTL_POLYKEM_Q,
    QINV = -3327,    /* Q^-1 mod 2^16 */
    MONT2 = 1353,    /* 2^32 mod Q */
    INTT_END = 1441, /* 2^32 / 128 mod Q */
};

/* 17^BitRev7(i) * 2^16 mod Q, of least absolute value. The factors of the last layer, 17^(2 BitRev7(i) + 1), are entries
 * 64 + i / 2, negated for odd i. */
static const int16_t zeta[128] = {
    -1044, -758,  -359,  -1517, 1493,  1422,  287,   202,   -171,  622,   1577, 182,   962,   -1202, -1474,
    1468,  573,   -1325, 264,   383,   -829,  1458,  -1602, -130,  -681,  1017, 732,   608,   -1542, 411,
    -205,  -1571, 1223,  652,   -552,  1015,  -1293, 1491,  -282,  -1544, 516,  -8,    -320,  -666,  -1618,
    -1162, 126,   1469,  -853,  -90,   -271,  830,   107,   -1421, -247,  -951, -398,  961,   -1508, -725,
    448,   -1065, 677,   -1275, -1103, 430,   555,   843,   -1251, 871,   1550, 105,   422,   587,   177,
    -235,  -291,  -460,  1574,  1653,  -246,  778,   1159,  -147,  -777,  1483, -602,  1119,  -1590, 644,
    -872,  349,   418,   329,   -156,  -75,   817,   1097,  603,   610,   1322, -1285, -1465, 384,   -1215,
    -136,  1218,  -1335, -874,  220,   -1187, -1659, -1185, -1530, -1278, 794,  -1510, -854,  -870,  478,
    -108,  -308,  996,   991,   958,   -1460, 1522,  1628,
};

/* x * 2^-16 mod Q, of absolute value at most |x| / 2^16 + Q / 2. */
static int16_t mont(int32_t x) WTL_REQUIRES(WTL_ABS_BELOW(x, Q << 15))
    WTL_ENSURES(WTL_ABS_BELOW(WTL_RESULT, Q))
{
    int16_t t = (int16_t)((uint32_t)x * (uint32_t)QINV);
    return (int16_t)((x - (int32_t)t * Q) >> 16);
}

/* x mod Q of absolute value at most Q / 2, for every x: 20159 is the nearest to 2^26 / Q. */
static int16_t barrett(int16_t x) WTL_ENSURES(WTL_ABS_BELOW(WTL_RESULT, Q / 2 + 1))
{
    int32_t t = ((int32_t)x * 20159 + (1 << 25)) >> 26;
    return (int16_t)(x - t * Q);
}

/* x mod Q, 0 .. Q-1. */
static uint16_t canonical(int16_t x) WTL_ENSURES(WTL_RESULT < Q)
{
    int16_t r = barrett(x);
    return (uint16_t)(r + ((r >> 15) & Q));
}

static void reduce(wtl_polykem_poly *f)
{
    for (unsigned i = 0; i < N; i++)
        f->c[i] = barrett(f->c[i]);
}

/* Each of seven layers adds less than Q: 2Q becomes at most 9Q < 2^15. */
static void ntt(wtl_polykem_poly *f)
{
    unsigned k = 1;
    for (unsigned len = 128; len >= 2; len /= 2) {
        for (unsigned start = 0; start < N; start += 2 * len) {
            int32_t z = zeta[k++];
            int16_t *lo = f->c + start;
            int16_t *hi = lo + len;
            for (unsigned j = 0; j < len; j++) {
                int16_t t = mont(z * hi[j]);
                hi[j] = (int16_t)(lo[j] - t);
                lo[j] = (int16_t)(lo[j] + t);
            }
        }
    }
    reduce(f);
}

static void intt(wtl_polykem_poly *f)
{
    unsigned k = 127;
    for (unsigned len = 2; len <= 128; len *= 2) {
        for (unsigned start = 0; start < N; start += 2 * len) {
            int32_t z = zeta[k--];
            int16_t *lo = f->c + start;
            int16_t *hi = lo + len;
            for (unsigned j = 0; j < len; j++) {
                int16_t t = lo[j];
                lo[j] = barrett((int16_t)(t + hi[j]));
                hi[j] = mont(z * (hi[j] - t));
            }
        }
    }
    for (unsigned i = 0; i < N; i++)
        f->c[i] = mont(INTT_END * f->c[i]);
}

/* Sums of four products: at most 4 * 2 * Q * 2Q < 2^28. */
static void mulacc(wtl_polykem_poly *r, const wtl_polykem_poly *a, const wtl_polykem_poly *b, size_t k)
{
    for (unsigned i = 0; i < N; i += 2) {
        int32_t z = i & 2 ? -zeta[64 + i / 4] : zeta[64 + i / 4];
        int32_t even = 0;
        int32_t odd = 0;
        for (size_t j = 0; j < k; j++) {
            const int16_t *x = a[j].c + i;
            const int16_t *y = b[j].c + i;
            even += x[0] * y[0] + x[1] * mont(z * y[1]);
            odd += x[0] * y[1] + x[1] * y[0];
        }
        r->c[i] = barrett(mont(even));
        r->c[i + 1] = barrett(mont(odd));
    }
}

static void tomont(wtl_polykem_poly *f)
{
    for (unsigned i = 0; i < N; i++)
        f->c[i] = mont(MONT2 * f->c[i]);
}

static void add(wtl_polykem_poly *r, const wtl_polykem_poly *a)
{
    for (unsigned i = 0; i < N; i++)
        r->c[i] = barrett((int16_t)(r->c[i] + a->c[i]));
}

static void sub_from(wtl_polykem_poly *r, const wtl_polykem_poly *a)
{
    for (unsigned i = 0; i < N; i++)
        r->c[i] = barrett((int16_t)(a->c[i] - r->c[i]));
}

/* Writes every candidate and moves on only past the accepted: no branch that a processor would guess wrongly. */
static unsigned sample_ntt(wtl_polykem_poly *f, unsigned have, const uint8_t *in, size_t n)
{
    for (size_t i = 0; i + 3 <= n && have < N; i += 3)
        WTL_INVARIANT(have <= N && i <= n) {
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

static void cbd2(wtl_polykem_poly *f, const uint8_t in[128])
{
    for (unsigned i = 0; i < N; i++) {
        unsigned t = in[i / 2] >> i % 2 * 4;
        unsigned sums = (t & 5) + (t >> 1 & 5);
        f->c[i] = (int16_t)((int)(sums & 3) - (int)(sums >> 2 & 3));
    }
}

static void cbd3(wtl_polykem_poly *f, const uint8_t in[192])
{
    for (unsigned i = 0; i < N / 4; i++) {
        unsigned t = in[3 * i] | (unsigned)in[3 * i + 1] << 8 | (unsigned)in[3 * i + 2] << 16;
        unsigned sums = (t & 0x249249) + (t >> 1 & 0x249249) + (t >> 2 & 0x249249);
        for (unsigned j = 0; j < 4; j++)
            f->c[4 * i + j] = (int16_t)((int)(sums >> 6 * j & 7) - (int)(sums >> (6 * j + 3) & 7));
    }
}

static void to_bytes(uint8_t out[WTL_POLYKEM_BYTES], const wtl_polykem_poly *f)
{
    for (unsigned i = 0; i < N / 2; i++) {
        uint16_t a = canonical(f->c[2 * i]);
        uint16_t b = canonical(f->c[2 * i + 1]);
        out[3 * i] = (uint8_t)a;
        out[3 * i + 1] = (uint8_t)(a >> 8 | b << 4);
        out[3 * i + 2] = (uint8_t)(b >> 4);
    }
}

static unsigned from_bytes(wtl_polykem_poly *f, const uint8_t in[WTL_POLYKEM_BYTES])
{
    uint32_t bad = 0;
    for (unsigned i = 0; i < N / 2; i++) {
        uint32_t a = in[3 * i] | (in[3 * i + 1] & 15u) << 8;
        uint32_t b = in[3 * i + 1] >> 4 | (uint32_t)in[3 * i + 2] << 4;
        bad |= (Q - 1 - a) | (Q - 1 - b); /* its top bit: a or b was above Q - 1 */
        f->c[2 * i] = barrett((int16_t)a);
        f->c[2 * i + 1] = barrett((int16_t)b);
    }
    return bad >> 31;
}

/* floor((2^d x + Q / 2) / Q) mod 2^d for canonical x: 20642679 is 2^36 / Q rounded up, exact below 2^25. */
static uint32_t squeeze(uint32_t x, unsigned d)
{
    uint64_t t = ((uint64_t)(x << d) + Q / 2) * 20642679 >> 36;
    return (uint32_t)t & ((1u << d) - 1);
}

static void compress(uint8_t *out, const wtl_polykem_poly *f, unsigned d)
{
    uint32_t hold = 0;
    unsigned bits = 0;
    for (unsigned i = 0; i < N; i++) {
        hold |= squeeze(canonical(f->c[i]), d) << bits;
        for (bits += d; bits >= 8; bits -= 8) {
            *out++ = (uint8_t)hold;
            hold >>= 8;
        }
    }
}

static void decompress(wtl_polykem_poly *f, const uint8_t *in, unsigned d)
{
    uint32_t hold = 0;
    unsigned bits = 0;
    for (unsigned i = 0; i < N; i++) {
        for (; bits < d; bits += 8)
            hold |= (uint32_t)*in++ << bits;
        uint32_t y = hold & ((1u << d) - 1);
        f->c[i] = (int16_t)((y * Q + (1u << (d - 1))) >> d);
        hold >>= d;
        bits -= d;
    }
}

const wtl_polykem wtl_polykem_ref = {
    .level = WTL_CPU_REF,
    .ntt = ntt,
    .intt = intt,
    .mulacc = mulacc,
    .tomont = tomont,
    .add = add,
    .sub_from = sub_from,
    .sample_ntt = sample_ntt,
    .cbd2 = cbd2,
    .cbd3 = cbd3,
    .to_bytes = to_bytes,
    .from_bytes = from_bytes,
    .compress = compress,
    .decompress = decompress,
};
