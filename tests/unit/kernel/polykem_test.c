#include "unit.h"

#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/polykem_impl.h"

enum { N = WTL_POLYKEM_N, Q = WTL_POLYKEM_Q, K = WTL_POLYKEM_K_MOST, TIMES = 4096, PACKED = 384, EDGE = 64 };
typedef wtl_polykem_poly poly;
static const uint8_t widths[] = {1, 4, 5, 10, 11};
enum { WIDTHS = sizeof widths };

/* A polynomial between two that nobody may touch. */
typedef struct fenced {
    poly before, f, after;
} fenced;

static const wtl_polykem *levels[WTL_CPU_LEVELS];
static size_t n_levels;
static uint8_t *fence; /* the end of memory that can be read */

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
    long page = sysconf(_SC_PAGESIZE);
    uint8_t *p = mmap(NULL, 2 * (size_t)page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || mprotect(p + page, (size_t)page, PROT_NONE) < 0)
        return -1;
    fence = p + page;
    for (int level = 0; level < WTL_CPU_LEVELS; level++) {
        const wtl_polykem *o;
        if (wtl_polykem_pick(&o, level, NULL) == WTL_OK && (int)o->level == level)
            levels[n_levels++] = o;
        else
            print_message("[  SKIPPED ] %s: not on this machine, or no way of its own\n",
                          wtl_cpu_name(level));
    }
    return n_levels > 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return munmap(fence - sysconf(_SC_PAGESIZE), 2 * (size_t)sysconf(_SC_PAGESIZE));
}

static void put_up(fenced *x, const poly *f)
{
    memset(x, 0xa5, sizeof *x);
    if (f != NULL)
        x->f = *f;
}

static void assert_untouched(const void *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(((const uint8_t *)p)[i], 0xa5);
}

static void assert_fences(const fenced *x)
{
    assert_untouched(&x->before, sizeof x->before);
    assert_untouched(&x->after, sizeof x->after);
}

static int mod(int64_t x)
{
    int r = (int)(x % Q);
    return r < 0 ? r + Q : r;
}

static void assert_congruent(const poly *a, const poly *b)
{
    for (unsigned i = 0; i < N; i++) {
        if (abs(a->c[i]) >= Q || mod(a->c[i]) != mod(b->c[i]))
            fail_msg("coefficient %u is %d where %d belongs", i, a->c[i], b->c[i]);
    }
}

static int16_t within(int bound)
{
    return (int16_t)((int)(noise() % (2 * (uint32_t)bound - 1)) - (bound - 1));
}

/* |x| < bound: at random, but every eighth one extreme. */
static void example(poly *f, int bound, unsigned turn)
{
    int most = bound - 1;
    unsigned s = turn / 8 % 9;
    for (unsigned i = 0; i < N; i++) {
        if (turn % 8 != 0)
            f->c[i] = within(bound);
        else if (turn / 72 % 2 == 0)
            f->c[i] = (int16_t)(i >> s & 1 ? -most : most);
        else
            f->c[i] = (int16_t)(noise() & 1 ? most : -most);
    }
}

/* 17^n mod q. */
static int power(unsigned n)
{
    int r = 1;
    for (unsigned i = 0; i < n % 256; i++)
        r = mod((int64_t)r * 17);
    return r;
}

static unsigned reversed(unsigned i)
{
    unsigned r = 0;
    for (unsigned b = 0; b < 7; b++)
        r |= (i >> b & 1) << (6 - b);
    return r;
}

/* Residues mod X^2 - 17^(2 BitRev7(i) + 1), by Horner's rule. */
static void ntt_by_definition(poly *out, const poly *f)
{
    for (unsigned i = 0; i < 128; i++) {
        int g = power(2 * reversed(i) + 1);
        int64_t even = 0;
        int64_t odd = 0;
        for (unsigned j = 128; j-- > 0;) {
            even = mod(even * g + f->c[2 * j]);
            odd = mod(odd * g + f->c[2 * j + 1]);
        }
        out->c[2 * i] = (int16_t)even;
        out->c[2 * i + 1] = (int16_t)odd;
    }
}

