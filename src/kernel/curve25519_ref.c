/* X25519 in portable C over five limbs of 51 bits; the compiler must have a 128-bit integer, as those for 64-bit
 * processors do. */
#include <string.h>

#include "base/ct.h"
#include "base/secret.h"
#include "kernel/curve25519_impl.h"
#include "kernel/curve25519_table.h"

typedef unsigned __int128 wide;

/* A number mod p = 2^255 - 19, the sum of v[i] * 2^(51 i). "Tight" limbs are below 2^51 + 2^15 as mul leaves them; the sum
 * or difference of two tight ones is "loose", below 2^53, and may be multiplied, not subtracted. */
typedef struct num {
    uint64_t v[5];
} num;

#define MASK51 ((UINT64_C(1) << 51) - 1)

static uint64_t load64(const uint8_t *p)
{
    uint64_t x = 0;
    for (int i = 7; i >= 0; i--)
        x = x << 8 | p[i];
    return x;
}

static void store64(uint8_t *p, uint64_t x)
{
    for (int i = 0; i < 8; i++)
        p[i] = (uint8_t)(x >> 8 * i);
}

static void from_words(num *r, const uint64_t w[4])
{
    r->v[0] = w[0] & MASK51;
    r->v[1] = (w[0] >> 51 | w[1] << 13) & MASK51;
    r->v[2] = (w[1] >> 38 | w[2] << 26) & MASK51;
    r->v[3] = (w[2] >> 25 | w[3] << 39) & MASK51;
    r->v[4] = (w[3] >> 12) & MASK51; /* without the highest bit */
}

static void from_bytes(num *r, const uint8_t in[32])
{
    uint64_t w[4];
    for (size_t i = 0; i < 4; i++)
        w[i] = load64(in + 8 * i);
    from_words(r, w);
}

static void add(num *r, const num *a, const num *b)
{
    for (int i = 0; i < 5; i++)
        r->v[i] = a->v[i] + b->v[i];
}

/* b is tight: 2p keeps every limb above zero. */
static void sub(num *r, const num *a, const num *b)
{
    r->v[0] = a->v[0] + 2 * (MASK51 - 18) - b->v[0];
    for (int i = 1; i < 5; i++)
        r->v[i] = a->v[i] + 2 * MASK51 - b->v[i];
}

static void carry_wide(num *r, wide t[5])
{
    for (int i = 0; i < 4; i++) {
        t[i + 1] += t[i] >> 51;
        r->v[i] = (uint64_t)t[i] & MASK51;
    }
    r->v[4] = (uint64_t)t[4] & MASK51;
    wide first = (wide)r->v[0] + (t[4] >> 51) * 19;
    r->v[0] = (uint64_t)first & MASK51;
    r->v[1] += (uint64_t)(first >> 51);
}

static void mul(num *r, const num *x, const num *y)
{
    const uint64_t *a = x->v, *b = y->v;
    uint64_t b1 = 19 * b[1], b2 = 19 * b[2], b3 = 19 * b[3], b4 = 19 * b[4];
    wide t[5];
    t[0] = (wide)a[0] * b[0] + (wide)a[1] * b4 + (wide)a[2] * b3 + (wide)a[3] * b2 + (wide)a[4] * b1;
    t[1] = (wide)a[0] * b[1] + (wide)a[1] * b[0] + (wide)a[2] * b4 + (wide)a[3] * b3 + (wide)a[4] * b2;
    t[2] = (wide)a[0] * b[2] + (wide)a[1] * b[1] + (wide)a[2] * b[0] + (wide)a[3] * b4 + (wide)a[4] * b3;
    t[3] = (wide)a[0] * b[3] + (wide)a[1] * b[2] + (wide)a[2] * b[1] + (wide)a[3] * b[0] + (wide)a[4] * b4;
    t[4] = (wide)a[0] * b[4] + (wide)a[1] * b[3] + (wide)a[2] * b[2] + (wide)a[3] * b[1] + (wide)a[4] * b[0];
    carry_wide(r, t);
}

static void sqr(num *r, const num *x)
{
    const uint64_t *a = x->v;
    uint64_t d0 = 2 * a[0], d1 = 2 * a[1], d2 = 2 * a[2], n3 = 19 * a[3], n4 = 19 * a[4];
    wide t[5];
    t[0] = (wide)a[0] * a[0] + (wide)d1 * n4 + (wide)d2 * n3;
    t[1] = (wide)d0 * a[1] + (wide)d2 * n4 + (wide)a[3] * n3;
    t[2] = (wide)d0 * a[2] + (wide)a[1] * a[1] + (wide)(2 * a[3]) * n4;
    t[3] = (wide)d0 * a[3] + (wide)d1 * a[2] + (wide)a[4] * n4;
    t[4] = (wide)d0 * a[4] + (wide)d1 * a[3] + (wide)a[2] * a[2];
    carry_wide(r, t);
}

static void mul_small(num *r, const num *a, uint32_t k)
{
    wide t[5];
    for (int i = 0; i < 5; i++)
        t[i] = (wide)a->v[i] * k;
    carry_wide(r, t);
}

