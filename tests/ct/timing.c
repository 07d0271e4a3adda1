/* Does time depend on secrets? Welch's t over many runs of each operation with one secret and with random ones, in random
 * order, without the slowest runs (Reparaz, Balasch, Verbauwhede: "Dude, is my code constant time?"). |t| above 4.5 that
 * grows with the samples speaks of a leak; a noisy machine moves it. No test: see docs/measurements/constant-time.md.
 *   ct_timing [SAMPLES [PART OF A NAME [LEVEL]]]      leak: a leak, to be seen */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

#include "operations.h"

enum { CROPS = 4 };
static const double crop[CROPS] = {1, 0.95, 0.8, 0.5}; /* the part of the runs that is kept, fastest first */
static ct_run r;

typedef struct sums {
    double n, mean, squares;
} sums;

static void take(sums *s, double x)
{
    double d = x - s->mean;
    s->n++;
    s->mean += d / s->n;
    s->squares += d * (x - s->mean);
}

static double welch(const sums s[2])
{
    double error = s[0].squares / (s[0].n - 1) / s[0].n + s[1].squares / (s[1].n - 1) / s[1].n;
    return error > 0 ? (s[0].mean - s[1].mean) / sqrt(error) : 0;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static uint64_t cycles(const ct_operation *o, uint64_t seed)
{
    unsigned core;
    o->fill(&r, o, seed);
    if (o->ready != NULL)
        o->ready(&r, o);
    _mm_lfence();
    uint64_t from = __rdtsc();
    o->run(&r, o);
    uint64_t to = __rdtscp(&core);
    ct_close(&r);
    return to - from;
}

static void measure(const ct_operation *o, size_t n, uint64_t *time, uint64_t *sorted, uint8_t *class)
{
    uint64_t x = 88172645463325252u;
    for (size_t i = 0; i < n; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        class[i] = (uint8_t)(x >> 32 & 1);
        sorted[i] = time[i] = cycles(o, class[i] ? x | 1 : 0);
    }
    qsort(sorted, n, sizeof *sorted, compare);
    printf("| %s | %s | %llu |", wtl_cpu_name(r.level), o->name, (unsigned long long)sorted[n / 2]);
    for (int c = 0; c < CROPS; c++) {
        sums s[2] = {{0}};
        uint64_t most = sorted[(size_t)((double)(n - 1) * crop[c])];
        for (size_t i = 0; i < n; i++) {
            if (time[i] <= most)
                take(&s[class[i]], (double)time[i]);
        }
        printf(" %.1f |", welch(s));
    }
    printf("\n");
    fflush(stdout);
}

/* What must be seen: a few instructions more for about half of the secrets, behind an operation of a kernel. */
static volatile unsigned sink;
static void leaking(ct_run *run, const ct_operation *o)
{
    (void)o;
    run->kem->ntt((wtl_polykem_poly *)(void *)run->in);
    if ((run->in[3] & 1) != 0) {
        for (unsigned i = 0; i < 16; i++)
            sink = i;
    }
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
    if (n < 1000 || n > 100000000)
        return 2;
    uint64_t *time = calloc(n, sizeof *time);
    uint64_t *sorted = calloc(n, sizeof *sorted);
    uint8_t *class = calloc(n, 1);
    if (time == NULL || sorted == NULL || class == NULL)
        return 1;
    printf("%zu samples\n| level | operation | median, cycles | t, all | t, 95 %% | t, 80 %% | t, 50 %% "
           "|\n|---|---|---|---|---|---|---|\n",
           n);
    for (int level = 0; level < WTL_CPU_LEVELS; level++) {
        if ((argc > 3 && strcmp(argv[3], wtl_cpu_name(level)) != 0) || !ct_open(&r, level, false))
            continue;
        if (argc > 2 && strcmp(argv[2], "leak") == 0) {
            ct_operation o = ct_operations[0];
            o.name = "leak";
            o.run = leaking;
            measure(&o, n, time, sorted, class);
        }
        for (size_t i = 0; i < ct_operations_n; i++) {
            if (!ct_operations[i].varies && (argc < 3 || strstr(ct_operations[i].name, argv[2]) != NULL))
                measure(&ct_operations[i], n, time, sorted, class);
        }
    }
    free(time);
    free(sorted);
    free(class);
    return 0;
}