static void product_by_definition(poly *out, const poly *a, const poly *b)
{
    int64_t sum[N] = {0};
    for (unsigned i = 0; i < N; i++) {
        for (unsigned j = 0; j < N; j++)
            sum[(i + j) % N] += (i + j < N ? 1 : -1) * (int64_t)a->c[i] * b->c[j];
    }
    for (unsigned i = 0; i < N; i++)
        out->c[i] = (int16_t)mod(sum[i]);
}

static void as_the_standard_says(void **state)
{
    (void)state;
    for (unsigned turn = 0; turn < 64; turn++) {
        poly a, b, ta, tb, ab, r;
        example(&a, 2 * Q, turn);
        example(&b, 2 * Q, turn + 100);
        ntt_by_definition(&ta, &a);
        ntt_by_definition(&tb, &b);
        product_by_definition(&ab, &a, &b);
        for (size_t l = 0; l < n_levels; l++) {
            poly x = a, y = b;
            levels[l]->ntt(&x);
            levels[l]->ntt(&y);
            assert_congruent(&x, &ta);
            assert_congruent(&y, &tb);
            levels[l]->mulacc(&r, &x, &y, 1);
            levels[l]->intt(&r);
            assert_congruent(&r, &ab);
        }
    }
}

/* The signs of a root's powers: what makes the sums of the NTT, or of its inverse, largest. */
static void signs_of_powers(poly *f, unsigned root)
{
    for (unsigned i = 0; i < N; i++) {
        int x = power((root * (i / 2) * 2 + root) % 256);
        f->c[i] = (int16_t)(x > Q / 2 ? 1 - 2 * Q : 2 * Q - 1);
    }
}

static void in_place(const poly *f)
{
    const wtl_polykem *r = &wtl_polykem_ref;
    poly ntt = *f, intt = *f, tomont = *f;
    r->ntt(&ntt);
    r->intt(&intt);
    r->tomont(&tomont);
    for (size_t l = 0; l < n_levels; l++) {
        fenced x;
        put_up(&x, f);
        levels[l]->ntt(&x.f);
        assert_congruent(&x.f, &ntt);
        assert_fences(&x);
        put_up(&x, f);
        levels[l]->intt(&x.f);
        assert_congruent(&x.f, &intt);
        assert_fences(&x);
        put_up(&x, f);
        levels[l]->tomont(&x.f);
        assert_congruent(&x.f, &tomont);
        assert_fences(&x);
    }
}

static void transforms(void **state)
{
    (void)state;
    poly f;
    for (unsigned turn = 0; turn < 2 * TIMES; turn++) {
        example(&f, turn % 3 == 0 ? 3 : 2 * Q, turn);
        in_place(&f);
    }
    for (unsigned root = 0; root < 256; root++) {
        signs_of_powers(&f, root);
        in_place(&f);
    }
}

/* Every representative that may come, in every lane of a register. */
static void every_value_times_montgomery(void **state)
{
    (void)state;
    for (int from = 1 - 2 * Q; from < 2 * Q; from++) {
        poly f;
        for (int i = 0; i < N; i++)
            f.c[i] = (int16_t)((from + 2 * Q - 1 + i) % (4 * Q - 1) - (2 * Q - 1));
        for (size_t l = 0; l < n_levels; l++) {
            poly x = f;
            levels[l]->tomont(&x);
            for (unsigned i = 0; i < N; i++) {
                if (abs(x.c[i]) >= Q || mod(x.c[i]) != mod((int64_t)f.c[i] * 65536))
                    fail_msg("%d became %d", f.c[i], x.c[i]);
            }
        }
    }
}

