#include "unit.h"

#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/polydsa_impl.h"
#include "kernel/polydsa_zeta.h"

enum { N = WTL_POLYDSA_N, Q = WTL_POLYDSA_Q, L = WTL_POLYDSA_L_MOST, ROUNDS = 4096, FENCED = 4096 };
typedef wtl_polydsa_poly poly;

static const wtl_polydsa *const ref = &wtl_polydsa_ref;
static const int32_t gamma2s[] = {(Q - 1) / 88, (Q - 1) / 32};

/* The end of this memory is the end of what may be touched. */
static uint8_t *fence[2];

static uint32_t noise(void)
{
    static uint64_t x = 88172645463325252u;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (uint32_t)(x >> 16);
}

static int set_up(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        uint8_t *p = mmap(NULL, 2 * FENCED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED || mprotect(p + FENCED, FENCED, PROT_NONE) != 0)
            return -1;
        fence[i] = p + FENCED;
    }
    return 0;
}

static int32_t between(int32_t lo, int32_t hi)
{
    return (int32_t)(lo + (int64_t)((uint64_t)noise() * (uint64_t)((int64_t)hi - lo + 1) >> 32));
}

/* lo .. hi, in turn: anything, only the ends, mostly the ends and 0, near the ends. */
static void fill(poly *f, int32_t lo, int32_t hi)
{
    unsigned kind = noise() & 7;
    for (int i = 0; i < N; i++) {
        int32_t x = between(lo, hi);
        if (kind == 1)
            x = noise() & 1 ? lo : hi;
        if (kind == 2)
            x = noise() & 1 ? (lo > 0 ? lo : 0) : noise() & 1 ? lo : hi;
        if (kind == 3)
            x = x & 1 ? lo + (x >> 1 & 1) : hi - (x >> 1 & 1);
        f->c[i] = x;
    }
    if (kind == 4)
        memset(f, 0, sizeof *f);
    f->c[noise() % N] = noise() & 1 ? lo : hi;
}

static int32_t canonical(int64_t x)
{
    return (int32_t)((x % Q + Q) % Q);
}

static void assert_same(const poly *a, const poly *b)
{
    for (int i = 0; i < N; i++) {
        if (a->c[i] != b->c[i])
            fail_msg("coefficient %d is %d, not %d", i, a->c[i], b->c[i]);
    }
}

/* The same mod q, and of the promised size. */
static void assert_congruent(const poly *got, const poly *want)
{
    for (int i = 0; i < N; i++) {
        if (got->c[i] <= -Q || got->c[i] >= Q)
            fail_msg("coefficient %d is %d", i, got->c[i]);
        if (((int64_t)got->c[i] - want->c[i]) % Q != 0)
            fail_msg("coefficient %d is %d, not %d", i, got->c[i], want->c[i]);
    }
}

/* Every level that is here, plain C first; each test runs over all. */
static size_t levels(const wtl_polydsa *ops[WTL_CPU_LEVELS])
{
    size_t n = 0;
    wtl_err err = {0};
    for (int i = 0; i < WTL_CPU_LEVELS; i++) {
        if (!wtl_cpu_has((enum wtl_cpu_level)i))
            continue;
        assert_good(wtl_polydsa_pick(&ops[n], (enum wtl_cpu_level)i, &err), &err);
        n += ops[n]->level == (enum wtl_cpu_level)i;
    }
    return n;
}
#define FOR_LEVELS(o)                               \
    const wtl_polydsa *levels_[WTL_CPU_LEVELS], *o; \
    for (size_t i_ = 0, n_ = levels(levels_); i_ < n_ && (o = levels_[i_]) != NULL; i_++)

static void test_choice(void **state)
{
    (void)state;
    const wtl_polydsa *best = NULL;
    wtl_err err = {0};
    assert_good(wtl_polydsa_pick(&best, WTL_CPU_AUTO, &err), &err);
    assert_good(wtl_polydsa_fault(&err), &err);
    FOR_LEVELS(o) if (o == best) return;
    fail_msg("the best is none of the levels");
}

static unsigned reversed(unsigned i)
{
    unsigned r = 0;
    for (unsigned k = 0; k < 8; k++)
        r |= (i >> k & 1) << (7 - k);
    return r;
}

