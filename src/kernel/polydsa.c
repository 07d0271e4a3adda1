#include "kernel/polydsa.h"

#include <string.h>

#include "kernel/choice.h"
#include "kernel/polydsa_impl.h"

enum { N = WTL_POLYDSA_N, Q = WTL_POLYDSA_Q, L = WTL_POLYDSA_L_MOST, STREAM = 840 };
static const int32_t gamma2s[] = {(Q - 1) / 88, (Q - 1) / 32};

/* What is tested, what it is compared with, and room for input and both results. */
typedef struct bench {
    const wtl_polydsa *o, *ref;
    uint32_t noise;
    wtl_polydsa_poly a[L], b[L], x, y, got, want;
    uint8_t in[STREAM], out[2][STREAM];
} bench;

static uint32_t noise(bench *t)
{
    t->noise = t->noise * 1664525 + 1013904223;
    return t->noise ^ t->noise >> 16;
}

/* Everywhere lo .. hi, and at both ends of it. */
static void fill(bench *t, wtl_polydsa_poly *f, int32_t lo, int32_t hi)
{
    for (int i = 0; i < N; i++)
        f->c[i] = lo + (int32_t)((uint64_t)noise(t) * (uint32_t)(hi - lo + 1) >> 32);
    f->c[noise(t) % N] = lo;
    f->c[noise(t) % N] = hi;
}