/* All sums and differences from -4q to 4q. */
static void sums(void **state)
{
    (void)state;
    for (unsigned turn = 0; turn < 2 * TIMES; turn++) {
        poly a, b;
        example(&a, 2 * Q, turn);
        example(&b, 2 * Q, turn % 5 == 0 ? 0 : turn);
        for (int i = 0; i < N; i++) /* the turns go through all first terms */
            b.c[i] = turn % 2 ? (int16_t)((i + 256 * (int)turn / 2) % (4 * Q - 1) - (2 * Q - 1)) : b.c[i];
        for (size_t l = 0; l < n_levels; l++) {
            fenced sum, difference;
            put_up(&sum, &a);
            put_up(&difference, &a);
            levels[l]->add(&sum.f, &b);
            levels[l]->sub_from(&difference.f, &b);
            for (unsigned i = 0; i < N; i++) {
                if (abs(sum.f.c[i]) >= Q || mod(sum.f.c[i]) != mod(a.c[i] + b.c[i]) ||
                    abs(difference.f.c[i]) >= Q || mod(difference.f.c[i]) != mod(b.c[i] - a.c[i]))
                    fail_msg("%d and %d became %d and %d", a.c[i], b.c[i], sum.f.c[i], difference.f.c[i]);
            }
            assert_fences(&sum);
            assert_fences(&difference);
        }
    }
}

static void products(void **state)
{
    (void)state;
    poly a[K], b[K], good;
    for (unsigned turn = 0; turn < TIMES; turn++) {
        for (unsigned i = 0; i < K; i++) {
            example(&a[i], Q, turn % 16 == 8 ? turn / 16 : turn + 8 * i);
            example(&b[i], 2 * Q, turn % 16 == 8 ? 0 : turn);
        }
        for (unsigned i = 0; turn % 3 == 0 && i < N; i++) /* canonical ones, and the largest of these */
            a[turn % K].c[i] = (int16_t)(turn % 2 ? Q - 1 : mod(a[turn % K].c[i]));
        for (size_t k = 1; k <= K; k++) {
            wtl_polykem_ref.mulacc(&good, a, b, k);
            for (size_t l = 0; l < n_levels; l++) {
                fenced r;
                put_up(&r, NULL);
                levels[l]->mulacc(&r.f, a, b, k);
                assert_congruent(&r.f, &good);
                assert_fences(&r);
            }
        }
    }
}

/* All terms of all sums at their largest, with each combination of signs of the two coefficients of a pair. */
static void largest_products(void **state)
{
    (void)state;
    static poly a[K], b[K];
    for (unsigned signs = 0; signs < 16; signs++) {
        poly good;
        for (unsigned i = 0; i < K * N; i++) {
            a[i / N].c[i % N] = (int16_t)(signs >> i % 2 & 1 ? 1 - Q : Q - 1);
            b[i / N].c[i % N] = (int16_t)(signs >> (2 + i % 2) & 1 ? 1 - 2 * Q : 2 * Q - 1);
        }
        for (unsigned i = 0; i < N; i += 2) {
            int64_t g = power(2 * reversed(i / 2) + 1);
            const int16_t *x = a[0].c + i, *y = b[0].c + i;
            int64_t even = (int64_t)x[0] * y[0] + mod((int64_t)x[1] * y[1]) * g;
            int64_t odd = (int64_t)x[0] * y[1] + (int64_t)x[1] * y[0];
            good.c[i] = (int16_t)mod(4 * even % Q * 169); /* 2^-16 is 169 */
            good.c[i + 1] = (int16_t)mod(4 * odd % Q * 169);
        }
        for (size_t l = 0; l < n_levels; l++) {
            poly r;
            levels[l]->mulacc(&r, a, b, K);
            assert_congruent(&r, &good);
        }
    }
}

