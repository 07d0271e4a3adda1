#include "kernel/polydsa_impl.h"

#include "base/contract.h"
#include "base/secret.h"

enum { N = WTL_POLYDSA_N, Q = WTL_POLYDSA_Q, D = WTL_POLYDSA_D };

/* 1753^brv(i) 2^32 mod q (FIPS 204 appendix B in Montgomery form), nearest to 0. */
static const int32_t zeta[N] = {
    0,        25847,    -2608894, -518909,  237124,   -777960,  -876248,  466468,   1826347,  2353451,
    -359251,  -2091905, 3119733,  -2884855, 3111497,  2680103,  2725464,  1024112,  -1079900, 3585928,
    -549488,  -1119584, 2619752,  -2108549, -2118186, -3859737, -1399561, -3277672, 1757237,  -19422,
    4010497,  280005,   2706023,  95776,    3077325,  3530437,  -1661693, -3592148, -2537516, 3915439,
    -3861115, -3043716, 3574422,  -2867647, 3539968,  -300467,  2348700,  -539299,  -1699267, -1643818,
    3505694,  -3821735, 3507263,  -2140649, -1600420, 3699596,  811944,   531354,   954230,   3881043,
    3900724,  -2556880, 2071892,  -2797779, -3930395, -1528703, -3677745, -3041255, -1452451, 3475950,
    2176455,  -1585221, -1257611, 1939314,  -4083598, -1000202, -3190144, -3157330, -3632928, 126922,
    3412210,  -983419,  2147896,  2715295,  -2967645, -3693493, -411027,  -2477047, -671102,  -1228525,
    -22981,   -1308169, -381987,  1349076,  1852771,  -1430430, -3343383, 264944,   508951,   3097992,
    44288,    -1100098, 904516,   3958618,  -3724342, -8578,    1653064,  -3249728, 2389356,  -210977,
    759969,   -1316856, 189548,   -3553272, 3159746,  -1851402, -2409325, -177440,  1315589,  1341330,
    1285669,  -1584928, -812732,  -1439742, -3019102, -3881060, -3628969, 3839961,  2091667,  3407706,
    2316500,  3817976,  -3342478, 2244091,  -2446433, -3562462, 266997,   2434439,  -1235728, 3513181,
    -3520352, -3759364, -1197226, -3193378, 900702,   1859098,  909542,   819034,   495491,   -1613174,
    -43260,   -522500,  -655327,  -3122442, 2031748,  3207046,  -3556995, -525098,  -768622,  -3595838,
    342297,   286988,   -2437823, 4108315,  3437287,  -3342277, 1735879,  203044,   2842341,  2691481,
    -2590150, 1265009,  4055324,  1247620,  2486353,  1595974,  -3767016, 1250494,  2635921,  -3548272,
    -2994039, 1869119,  1903435,  -1050970, -1333058, 1237275,  -3318210, -1430225, -451100,  1312455,
    3306115,  -1962642, -1279661, 1917081,  -2546312, -1374803, 1500165,  777191,   2235880,  3406031,
    -542412,  -2831860, -1671176, -1846953, -2584293, -3724270, 594136,   -3776993, -2013608, 2432395,
    2454455,  -164721,  1957272,  3369112,  185531,   -1207385, -3183426, 162844,   1616392,  3014001,
    810149,   1652634,  -3694233, -1799107, -3038916, 3523897,  3866901,  269760,   2213111,  -975884,
    1717735,  472078,   -426683,  1723600,  -1803090, 1910376,  -1667432, -1104333, -260646,  -3833893,
    -2939036, -2235985, -420899,  -2286327, 183443,   -976891,  1612842,  -3545687, -554416,  3919660,
    -48306,   -1362209, 3937738,  1400424,  -846154,  1976782,
};

/* a 2^-32 mod q, |a| < 2^31 q in, |.| < q out; 58728449 is q^-1 mod 2^32 (Montgomery, Math. Comp. 44, 1985). */
static int32_t mont(int64_t a) WTL_REQUIRES(WTL_ABS_BELOW(a, (int64_t)Q << 31))
    WTL_ENSURES(WTL_ABS_BELOW(WTL_RESULT, Q))
{
    int32_t t = (int32_t)((uint32_t)a * 58728449U);
    return (int32_t)((a - (int64_t)t * Q) >> 32);
}