/* Evaluation at the roots, which FIPS 204 section 2.5 defines the transform as. */
static void test_ntt_is_evaluation(void **state)
{
    (void)state;
    FOR_LEVELS(o)
    {
        poly f, want, got;
        fill(&f, -Q + 1, Q - 1);
        for (unsigned i = 0; i < N; i++) {
            int64_t root = 1, sum = 0, power = 1;
            for (unsigned k = 0; k < 2 * reversed(i) + 1; k++)
                root = root * 1753 % Q;
            for (unsigned k = 0; k < N; k++, power = power * root % Q)
                sum = (sum + power * f.c[k]) % Q;
            want.c[i] = (int32_t)sum;
        }
        got = f;
        o->ntt(&got);
        assert_congruent(&got, &want);
    }
}

static void test_zetas(void **state)
{
    (void)state;
    static const int32_t some[][2] = {{1, WTL_ZETA_1},     {2, WTL_ZETA_2},     {77, WTL_ZETA_77},
                                      {128, WTL_ZETA_128}, {254, WTL_ZETA_254}, {255, WTL_ZETA_255}};
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        int64_t x = (int64_t)((UINT64_C(1) << 32) % Q);
        for (unsigned k = 0; k < reversed((unsigned)some[i][0]); k++)
            x = x * 1753 % Q;
        assert_int_equal(canonical(some[i][1]), x);
        assert_true(2 * abs(some[i][1]) < Q);
    }
}

static void test_product(void **state)
{
    (void)state;
    FOR_LEVELS(o)
    {
        for (int round = 0; round < 20; round++) {
            poly a, b, want;
            fill(&a, -Q + 1, Q - 1);
            fill(&b, -Q + 1, Q - 1);
            int64_t sum[N] = {0};
            for (int i = 0; i < N; i++) {
                for (int k = 0; k < N; k++) {
                    int64_t x = (int64_t)a.c[i] * b.c[k] % Q;
                    sum[(i + k) % N] += i + k < N ? x : -x;
                }
            }
            for (int i = 0; i < N; i++)
                want.c[i] = (int32_t)(sum[i] % Q);
            o->ntt(&a);
            o->ntt(&b);
            o->mul(&a, &a, &b);
            o->intt(&a);
            assert_congruent(&a, &want);
        }
    }
}

static void test_transforms(void **state)
{
    (void)state;
    FOR_LEVELS(o)
    {
        for (int round = 0; round < ROUNDS; round++) {
            poly got, want;
            fill(&got, -Q - (1 << 20) + 1, Q + (1 << 20) - 1);
            want = got;
            o->ntt(&got);
            ref->ntt(&want);
            assert_congruent(&got, &want);
            fill(&got, -Q + 1, Q - 1);
            want = got;
            o->intt(&got);
            ref->intt(&want);
            assert_congruent(&got, &want);
        }
    }
}

static void test_products(void **state)
{
    (void)state;
    static poly a[L], b[L];
    const int64_t r = 8265825; /* 2^-32 mod q */
    assert_int_equal(canonical(r * ((INT64_C(1) << 32) % Q)), 1);
    FOR_LEVELS(o)
    {
        for (int round = 0; round < ROUNDS; round++) {
            poly got, want, alias;
            size_t l = 1 + noise() % L;
            for (size_t j = 0; j < l; j++) {
                fill(&a[j], -Q + 1, Q - 1);
                fill(&b[j], -Q + 1, Q - 1);
                if (round % 8 == 0)
                    b[j] = a[j]; /* all of one sign */
            }
            for (int i = 0; i < N; i++) {
                int64_t sum = 0;
                for (size_t j = 0; j < l; j++)
                    sum += (int64_t)a[j].c[i] * b[j].c[i];
                want.c[i] = (int32_t)(sum % Q * r % Q);
            }
            o->mulacc(&got, a, b, l);
            assert_congruent(&got, &want);
            ref->mulacc(&want, a, b, 1);
            o->mul(&got, a, b);
            assert_congruent(&got, &want);
            alias = a[0];
            o->mul(&alias, &alias, b);
            assert_same(&alias, &got);
            alias = b[0];
            o->mul(&alias, a, &alias);
            assert_same(&alias, &got);
        }
    }
}