/* Appends as algorithm 7 does. */
static unsigned sample_by_definition(poly *f, unsigned have, const uint8_t *in, size_t n)
{
    for (size_t i = 0; i < n; i += 3) {
        unsigned d[2] = {in[i] + 256u * (in[i + 1] % 16), in[i + 1] / 16 + 16u * in[i + 2]};
        for (unsigned j = 0; j < 2; j++) {
            if (d[j] < Q && have < N)
                f->c[have++] = (int16_t)d[j];
        }
    }
    return have;
}

static void one_stream(const uint8_t *in, size_t n, unsigned have)
{
    poly good;
    memset(&good, 0xa5, sizeof good);
    unsigned count = sample_by_definition(&good, have, in, n);
    memcpy(fence - n, in, n);
    for (size_t l = 0; l < n_levels; l++) {
        fenced x;
        put_up(&x, NULL);
        assert_int_equal(levels[l]->sample_ntt(&x.f, have, fence - n, n), count);
        assert_memory_equal(x.f.c, good.c, count * sizeof good.c[0]);
        assert_fences(&x);
    }
}

/* Words of 12 bits as bytes. */
static void twelve(uint8_t *out, const uint16_t *w, size_t n)
{
    for (size_t i = 0; i < n; i += 2) {
        out[3 * (i / 2)] = (uint8_t)w[i];
        out[3 * (i / 2) + 1] = (uint8_t)(w[i] >> 8 | w[i + 1] << 4);
        out[3 * (i / 2) + 2] = (uint8_t)(w[i + 1] >> 4);
    }
}

static void streams(void **state)
{
    (void)state;
    static const unsigned haves[] = {0,   1,   3,   200, 223, 224, 225, 239,
                                     240, 241, 247, 248, 249, 254, 255, 256};
    uint8_t in[840];
    for (unsigned turn = 0; turn < TIMES; turn++) {
        for (size_t i = 0; i < sizeof in; i++)
            in[i] = (uint8_t)noise();
        one_stream(in, 504, 0);
        one_stream(in, 3 * (noise() % 281), haves[turn % 16]);
        one_stream(in, 3 * (turn % 281), noise() % 257);
        if (turn >= 3)
            continue;
        memset(in, turn == 0 ? 0xff : turn == 1 ? 0 : 0xd0, sizeof in); /* none, all, as it comes */
        for (size_t n = 0; n <= sizeof in; n += 3) {
            for (unsigned h = 0; h < 16; h++)
                one_stream(in, n, haves[h]);
        }
    }
}

/* Each pattern of accepted and refused words in each group of eight, from the values next to the border. */
static void patterns(void **state)
{
    (void)state;
    static const uint16_t good[] = {0, 1, 255, 256, Q - 2, Q - 1}, bad[] = {Q, Q + 1, 4094, 4095};
    uint8_t in[96];
    uint16_t w[64];
    for (unsigned mask = 0; mask < 256; mask++) {
        for (unsigned at = 0; at < 8; at++) {
            for (unsigned i = 0; i < 64; i++) {
                bool take = i / 8 == at ? mask >> i % 8 & 1 : noise() & 1;
                w[i] = take ? good[noise() % 6] : bad[noise() % 4];
            }
            twelve(in, w, 64);
            one_stream(in, 96, 0);
            one_stream(in, 96, 190 + noise() % 66);
            one_stream(in, 72, noise() % 256);
        }
    }
}

/* Algorithm 8. */
static void cbd_by_definition(poly *f, const uint8_t *in, unsigned eta)
{
    for (unsigned i = 0; i < N; i++) {
        int sum = 0;
        for (unsigned j = 0; j < 2 * eta; j++) {
            unsigned bit = 2 * eta * i + j;
            sum += (in[bit / 8] >> bit % 8 & 1) * (j < eta ? 1 : -1);
        }
        f->c[i] = (int16_t)sum;
    }
}