static void sqr_times(num *r, const num *a, int n)
{
    sqr(r, a);
    for (int i = 1; i < n; i++)
        sqr(r, r);
}

/* a^(p - 2), with p - 2 = 2^255 - 21; zero gives zero. */
static void invert(num *r, const num *a)
{
    num a2, a9, a11, x5, x10, x20, x50, x100, t; /* xN is a^(2^N - 1) */
    sqr(&a2, a);
    sqr_times(&t, &a2, 2);
    mul(&a9, &t, a);
    mul(&a11, &a9, &a2);
    sqr(&t, &a11);
    mul(&x5, &t, &a9);
    sqr_times(&t, &x5, 5);
    mul(&x10, &t, &x5);
    sqr_times(&t, &x10, 10);
    mul(&x20, &t, &x10);
    sqr_times(&t, &x20, 20);
    mul(&t, &t, &x20);
    sqr_times(&t, &t, 10);
    mul(&x50, &t, &x10);
    sqr_times(&t, &x50, 50);
    mul(&x100, &t, &x50);
    sqr_times(&t, &x100, 100);
    mul(&t, &t, &x100);
    sqr_times(&t, &t, 50);
    mul(&t, &t, &x50);
    sqr_times(&t, &t, 5);
    mul(r, &t, &a11);
}

static void carry(num *r)
{
    for (int i = 0; i < 4; i++) {
        r->v[i + 1] += r->v[i] >> 51;
        r->v[i] &= MASK51;
    }
    r->v[0] += 19 * (r->v[4] >> 51);
    r->v[4] &= MASK51;
}

/* The number in 0 .. p - 1. */
static void to_bytes(uint8_t out[32], const num *a)
{
    num r = *a;
    carry(&r);
    carry(&r); /* below 2^255 now, but perhaps not below p: then adding 19 reaches 2^255 */
    uint64_t over = (r.v[0] + 19) >> 51;
    for (int i = 1; i < 5; i++)
        over = (r.v[i] + over) >> 51;
    over = wtl_ct_hide(over);
    r.v[0] += 19 * over;
    carry(&r); /* its last carry, a multiple of 2^255, is what is taken away */
    r.v[0] -= 19 * over;
    store64(out, r.v[0] | r.v[1] << 51);
    store64(out + 8, r.v[1] >> 13 | r.v[2] << 38);
    store64(out + 16, r.v[2] >> 26 | r.v[3] << 25);
    store64(out + 24, r.v[3] >> 39 | r.v[4] << 12);
    wtl_secret_wipe(&r, sizeof r);
}

static void swap_if(uint64_t bit, num *a, num *b)
{
    uint64_t mask = wtl_ct_hide((uint64_t)0 - bit);
    for (int i = 0; i < 5; i++) {
        uint64_t d = mask & (a->v[i] ^ b->v[i]);
        a->v[i] ^= d;
        b->v[i] ^= d;
    }
}

/* The ladder of RFC 7748 section 5: x2/z2 and x3/z3 are the u-coordinates of two multiples whose difference is u. */
typedef struct ladder {
    num u, x2, z2, x3, z3, a, b, c, d;
} ladder;

static void ladder_step(ladder *l)
{
    add(&l->a, &l->x2, &l->z2);
    sub(&l->b, &l->x2, &l->z2);
    add(&l->c, &l->x3, &l->z3);
    sub(&l->d, &l->x3, &l->z3);
    mul(&l->d, &l->d, &l->a);
    mul(&l->c, &l->c, &l->b);
    sqr(&l->a, &l->a);
    sqr(&l->b, &l->b);
    add(&l->x3, &l->d, &l->c);
    sub(&l->z3, &l->d, &l->c);
    sqr(&l->x3, &l->x3);
    sqr(&l->z3, &l->z3);
    mul(&l->z3, &l->z3, &l->u);
    mul(&l->x2, &l->a, &l->b);
    sub(&l->a, &l->a, &l->b);
    mul_small(&l->c, &l->a, 121666);
    add(&l->c, &l->c, &l->b);
    mul(&l->z2, &l->a, &l->c);
}

static void clamp(uint8_t out[32], const uint8_t scalar[32])
{
    memcpy(out, scalar, 32);
    out[0] &= 0xf8;
    out[31] = (uint8_t)((out[31] & 0x7f) | 0x40);
}

static void ref_mul(uint8_t out[32], const uint8_t scalar[32], const uint8_t point[32])
{
    uint8_t k[32];
    ladder l = {.x2 = {{1}}, .z3 = {{1}}};
    uint64_t swapped = 0;
    clamp(k, scalar);
    from_bytes(&l.u, point);
    l.x3 = l.u;
    for (int i = 254; i >= 0; i--) {
        uint64_t bit = wtl_ct_hide(k[i / 8] >> i % 8 & 1);
        swap_if(swapped ^ bit, &l.x2, &l.x3);
        swap_if(swapped ^ bit, &l.z2, &l.z3);
        swapped = bit;
        ladder_step(&l);
    }
    /* The lowest bits of a clamped scalar are zero, so that nothing is left to be swapped. */
    invert(&l.z2, &l.z2);
    mul(&l.x2, &l.x2, &l.z2);
    to_bytes(out, &l.x2);
    wtl_secret_wipe(&l, sizeof l);
    wtl_secret_wipe(k, sizeof k);
}