static void test_sums(void **state)
{
    (void)state;
    enum { MOST = (1 << 22) + (1 << 14) };
    FOR_LEVELS(o)
    {
        for (int round = 0; round < ROUNDS; round++) {
            poly a, b, got[2], want[2];
            fill(&a, -Q + 1, Q - 1);
            fill(&b, -Q + 1, Q - 1);
            got[0] = got[1] = a;
            for (int i = 0; i < N; i++) {
                want[0].c[i] = a.c[i] + b.c[i];
                want[1].c[i] = a.c[i] - b.c[i];
            }
            o->add(&got[0], &b);
            o->sub(&got[1], &b);
            for (int k = 0; k < 2; k++) {
                assert_congruent(&got[k], &want[k]);
                for (int i = 0; i < N; i++)
                    assert_true(abs(got[k].c[i]) <= MOST);
            }
            fill(&got[0], 0, 1023);
            want[0] = got[0];
            o->shift(&got[0]);
            for (int i = 0; i < N; i++)
                want[0].c[i] *= 8192;
            assert_congruent(&got[0], &want[0]);
        }
    }
}

/* from, from + 1, ... */
static void count(poly *f, int32_t from)
{
    for (int i = 0; i < N; i++)
        f->c[i] = from + i;
}

static void test_canon(void **state)
{
    (void)state;
    enum { MOST = INT32_MAX - (1 << 22) };
    FOR_LEVELS(o)
    {
        poly f, want;
        for (int32_t from = -Q + 1; from < Q; from += N) {
            count(&f, from);
            for (int i = 0; i < N; i++)
                want.c[i] = canonical(f.c[i]);
            o->canon(&f);
            assert_same(&f, &want);
        }
        for (int round = 0; round < ROUNDS; round++) {
            fill(&f, round & 1 ? -MOST : 0, round & 1 ? -1 : MOST);
            for (int i = 0; i < N; i++)
                want.c[i] = canonical(f.c[i]);
            o->canon(&f);
            assert_same(&f, &want);
        }
    }
}

/* mod+- of FIPS 204 section 2.3 for m even. */
static int32_t centred(int32_t x, int32_t m)
{
    x %= m;
    return x > m / 2 ? x - m : x;
}

/* Algorithm 36 as it is written. */
static int32_t rounded(int32_t *r0, int32_t x, int32_t gamma2)
{
    *r0 = centred(x, 2 * gamma2);
    if (x - *r0 == Q - 1) {
        *r0 -= 1;
        return 0;
    }
    return (x - *r0) / (2 * gamma2);
}

/* All of 0 .. q-1 and what is less by q; algorithm 40 for the hints 0, 1 and a mixture. */
static void one_rounding(const wtl_polydsa *o, int32_t from, int32_t gamma2)
{
    const int32_t m = (Q - 1) / (2 * gamma2);
    poly a, low, high, x, y, hint, used;
    count(&a, from);
    for (int i = 0; i < N; i++)
        high.c[i] = rounded(&low.c[i], canonical(a.c[i]), gamma2);
    for (int i = 0; i < N; i++)
        a.c[i] = a.c[i] >= Q ? a.c[i] - Q : a.c[i];
    for (int k = 0; k < 2; k++) { /* apart, in place */
        x = y = a;
        o->decompose(&x, &y, k == 0 ? &a : &x, gamma2);
        assert_same(&x, &high);
        assert_same(&y, &low);
    }
    y = a;
    o->decompose(&x, &y, &y, gamma2);
    assert_same(&x, &high);
    assert_same(&y, &low);
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < N; i++) {
            hint.c[i] = k == 0 ? i & 1 : !(i & 1);
            used.c[i] = !hint.c[i] ? high.c[i] : (high.c[i] + (low.c[i] > 0 ? 1 : m - 1)) % m;
        }
        o->use_hint(&x, &hint, &a, gamma2);
        assert_same(&x, &used);
    }
}

static void test_roundings(void **state)
{
    (void)state;
    FOR_LEVELS(o)
    {
        for (int k = 0; k < 2; k++) {
            for (int32_t from = -Q + 1; from < Q; from += N)
                one_rounding(o, from, gamma2s[k]);
        }
        for (int32_t from = 0; from < Q; from += N) {
            poly a, low, high, x, y;
            count(&a, from);
            for (int i = 0; i < N; i++) {
                a.c[i] = a.c[i] >= Q ? Q - 1 : a.c[i];
                low.c[i] = centred(a.c[i], 1 << 13);
                high.c[i] = (a.c[i] - low.c[i]) >> 13;
            }
            o->power2round(&x, &y, &a);
            assert_same(&x, &high);
            assert_same(&y, &low);
        }
    }
}

