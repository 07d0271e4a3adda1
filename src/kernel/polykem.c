#include "kernel/polykem.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/choice.h"
#include "kernel/polykem_impl.h"

enum { N = WTL_POLYKEM_N, Q = WTL_POLYKEM_Q, K = WTL_POLYKEM_K_MOST, STREAM = 504, PACKED_MOST = 32 * 11 };
typedef wtl_polykem_poly poly;

static uint32_t step(uint32_t *x)
{
    *x = *x * 1664525 + 1013904223;
    return *x >> 16;
}

static void example_bytes(uint8_t *out, size_t n, uint32_t seed)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)step(&seed);
}

/* |x| < bound, with both ends. */
static void example(poly *f, int bound, uint32_t seed)
{
    for (unsigned i = 0; i < N; i++)
        f->c[i] = (int16_t)((int)(step(&seed) % (2 * (uint32_t)bound - 1)) - (bound - 1));
    f->c[seed % N] = (int16_t)(bound - 1);
    f->c[(seed + 1) % N] = (int16_t)(1 - bound);
}

/* Equal mod q, and both within what the contract promises. */
static bool congruent(const poly *a, const poly *b)
{
    for (unsigned i = 0; i < N; i++) {
        if (abs(a->c[i]) >= Q || abs(b->c[i]) >= Q || (a->c[i] - b->c[i]) % Q != 0)
            return false;
    }
    return true;
}

/* X^i as a polynomial. */
static void monomial(poly *f, unsigned i)
{
    memset(f, 0, sizeof *f);
    f->c[i] = 1;
}

/* X^100 * X^200 = X^300 = -X^44; and X^2 mod X^2 - 17 is 17: the first residue of the standard's order. */
static bool known_answers(const wtl_polykem *p)
{
    poly a;
    poly b;
    poly r;
    poly minus;
    monomial(&a, 2);
    p->ntt(&a);
    if ((a.c[0] - 17) % Q != 0 || a.c[1] % Q != 0 || (a.c[2] + 17) % Q != 0)
        return false;
    monomial(&a, 100);
    monomial(&b, 200);
    p->ntt(&a);
    p->ntt(&b);
    p->mulacc(&r, &a, &b, 1);
    p->intt(&r);
    memset(&minus, 0, sizeof minus);
    minus.c[44] = -1;
    return congruent(&r, &minus);
}

static bool same_in_place(void (*f)(poly *), void (*g)(poly *))
{
    poly a;
    poly b;
    example(&a, 2 * Q, 1);
    b = a;
    f(&a);
    g(&b);
    return congruent(&a, &b);
}

static bool same_of_two(void (*f)(poly *, const poly *), void (*g)(poly *, const poly *))
{
    poly a;
    poly b;
    poly c;
    example(&a, 2 * Q, 2);
    example(&c, 2 * Q, 3);
    b = a;
    f(&a, &c);
    g(&b, &c);
    return congruent(&a, &b);
}

static bool same_products(const wtl_polykem *p, const wtl_polykem *ref)
{
    poly a[K];
    poly b[K];
    poly r;
    poly s;
    for (uint32_t i = 0; i < K; i++) {
        example(&a[i], Q, 4 + i);
        example(&b[i], 2 * Q, 14 + i);
    }
    for (size_t k = 1; k <= K; k++) {
        p->mulacc(&r, a, b, k);
        ref->mulacc(&s, a, b, k);
        if (!congruent(&r, &s))
            return false;
    }
    return true;
}

static bool same_samples(const wtl_polykem *p, const wtl_polykem *ref)
{
    uint8_t in[STREAM];
    poly r;
    poly s;
    example_bytes(in, sizeof in, 5);
    unsigned n = 0;
    unsigned m = 0;
    for (size_t at = 0; at < STREAM; at += STREAM / 3) {
        n = p->sample_ntt(&r, n, in + at, STREAM / 3);
        m = ref->sample_ntt(&s, m, in + at, STREAM / 3);
        if (n != m || memcmp(r.c, s.c, n * sizeof r.c[0]) != 0)
            return false;
    }
    p->cbd2(&r, in);
    ref->cbd2(&s, in);
    if (memcmp(&r, &s, sizeof r) != 0)
        return false;
    p->cbd3(&r, in);
    ref->cbd3(&s, in);
    return memcmp(&r, &s, sizeof r) == 0;
}

static bool same_bytes(const wtl_polykem *p, const wtl_polykem *ref)
{
    uint8_t x[WTL_POLYKEM_BYTES];
    uint8_t y[WTL_POLYKEM_BYTES];
    poly r;
    poly s;
    example(&r, 2 * Q, 6);
    p->to_bytes(x, &r);
    ref->to_bytes(y, &r);
    if (memcmp(x, y, sizeof x) != 0 || p->from_bytes(&r, y) != 0 || ref->from_bytes(&s, y) != 0 ||
        !congruent(&r, &s))
        return false;
    example_bytes(y, sizeof y, 7);
    return p->from_bytes(&r, y) != 0 && ref->from_bytes(&s, y) != 0 && congruent(&r, &s);
}

static bool same_compressed(const wtl_polykem *p, const wtl_polykem *ref)
{
    static const uint8_t widths[] = {1, 4, 5, 10, 11};
    uint8_t x[PACKED_MOST];
    uint8_t y[PACKED_MOST];
    poly f;
    poly r;
    poly s;
    example(&f, 2 * Q, 8);
    for (size_t i = 0; i < sizeof widths; i++) {
        unsigned d = widths[i];
        p->compress(x, &f, d);
        ref->compress(y, &f, d);
        p->decompress(&r, y, d);
        ref->decompress(&s, y, d);
        if (memcmp(x, y, 32 * (size_t)d) != 0 || memcmp(&r, &s, sizeof r) != 0)
            return false;
    }
    return true;
}

static bool right(const void *ops, const void *plain)
{
    const wtl_polykem *p = ops;
    const wtl_polykem *ref = plain;
    return known_answers(p) && same_in_place(p->ntt, ref->ntt) && same_in_place(p->intt, ref->intt) &&
           same_in_place(p->tomont, ref->tomont) && same_of_two(p->add, ref->add) &&
           same_of_two(p->sub_from, ref->sub_from) && same_products(p, ref) && same_samples(p, ref) &&
           same_bytes(p, ref) && same_compressed(p, ref);
}

static const wtl_choice_way ways[] = {
#if defined(__x86_64__)
    {WTL_CPU_AVX512, WTL_CPU_ICE, &wtl_polykem_ice},
    {WTL_CPU_AVX2, WTL_CPU_AVX2, &wtl_polykem_avx2},
#endif
    {WTL_CPU_REF, WTL_CPU_REF, &wtl_polykem_ref},
};
static wtl_choice choice = WTL_CHOICE("ML-KEM's arithmetic", ways, sizeof ways / sizeof ways[0], right);

int wtl_polykem_pick(const wtl_polykem **out, enum wtl_cpu_level level, wtl_err *err)
{
    const void *ops;
    int rc = wtl_choice_pick(&choice, level, &ops, err);
    *out = ops;
    return rc;
}

int wtl_polykem_fault(wtl_err *err)
{
    return wtl_choice_fault(&choice, err);
}
