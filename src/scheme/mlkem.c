#include "scheme/mlkem.h"

#include <string.h>

#include "scheme/mlkem_impl.h"

static const wtl_mlkem_params params[WTL_MLKEM_SETS] = {
    [WTL_MLKEM_512] = {"ML-KEM-512", 800, 1632, 768, 2, 3, 10, 4, 128},
    [WTL_MLKEM_768] = {"ML-KEM-768", 1184, 2400, 1088, 3, 2, 10, 4, 192},
    [WTL_MLKEM_1024] = {"ML-KEM-1024", 1568, 3168, 1568, 4, 2, 11, 5, 256},
};

const wtl_mlkem_params *wtl_mlkem_params_of(enum wtl_mlkem_set set)
{
    return &params[set];
}

int wtl_mlkem_from_seed(wtl_mlkem_key **out, enum wtl_mlkem_set set, enum wtl_cpu_level level,
                        const uint8_t seed[WTL_MLKEM_SEED], wtl_err *err)
{
    return wtl_mlkem_key_from_seed(out, set, level, seed, err);
}

int wtl_mlkem_from_private(wtl_mlkem_key **out, enum wtl_mlkem_set set, enum wtl_cpu_level level,
                           wtl_bytes dk, wtl_err *err)
{
    return wtl_mlkem_key_from_private(out, set, level, dk, err);
}

int wtl_mlkem_from_public(wtl_mlkem_key **out, enum wtl_mlkem_set set, enum wtl_cpu_level level, wtl_bytes ek,
                          wtl_err *err)
{
    return wtl_mlkem_key_from_public(out, set, level, ek, err);
}

int wtl_mlkem_check_public(enum wtl_mlkem_set set, enum wtl_cpu_level level, wtl_bytes ek, wtl_err *err)
{
    return wtl_mlkem_key_check_public(set, level, ek, err);
}

void wtl_mlkem_free(wtl_mlkem_key *k)
{
    wtl_mlkem_key_free(k);
}

void wtl_mlkem_auto(wtl_mlkem_key **k)
{
    wtl_mlkem_free(*k);
}

enum wtl_mlkem_set wtl_mlkem_set_of(const wtl_mlkem_key *k)
{
    return k->set;
}

enum wtl_cpu_level wtl_mlkem_level(const wtl_mlkem_key *k)
{
    return k->poly->level;
}

wtl_bytes wtl_mlkem_public(const wtl_mlkem_key *k)
{
    return (wtl_bytes){k->ek, k->p->pub};
}

wtl_bytes wtl_mlkem_private(const wtl_mlkem_key *k)
{
    return (wtl_bytes){k->dk, k->dk != NULL ? k->p->priv : 0};
}

wtl_bytes wtl_mlkem_seed(const wtl_mlkem_key *k)
{
    return (wtl_bytes){k->seed, k->seed != NULL ? WTL_MLKEM_SEED : 0};
}

void wtl_mlkem_encaps(const wtl_mlkem_key *k, const uint8_t m[WTL_MLKEM_M], uint8_t *ct,
                      uint8_t ss[WTL_MLKEM_SHARED])
{
    wtl_mlkem_work w;
    wtl_mlkem_job job = {.key = k, .m = m, .ct = ct, .ss = ss};
    wtl_mlkem_job *one = &job;
    wtl_mlkem_group_encaps(&one, 1, &w);
}

/* What stands in the way of this decapsulation; ss is zeroed then. */
static int refuse(const wtl_mlkem_key *k, wtl_bytes ct, uint8_t *ss, wtl_err *err)
{
    if (k->dk != NULL && ct.n == k->p->ct)
        return WTL_OK;
    memset(ss, 0, WTL_MLKEM_SHARED);
    ENSURE(k->dk != NULL, err, WTL_USAGE, "a public key of %s cannot decapsulate", k->p->name);
    return WTL_FAIL(err, WTL_FORMAT, "a ciphertext of %s has %u bytes, this one has %zu", k->p->name,
                    k->p->ct, ct.n);
}