static void binomial(void **state)
{
    (void)state;
    for (unsigned turn = 0; turn < TIMES; turn++) {
        uint8_t in[192];
        for (unsigned i = 0; i < sizeof in; i++)
            in[i] = (uint8_t)(turn < 256 ? turn : turn < 512 ? turn + i : noise());
        for (unsigned eta = 2; eta <= 3; eta++) {
            poly good;
            cbd_by_definition(&good, in, eta);
            const uint8_t *at = memcpy(fence - 64 * (size_t)eta, in, 64 * (size_t)eta);
            for (size_t l = 0; l < n_levels; l++) {
                fenced x;
                put_up(&x, NULL);
                (eta == 2 ? levels[l]->cbd2 : levels[l]->cbd3)(&x.f, at);
                assert_memory_equal(&x.f, &good, sizeof good);
                assert_fences(&x);
            }
        }
    }
}

/* ByteEncode_d. */
static void pack(uint8_t *out, const uint16_t *w, unsigned d)
{
    memset(out, 0, 32 * (size_t)d);
    for (unsigned i = 0; i < N; i++) {
        for (unsigned j = 0; j < d; j++)
            out[(i * d + j) / 8] |= (uint8_t)((w[i] >> j & 1) << (i * d + j) % 8);
    }
}

static void assert_bytes(const poly *f, const uint16_t w[N], unsigned d)
{
    uint8_t good[PACKED], got[PACKED + 2 * EDGE];
    size_t n = 32 * (size_t)d;
    pack(good, w, d);
    for (size_t l = 0; l < n_levels; l++) {
        memset(got, 0xa5, sizeof got);
        if (d == 12)
            levels[l]->to_bytes(got + EDGE, f);
        else
            levels[l]->compress(got + EDGE, f, d);
        if (memcmp(got + EDGE, good, n) != 0)
            fail_msg("%s: other bytes of %u bits", wtl_cpu_name(levels[l]->level), d);
        assert_untouched(got, EDGE);
        assert_untouched(got + EDGE + n, EDGE);
    }
}

static uint16_t compressed(int x, unsigned d)
{
    return (uint16_t)((((unsigned)mod(x) << (d + 1)) + Q) / (2 * Q) & ((1u << d) - 1));
}

/* Each of the representatives from 1 - 2q to 2q - 1, and in each place of a polynomial some; of 12 bits all in all. */
static void every_value_to_bytes(void **state)
{
    (void)state;
    static const uint8_t all[] = {12, 1, 4, 5, 10, 11};
    for (int from = 0; from < 4 * Q - 1; from++) {
        for (unsigned k = 0; k < sizeof all; k++) {
            unsigned d = all[k];
            if (d != 12 && from % 16 != 0)
                continue;
            poly f;
            uint16_t w[N];
            for (int i = 0; i < N; i++) {
                f.c[i] = (int16_t)((from + i) % (4 * Q - 1) - (2 * Q - 1));
                w[i] = d == 12 ? (uint16_t)mod(f.c[i]) : compressed(f.c[i], d);
            }
            assert_bytes(&f, w, d);
        }
    }
}

static void random_to_bytes(void **state)
{
    (void)state;
    for (unsigned turn = 0; turn < TIMES; turn++) {
        poly f;
        uint16_t w[N];
        example(&f, 2 * Q, turn);
        unsigned d = widths[turn % WIDTHS];
        for (unsigned i = 0; i < N; i++)
            w[i] = compressed(f.c[i], d);
        assert_bytes(&f, w, d);
    }
}

/* Each value of d bits in each place. */
static void every_value_decompressed(void **state)
{
    (void)state;
    for (unsigned k = 0; k < WIDTHS; k++) {
        unsigned d = widths[k];
        for (unsigned turn = 0; turn < (1u << d) || turn < 512; turn++) {
            poly good;
            uint16_t w[N];
            for (unsigned i = 0; i < N; i++) {
                w[i] = (uint16_t)((turn < 1u << d ? turn + 37 * i : noise()) & ((1u << d) - 1));
                good.c[i] = (int16_t)((2u * Q * w[i] + (1u << d)) >> (d + 1));
            }
            pack(fence - 32 * (size_t)d, w, d);
            for (size_t l = 0; l < n_levels; l++) {
                fenced x;
                put_up(&x, NULL);
                levels[l]->decompress(&x.f, fence - 32 * (size_t)d, d);
                assert_memory_equal(&x.f, &good, sizeof good);
                assert_fences(&x);
            }
        }
    }
}

