/* X25519 in scalar code over four words, with mulx and the two carry chains of adcx and adox. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "base/ct.h"
#include "base/secret.h"
#include "kernel/curve25519_adx.h"
#include "kernel/curve25519_impl.h"
#include "kernel/curve25519_table.h"

/* A number mod p = 2^255 - 19, as any number below 2^256: 2^256 = 38 mod p. */
typedef struct num {
    uint64_t v[4];
} num;

/* One row of a product: r0 .. r4 += b * (a0 .. a3), r4 being zero before. The even words ride on adcx, the odd on adox. */
#define ROW(b, r0, r1, r2, r3, r4)                         \
    "movq " b "(%[b]), %%rdx\n\t"                          \
    "xorl %k[" r4 "], %k[" r4 "]\n\t"                      \
    "mulxq (%[a]), %[lo], %[hi]\n\t"                       \
    "adcxq %[lo], %[" r0 "]\n\tadoxq %[hi], %[" r1 "]\n\t" \
    "mulxq 8(%[a]), %[lo], %[hi]\n\t"                      \
    "adcxq %[lo], %[" r1 "]\n\tadoxq %[hi], %[" r2 "]\n\t" \
    "mulxq 16(%[a]), %[lo], %[hi]\n\t"                     \
    "adcxq %[lo], %[" r2 "]\n\tadoxq %[hi], %[" r3 "]\n\t" \
    "mulxq 24(%[a]), %[lo], %[hi]\n\t"                     \
    "adcxq %[lo], %[" r3 "]\n\tadoxq %[hi], %[" r4 "]\n\t" \
    "movl $0, %k[lo]\n\tadcxq %[lo], %[" r4 "]\n\t"

/* r0 .. r3 += 38 * (r4 .. r7), then what passes 2^256 once more and, as it may do, again. */
#define FOLD                                                                            \
    "movl $38, %%edx\n\t"                                                               \
    "mulxq %[r4], %[lo], %[r4]\n\t"                                                     \
    "mulxq %[r5], %[hi], %[r5]\n\t"                                                     \
    "addq %[lo], %[r0]\n\tadcq %[hi], %[r1]\n\t"                                        \
    "mulxq %[r6], %[lo], %[r6]\n\t"                                                     \
    "mulxq %[r7], %[hi], %[r7]\n\t"                                                     \
    "adcq %[lo], %[r2]\n\tadcq %[hi], %[r3]\n\tadcq $0, %[r7]\n\t"                      \
    "addq %[r4], %[r1]\n\tadcq %[r5], %[r2]\n\tadcq %[r6], %[r3]\n\tadcq $0, %[r7]\n\t" \
    "imulq $38, %[r7], %[lo]\n\t"                                                       \
    "addq %[lo], %[r0]\n\tadcq $0, %[r1]\n\tadcq $0, %[r2]\n\tadcq $0, %[r3]\n\t"       \
    "sbbq %[lo], %[lo]\n\tandl $38, %k[lo]\n\taddq %[lo], %[r0]\n\t"

#define OUTPUTS                                                                                     \
    [r0] "=&r"(r0), [r1] "=&r"(r1), [r2] "=&r"(r2), [r3] "=&r"(r3), [r4] "=&r"(r4), [r5] "=&r"(r5), \
        [r6] "=&r"(r6), [r7] "=&r"(r7), [lo] "=&r"(lo), [hi] "=&r"(hi)

static inline void mul(num *r, const num *a, const num *b)
{
    uint64_t r0, r1, r2, r3, r4, r5, r6, r7, lo, hi;
    __asm__("movq (%[b]), %%rdx\n\t"
            "mulxq (%[a]), %[r0], %[r1]\n\t"
            "mulxq 8(%[a]), %[lo], %[r2]\n\t"
            "mulxq 16(%[a]), %[hi], %[r3]\n\t"
            "addq %[lo], %[r1]\n\tadcq %[hi], %[r2]\n\t"
            "mulxq 24(%[a]), %[lo], %[r4]\n\t"
            "adcq %[lo], %[r3]\n\tadcq $0, %[r4]\n\t" ROW("8", "r1", "r2", "r3", "r4", "r5")
                ROW("16", "r2", "r3", "r4", "r5", "r6") ROW("24", "r3", "r4", "r5", "r6", "r7") FOLD
            : OUTPUTS
            : [a] "r"(a->v), [b] "r"(b->v), "m"(*a), "m"(*b)
            : "rdx", "cc");
    *r = (num){{r0, r1, r2, r3}};
}

