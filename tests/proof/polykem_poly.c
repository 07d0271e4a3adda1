/* ML-KEM: numbers for all values, and functions that treat each coefficient by itself at one or two coefficients with any
 * value and zeros beside them. */
#include "prove.h"

#include "kernel/polykem_ref.c"

enum { AT = 18 };

static int16_t any_below(int most)
{
    int16_t x = any_i16();
    GIVEN(WTL_ABS_BELOW(x, most));
    return x;
}

PROOF(mont, "enforce=mont")
{
    int32_t x = any_i32();
    mont(x);
}

PROOF(barrett, "enforce=barrett")
{
    int16_t x = any_i16();
    int16_t r = barrett(x);
    HOLDS((x - r) % Q == 0);
}

PROOF(canonical, "")
{
    int16_t x = any_i16();
    uint16_t r = canonical(x);
    HOLDS(r < Q && (x - r) % Q == 0);
}

PROOF(mulacc, "slow")
{
    static wtl_polykem_poly a[4], b[4], r;
    for (unsigned j = 0; j < 4; j++) {
        a[j].c[AT] = any_below(Q);
        a[j].c[AT + 1] = any_below(Q);
        b[j].c[AT] = any_below(2 * Q);
        b[j].c[AT + 1] = any_below(2 * Q);
    }
    mulacc(&r, a, b, 4);
    HOLDS(WTL_ABS_BELOW(r.c[AT], Q) && WTL_ABS_BELOW(r.c[AT + 1], Q));
}

PROOF(tomont, "")
{
    wtl_polykem_poly f = {{0}};
    f.c[AT] = any_below(2 * Q);
    tomont(&f);
    HOLDS(WTL_ABS_BELOW(f.c[AT], Q));
}

PROOF(add_sub, "")
{
    wtl_polykem_poly r = {{0}}, a = {{0}}, s;
    int x = r.c[AT] = any_below(2 * Q), y = a.c[AT] = any_below(2 * Q);
    s = r;
    add(&r, &a);
    sub_from(&s, &a);
    HOLDS(WTL_ABS_BELOW(r.c[AT], Q) && (x + y - r.c[AT]) % Q == 0);
    HOLDS(WTL_ABS_BELOW(s.c[AT], Q) && (y - x - s.c[AT]) % Q == 0);
}

PROOF(sample_ntt, "loops")
{
    wtl_polykem_poly f;
    size_t n = any_size();
    unsigned have = any_unsigned();
    GIVEN(n <= 1 << 20 && have <= N);
    uint8_t *in = __CPROVER_allocate(n, 0);
    HOLDS(sample_ntt(&f, have, in, n) <= N);
}

static int bit(const uint8_t *in, unsigned i)
{
    return in[i / 8] >> i % 8 & 1;
}

/* Algorithm 8 for all bytes and coefficients. */
PROOF(cbd2, "")
{
    wtl_polykem_poly f;
    uint8_t in[128];
    cbd2(&f, in);
    for (unsigned i = 0; i < N; i++)
        HOLDS(f.c[i] == bit(in, 4 * i) + bit(in, 4 * i + 1) - bit(in, 4 * i + 2) - bit(in, 4 * i + 3));
}

PROOF(cbd3, "slow")
{
    wtl_polykem_poly f;
    uint8_t in[192];
    cbd3(&f, in);
    for (unsigned i = 0; i < N; i++)
        HOLDS(f.c[i] == bit(in, 6 * i) + bit(in, 6 * i + 1) + bit(in, 6 * i + 2) - bit(in, 6 * i + 3) -
                            bit(in, 6 * i + 4) - bit(in, 6 * i + 5));
}

/* ByteEncode_12 and the check of section 7.2. */
PROOF(bytes, "")
{
    wtl_polykem_poly f = {{0}}, g;
    uint8_t bytes[WTL_POLYKEM_BYTES];
    f.c[AT] = any_i16();
    f.c[AT + 1] = any_i16();
    to_bytes(bytes, &f);
    HOLDS(from_bytes(&g, bytes) == 0);
    HOLDS((f.c[AT] - g.c[AT]) % Q == 0 && (f.c[AT + 1] - g.c[AT + 1]) % Q == 0);
}

PROOF(from_bytes_flag, "")
{
    wtl_polykem_poly f;
    uint8_t in[WTL_POLYKEM_BYTES];
    bool large = false;
    for (unsigned i = 0; i < N / 2; i++) {
        unsigned three = in[3 * i] | in[3 * i + 1] << 8 | in[3 * i + 2] << 16;
        large = large || (three & 0xfff) >= Q || three >> 12 >= Q;
    }
    HOLDS((from_bytes(&f, in) != 0) == large);
}

/* Compress_d: the nearest to 2^d x / q, halves up, mod 2^d. */
static void one_squeeze(unsigned d)
{
    uint32_t x = any_u32();
    GIVEN(x < Q);
    uint32_t y = squeeze(x, d);
    HOLDS(y == ((x << d) * 2 + Q) / (2 * Q) % (1u << d));
}

PROOF(squeeze, "")
{
    one_squeeze(1);
    one_squeeze(4);
    one_squeeze(5);
    one_squeeze(10);
    one_squeeze(11);
}

/* Exactly 32 d bytes are read and written, whatever they are. */
static void one_decompress(unsigned d, const uint8_t *in)
{
    wtl_polykem_poly f;
    decompress(&f, in, d);
    for (unsigned i = 0; i < N; i++)
        HOLDS(0 <= f.c[i] && f.c[i] < Q);
}

PROOF(decompress, "slow")
{
    uint8_t in1[32], in4[128], in5[160], in10[320], in11[352];
    one_decompress(1, in1);
    one_decompress(4, in4);
    one_decompress(5, in5);
    one_decompress(10, in10);
    one_decompress(11, in11);
}

PROOF(compress, "slow")
{
    wtl_polykem_poly f = {{0}};
    f.c[AT] = any_i16();
    uint8_t out1[32], out4[128], out5[160], out10[320], out11[352];
    compress(out1, &f, 1);
    compress(out4, &f, 4);
    compress(out5, &f, 5);
    compress(out10, &f, 10);
    compress(out11, &f, 11);
}