static void from_words(const uint16_t w[N])
{
    bool reduced = true;
    pack(fence - PACKED, w, 12);
    for (unsigned i = 0; i < N; i++)
        reduced = reduced && w[i] < Q;
    for (size_t l = 0; l < n_levels; l++) {
        fenced x;
        put_up(&x, NULL);
        unsigned flag = levels[l]->from_bytes(&x.f, fence - PACKED);
        assert_int_equal(flag == 0, reduced);
        for (unsigned i = 0; i < N; i++) {
            if (abs(x.f.c[i]) >= Q || mod(x.f.c[i]) != w[i] % Q)
                fail_msg("%u became %d", w[i], x.f.c[i]);
        }
        assert_fences(&x);
    }
}

static void from_bytes(void **state)
{
    (void)state;
    static const uint16_t odd_ones[] = {Q - 1, Q, Q + 1, 3456, 3584, 4000, 4094, 4095, 0, 2048};
    uint16_t w[N];
    for (unsigned turn = 0; turn < 4096; turn++) { /* each value of 12 bits in each place */
        for (unsigned i = 0; i < N; i++)
            w[i] = (turn + i) & 4095;
        from_words(w);
    }
    for (unsigned at = 0; at < N; at++) { /* one that is not reduced, or is just so, in each place */
        for (unsigned k = 0; k < sizeof odd_ones / sizeof odd_ones[0]; k++) {
            for (unsigned i = 0; i < N; i++)
                w[i] = (uint16_t)(noise() % Q);
            w[at] = odd_ones[k];
            from_words(w);
        }
    }
}

static void picking(void **state)
{
    (void)state;
    wtl_err err = {0};
    const wtl_polykem *o;
    assert_good(wtl_polykem_pick(&o, WTL_CPU_AUTO, &err), &err);
    assert_non_null(o);
    assert_good(wtl_polykem_fault(&err), &err);
    for (int level = 0; level < WTL_CPU_LEVELS; level++) {
        int rc = wtl_polykem_pick(&o, level, &err);
        if (!wtl_cpu_has(level)) {
            assert_int_equal(rc, WTL_POLICY);
            assert_null(o);
            continue;
        }
        assert_good(rc, &err);
        assert_true((int)o->level == level || o == &wtl_polykem_ref);
    }
    assert_ptr_equal(levels[0], &wtl_polykem_ref);
#if defined(__x86_64__)
    assert_good(wtl_polykem_pick(&o, WTL_CPU_AUTO, &err), &err);
    if (wtl_cpu_has(WTL_CPU_AVX512) && wtl_cpu_has(WTL_CPU_ICE))
        assert_ptr_equal(o, &wtl_polykem_ice);
    else if (wtl_cpu_has(WTL_CPU_AVX2))
        assert_ptr_equal(o, &wtl_polykem_avx2);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(picking),
        cmocka_unit_test(as_the_standard_says),
        cmocka_unit_test(transforms),
        cmocka_unit_test(every_value_times_montgomery),
        cmocka_unit_test(sums),
        cmocka_unit_test(products),
        cmocka_unit_test(largest_products),
        cmocka_unit_test(streams),
        cmocka_unit_test(patterns),
        cmocka_unit_test(binomial),
        cmocka_unit_test(every_value_to_bytes),
        cmocka_unit_test(random_to_bytes),
        cmocka_unit_test(every_value_decompressed),
        cmocka_unit_test(from_bytes),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