/* The six products of different words once, doubled, and the four squares. */
static inline void sqr(num *r, const num *a)
{
    uint64_t r0, r1, r2, r3, r4, r5, r6, r7, lo, hi;
    __asm__("movq (%[a]), %%rdx\n\t"
            "mulxq 8(%[a]), %[r1], %[r2]\n\t"
            "mulxq 16(%[a]), %[lo], %[r3]\n\t"
            "mulxq 24(%[a]), %[hi], %[r4]\n\t"
            "addq %[lo], %[r2]\n\tadcq %[hi], %[r3]\n\tadcq $0, %[r4]\n\t"
            "movq 24(%[a]), %%rdx\n\t"
            "mulxq 8(%[a]), %[r0], %[r5]\n\t"
            "mulxq 16(%[a]), %[r7], %[r6]\n\t"
            "movq 16(%[a]), %%rdx\n\t"
            "mulxq 8(%[a]), %[lo], %[hi]\n\t"
            "addq %[r0], %[r4]\n\tadcq %[r7], %[r5]\n\tadcq $0, %[r6]\n\t"
            "addq %[lo], %[r3]\n\tadcq %[hi], %[r4]\n\tadcq $0, %[r5]\n\tadcq $0, %[r6]\n\t"
            "xorl %k[r7], %k[r7]\n\t"
            "movq (%[a]), %%rdx\n\tmulxq %%rdx, %[r0], %[lo]\n\t"
            "adcxq %[r1], %[r1]\n\tadoxq %[lo], %[r1]\n\t"
            "movq 8(%[a]), %%rdx\n\tmulxq %%rdx, %[lo], %[hi]\n\t"
            "adcxq %[r2], %[r2]\n\tadoxq %[lo], %[r2]\n\t"
            "adcxq %[r3], %[r3]\n\tadoxq %[hi], %[r3]\n\t"
            "movq 16(%[a]), %%rdx\n\tmulxq %%rdx, %[lo], %[hi]\n\t"
            "adcxq %[r4], %[r4]\n\tadoxq %[lo], %[r4]\n\t"
            "adcxq %[r5], %[r5]\n\tadoxq %[hi], %[r5]\n\t"
            "movq 24(%[a]), %%rdx\n\tmulxq %%rdx, %[lo], %[hi]\n\t"
            "adcxq %[r6], %[r6]\n\tadoxq %[lo], %[r6]\n\t"
            "adcxq %[r7], %[r7]\n\tadoxq %[hi], %[r7]\n\t" FOLD
            : OUTPUTS
            : [a] "r"(a->v), "m"(*a)
            : "rdx", "cc");
    *r = (num){{r0, r1, r2, r3}};
}

static inline void add(num *r, const num *a, const num *b)
{
    uint64_t r0 = a->v[0], r1 = a->v[1], r2 = a->v[2], r3 = a->v[3], t;
    __asm__("addq (%[b]), %[r0]\n\tadcq 8(%[b]), %[r1]\n\tadcq 16(%[b]), %[r2]\n\tadcq 24(%[b]), %[r3]\n\t"
            "sbbq %[t], %[t]\n\tandl $38, %k[t]\n\t"
            "addq %[t], %[r0]\n\tadcq $0, %[r1]\n\tadcq $0, %[r2]\n\tadcq $0, %[r3]\n\t"
            "sbbq %[t], %[t]\n\tandl $38, %k[t]\n\taddq %[t], %[r0]\n\t"
            : [r0] "+&r"(r0), [r1] "+&r"(r1), [r2] "+&r"(r2), [r3] "+&r"(r3), [t] "=&r"(t)
            : [b] "r"(b->v), "m"(*b)
            : "cc");
    *r = (num){{r0, r1, r2, r3}};
}

static inline void sub(num *r, const num *a, const num *b)
{
    uint64_t r0 = a->v[0], r1 = a->v[1], r2 = a->v[2], r3 = a->v[3], t;
    __asm__("subq (%[b]), %[r0]\n\tsbbq 8(%[b]), %[r1]\n\tsbbq 16(%[b]), %[r2]\n\tsbbq 24(%[b]), %[r3]\n\t"
            "sbbq %[t], %[t]\n\tandl $38, %k[t]\n\t"
            "subq %[t], %[r0]\n\tsbbq $0, %[r1]\n\tsbbq $0, %[r2]\n\tsbbq $0, %[r3]\n\t"
            "sbbq %[t], %[t]\n\tandl $38, %k[t]\n\tsubq %[t], %[r0]\n\t"
            : [r0] "+&r"(r0), [r1] "+&r"(r1), [r2] "+&r"(r2), [r3] "+&r"(r3), [t] "=&r"(t)
            : [b] "r"(b->v), "m"(*b)
            : "cc");
    *r = (num){{r0, r1, r2, r3}};
}