/* |x| < 2^31 - 2^22 in; |.| <= 6283008 < q out. */
static int32_t reduce(int32_t x) WTL_REQUIRES(WTL_ABS_BELOW(x, INT32_MAX - (1 << 22) + 1))
    WTL_ENSURES(WTL_ABS_BELOW(WTL_RESULT, 6283009))
{
    return x - ((x + (1 << 22)) >> 23) * Q;
}

/* |x| < q in, 0 .. q-1 out. */
static int32_t lift(int32_t x) WTL_REQUIRES(WTL_ABS_BELOW(x, Q))
    WTL_ENSURES(0 <= WTL_RESULT && WTL_RESULT < Q)
{
    return x + (x >> 31 & Q);
}

static void ntt(wtl_polydsa_poly *f)
{
    int32_t *c = f->c;
    unsigned k = 1;
    for (unsigned half = N / 2; half > 0; half /= 2) {
        for (unsigned from = 0; from < N; from += 2 * half, k++) {
            for (unsigned i = from; i < from + half; i++) {
                int32_t t = mont((int64_t)zeta[k] * c[i + half]);
                c[i + half] = c[i] - t;
                c[i] += t;
            }
        }
    }
    for (unsigned i = 0; i < N; i++)
        c[i] = reduce(c[i]);
}

/* Sums grow to 256 (q - 1) < 2^31. */
static void intt(wtl_polydsa_poly *f)
{
    int32_t *c = f->c;
    unsigned k = N - 1;
    for (unsigned half = 1; half < N; half *= 2) {
        for (unsigned from = 0; from < N; from += 2 * half, k--) {
            for (unsigned i = from; i < from + half; i++) {
                int32_t t = c[i];
                c[i] = t + c[i + half];
                c[i + half] = mont((int64_t)zeta[k] * (c[i + half] - t));
            }
        }
    }
    for (unsigned i = 0; i < N; i++)
        c[i] = mont((int64_t)41978 * c[i]); /* 2^64 / 256 mod q */
}

static void mul(wtl_polydsa_poly *r, const wtl_polydsa_poly *a, const wtl_polydsa_poly *b)
{
    for (unsigned i = 0; i < N; i++)
        r->c[i] = mont((int64_t)a->c[i] * b->c[i]);
}

static void mulacc(wtl_polydsa_poly *r, const wtl_polydsa_poly *a, const wtl_polydsa_poly *b, size_t l)
{
    for (unsigned i = 0; i < N; i++) {
        int64_t sum = 0;
        for (size_t j = 0; j < l; j++)
            sum += (int64_t)a[j].c[i] * b[j].c[i];
        r->c[i] = mont(sum);
    }
}

static void add(wtl_polydsa_poly *r, const wtl_polydsa_poly *a)
{
    for (unsigned i = 0; i < N; i++)
        r->c[i] = reduce(r->c[i] + a->c[i]);
}

static void sub(wtl_polydsa_poly *r, const wtl_polydsa_poly *a)
{
    for (unsigned i = 0; i < N; i++)
        r->c[i] = reduce(r->c[i] - a->c[i]);
}

static void canon(wtl_polydsa_poly *f)
{
    for (unsigned i = 0; i < N; i++)
        f->c[i] = lift(reduce(f->c[i]));
}

static void shift(wtl_polydsa_poly *f)
{
    for (unsigned i = 0; i < N; i++)
        f->c[i] *= 1 << D; /* at most q - 1 */
}

static unsigned uniform(wtl_polydsa_poly *f, unsigned have, const uint8_t *in, size_t n)
{
    for (size_t i = 0; i + 3 <= n && have < N; i += 3)
        WTL_INVARIANT(have <= N && i <= n) {
            int32_t x = (int32_t)(in[i] | in[i + 1] << 8 | (in[i + 2] & 0x7f) << 16);
            if (x < Q)
                f->c[have++] = x;
        }
    return have;
}