/* Every r0, with parts of 0, 1, the last, and any. */
static void test_make_hint(void **state)
{
    (void)state;
    FOR_LEVELS(o)
    {
        for (int k = 0; k < 2; k++) {
            const int32_t g = gamma2s[k], last = (Q - 1) / (2 * g) - 1;
            for (int32_t from = -Q + 1; from < Q;
                 from += N - 9) { /* so that -gamma2 comes by in many lanes */
                poly r0, r1, got, want;
                unsigned ones = 0;
                count(&r0, from);
                if (from == -Q + 1)
                    fill(&r0, -g - 1, -g + 1);
                for (int i = 0; i < N; i++) {
                    r0.c[i] = r0.c[i] >= Q ? -g : r0.c[i];
                    r1.c[i] = noise() & 1 ? 0 : noise() & 1 ? 1 : noise() & 1 ? last : between(0, last);
                    want.c[i] = r0.c[i] > g || r0.c[i] < -g || (r0.c[i] == -g && r1.c[i] != 0);
                    ones += (unsigned)want.c[i];
                }
                assert_int_equal(o->make_hint(&got, &r0, &r1, g), ones);
                assert_same(&got, &want);
            }
        }
    }
}

/* Hints given and used bring back the high part (section 7.4's purpose): HighBits(w + z) from w's hint. */
static void test_hints_meet(void **state)
{
    (void)state;
    FOR_LEVELS(o)
    {
        for (int round = 0; round < ROUNDS; round++) {
            const int32_t g = gamma2s[round & 1];
            poly w, z, r0, r1, h, got;
            fill(&w, 0, Q - 1);
            fill(&z, -g + 1, g - 1);
            o->decompose(&r1, &r0, &w, g);
            o->add(&r0, &z);
            o->make_hint(&h, &r0, &r1, g);
            o->add(&w, &z);
            o->use_hint(&got, &h, &w, g);
            assert_same(&got, &r1);
        }
    }
}

static void test_exceeds(void **state)
{
    (void)state;
    FOR_LEVELS(o)
    {
        for (int round = 0; round < ROUNDS; round++) {
            poly f;
            int32_t bound = round == 0 ? 1 : round == 1 ? (Q - 1) / 8 : between(1, (Q - 1) / 8);
            fill(&f, -bound + 1, bound - 1);
            for (int i = 0; i < N; i++) {
                if (noise() & 1)
                    f.c[i] += f.c[i] > 0 ? -Q : f.c[i] < 0 ? Q : 0;
            }
            assert_false(o->exceeds(&f, bound));
            int32_t *x = &f.c[round % N];
            int32_t over = round & 256 ? bound : between(bound, Q / 2);
            for (int k = 0; k < 4; k++) {
                *x = (k & 1 ? -over : over) + (k == 2 ? -Q : k == 3 ? Q : 0);
                assert_true(o->exceeds(&f, bound));
            }
        }
    }
}

/* One packing: its functions in one shape, sizes, and the least and greatest value. */
typedef struct packing {
    void (*pack)(const wtl_polydsa *o, uint8_t *out, const poly *f);
    unsigned (*unpack)(const wtl_polydsa *o, poly *f, const uint8_t *in);
    unsigned bits;
    int32_t lo, hi, from, sign; /* the number packed is from + sign x */
} packing;

#define SHAPED(name, pack_call, unpack_call)                                        \
    static void pack_##name(const wtl_polydsa *o, uint8_t *out, const poly *f)      \
    {                                                                               \
        o->pack_call;                                                               \
    }                                                                               \
    static unsigned unpack_##name(const wtl_polydsa *o, poly *f, const uint8_t *in) \
    {                                                                               \
        return o->unpack_call;                                                      \
    }
#define NEVER_BAD(call) call, 0U
SHAPED(eta2, pack_eta(out, f, 2), unpack_eta(f, in, 2))
SHAPED(eta4, pack_eta(out, f, 4), unpack_eta(f, in, 4))
SHAPED(t1, pack_t1(out, f), NEVER_BAD(unpack_t1(f, in)))
SHAPED(t0, pack_t0(out, f), NEVER_BAD(unpack_t0(f, in)))
SHAPED(z17, pack_z(out, f, 1 << 17), NEVER_BAD(unpack_z(f, in, 1 << 17)))
SHAPED(z19, pack_z(out, f, 1 << 19), NEVER_BAD(unpack_z(f, in, 1 << 19)))

static void pack_w6(const wtl_polydsa *o, uint8_t *out, const poly *f)
{
    o->pack_w1(out, f, gamma2s[0]);
}

static void pack_w4(const wtl_polydsa *o, uint8_t *out, const poly *f)
{
    o->pack_w1(out, f, gamma2s[1]);
}

