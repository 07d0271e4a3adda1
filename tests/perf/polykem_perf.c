/* Cycles of the time stamp counter that each function of ML-KEM's polynomials takes, by each level, in turn.
 *   polykem_perf [ROUNDS]     default 2000; the median of all rounds of 16 calls is told */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kernel/polykem.h"

enum { CALLS = 16, STREAM = 504, MOST = 100000, Q = WTL_POLYKEM_Q };

static wtl_polykem_poly f, g, a[4], b[4];
static uint8_t stream[STREAM], bytes[WTL_POLYKEM_BYTES];

static uint64_t now(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#else
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
#endif
}

static void do_ntt(const wtl_polykem *p)
{
    p->ntt(&f);
}
static void do_intt(const wtl_polykem *p)
{
    p->intt(&f);
}
static void do_mulacc2(const wtl_polykem *p)
{
    p->mulacc(&f, a, b, 2);
}
static void do_mulacc3(const wtl_polykem *p)
{
    p->mulacc(&f, a, b, 3);
}
static void do_mulacc4(const wtl_polykem *p)
{
    p->mulacc(&f, a, b, 4);
}
static void do_tomont(const wtl_polykem *p)
{
    p->tomont(&f);
}
static void do_add(const wtl_polykem *p)
{
    p->add(&f, a);
}
static void do_sub(const wtl_polykem *p)
{
    p->sub_from(&f, a);
}
static void do_sample(const wtl_polykem *p)
{
    p->sample_ntt(&g, 0, stream, STREAM);
}
static void do_cbd2(const wtl_polykem *p)
{
    p->cbd2(&g, stream);
}
static void do_cbd3(const wtl_polykem *p)
{
    p->cbd3(&g, stream);
}
static void do_to(const wtl_polykem *p)
{
    p->to_bytes(bytes, a);
}
static void do_from(const wtl_polykem *p)
{
    p->from_bytes(&g, stream);
}
static void do_c1(const wtl_polykem *p)
{
    p->compress(bytes, a, 1);
}
static void do_c4(const wtl_polykem *p)
{
    p->compress(bytes, a, 4);
}
static void do_c5(const wtl_polykem *p)
{
    p->compress(bytes, a, 5);
}
static void do_c10(const wtl_polykem *p)
{
    p->compress(bytes, a, 10);
}
static void do_c11(const wtl_polykem *p)
{
    p->compress(bytes, a, 11);
}
static void do_d1(const wtl_polykem *p)
{
    p->decompress(&g, stream, 1);
}
static void do_d4(const wtl_polykem *p)
{
    p->decompress(&g, stream, 4);
}
static void do_d5(const wtl_polykem *p)
{
    p->decompress(&g, stream, 5);
}
static void do_d10(const wtl_polykem *p)
{
    p->decompress(&g, stream, 10);
}
static void do_d11(const wtl_polykem *p)
{
    p->decompress(&g, stream, 11);
}

static const struct {
    const char *name;
    void (*fn)(const wtl_polykem *p);
} all[] = {
    {"ntt", do_ntt},
    {"intt", do_intt},
    {"mulacc k=2", do_mulacc2},
    {"mulacc k=3", do_mulacc3},
    {"mulacc k=4", do_mulacc4},
    {"tomont", do_tomont},
    {"add", do_add},
    {"sub_from", do_sub},
    {"sample_ntt 504 bytes", do_sample},
    {"cbd2", do_cbd2},
    {"cbd3", do_cbd3},
    {"to_bytes", do_to},
    {"from_bytes", do_from},
    {"compress 1", do_c1},
    {"compress 4", do_c4},
    {"compress 5", do_c5},
    {"compress 10", do_c10},
    {"compress 11", do_c11},
    {"decompress 1", do_d1},
    {"decompress 4", do_d4},
    {"decompress 5", do_d5},
    {"decompress 10", do_d10},
    {"decompress 11", do_d11},
};
enum { FUNCTIONS = sizeof all / sizeof all[0] };

static uint64_t took[WTL_CPU_LEVELS][FUNCTIONS][MOST];

static int by_size(const void *x, const void *y)
{
    uint64_t u = *(const uint64_t *)x, w = *(const uint64_t *)y;
    return (u > w) - (u < w);
}

static void fill(void)
{
    uint32_t x = 1;
    for (size_t i = 0; i < STREAM; i++)
        stream[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
    for (size_t i = 0; i < (size_t)4 * WTL_POLYKEM_N; i++) {
        a[i / WTL_POLYKEM_N].c[i % WTL_POLYKEM_N] = (int16_t)((x = x * 1664525 + 1013904223) % Q);
        b[i / WTL_POLYKEM_N].c[i % WTL_POLYKEM_N] = (int16_t)((x = x * 1664525 + 1013904223) % Q);
    }
    f = a[0];
}

static void one_round(const wtl_polykem *const level[WTL_CPU_LEVELS], size_t r)
{
    for (int l = 0; l < WTL_CPU_LEVELS; l++) {
        for (size_t i = 0; level[l] != NULL && i < FUNCTIONS; i++) {
            uint64_t from = now();
            for (int c = 0; c < CALLS; c++)
                all[i].fn(level[l]);
            took[l][i][r] = now() - from;
        }
    }
}

int main(int argc, char **argv)
{
    size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;
    const wtl_polykem *level[WTL_CPU_LEVELS] = {NULL};
    rounds = rounds == 0 || rounds > MOST ? MOST : rounds;
    for (int l = 0; l < WTL_CPU_LEVELS; l++) {
        if (wtl_polykem_pick(&level[l], l, NULL) < 0 || (int)level[l]->level != l)
            level[l] = NULL;
    }
    fill();
    for (size_t r = 0; r < rounds; r++)
        one_round(level, r);
    printf("%-22s", "cycles");
    for (int l = 0; l < WTL_CPU_LEVELS; l++)
        printf("%s%8s", " ", level[l] == NULL ? "" : wtl_cpu_name(l));
    for (size_t i = 0; i < FUNCTIONS; i++) {
        printf("\n%-22s", all[i].name);
        for (int l = 0; l < WTL_CPU_LEVELS; l++) {
            if (level[l] == NULL)
                continue;
            qsort(took[l][i], rounds, sizeof took[l][i][0], by_size);
            printf(" %8.1f", (double)took[l][i][rounds / 2] / CALLS);
        }
    }
    printf("\n");
    return 0;
}
