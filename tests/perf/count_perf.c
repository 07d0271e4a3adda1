/* Runs every operation of the schemes on fixed inputs for callgrind, which writes a dump after each one, named by it:
 *   valgrind --tool=callgrind --callgrind-out-file=F count_perf ref|avx2       see tests/perf/primitives.sh
 * Keys, messages and random bytes are always the same, so two runs of one build count the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_include) && __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_ZERO_STATS
#define CALLGRIND_DUMP_STATS_AT(name) (void)(name)
#endif

#include "scheme/mldsa.h"
#include "scheme/mlkem.h"
#include "scheme/x25519.h"

enum { TIMES = 8 };

static enum wtl_cpu_level level;

static void need(int rc, const wtl_err *err)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "%s\n", err->text);
    exit(1);
}

/* Between start and stop TIMES operations run. */
static void start(void)
{
    CALLGRIND_ZERO_STATS;
}

static void stop(const char *scheme, const char *op)
{
    char name[64];
    snprintf(name, sizeof name, "%s-%s", scheme, op);
    CALLGRIND_DUMP_STATS_AT(name);
}

static void fill(uint8_t *p, size_t n, unsigned seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525 + 1013904223;
        p[i] = (uint8_t)(seed >> 24);
    }
}

static void count_mlkem(enum wtl_mlkem_set set)
{
    const wtl_mlkem_params *is = wtl_mlkem_params_of(set);
    uint8_t seed[WTL_MLKEM_SEED];
    uint8_t m[WTL_MLKEM_M];
    uint8_t ct[WTL_MLKEM_CT_MOST];
    uint8_t ss[WTL_MLKEM_SHARED];
    wtl_mlkem_key *k = NULL;
    wtl_err err = {0};
    fill(m, sizeof m, 7);
    for (unsigned warm = 2; warm-- > 0;) {
        start();
        for (unsigned i = 0; i < TIMES; i++) {
            wtl_mlkem_free(k);
            fill(seed, sizeof seed, i);
            need(wtl_mlkem_from_seed(&k, set, level, seed, &err), &err);
        }
    }
    stop(is->name, "keygen");
    start();
    for (unsigned i = 0; i < TIMES; i++)
        wtl_mlkem_encaps(k, m, ct, ss);
    stop(is->name, "encaps");
    start();
    for (unsigned i = 0; i < TIMES; i++)
        need(wtl_mlkem_decaps(k, (wtl_bytes){ct, is->ct}, ss, &err), &err);
    stop(is->name, "decaps");
    wtl_mlkem_free(k);
}

static void count_mldsa(enum wtl_mldsa_set set)
{
    const wtl_mldsa_params *is = wtl_mldsa_params_of(set);
    static uint8_t sig[TIMES][WTL_MLDSA_SIG_MOST];
    uint8_t seed[WTL_MLDSA_SEED];
    uint8_t msg[TIMES][32];
    wtl_mldsa_job job[TIMES];
    wtl_mldsa_key *k = NULL;
    wtl_err err = {0};
    for (unsigned warm = 2; warm-- > 0;) {
        start();
        for (unsigned i = 0; i < TIMES; i++) {
            wtl_mldsa_free(k);
            fill(seed, sizeof seed, i);
            need(wtl_mldsa_from_seed(&k, set, level, seed, &err), &err);
        }
    }
    stop(is->name, "keygen");
    for (unsigned i = 0; i < TIMES; i++) {
        fill(msg[i], sizeof msg[i], 100 + i);
        job[i] = (wtl_mldsa_job){
            .key = k, .what = {.msg = {msg[i], sizeof msg[i]}}, .sig = sig[i], .given = {sig[i], is->sig}};
    }
    start();
    for (unsigned i = 0; i < TIMES; i++)
        need(wtl_mldsa_sign(k, &job[i].what, sig[i], &err), &err);
    stop(is->name, "sign");
    start();
    for (unsigned i = 0; i < TIMES; i++)
        need(wtl_mldsa_verify(k, &job[i].what, job[i].given, &err), &err);
    stop(is->name, "verify");
    start();
    need(wtl_mldsa_sign_many(job, TIMES, &err), &err);
    stop(is->name, "sign-many");
    wtl_mldsa_free(k);
}

static void count_x25519(void)
{
    uint8_t scalar[32];
    uint8_t pub[32];
    uint8_t ss[32];
    wtl_err err = {0};
    fill(scalar, sizeof scalar, 5);
    for (unsigned warm = 2; warm-- > 0;) {
        start();
        for (unsigned i = 0; i < TIMES; i++)
            need(wtl_x25519_public(pub, scalar, level, &err), &err);
    }
    stop("X25519", "keygen");
    start();
    for (unsigned i = 0; i < TIMES; i++)
        need(wtl_x25519_shared(ss, scalar, pub, level, &err), &err);
    stop("X25519", "derive");
}

int main(int argc, char **argv)
{
    level = argc > 1 && strcmp(argv[1], "avx2") == 0 ? WTL_CPU_AVX2 : WTL_CPU_REF;
    if (!wtl_cpu_has(level)) {
        fprintf(stderr, "count: this machine has no %s\n", wtl_cpu_name(level));
        return 77;
    }
    for (int set = 0; set < WTL_MLKEM_SETS; set++)
        count_mlkem((enum wtl_mlkem_set)set);
    for (int set = 0; set < WTL_MLDSA_SETS; set++)
        count_mldsa((enum wtl_mldsa_set)set);
    count_x25519();
    return 0;
}