static const packing packings[] = {
    {pack_eta2, unpack_eta2, 3, -2, 2, 2, -1},
    {pack_eta4, unpack_eta4, 4, -4, 4, 4, -1},
    {pack_t1, unpack_t1, 10, 0, 1023, 0, 1},
    {pack_t0, unpack_t0, 13, -4095, 4096, 4096, -1},
    {pack_z17, unpack_z17, 18, -(1 << 17) + 1, 1 << 17, 1 << 17, -1},
    {pack_z19, unpack_z19, 20, -(1 << 19) + 1, 1 << 19, 1 << 19, -1},
    {pack_w6, NULL, 6, 0, 43, 0, 1},
    {pack_w4, NULL, 4, 0, 15, 0, 1},
};

/* Algorithm 16 and 17 bit by bit. */
static void pack_bits(uint8_t *out, const poly *f, const packing *p)
{
    memset(out, 0, N * p->bits / 8);
    for (unsigned i = 0; i < N * p->bits; i++) {
        uint32_t x = (uint32_t)(p->from + p->sign * f->c[i / p->bits]);
        out[i / 8] |= (uint8_t)((x >> i % p->bits & 1) << i % 8);
    }
}

static void test_packings(void **state)
{
    (void)state;
    FOR_LEVELS(o)
    {
        for (size_t k = 0; k < sizeof packings / sizeof packings[0]; k++) {
            const packing *p = &packings[k];
            const size_t n = N * p->bits / 8;
            uint8_t *out = fence[0] - n, want[640];
            for (int round = 0; round < ROUNDS; round++) {
                poly f, got;
                fill(&f, p->lo, p->hi);
                if (round % 16 == 0 || round < 16)
                    pack_bits(want, &f, p);
                else
                    p->pack(ref, want, &f);
                memset(out - 64, 0xa5, n + 64);
                p->pack(o, out, &f);
                assert_memory_equal(out, want, n);
                for (int i = 1; i <= 64; i++)
                    assert_int_equal(out[-i], 0xa5);
                if (p->unpack == NULL)
                    continue;
                assert_int_equal(p->unpack(o, &got, out), 0);
                assert_same(&got, &f);
            }
        }
    }
}

/* Any bytes are a polynomial, but for eta. */
static void test_unpack_any(void **state)
{
    (void)state;
    FOR_LEVELS(o)
    {
        for (size_t k = 0; k < 6; k++) {
            const packing *p = &packings[k];
            const size_t n = N * p->bits / 8;
            uint8_t *in = fence[0] - n;
            for (int round = 0; round < ROUNDS; round++) {
                poly got, want;
                fill(&want, p->lo, p->hi);
                pack_bits(in, &want, p);
                if (k < 2 && round > 0) { /* one coefficient out of range, in every place */
                    unsigned at = (unsigned)round % N;
                    want.c[at] = between(p->from - (1 << p->bits) + 1, p->lo - 1);
                    pack_bits(in, &want, p);
                }
                assert_int_equal(p->unpack(o, &got, in) != 0, k < 2 && round > 0);
                if (k >= 2)
                    assert_same(&got, &want);
            }
        }
    }
}

typedef unsigned sampler(const wtl_polydsa *o, poly *f, unsigned have, const uint8_t *in, size_t n);

#define SAMPLER(name, call)                                                                         \
    static unsigned name(const wtl_polydsa *o, poly *f, unsigned have, const uint8_t *in, size_t n) \
    {                                                                                               \
        return o->call;                                                                             \
    }
SAMPLER(uniform, uniform(f, have, in, n))
SAMPLER(bounded2, bounded(f, have, in, n, 2))
SAMPLER(bounded4, bounded(f, have, in, n, 4))
static sampler *const samplers[] = {uniform, bounded2, bounded4};

/* The stream as it ends at the fence, sampled into what ends at the other fence: nothing beyond either is touched, and
 * what stood there stays. */
static unsigned sample(const wtl_polydsa *o, sampler *s, unsigned have, const uint8_t *stream, size_t n)
{
    uint8_t *in = fence[0] - n;
    poly *got = (poly *)(void *)(fence[1] - sizeof(poly)), want, before;
    memmove(in, stream, n);
    fill(&before, -Q, Q);
    *got = want = before;
    unsigned now = s(ref, &want, have, in, n);
    assert_int_equal(s(o, got, have, in, n), now);
    assert_true(now >= have && now <= N);
    assert_memory_equal(got, &want, now * sizeof(int32_t));
    return now;
}