/* r = a * 121666, which is (486662 + 2) / 4. */
static inline void mul_a24(num *r, const num *a)
{
    uint64_t r0, r1, r2, r3, r4, lo, hi;
    __asm__("movl $121666, %%edx\n\t"
            "mulxq (%[a]), %[r0], %[r1]\n\t"
            "mulxq 8(%[a]), %[lo], %[r2]\n\t"
            "mulxq 16(%[a]), %[hi], %[r3]\n\t"
            "addq %[lo], %[r1]\n\tadcq %[hi], %[r2]\n\t"
            "mulxq 24(%[a]), %[lo], %[r4]\n\t"
            "adcq %[lo], %[r3]\n\tadcq $0, %[r4]\n\t"
            "imulq $38, %[r4], %[lo]\n\t"
            "addq %[lo], %[r0]\n\tadcq $0, %[r1]\n\tadcq $0, %[r2]\n\tadcq $0, %[r3]\n\t"
            "sbbq %[lo], %[lo]\n\tandl $38, %k[lo]\n\taddq %[lo], %[r0]\n\t"
            : [r0] "=&r"(r0), [r1] "=&r"(r1), [r2] "=&r"(r2), [r3] "=&r"(r3), [r4] "=&r"(r4), [lo] "=&r"(lo),
              [hi] "=&r"(hi)
            : [a] "r"(a->v), "m"(*a)
            : "rdx", "cc");
    *r = (num){{r0, r1, r2, r3}};
}

static void sqr_times(num *r, const num *a, int n)
{
    num t;
    sqr(&t, a);
    for (int i = 1; i < n; i++)
        sqr(&t, &t);
    *r = t;
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

/* The number in 0 .. p - 1. */
static void to_bytes(uint8_t out[32], const num *a)
{
    num r = *a, t;
    /* Below 2^255 + 19 after the first line, below 2^255 after the second; then a number >= p reaches 2^255 with 19 more. */
    for (int i = 0; i < 2; i++) {
        t = (num){{19 * wtl_ct_hide(r.v[3] >> 63)}};
        r.v[3] &= INT64_MAX;
        add(&r, &r, &t);
    }
    t = (num){{19}};
    add(&t, &r, &t);
    uint64_t keep = wtl_ct_hide((t.v[3] >> 63) - 1);
    for (int i = 0; i < 4; i++)
        r.v[i] = (r.v[i] & keep) | (t.v[i] & ~keep);
    r.v[3] &= INT64_MAX;
    memcpy(out, r.v, 32);
    wtl_secret_wipe(&r, sizeof r);
    wtl_secret_wipe(&t, sizeof t);
}

void wtl_curve25519_adx_divide(uint8_t out[32], const uint64_t a[4], const uint64_t b[4])
{
    num n, d;
    memcpy(n.v, a, 32);
    memcpy(d.v, b, 32);
    invert(&d, &d);
    mul(&n, &n, &d);
    to_bytes(out, &n);
    wtl_secret_wipe(&n, sizeof n);
    wtl_secret_wipe(&d, sizeof d);
}

static inline void swap_if(uint64_t bit, num *a, num *b)
{
    uint64_t mask = wtl_ct_hide((uint64_t)0 - bit);
    for (int i = 0; i < 4; i++) {
        uint64_t d = mask & (a->v[i] ^ b->v[i]);
        a->v[i] ^= d;
        b->v[i] ^= d;
    }
}

/* The ladder of RFC 7748 section 5: x2/z2 and x3/z3 are the u-coordinates of two multiples whose difference is u. */
typedef struct ladder {
    num u, x2, z2, x3, z3, a, b, c, d;
} ladder;

static inline void ladder_step(ladder *l)
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
    sqr(&l->z3, &l->z3);
    sqr(&l->x3, &l->x3);
    mul(&l->z3, &l->z3, &l->u);
    mul(&l->x2, &l->a, &l->b);
    sub(&l->a, &l->a, &l->b);
    mul_a24(&l->c, &l->a);
    add(&l->c, &l->c, &l->b);
    mul(&l->z2, &l->a, &l->c);
}

