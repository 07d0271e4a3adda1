/* Microseconds that ML-KEM takes by each set and level, measured in turn; making a key includes freeing it.
 *   mlkem_perf [ROUNDS]     default 300; medians
 * client, server: one handshake's part of each side: a key from its seed and a decapsulation; the peer's key and an
 * encapsulation. x8: eight at once, each with a key of its own; the time of one of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scheme/mlkem.h"

enum { REPEAT = 20, MOST = 2000, BATCH = 8 };

typedef struct bench {
    enum wtl_mlkem_set set;
    enum wtl_cpu_level level;
    wtl_mlkem_key *key, *many[BATCH];
    uint8_t seed[WTL_MLKEM_SEED], ct[BATCH][WTL_MLKEM_CT_MOST], ss[BATCH][WTL_MLKEM_SHARED];
    wtl_mlkem_job job[BATCH];
} bench;

static void good(int rc)
{
    if (rc < 0) {
        fprintf(stderr, "mlkem_perf: a call failed\n");
        exit(1);
    }
}

static void seed_key(bench *b)
{
    wtl_mlkem_key *k = NULL;
    b->seed[0]++;
    good(wtl_mlkem_from_seed(&k, b->set, b->level, b->seed, NULL));
    wtl_mlkem_free(k);
}

static void public_key(bench *b)
{
    wtl_mlkem_key *k = NULL;
    good(wtl_mlkem_from_public(&k, b->set, b->level, wtl_mlkem_public(b->key), NULL));
    wtl_mlkem_free(k);
}

static void private_key(bench *b)
{
    wtl_mlkem_key *k = NULL;
    good(wtl_mlkem_from_private(&k, b->set, b->level, wtl_mlkem_private(b->key), NULL));
    wtl_mlkem_free(k);
}

static void encaps(bench *b)
{
    b->seed[1]++;
    wtl_mlkem_encaps(b->key, b->seed, b->ct[0], b->ss[0]);
}

static wtl_bytes ct_of(bench *b, unsigned i)
{
    return (wtl_bytes){b->ct[i], wtl_mlkem_params_of(b->set)->ct};
}

static void decaps(bench *b)
{
    good(wtl_mlkem_decaps(b->key, ct_of(b, 0), b->ss[0], NULL));
}

static void client(bench *b)
{
    wtl_mlkem_key *k = NULL;
    b->seed[2]++;
    good(wtl_mlkem_from_seed(&k, b->set, b->level, b->seed, NULL));
    good(wtl_mlkem_decaps(k, ct_of(b, 0), b->ss[0], NULL));
    wtl_mlkem_free(k);
}

static void server(bench *b)
{
    wtl_mlkem_key *k = NULL;
    good(wtl_mlkem_from_public(&k, b->set, b->level, wtl_mlkem_public(b->key), NULL));
    wtl_mlkem_encaps(k, b->seed, b->ct[0], b->ss[0]);
    wtl_mlkem_free(k);
}

static void encaps_many(bench *b)
{
    good(wtl_mlkem_encaps_many(b->job, BATCH, NULL));
}

static void decaps_many(bench *b)
{
    good(wtl_mlkem_decaps_many(b->job, BATCH, NULL));
}

static const struct op {
    const char *name;
    void (*run)(bench *b);
    unsigned each;
} ops[] = {
    {"seed", seed_key, 1},
    {"public", public_key, 1},
    {"private", private_key, 1},
    {"encaps", encaps, 1},
    {"decaps", decaps, 1},
    {"client", client, 1},
    {"server", server, 1},
    {"encaps x8", encaps_many, BATCH},
    {"decaps x8", decaps_many, BATCH},
};
enum { OPS = sizeof ops / sizeof ops[0] };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void set_up(bench *b, enum wtl_mlkem_set set, enum wtl_cpu_level level)
{
    *b = (bench){.set = set, .level = level};
    good(wtl_mlkem_from_seed(&b->key, set, level, b->seed, NULL));
    for (unsigned i = 0; i < BATCH; i++) {
        b->seed[5]++;
        good(wtl_mlkem_from_seed(&b->many[i], set, level, b->seed, NULL));
        wtl_mlkem_encaps(b->many[i], b->seed, b->ct[i], b->ss[i]);
        b->job[i] = (wtl_mlkem_job){
            .key = b->many[i], .m = b->seed, .ct = b->ct[i], .given = ct_of(b, i), .ss = b->ss[i]};
    }
}

static void tear_down(bench *b)
{
    wtl_mlkem_free(b->key);
    for (unsigned i = 0; i < BATCH; i++)
        wtl_mlkem_free(b->many[i]);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double took[WTL_CPU_LEVELS][OPS][MOST];
static bench bench_of[WTL_CPU_LEVELS];

static bool here(int level)
{
    return level != WTL_CPU_SHANI && wtl_cpu_has(level);
}

static void measure(int op, unsigned round)
{
    for (int l = 0; l < WTL_CPU_LEVELS; l++) {
        if (!here(l))
            continue;
        double from = now();
        unsigned repeat = REPEAT / ops[op].each; /* short enough not to lose the processor meanwhile */
        for (unsigned i = 0; i < repeat; i++)
            ops[op].run(&bench_of[l]);
        took[l][op][round] = (now() - from) / repeat / ops[op].each;
    }
}

static void tell(int level, unsigned rounds)
{
    printf("  %-10s", wtl_cpu_name(level));
    for (int o = 0; o < OPS; o++) {
        qsort(took[level][o], rounds, sizeof(double), ascending);
        printf(" %9.2f", took[level][o][rounds / 2]);
    }
    printf("\n");
}

static void one_set(enum wtl_mlkem_set set, unsigned rounds)
{
    printf("%-12s", wtl_mlkem_params_of(set)->name);
    for (int o = 0; o < OPS; o++)
        printf(" %9s", ops[o].name);
    printf("   us\n");
    for (int l = 0; l < WTL_CPU_LEVELS; l++) {
        if (here(l))
            set_up(&bench_of[l], set, l);
    }
    for (unsigned r = 0; r < rounds; r++) {
        for (int o = 0; o < OPS; o++)
            measure(o, r);
    }
    for (int l = 0; l < WTL_CPU_LEVELS; l++) {
        if (!here(l))
            continue;
        tell(l, rounds);
        tear_down(&bench_of[l]);
    }
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 300;
    rounds = rounds < 1 ? 1 : rounds > MOST ? MOST : rounds;
    for (int set = 0; set < WTL_MLKEM_SETS; set++)
        one_set(set, rounds);
    return 0;
}