static unsigned bounded(wtl_polydsa_poly *f, unsigned have, const uint8_t *in, size_t n, unsigned eta)
{
    const unsigned limit = eta == 2 ? 15 : 9;
    for (size_t i = 0; i < 2 * n && have < N; i++)
        WTL_INVARIANT(have <= N && i <= 2 * n) {
            unsigned x = in[i / 2] >> i % 2 * 4 & 15;
            if (!WTL_CT_PUBLIC(x < limit))
                continue;
            if (eta == 2)
                x -= (x * 13 >> 6) * 5; /* mod 5 */
            f->c[have++] = (int32_t)eta - (int32_t)x;
        }
    return have;
}

static void power2round(wtl_polydsa_poly *t1, wtl_polydsa_poly *t0, const wtl_polydsa_poly *t)
{
    for (unsigned i = 0; i < N; i++) {
        int32_t x = t->c[i];
        int32_t high = (x + (1 << (D - 1)) - 1) >> D;
        t1->c[i] = high;
        t0->c[i] = x - high * (1 << D);
    }
}

/* How often 2 gamma2 goes into q - 1. */
static int32_t parts(int32_t gamma2)
{
    return gamma2 == (Q - 1) / 88 ? 44 : 16;
}

/* x = r1 2 gamma2 + r0 for canonical x; the division is a product with 2^46 / (2 gamma2), rounded up: exact here,
 * since the dividend is below 2^24 and the rounding adds less than 2^19. */
static int32_t split(int32_t *r0, int32_t x, int32_t gamma2)
{
    const uint64_t by = gamma2 == (Q - 1) / 88 ? 369459553 : 134348929;
    int32_t r1 = (int32_t)((uint64_t)(uint32_t)(x + gamma2 - 1) * by >> 46);
    int32_t top = ((r1 ^ parts(gamma2)) - 1) >> 31; /* all ones when r1 is one too many */
    *r0 = x - r1 * 2 * gamma2 + top;
    return r1 & ~top;
}

static void decompose(wtl_polydsa_poly *r1, wtl_polydsa_poly *r0, const wtl_polydsa_poly *a, int32_t gamma2)
{
    for (unsigned i = 0; i < N; i++) {
        int32_t low;
        int32_t high = split(&low, lift(a->c[i]), gamma2);
        r1->c[i] = high;
        r0->c[i] = low;
    }
}

static unsigned make_hint(wtl_polydsa_poly *h, const wtl_polydsa_poly *r0, const wtl_polydsa_poly *r1,
                          int32_t gamma2)
{
    uint32_t ones = 0;
    for (unsigned i = 0; i < N; i++) {
        int32_t x = r0->c[i];
        uint32_t outside = (uint32_t)(gamma2 - x) >> 31 | (uint32_t)(x + gamma2) >> 31;
        uint32_t edge = ((uint32_t)(x + gamma2) - 1) >> 31 & (uint32_t)-r1->c[i] >> 31;
        h->c[i] = (int32_t)(outside | edge);
        ones += (uint32_t)h->c[i];
    }
    return ones;
}

static void use_hint(wtl_polydsa_poly *r1, const wtl_polydsa_poly *h, const wtl_polydsa_poly *a,
                     int32_t gamma2)
{
    const int32_t m = parts(gamma2);
    for (unsigned i = 0; i < N; i++) {
        int32_t low;
        int32_t high = split(&low, lift(a->c[i]), gamma2);
        int32_t sign = (-low >> 31) * -2 - 1; /* 1 for low > 0, else -1 */
        high += h->c[i] * sign;
        high += high >> 31 & m;
        r1->c[i] = high - (~((high - m) >> 31) & m);
    }
}

/* |centred x| is the lesser of |x| and q - |x|. */
static bool exceeds(const wtl_polydsa_poly *f, int32_t bound)
{
    int32_t any = 0;
    for (unsigned i = 0; i < N; i++) {
        int32_t x = f->c[i];
        int32_t size = (x ^ x >> 31) - (x >> 31);
        any |= (bound - 1 - size) & (bound - 1 - (Q - size));
    }
    return any < 0;
}

