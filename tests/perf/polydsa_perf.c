/* Cycles of each function on polynomials of ML-DSA, by each level that is here; all levels in turn, medians.
 *   polydsa_perf [ROUNDS]     default 201
 * A cycle is the time of one addition that waits for the one before. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel/polydsa.h"

enum { Q = WTL_POLYDSA_Q, L = WTL_POLYDSA_L_MOST, CALLS = 32, ROUNDS_MOST = 2001 };
typedef wtl_polydsa_poly poly;

static poly a[L], b[L], f, g, h, bits;
static uint8_t stream[840], low[840], out[1024];

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double cycle(void)
{
    double from = now();
    unsigned long x = 1;
    for (int i = 0; i < 20000; i++) {
        x++;
        __asm__ volatile("" : "+r"(x));
    }
    return (now() - from) / 20000;
}

#define FUNCTIONS(X)                                                \
    X("ntt", o->ntt(&f))                                            \
    X("intt", o->intt(&f))                                          \
    X("mul", o->mul(&g, &a[0], &b[0]))                              \
    X("mulacc 4", o->mulacc(&g, a, b, 4))                           \
    X("mulacc 5", o->mulacc(&g, a, b, 5))                           \
    X("mulacc 7", o->mulacc(&g, a, b, 7))                           \
    X("add", o->add(&f, &a[0]))                                     \
    X("sub", o->sub(&f, &a[0]))                                     \
    X("canon", o->canon(&f))                                        \
    X("shift", (g = bits, o->shift(&g)))                            \
    X("uniform 840", o->uniform(&g, 0, stream, 840))                \
    X("bounded 2, 136", o->bounded(&g, 0, stream, 136, 2))          \
    X("bounded 4, 272", o->bounded(&g, 0, stream, 272, 4))          \
    X("power2round", o->power2round(&g, &h, &a[0]))                 \
    X("decompose 88", o->decompose(&g, &h, &a[0], (Q - 1) / 88))    \
    X("decompose 32", o->decompose(&g, &h, &a[0], (Q - 1) / 32))    \
    X("make_hint 32", o->make_hint(&g, &a[0], &bits, (Q - 1) / 32)) \
    X("use_hint 88", o->use_hint(&g, &bits, &a[0], (Q - 1) / 88))   \
    X("use_hint 32", o->use_hint(&g, &bits, &a[0], (Q - 1) / 32))   \
    X("exceeds", o->exceeds(&a[0], (Q - 1) / 8))                    \
    X("pack_w1 88", o->pack_w1(out, &bits, (Q - 1) / 88))           \
    X("pack_w1 32", o->pack_w1(out, &bits, (Q - 1) / 32))           \
    X("pack_eta 2", o->pack_eta(out, &bits, 2))                     \
    X("pack_eta 4", o->pack_eta(out, &bits, 4))                     \
    X("unpack_eta 2", o->unpack_eta(&g, low, 2))                    \
    X("unpack_eta 4", o->unpack_eta(&g, low, 4))                    \
    X("pack_t1", o->pack_t1(out, &bits))                            \
    X("unpack_t1", o->unpack_t1(&g, stream))                        \
    X("pack_t0", o->pack_t0(out, &bits))                            \
    X("unpack_t0", o->unpack_t0(&g, stream))                        \
    X("pack_z 2^17", o->pack_z(out, &bits, 1 << 17))                \
    X("pack_z 2^19", o->pack_z(out, &bits, 1 << 19))                \
    X("unpack_z 2^17", o->unpack_z(&g, stream, 1 << 17))            \
    X("unpack_z 2^19", o->unpack_z(&g, stream, 1 << 19))

static int ascending(const void *x, const void *y)
{
    const double *p = x, *q = y;
    return (*p > *q) - (*p < *q);
}

#define NAME(name, call) name,
static const char *const names[] = {FUNCTIONS(NAME)};
enum { FUNCTIONS_N = sizeof names / sizeof names[0] };
static double took[WTL_CPU_LEVELS][FUNCTIONS_N][ROUNDS_MOST];

#define MEASURE(name, call)         \
    from = now();                   \
    for (int i = 0; i < CALLS; i++) \
        call;                       \
    took[level][k++][round] = (now() - from) / (double)CALLS;

static void measure(int level, const wtl_polydsa *o, int round)
{
    int k = 0;
    double from;
    f = a[1];
    FUNCTIONS(MEASURE)
}

static void data(void)
{
    for (int j = 0; j < L; j++) {
        for (int i = 0; i < WTL_POLYDSA_N; i++) {
            a[j].c[i] = (int32_t)((unsigned)rand() % Q);
            b[j].c[i] = (int32_t)((unsigned)rand() % Q);
            bits.c[i] = rand() & 1;
        }
    }
    for (size_t i = 0; i < sizeof stream; i++)
        stream[i] = (uint8_t)(rand() >> 8);
    memset(low, 0x11, sizeof low);
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 201;
    rounds = rounds < 1 ? 1 : rounds > ROUNDS_MOST ? ROUNDS_MOST : rounds;
    const wtl_polydsa *ops[WTL_CPU_LEVELS] = {NULL};
    static double cycles[ROUNDS_MOST];
    for (int i = 0; i < WTL_CPU_LEVELS; i++) {
        if (!wtl_cpu_has((enum wtl_cpu_level)i) ||
            wtl_polydsa_pick(&ops[i], (enum wtl_cpu_level)i, NULL) < 0 || (int)ops[i]->level != i)
            ops[i] = NULL;
    }
    data();
    for (int r = 0; r < rounds; r++) {
        cycles[r] = cycle();
        for (int i = 0; i < WTL_CPU_LEVELS; i++) {
            if (ops[i] != NULL)
                measure(i, ops[i], r);
        }
    }
    qsort(cycles, (size_t)rounds, sizeof cycles[0], ascending);
    printf("%-16s", "cycles");
    for (int i = 0; i < WTL_CPU_LEVELS; i++) {
        if (ops[i] != NULL)
            printf(" %8s", wtl_cpu_name((enum wtl_cpu_level)i));
    }
    printf("    (%.3f ns each)\n", cycles[rounds / 2]);
    for (int k = 0; k < FUNCTIONS_N; k++) {
        printf("%-16s", names[k]);
        for (int i = 0; i < WTL_CPU_LEVELS; i++) {
            if (ops[i] == NULL)
                continue;
            qsort(took[i][k], (size_t)rounds, sizeof(double), ascending);
            printf(" %8.0f", took[i][k][rounds / 2] / cycles[rounds / 2]);
        }
        printf("\n");
    }
    return 0;
}