int wtl_mlkem_decaps(const wtl_mlkem_key *k, wtl_bytes ct, uint8_t ss[WTL_MLKEM_SHARED], wtl_err *err)
{
    wtl_mlkem_work w;
    wtl_mlkem_job job = {.key = k, .given = ct, .ss = ss};
    wtl_mlkem_job *one = &job;
    TRY(refuse(k, ct, ss, err));
    wtl_mlkem_group_decaps(&one, 1, &w);
    return WTL_OK;
}

int wtl_mlkem_fits(const wtl_mlkem_key *k, wtl_err *err)
{
    ENSURE(k->dk != NULL, err, WTL_USAGE, "a public key of %s has nothing to fit", k->p->name);
    ENSURE(WTL_CT_PUBLIC(wtl_mlkem_pke_misfit(k)) == 0, err, WTL_BUG,
           "the parts of this key of %s do not belong together: it is damaged, or the machine is",
           k->p->name);
    return WTL_OK;
}

int wtl_mlkem_consistent(const wtl_mlkem_key *k, wtl_err *err)
{
    static const uint8_t m[WTL_MLKEM_M] = "Wattle: pairwise consistency";
    uint8_t ct[WTL_MLKEM_CT_MOST];
    uint8_t a[WTL_MLKEM_SHARED];
    uint8_t b[WTL_MLKEM_SHARED];
    wtl_mlkem_encaps(k, m, ct, a);
    int rc = wtl_mlkem_decaps(k, (wtl_bytes){ct, k->p->ct}, b, err);
    if (rc == WTL_OK && !wtl_ct_eq((wtl_bytes){a, sizeof a}, (wtl_bytes){b, sizeof b}))
        rc = WTL_FAIL(err, WTL_BUG,
                      "this key of %s does not decapsulate what is encapsulated to it: it is damaged, or the "
                      "machine is",
                      k->p->name);
    wtl_secret_wipe(a, sizeof a);
    wtl_secret_wipe(b, sizeof b);
    return rc;
}

enum { WAITS = 1 }; /* rc of a job that is yet to be done */

/* Up to eight that wait, from the first on, whose keys have its set and level. */
static size_t gather(wtl_mlkem_job *jobs, size_t n, wtl_mlkem_job *group[WTL_MLKEM_GROUP])
{
    const wtl_mlkem_key *a = jobs[0].key;
    size_t found = 0;
    for (size_t i = 0; i < n && found < WTL_MLKEM_GROUP; i++) {
        const wtl_mlkem_key *b = jobs[i].key;
        if (jobs[i].rc != WAITS || a->set != b->set || a->keccak != b->keccak || a->poly != b->poly)
            continue;
        jobs[i].rc = WTL_OK;
        group[found++] = &jobs[i];
    }
    return found;
}

static void run_groups(wtl_mlkem_job *jobs, size_t n,
                       void (*run)(wtl_mlkem_job *const jobs[], size_t n, wtl_mlkem_work *w))
{
    wtl_mlkem_work w[WTL_MLKEM_GROUP];
    wtl_mlkem_job *group[WTL_MLKEM_GROUP];
    for (size_t i = 0; i < n; i++) {
        if (jobs[i].rc == WAITS)
            run(group, gather(jobs + i, n - i, group), w);
    }
}

int wtl_mlkem_encaps_many(wtl_mlkem_job *jobs, size_t n, wtl_err *err)
{
    (void)err;
    for (size_t i = 0; i < n; i++)
        jobs[i].rc = WAITS;
    run_groups(jobs, n, wtl_mlkem_group_encaps);
    return WTL_OK;
}

int wtl_mlkem_decaps_many(wtl_mlkem_job *jobs, size_t n, wtl_err *err)
{
    int rc = WTL_OK;
    for (size_t i = 0; i < n; i++) {
        int one = refuse(jobs[i].key, jobs[i].given, jobs[i].ss, rc == WTL_OK ? err : NULL);
        jobs[i].rc = one == WTL_OK ? WAITS : one;
        rc = rc == WTL_OK ? one : rc;
    }
    run_groups(jobs, n, wtl_mlkem_group_decaps);
    return rc;
}