static bool same(const wtl_polydsa_poly *a, const wtl_polydsa_poly *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* got is want mod q, and of the size that the contract promises. */
static bool congruent(const bench *t)
{
    wtl_polydsa_poly g = t->got, w = t->want;
    for (int i = 0; i < N; i++) {
        if (g.c[i] <= -Q || g.c[i] >= Q)
            return false;
    }
    t->ref->canon(&g);
    t->ref->canon(&w);
    return same(&g, &w);
}

/* Algorithm 41 turns X into the roots of X^256 + 1: zeta^(2 brv(i) + 1), zeta = 1753. */
static bool roots(bench *t)
{
    t->got = (wtl_polydsa_poly){.c[1] = 1};
    t->o->ntt(&t->got);
    uint64_t power = 1753;
    for (unsigned i = 0; i < N; i++, power = power * 1753 * 1753 % Q) {
        unsigned at = 0;
        for (unsigned k = 0; k < 8; k++)
            at |= (i >> k & 1) << (7 - k);
        t->want.c[at] = (int32_t)power;
    }
    return congruent(t);
}

/* intt(ntt(a) ntt(b)) is a b by the schoolbook; b has few terms, so that this is quick. */
static bool schoolbook(bench *t)
{
    int64_t sum[2 * N] = {0};
    t->x = (wtl_polydsa_poly){0};
    fill(t, &t->got, -Q + 1, Q - 1);
    for (size_t k = 0; k < 8; k++) {
        size_t at = noise(t) % N;
        int32_t by = (int32_t)(noise(t) >> 10) - (1 << 21);
        t->x.c[at] += by;
        for (size_t i = 0; i < N; i++)
            sum[at + i] += (int64_t)t->got.c[i] * by;
    }
    for (int i = 0; i < N; i++)
        t->want.c[i] = (int32_t)((sum[i] - sum[i + N]) % Q);
    t->o->ntt(&t->got);
    t->o->ntt(&t->x);
    t->o->mul(&t->got, &t->x, &t->got);
    t->o->intt(&t->got);
    return congruent(t);
}

typedef void in_place(wtl_polydsa_poly *f);
static bool alike(bench *t, in_place *o, in_place *ref, int32_t lo, int32_t hi)
{
    fill(t, &t->got, lo, hi);
    t->want = t->got;
    o(&t->got);
    ref(&t->want);
    return congruent(t);
}

static bool transforms(bench *t)
{
    const wtl_polydsa *o = t->o, *r = t->ref;
    enum { NTT_IN = Q + (1 << 20) - 1, CANON_IN = INT32_MAX - (1 << 22) };
    if (!alike(t, o->ntt, r->ntt, -NTT_IN, NTT_IN) || !alike(t, o->intt, r->intt, -Q + 1, Q - 1) ||
        !alike(t, o->shift, r->shift, 0, 1023))
        return false;
    for (int k = 0; k < 2; k++) {
        if (!alike(t, o->canon, r->canon, k == 0 ? -CANON_IN : 0, k == 0 ? 0 : CANON_IN) ||
            !same(&t->got, &t->want))
            return false;
    }
    return true;
}

static bool products(bench *t)
{
    for (size_t j = 0; j < L; j++) {
        fill(t, &t->a[j], -Q + 1, Q - 1);
        fill(t, &t->b[j], -Q + 1, Q - 1);
        t->a[j].c[7] = t->b[j].c[7] = Q - 1; /* the largest sum */
        t->a[j].c[N - 8] = -(t->b[j].c[N - 8] = Q - 1);
    }
    for (size_t l = 1; l <= L; l++) {
        t->o->mulacc(&t->got, t->a, t->b, l);
        t->ref->mulacc(&t->want, t->a, t->b, l);
        if (!congruent(t))
            return false;
    }
    t->o->mul(&t->got, &t->a[0], &t->b[0]);
    t->ref->mul(&t->want, &t->a[0], &t->b[0]);
    if (!congruent(t))
        return false;
    t->got = t->want = t->a[1];
    t->o->add(&t->got, &t->b[1]);
    t->ref->add(&t->want, &t->b[1]);
    if (!congruent(t))
        return false;
    t->got = t->want = t->a[2];
    t->o->sub(&t->got, &t->b[2]);
    t->ref->sub(&t->want, &t->b[2]);
    return congruent(t);
}

/* Values at which the rounding of x changes: around the odd multiples of gamma2, and near q. */
static void edges(bench *t, wtl_polydsa_poly *f, int32_t gamma2)
{
    fill(t, f, 0, Q - 1);
    for (int i = 0; i < 192; i++)
        f->c[i] = (int32_t)(((int64_t)(2 * (i / 3) + 1) * gamma2 + i % 3) % Q);
    for (int i = 192; i < 200; i++)
        f->c[i] = Q + i - 200;
}

static bool roundings(bench *t, int32_t gamma2)
{
    const wtl_polydsa *o = t->o, *r = t->ref;
    edges(t, &t->a[0], gamma2);
    for (int k = 0; k < 2; k++) {
        o->decompose(&t->got, &t->x, &t->a[0], gamma2);
        r->decompose(&t->want, &t->y, &t->a[0], gamma2);
        if (!same(&t->got, &t->want) || !same(&t->x, &t->y))
            return false;
        fill(t, &t->b[0], 0, 1);
        o->use_hint(&t->got, &t->b[0], &t->a[0], gamma2);
        r->use_hint(&t->want, &t->b[0], &t->a[0], gamma2);
        if (!same(&t->got, &t->want))
            return false;
        for (int i = 0; i < N; i++) /* the same values from below 0 */
            t->a[0].c[i] -= Q;
        t->a[0].c[noise(t) % N] = Q - 1;
    }
    fill(t, &t->x, -gamma2 - 2, gamma2 + 2);
    t->x.c[0] = t->x.c[1] = -gamma2;
    fill(t, &t->y, 0, (Q - 1) / (2 * gamma2) - 1);
    t->y.c[0] = 0;
    unsigned n = o->make_hint(&t->got, &t->x, &t->y, gamma2);
    if (n != r->make_hint(&t->want, &t->x, &t->y, gamma2) || !same(&t->got, &t->want))
        return false;
    size_t bytes = gamma2 == (Q - 1) / 88 ? 192 : 128;
    o->pack_w1(t->out[0], &t->y, gamma2);
    r->pack_w1(t->out[1], &t->y, gamma2);
    return memcmp(t->out[0], t->out[1], bytes) == 0;
}

static bool bounds(bench *t)
{
    const wtl_polydsa *o = t->o, *r = t->ref;
    fill(t, &t->a[0], 0, Q - 1);
    o->power2round(&t->got, &t->x, &t->a[0]);
    r->power2round(&t->want, &t->y, &t->a[0]);
    if (!same(&t->got, &t->want) || !same(&t->x, &t->y))
        return false;
    fill(t, &t->x, -1000, 1000);
    size_t at = noise(t) % N;
    t->x.c[at] = noise(t) & 1 ? 2001 : -2001;
    t->x.c[(at + 1) % N] = noise(t) & 1 ? Q - 1500 : 1500 - Q;
    return !o->exceeds(&t->x, 2002) && o->exceeds(&t->x, 2001) && !r->exceeds(&t->x, 2002) &&
           r->exceeds(&t->x, 2001);
}

/* The stream in two parts, the first of which leaves room. */
static bool samplers(bench *t)
{
    const wtl_polydsa *o = t->o, *r = t->ref;
    for (unsigned k = 0; k < 3; k++) { /* uniform, bounded by 2, by 4 */
        unsigned have[2] = {0, 0}, n = k == 0 ? 504 : 75;
        for (size_t i = 0; i < STREAM; i++)
            t->in[i] = (uint8_t)noise(t);
        if (k == 0)
            memset(t->in + 30, 0xff, 6); /* rejects are rare else */
        for (unsigned part = 0; part < 2; part++) {
            const uint8_t *p = t->in + part * n;
            size_t len = part == 0 ? n : STREAM - n;
            have[0] = k == 0 ? o->uniform(&t->got, have[0], p, len)
                             : o->bounded(&t->got, have[0], p, len, 2 * k);
            have[1] = k == 0 ? r->uniform(&t->want, have[1], p, len)
                             : r->bounded(&t->want, have[1], p, len, 2 * k);
            if (have[0] != have[1] || have[0] > N ||
                memcmp(&t->got, &t->want, have[0] * sizeof(int32_t)) != 0)
                return false;
        }
    }
    return true;
}

static bool packed(const bench *t, size_t n)
{
    return memcmp(t->out[0], t->out[1], n) == 0 && same(&t->got, &t->want) && same(&t->got, &t->x);
}

static bool packings(bench *t)
{
    fill(t, &t->x, 0, 1023);
    t->o->pack_t1(t->out[0], &t->x);
    t->ref->pack_t1(t->out[1], &t->x);
    t->o->unpack_t1(&t->got, t->out[0]);
    t->ref->unpack_t1(&t->want, t->out[1]);
    if (!packed(t, 320))
        return false;
    fill(t, &t->x, -(1 << 12) + 1, 1 << 12);
    t->o->pack_t0(t->out[0], &t->x);
    t->ref->pack_t0(t->out[1], &t->x);
    t->o->unpack_t0(&t->got, t->out[0]);
    t->ref->unpack_t0(&t->want, t->out[1]);
    return packed(t, 416);
}

static bool packings_eta(bench *t, unsigned eta)
{
    const wtl_polydsa *o = t->o, *r = t->ref;
    size_t n = eta == 2 ? 96 : 128;
    fill(t, &t->x, -(int32_t)eta, (int32_t)eta);
    o->pack_eta(t->out[0], &t->x, eta);
    r->pack_eta(t->out[1], &t->x, eta);
    if (o->unpack_eta(&t->got, t->out[0], eta) != 0 || r->unpack_eta(&t->want, t->out[1], eta) != 0 ||
        !packed(t, n))
        return false;
    t->out[0][noise(t) % n] = 0xff;
    return o->unpack_eta(&t->got, t->out[0], eta) != 0;
}

static bool packings_z(bench *t, int32_t gamma1)
{
    fill(t, &t->x, -gamma1 + 1, gamma1);
    t->o->pack_z(t->out[0], &t->x, gamma1);
    t->ref->pack_z(t->out[1], &t->x, gamma1);
    t->o->unpack_z(&t->got, t->out[0], gamma1);
    t->ref->unpack_z(&t->want, t->out[1], gamma1);
    return packed(t, gamma1 == 1 << 17 ? 576 : 640);
}

static bool right(const void *ops, const void *ref)
{
    bench t = {.o = ops, .ref = ref, .noise = 1};
    return roots(&t) && schoolbook(&t) && transforms(&t) && products(&t) && roundings(&t, gamma2s[0]) &&
           roundings(&t, gamma2s[1]) && bounds(&t) && samplers(&t) && packings(&t) && packings_eta(&t, 2) &&
           packings_eta(&t, 4) && packings_z(&t, 1 << 17) && packings_z(&t, 1 << 19);
}

static const wtl_choice_way ways[] = {
#if defined(__x86_64__)
    {WTL_CPU_AVX512, WTL_CPU_ICE, &wtl_polydsa_ice},
    {WTL_CPU_AVX2, WTL_CPU_AVX2, &wtl_polydsa_avx2},
#endif
    {WTL_CPU_REF, WTL_CPU_REF, &wtl_polydsa_ref},
};
static wtl_choice choice = WTL_CHOICE("Polynomials of ML-DSA", ways, sizeof ways / sizeof ways[0], right);

int wtl_polydsa_pick(const wtl_polydsa **out, enum wtl_cpu_level level, wtl_err *err)
{
    const void *ops = NULL;
    *out = NULL;
    TRY(wtl_choice_pick(&choice, level, &ops, err));
    *out = ops;
    return WTL_OK;
}

int wtl_polydsa_fault(wtl_err *err)
{
    return wtl_choice_fault(&choice, err);
}
