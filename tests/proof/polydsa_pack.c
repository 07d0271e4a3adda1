/* ML-DSA: packings write and read exactly their bytes, and unpacking gives back what was packed (of z: a value in range): one coefficient of any
 * value, or eight neighbours, at each of the ways that a coefficient can stand to bytes, among zeros. */
#include "prove.h"

#include "kernel/polydsa_ref.c"

static wtl_polydsa_poly from_to(int32_t least, int32_t most)
{
    wtl_polydsa_poly f = {{0}};
    for (unsigned i = 16; i < 24; i++) {
        f.c[i] = any_i32();
        GIVEN(least <= f.c[i] && f.c[i] <= most);
    }
    return f;
}

static bool same(const wtl_polydsa_poly *f, const wtl_polydsa_poly *g)
{
    bool good = true;
    for (unsigned i = 0; i < N; i++)
        good = good && f->c[i] == g->c[i];
    return good;
}

PROOF(eta2, "")
{
    wtl_polydsa_poly f = from_to(-2, 2), g;
    uint8_t bytes[96];
    pack_eta(bytes, &f, 2);
    HOLDS(unpack_eta(&g, bytes, 2) == 0 && same(&f, &g));
}

PROOF(eta4, "slow")
{
    wtl_polydsa_poly f = from_to(-4, 4), g;
    uint8_t bytes[128];
    pack_eta(bytes, &f, 4);
    HOLDS(unpack_eta(&g, bytes, 4) == 0 && same(&f, &g));
}

static bool is_small(const wtl_polydsa_poly *f, int32_t most)
{
    bool good = true;
    for (unsigned i = 0; i < N; i++)
        good = good && -most <= f->c[i] && f->c[i] <= most;
    return good;
}

/* Of any bytes: 0 means that every value was in range. */
PROOF(unpack_eta2, "slow")
{
    wtl_polydsa_poly f;
    uint8_t bytes[96];
    HOLDS((unpack_eta(&f, bytes, 2) == 0) == is_small(&f, 2));
}

PROOF(unpack_eta4, "slow")
{
    wtl_polydsa_poly f;
    uint8_t bytes[128];
    HOLDS((unpack_eta(&f, bytes, 4) == 0) == is_small(&f, 4));
}

PROOF(t1, "")
{
    wtl_polydsa_poly f = from_to(0, (1 << 10) - 1), g;
    uint8_t bytes[320];
    pack_t1(bytes, &f);
    unpack_t1(&g, bytes);
    HOLDS(same(&f, &g));
}

PROOF(t0, "slow")
{
    for (unsigned i = 16; i < 24; i++) {
        wtl_polydsa_poly f = {{0}}, g;
        uint8_t bytes[416];
        int32_t x = f.c[i] = any_i32();
        GIVEN(1 - (1 << 12) <= x && x <= 1 << 12);
        pack_t0(bytes, &f);
        unpack_t0(&g, bytes);
        HOLDS(g.c[i] == x && g.c[i - 1] == 0 && g.c[i + 1] == 0);
    }
}

static void one_z(unsigned bits, uint8_t *bytes)
{
    wtl_polydsa_poly f = {{0}};
    const int32_t gamma1 = 1 << (bits - 1);
    f.c[17] = any_i32();
    GIVEN(-gamma1 <= f.c[17] && f.c[17] <= gamma1);
    pack_z(bytes, &f, gamma1);
    for (unsigned i = 40; i < 48; i++)
        bytes[i] = any_u8();
    unpack_z(&f, bytes, gamma1);
    for (unsigned i = 0; i < N; i++)
        HOLDS(-gamma1 < f.c[i] && f.c[i] <= gamma1);
}

PROOF(z17, "")
{
    uint8_t bytes[576];
    one_z(18, bytes);
}

PROOF(z19, "")
{
    uint8_t bytes[640];
    one_z(20, bytes);
}

PROOF(w1_88, "")
{
    wtl_polydsa_poly f = from_to(0, 43);
    uint8_t bytes[192];
    pack_w1(bytes, &f, (Q - 1) / 88);
    for (unsigned i = 0; i < N; i++)
        HOLDS(((bytes[6 * i / 8] | (i % 4 == 3 ? 0 : bytes[6 * i / 8 + 1] << 8)) >> 6 * i % 8 & 63) ==
              f.c[i]);
}

PROOF(w1_32, "")
{
    wtl_polydsa_poly f = from_to(0, 15);
    uint8_t bytes[128];
    pack_w1(bytes, &f, (Q - 1) / 32);
    for (unsigned i = 0; i < N; i++)
        HOLDS((bytes[i / 2] >> i % 2 * 4 & 15) == f.c[i]);
}