static void clamp(num *k, const uint8_t scalar[32])
{
    memcpy(k->v, scalar, 32);
    k->v[0] &= ~UINT64_C(7);
    k->v[3] = (k->v[3] & INT64_MAX) | UINT64_C(1) << 62;
}

static void adx_mul(uint8_t out[32], const uint8_t scalar[32], const uint8_t point[32])
{
    uint64_t swapped = 0;
    num k;
    ladder l = {.x2 = {{1}}, .z3 = {{1}}};
    clamp(&k, scalar);
    memcpy(l.u.v, point, 32);
    l.u.v[3] &= INT64_MAX;
    l.x3 = l.u;
    for (int i = 254; i >= 0; i--) {
        uint64_t bit = wtl_ct_hide(k.v[i / 64] >> i % 64 & 1);
        swap_if(swapped ^ bit, &l.x2, &l.x3);
        swap_if(swapped ^ bit, &l.z2, &l.z3);
        swapped = bit;
        ladder_step(&l);
    }
    /* The lowest bits of a clamped scalar are zero, so that nothing is left to be swapped. */
    wtl_curve25519_adx_divide(out, l.x2.v, l.z2.v);
    wtl_secret_wipe(&l, sizeof l);
    wtl_secret_wipe(&k, sizeof k);
}

/* A point of -x^2 + y^2 = 1 + d x^2 y^2 as x = X/Z, y = Y/Z, xy = T/Z, and what adding another takes. */
typedef struct edwards {
    num x, y, z, t;        /* the sum so far */
    num plus, minus, xyd2; /* the other: y + x, y - x, 2 d x y */
    num a, b, c, d;
} edwards;

/* The entry |digit| of the table, each being read; digit 0 is the neutral point. */
static inline void choose(edwards *e, const uint64_t table[8][12], int digit)
{
    uint64_t negative = wtl_ct_hide((uint64_t)((int64_t)digit >> 63));
    int size = (digit ^ (int)negative) - (int)negative;
    __m128i r[6], wanted = _mm_set1_epi32(size), none = _mm_cmpeq_epi32(wanted, _mm_setzero_si128());
    num opposite = {{0}};
    r[0] = r[2] = _mm_and_si128(none, _mm_cvtsi32_si128(1));
    r[1] = r[3] = r[4] = r[5] = _mm_setzero_si128();
    for (int j = 0; j < 8; j++) {
        __m128i mask = _mm_cmpeq_epi32(wanted, _mm_set1_epi32(j + 1));
        for (int i = 0; i < 6; i++)
            r[i] = _mm_or_si128(r[i], _mm_and_si128(mask, _mm_loadu_si128((const void *)&table[j][2 * i])));
    }
    memcpy(e->plus.v, &r[0], 32);
    memcpy(e->minus.v, &r[2], 32);
    memcpy(e->xyd2.v, &r[4], 32);
    sub(&opposite, &opposite, &e->xyd2);
    swap_if(negative & 1, &e->plus, &e->minus);
    swap_if(negative & 1, &opposite, &e->xyd2);
}

/* The sum of two points: Hisil, Wong, Carter and Dawson, "Twisted Edwards Curves Revisited", section 3.1. */
static inline void add_entry(edwards *e)
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

static void adx_base(uint8_t out[32], const uint8_t scalar[32])
{
    edwards e = {.y = {{1}}, .z = {{1}}};
    num k;
    clamp(&k, scalar);
    int carried = 0;
    for (int i = 0; i < 64; i++) { /* the scalar in base 16 with digits -8 .. 7, the last up to 8 */
        int x = (int)(k.v[i / 16] >> i % 16 * 4 & 15) + carried;
        carried = i < 63 ? (x + 8) >> 4 : 0;
        choose(&e, wtl_curve25519_table[i], x - carried * 16);
        add_entry(&e);
    }
    /* u = (1 + y) / (1 - y); y is not 1, since no clamped scalar is a multiple of the base point's order. */
    sub(&e.a, &e.z, &e.y);
    add(&e.b, &e.z, &e.y);
    wtl_curve25519_adx_divide(out, e.b.v, e.a.v);
    wtl_secret_wipe(&e, sizeof e);
    wtl_secret_wipe(&k, sizeof k);
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

const wtl_curve25519_field wtl_curve25519_adx_field = {
    WTL_CPU_AVX2, WTL_CPU_ADX, 4, 1, 64, UINT64_MAX, UINT64_MAX, field_mul, field_sqr, field_add, field_sub};
const wtl_curve25519 wtl_curve25519_adx = {WTL_CPU_AVX2, adx_base, adx_mul};
#endif