/* Values from + sign * x, each of `bits` bits. */
static inline void pack(uint8_t *out, const wtl_polydsa_poly *f, int32_t from, int32_t sign, unsigned bits)
{
    uint64_t held = 0;
    unsigned n = 0;
    for (unsigned i = 0; i < N; i++) {
        held |= (uint64_t)(uint32_t)(from + sign * f->c[i]) << n;
        for (n += bits; n >= 8; n -= 8, held >>= 8)
            *out++ = (uint8_t)held;
    }
}

static inline void unpack(wtl_polydsa_poly *f, const uint8_t *in, int32_t from, int32_t sign, unsigned bits)
{
    uint64_t held = 0;
    unsigned n = 0;
    for (unsigned i = 0; i < N; i++) {
        for (; n < bits; n += 8)
            held |= (uint64_t)*in++ << n;
        f->c[i] = from + sign * (int32_t)(held & ((1U << bits) - 1));
        held >>= bits;
        n -= bits;
    }
}

static void pack_w1(uint8_t *out, const wtl_polydsa_poly *w1, int32_t gamma2)
{
    if (gamma2 == (Q - 1) / 88)
        pack(out, w1, 0, 1, 6);
    else
        pack(out, w1, 0, 1, 4);
}

static void pack_eta(uint8_t *out, const wtl_polydsa_poly *f, unsigned eta)
{
    if (eta == 2)
        pack(out, f, 2, -1, 3);
    else
        pack(out, f, 4, -1, 4);
}

static unsigned unpack_eta(wtl_polydsa_poly *f, const uint8_t *in, unsigned eta)
{
    if (eta == 2)
        unpack(f, in, 2, -1, 3);
    else
        unpack(f, in, 4, -1, 4);
    uint32_t bad = 0;
    for (unsigned i = 0; i < N; i++)
        bad |= (uint32_t)(f->c[i] + (int32_t)eta) >> 31;
    return bad;
}

static void pack_t1(uint8_t out[320], const wtl_polydsa_poly *f)
{
    pack(out, f, 0, 1, 10);
}

static void unpack_t1(wtl_polydsa_poly *f, const uint8_t in[320])
{
    unpack(f, in, 0, 1, 10);
}

static void pack_t0(uint8_t out[416], const wtl_polydsa_poly *f)
{
    pack(out, f, 1 << (D - 1), -1, 13);
}

static void unpack_t0(wtl_polydsa_poly *f, const uint8_t in[416])
{
    unpack(f, in, 1 << (D - 1), -1, 13);
}

static void pack_z(uint8_t *out, const wtl_polydsa_poly *f, int32_t gamma1)
{
    if (gamma1 == 1 << 17)
        pack(out, f, gamma1, -1, 18);
    else
        pack(out, f, gamma1, -1, 20);
}

static void unpack_z(wtl_polydsa_poly *f, const uint8_t *in, int32_t gamma1)
{
    if (gamma1 == 1 << 17)
        unpack(f, in, gamma1, -1, 18);
    else
        unpack(f, in, gamma1, -1, 20);
}

const wtl_polydsa wtl_polydsa_ref = {
    .level = WTL_CPU_REF,
    .ntt = ntt,
    .intt = intt,
    .mul = mul,
    .mulacc = mulacc,
    .add = add,
    .sub = sub,
    .canon = canon,
    .shift = shift,
    .uniform = uniform,
    .bounded = bounded,
    .power2round = power2round,
    .decompose = decompose,
    .pack_w1 = pack_w1,
    .make_hint = make_hint,
    .use_hint = use_hint,
    .exceeds = exceeds,
    .pack_eta = pack_eta,
    .unpack_eta = unpack_eta,
    .pack_t1 = pack_t1,
    .unpack_t1 = unpack_t1,
    .pack_t0 = pack_t0,
    .unpack_t0 = unpack_t0,
    .pack_z = pack_z,
    .unpack_z = unpack_z,
};
