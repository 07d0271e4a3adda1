/* How long ML-DSA takes, by level: microseconds for a key, the mean of signing many random messages, verifying, and a
 * message among 8 of a batch.    mldsa_perf [MESSAGES [ROUNDS]] */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scheme/mldsa.h"

enum { BATCH = 8 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void need(int rc, const wtl_err *err)
{
    if (rc == WTL_OK)
        return;
    fprintf(stderr, "%s\n", err->text);
    exit(1);
}

typedef struct times {
    double keygen, public, sign, verify, sign_many, verify_many;
} times;

static void keep(double *least, double value)
{
    if (*least == 0 || value < *least)
        *least = value;
}

static void keys(times *t, enum wtl_mldsa_set set, enum wtl_cpu_level level, size_t n)
{
    wtl_err err = {0};
    uint8_t seed[WTL_MLDSA_SEED] = {0};
    double made = 0;
    double read = 0;
    for (size_t i = 0; i < n; i++) {
        AUTO(wtl_mldsa) *k = NULL;
        AUTO(wtl_mldsa) *pub = NULL;
        memcpy(seed, &i, sizeof i);
        double from = now();
        need(wtl_mldsa_from_seed(&k, set, level, seed, &err), &err);
        double mid = now();
        need(wtl_mldsa_from_public(&pub, set, level, wtl_mldsa_public(k), &err), &err);
        read += now() - mid;
        made += mid - from;
    }
    keep(&t->keygen, made / (double)n);
    keep(&t->public, read / (double)n);
}

static void messages(times *t, const wtl_mldsa_key *k, size_t n, uint8_t *sigs, wtl_mldsa_job *jobs)
{
    wtl_err err = {0};
    static uint64_t text[1 << 16];
    const size_t size = wtl_mldsa_params_of(wtl_mldsa_set_of(k))->sig;
    for (size_t i = 0; i < n; i++) {
        text[i] = i * 0x9e3779b97f4a7c15u;
        jobs[i] = (wtl_mldsa_job){.key = k,
                                  .what.msg = {(uint8_t *)&text[i], 8},
                                  .sig = sigs + i * size,
                                  .given = {sigs + i * size, size}};
    }
    double from = now();
    for (size_t i = 0; i < n; i++)
        need(wtl_mldsa_sign(k, &jobs[i].what, jobs[i].sig, &err), &err);
    keep(&t->sign, (now() - from) / (double)n);
    from = now();
    for (size_t i = 0; i < n; i++)
        need(wtl_mldsa_verify(k, &jobs[i].what, jobs[i].given, &err), &err);
    keep(&t->verify, (now() - from) / (double)n);
    from = now();
    for (size_t i = 0; i < n; i += BATCH)
        need(wtl_mldsa_sign_many(jobs + i, BATCH, &err), &err);
    keep(&t->sign_many, (now() - from) / (double)n);
    from = now();
    for (size_t i = 0; i < n; i += BATCH)
        need(wtl_mldsa_verify_many(jobs + i, BATCH, &err), &err);
    keep(&t->verify_many, (now() - from) / (double)n);
}

static void one(enum wtl_mldsa_set set, enum wtl_cpu_level level, size_t n, int rounds)
{
    wtl_err err = {0};
    times t = {0};
    uint8_t seed[WTL_MLDSA_SEED] = {0};
    AUTO(wtl_mldsa) *k = NULL;
    uint8_t *sigs = calloc(n, WTL_MLDSA_SIG_MOST);
    wtl_mldsa_job *jobs = calloc(n, sizeof *jobs);
    if (sigs == NULL || jobs == NULL)
        exit(1);
    need(wtl_mldsa_from_seed(&k, set, level, seed, &err), &err);
    for (int r = 0; r < rounds; r++) {
        keys(&t, set, level, n / 8);
        messages(&t, k, n, sigs, jobs);
    }
    printf("%-10s %-7s %8.2f %8.2f %8.2f %8.2f %8.2f %8.2f\n", wtl_mldsa_params_of(set)->name,
           wtl_cpu_name(level), t.keygen, t.public, t.sign, t.verify, t.sign_many, t.verify_many);
    free(sigs);
    free(jobs);
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;
    int rounds = argc > 2 ? (int)strtoul(argv[2], NULL, 10) : 5;
    n = (n > 65528 ? 65528 : n < BATCH ? BATCH : n) / BATCH * BATCH;
    printf("us, mean over %zu messages, least of %d rounds\n", n, rounds);
    printf("%-10s %-7s %8s %8s %8s %8s %8s %8s\n", "", "", "keygen", "import", "sign", "verify", "sign/8",
           "ver/8");
    for (int set = 0; set < WTL_MLDSA_SETS; set++) {
        for (int level = 0; level < WTL_CPU_LEVELS; level++) {
            if (wtl_cpu_has(level) && level != WTL_CPU_SHANI)
                one(set, level, n, rounds);
        }
    }
    return 0;
}
