#include "kernel/sha256_impl.h"

const uint32_t wtl_sha256_ref_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t ror(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static uint32_t word(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t expand(const uint32_t w[16], unsigned i)
{
    uint32_t x = w[(i + 1) & 15];
    uint32_t y = w[(i + 14) & 15];
    uint32_t s0 = ror(x, 7) ^ ror(x, 18) ^ x >> 3;
    uint32_t s1 = ror(y, 17) ^ ror(y, 19) ^ y >> 10;
    return w[i & 15] + s0 + w[(i + 9) & 15] + s1;
}

/* FIPS 180-4 section 6.2.2; the working variables a..h move through the array instead of being renamed. */
static void round_of(uint32_t v[8], unsigned i, uint32_t kw)
{
    uint32_t *a = &v[(0 - i) & 7];
    uint32_t *b = &v[(1 - i) & 7];
    uint32_t *c = &v[(2 - i) & 7];
    uint32_t *d = &v[(3 - i) & 7];
    uint32_t *e = &v[(4 - i) & 7];
    uint32_t *f = &v[(5 - i) & 7];
    uint32_t *g = &v[(6 - i) & 7];
    uint32_t *h = &v[(7 - i) & 7];
    uint32_t t = *h + (ror(*e, 6) ^ ror(*e, 11) ^ ror(*e, 25)) + (*g ^ (*e & (*f ^ *g))) + kw;
    *d += t;
    *h = t + (ror(*a, 2) ^ ror(*a, 13) ^ ror(*a, 22)) + ((*a & *b) | (*c & (*a | *b)));
}

static void block(uint32_t state[8], const uint8_t *p)
{
    uint32_t w[16];
    uint32_t v[8];
    for (unsigned i = 0; i < 8; i++)
        v[i] = state[i];
    for (unsigned i = 0; i < 16; i++)
        w[i] = word(p + (size_t)4 * i);
    for (unsigned r = 0; r < 64; r += 16) {
#pragma GCC unroll 16
        for (unsigned i = 0; i < 16; i++) {
            if (r > 0)
                w[i] = expand(w, i);
            round_of(v, i, w[i] + wtl_sha256_ref_k[r + i]);
        }
    }
    for (unsigned i = 0; i < 8; i++)
        state[i] += v[i];
}

void wtl_sha256_ref_x1(uint32_t *const state[], const uint8_t *const p[], size_t blocks)
{
    for (size_t b = 0; b < blocks; b++)
        block(state[0], p[0] + b * WTL_SHA256_BLOCK);
}