/* A point of -x^2 + y^2 = 1 + d x^2 y^2 as x = X/Z, y = Y/Z, xy = T/Z, and what adding another takes. */
typedef struct edwards {
    num x, y, z, t;        /* the sum so far */
    num plus, minus, xyd2; /* the other: y + x, y - x, 2 d x y */
    num a, b, c, d;
    uint64_t entry[12];
} edwards;

/* The entry |digit| of the table, each being read; digit 0 is the neutral point. */
static void choose(edwards *e, const uint64_t table[8][12], int8_t digit)
{
    uint64_t negative = wtl_ct_hide((uint64_t)0 - ((uint8_t)digit >> 7)),
             size = ((uint64_t)(int64_t)digit ^ negative) - negative;
    memset(e->entry, 0, sizeof e->entry);
    e->entry[0] = e->entry[4] = wtl_ct_hide((size - 1) >> 63);
    for (uint64_t j = 0; j < 8; j++) {
        uint64_t mask = wtl_ct_hide((uint64_t)0 - (((size ^ (j + 1)) - 1) >> 63));
        for (int i = 0; i < 12; i++)
            e->entry[i] |= mask & table[j][i];
    }
    from_words(&e->plus, e->entry);
    from_words(&e->minus, e->entry + 4);
    from_words(&e->xyd2, e->entry + 8);
    e->a = (num){{0}};
    sub(&e->a, &e->a, &e->xyd2);
    swap_if(negative & 1, &e->plus, &e->minus);
    swap_if(negative & 1, &e->a, &e->xyd2);
}

/* The sum of two points: Hisil, Wong, Carter and Dawson, "Twisted Edwards Curves Revisited", section 3.1. */
static void add_entry(edwards *e)
{
    sub(&e->a, &e->y, &e->x);
    add(&e->b, &e->y, &e->x);
    mul(&e->a, &e->a, &e->minus);
    mul(&e->b, &e->b, &e->plus);
    mul(&e->c, &e->t, &e->xyd2);
    add(&e->d, &e->z, &e->z);
    sub(&e->x, &e->b, &e->a);
    add(&e->y, &e->b, &e->a);
    add(&e->z, &e->d, &e->c);
    sub(&e->d, &e->d, &e->c);
    mul(&e->t, &e->x, &e->y);
    mul(&e->x, &e->x, &e->d);
    mul(&e->y, &e->y, &e->z);
    mul(&e->z, &e->z, &e->d);
}

/* The scalar in base 16 with digits -8 .. 7, the last up to 8. */
static void digits(int8_t out[64], const uint8_t k[32])
{
    int carried = 0;
    for (int i = 0; i < 64; i++) {
        int x = (k[i / 2] >> i % 2 * 4 & 15) + carried;
        carried = i < 63 ? (x + 8) >> 4 : 0;
        out[i] = (int8_t)(x - carried * 16);
    }
}

static void ref_base(uint8_t out[32], const uint8_t scalar[32])
{
    uint8_t k[32];
    int8_t digit[64];
    edwards e = {.y = {{1}}, .z = {{1}}};
    clamp(k, scalar);
    digits(digit, k);
    for (int i = 0; i < 64; i++) {
        choose(&e, wtl_curve25519_table[i], digit[i]);
        add_entry(&e);
    }
    /* u = (1 + y) / (1 - y); y is not 1, since no clamped scalar is a multiple of the base point's order. */
    sub(&e.a, &e.z, &e.y);
    add(&e.b, &e.z, &e.y);
    invert(&e.a, &e.a);
    mul(&e.b, &e.b, &e.a);
    to_bytes(out, &e.b);
    wtl_secret_wipe(&e, sizeof e);
    wtl_secret_wipe(k, sizeof k);
    wtl_secret_wipe(digit, sizeof digit);
}

#define FIELD(op)                                                             \
    static void field_##op(uint64_t *r, const uint64_t *a, const uint64_t *b) \
    {                                                                         \
        num x, y;                                                             \
        memcpy(x.v, a, sizeof x);                                             \
        memcpy(y.v, b, sizeof y);                                             \
        op(&x, &x, &y);                                                       \
        memcpy(r, x.v, sizeof x);                                             \
    }
FIELD(mul)
FIELD(add)
FIELD(sub)

static void field_sqr(uint64_t *r, const uint64_t *a)
{
    num x;
    memcpy(x.v, a, sizeof x);
    sqr(&x, &x);
    memcpy(r, x.v, sizeof x);
}

const wtl_curve25519_field wtl_curve25519_ref_field = {
    WTL_CPU_REF, WTL_CPU_REF, 5,         1,        51, UINT64_C(1) << 53, (UINT64_C(1) << 51) + (1 << 15),
    field_mul,   field_sqr,   field_add, field_sub};
const wtl_curve25519 wtl_curve25519_ref = {WTL_CPU_REF, ref_base, ref_mul};