static void test_samplers_any(void **state)
{
    (void)state;
    static uint8_t stream[FENCED];
    FOR_LEVELS(o)
    {
        for (size_t k = 0; k < 3; k++) {
            for (int round = 0; round < ROUNDS; round++) {
                size_t n = noise() % (round & 1 ? 64 : 900);
                n = round % 8 == 0 ? 840 : n;
                unsigned have = noise() & 1 ? 0 : noise() % (N + 1);
                for (size_t i = 0; i < n; i++)
                    stream[i] = (uint8_t)noise();
                for (size_t i = 0; i + 3 <= n && round % 3 == 0; i += 1 + noise() % 9) /* more rejects */
                    stream[i] = stream[i + 1] = stream[i + 2] = 0xff;
                sample(o, samplers[k], have, stream, k == 0 ? n - n % 3 : n);
            }
        }
    }
}

static void test_samplers_made(void **state)
{
    (void)state;
    static const uint8_t edge[] = {0x00, 0xe0, 0x7f, 0x01, 0xe0, 0x7f, 0x02, 0xe0, 0xff, 0x00, 0xe0, 0xff,
                                   0xff, 0xdf, 0x7f, 0x00, 0x00, 0x80, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff};
    static uint8_t stream[FENCED];
    FOR_LEVELS(o)
    {
        for (size_t k = 0; k < 3; k++) {
            assert_int_equal(sample(o, samplers[k], 0, stream, 0), 0);
            assert_int_equal(sample(o, samplers[k], 77, stream, 0), 77);
            memset(stream, 0xff, sizeof stream);
            assert_int_equal(sample(o, samplers[k], 0, stream, 840), 0);
            assert_int_equal(sample(o, samplers[k], 250, stream, 840), 250);
            memset(stream, 0, sizeof stream);
            for (unsigned have = 0; have <= N; have++)
                assert_int_equal(sample(o, samplers[k], have, stream, 840), N);
            for (unsigned n = 0; n < 300; n += 3)
                assert_int_equal(sample(o, samplers[k], 100, stream, n),
                                 k == 0            ? (100 + n / 3 < N ? 100 + n / 3 : N)
                                 : 100 + 2 * n < N ? 100 + 2 * n
                                                   : N);
        }
        for (size_t i = 0; i < 840; i++)
            stream[i] = edge[i % sizeof edge];
        sample(o, uniform, 0, stream, 840);
        poly f;
        unsigned n = o->uniform(&f, 0, edge, sizeof edge);
        assert_int_equal(n, 4); /* q - 1 twice, 2^23 - 8193, 0; q and more are rejected */
        assert_int_equal(f.c[0], Q - 1);
        for (unsigned at = 0; at < 2 * 100; at++) { /* one nibble accepted, at every place */
            memset(stream, 0xff, 100);
            stream[at / 2] = (uint8_t)(at & 1 ? 0x3f : 0xf3);
            assert_int_equal(sample(o, bounded2, 0, stream, 100), 1);
            assert_int_equal(o->bounded(&f, 0, stream, 100, 4), 1);
            assert_int_equal(f.c[0], 1);
        }
    }
}

/* Algorithm 15 for every nibble. */
static void test_bounded_values(void **state)
{
    (void)state;
    FOR_LEVELS(o)
    {
        for (unsigned x = 0; x < 16; x++) {
            poly f;
            uint8_t in[64];
            memset(in, (int)(x | 0xf0), sizeof in);
            assert_int_equal(o->bounded(&f, 0, in, sizeof in, 2), x < 15 ? 64 : 0);
            assert_true(x == 15 || f.c[63] == 2 - (int32_t)(x % 5));
            assert_int_equal(o->bounded(&f, 0, in, sizeof in, 4), x < 9 ? 64 : 0);
            assert_true(x >= 9 || f.c[63] == 4 - (int32_t)x);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_zetas),
        cmocka_unit_test(test_ntt_is_evaluation),
        cmocka_unit_test(test_product),
        cmocka_unit_test(test_transforms),
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_canon),
        cmocka_unit_test(test_roundings),
        cmocka_unit_test(test_make_hint),
        cmocka_unit_test(test_hints_meet),
        cmocka_unit_test(test_exceeds),
        cmocka_unit_test(test_packings),
        cmocka_unit_test(test_unpack_any),
        cmocka_unit_test(test_samplers_any),
        cmocka_unit_test(test_samplers_made),
        cmocka_unit_test(test_bounded_values),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
