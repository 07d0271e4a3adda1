#include <string.h>

#include <wattle/batch.h>

#include <openssl/evp.h>
#include <openssl/params.h>

#include "crypto/kem.h"
#include "crypto/key_impl.h"
#include "crypto/lib.h"
#include "crypto/sig.h"
#include "provider/prov.h"
#include "scheme/mldsa.h"
#include "scheme/mlkem.h"

/* A call's jobs are done by so many at a time, so that nothing is allocated. */
enum { CHUNK = 32, UNDONE = 1 };

/* The key as our provider keeps it, expanded. NULL when another provider has it. Borrowed from k. */
static const void *expanded(const wtl_key *k)
{
    void *p = NULL;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_ptr(WTL_PROV_PARAM_KEY, &p, 0),
                           OSSL_PARAM_construct_end()};
    const OSSL_PROVIDER *ours = wtl_lib_provider();
    /* Another copy of the provider, as wattle.so, may keep its keys in another shape. */
    if (k->pkey == NULL || ours == NULL || EVP_PKEY_get0_provider(k->pkey) != ours ||
        EVP_PKEY_get_params(k->pkey, params) != 1)
        return NULL;
    return p;
}

static const wtl_mldsa_key *mldsa_of(const wtl_key *k)
{
    int id = k->alg->id;
    return id == WTL_ALG_ID_MLDSA44 || id == WTL_ALG_ID_MLDSA65 || id == WTL_ALG_ID_MLDSA87 ? expanded(k)
                                                                                            : NULL;
}

static const wtl_mlkem_key *mlkem_of(const wtl_key *k)
{
    int id = k->alg->id;
    return id == WTL_ALG_ID_MLKEM512 || id == WTL_ALG_ID_MLKEM768 || id == WTL_ALG_ID_MLKEM1024 ? expanded(k)
                                                                                                : NULL;
}

size_t wtl_batch_room(const wtl_key *k)
{
    return k->alg->kind == WTL_ALG_SIG || k->alg->kind == WTL_ALG_KEM ? k->alg->out : 0;
}

static wtl_sig_opts opts_of(const wtl_batch_sig *j)
{
    return (wtl_sig_opts){
        .context = j->context, .deterministic = j->deterministic, .message_is_mu = j->message_is_mu};
}

static int sign_one(wtl_batch_sig *j, wtl_err *err)
{
    AUTO(wtl_buf) sig = {0};
    wtl_sig_opts o = opts_of(j);
    if (j->sig_n > 0)
        memset(j->sig, 0, j->sig_n);
    TRY(wtl_sig_sign(j->key, j->msg, &o, &sig, err));
    ENSURE(sig.n <= j->sig_n, err, WTL_USAGE, "a signature of %s needs room for %zu bytes, and %zu are there",
           j->key->alg->name, sig.n, j->sig_n);
    memcpy(j->sig, sig.p, sig.n);
    j->sig_n = sig.n;
    return WTL_OK;
}

static int verify_one(wtl_batch_sig *j, wtl_err *err)
{
    wtl_sig_opts o = opts_of(j);
    return wtl_sig_verify(j->key, j->msg, &o, (wtl_bytes){j->sig, j->sig_n}, err);
}

/* Those of the caller's jobs that the lanes take. */
typedef struct sig_lanes {
    wtl_mldsa_job job[CHUNK];
    wtl_batch_sig *of[CHUNK];
    uint8_t rnd[CHUNK][WTL_MLDSA_RND];
    size_t n;
} sig_lanes;

/* What the single call refuses with a sentence is left to it. */
static void gather_sig(sig_lanes *l, wtl_batch_sig *jobs, size_t n, bool sign)
{
    l->n = 0;
    for (size_t i = 0; i < n; i++) {
        const wtl_batch_sig *j = &jobs[i];
        jobs[i].rc = UNDONE;
        const wtl_mldsa_key *k = mldsa_of(j->key);
        bool odd = j->message_is_mu && (j->msg.n != WTL_MLDSA_MU || j->context.n > 0);
        if (k == NULL || odd || (sign && (!j->key->is_private || j->sig_n < j->key->alg->out)))
            continue;
        wtl_mldsa_job *to = &l->job[l->n];
        *to = (wtl_mldsa_job){.key = k,
                              .what = {.msg = j->msg, .context = j->context, .is_mu = j->message_is_mu}};
        to->sig = sign ? j->sig : NULL;
        to->what.rnd = sign && !j->deterministic ? l->rnd[l->n] : NULL;
        to->given = sign ? (wtl_bytes){0} : (wtl_bytes){j->sig, j->sig_n};
        l->of[l->n++] = &jobs[i];
    }
}

/* err: the first failure's sentence, but for WTL_NO. */
static void run_sig_lanes(sig_lanes *l, bool sign, wtl_err *err)
{
    if (l->n == 0)
        return;
    if (sign && wtl_lib_random(l->rnd[0], l->n * sizeof l->rnd[0], NULL) < 0)
        return; /* the jobs stay undone: the single calls say what is wrong */
    int rc = sign ? wtl_mldsa_sign_many(l->job, l->n, err) : wtl_mldsa_verify_many(l->job, l->n, err);
    (void)rc; /* each job has its own */
    for (size_t i = 0; i < l->n; i++) {
        wtl_batch_sig *j = l->of[i];
        j->rc = l->job[i].rc;
        if (sign && j->rc == WTL_OK)
            j->sig_n = j->key->alg->out;
        else if (sign)
            memset(j->sig, 0, j->sig_n);
    }
    wtl_secret_wipe(l->rnd, sizeof l->rnd);
}

/* The first failed job's rc, with its sentence: of the lanes, or of the single call that failed first. */
static int first_sig(const wtl_batch_sig *jobs, size_t n, const wtl_batch_sig *single,
                     const wtl_err *of_single, const wtl_err *of_lanes, wtl_err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (jobs[i].rc == WTL_OK)
            continue;
        if (&jobs[i] != single && jobs[i].rc == WTL_NO)
            return WTL_FAIL(err, WTL_NO, "the %s signature is not one of this message by this key",
                            jobs[i].key->alg->name);
        if (err != NULL)
            *err = &jobs[i] == single ? *of_single : *of_lanes;
        return jobs[i].rc;
    }
    return WTL_OK;
}

static int run_sig_chunk(wtl_batch_sig *jobs, size_t n, bool sign, wtl_err *err)
{
    sig_lanes lanes;
    wtl_err of_lanes = {0};
    wtl_err of_single = {0};
    const wtl_batch_sig *single = NULL;
    gather_sig(&lanes, jobs, n, sign);
    run_sig_lanes(&lanes, sign, &of_lanes);
    for (size_t i = 0; i < n; i++) {
        if (jobs[i].rc != UNDONE)
            continue;
        wtl_err *e = single == NULL ? &of_single : NULL;
        jobs[i].rc = sign ? sign_one(&jobs[i], e) : verify_one(&jobs[i], e);
        if (single == NULL && jobs[i].rc != WTL_OK)
            single = &jobs[i];
    }
    return first_sig(jobs, n, single, &of_single, &of_lanes, err);
}

static int run_sig(wtl_batch_sig *jobs, size_t n, bool sign, wtl_err *err)
{
    int first = WTL_OK;
    for (size_t at = 0; at < n; at += CHUNK) {
        size_t take = n - at < CHUNK ? n - at : CHUNK;
        int rc = run_sig_chunk(jobs + at, take, sign, first == WTL_OK ? err : NULL);
        first = first == WTL_OK ? rc : first;
    }
    return first;
}

int wtl_batch_sign(wtl_batch_sig *jobs, size_t n, wtl_err *err)
{
    return run_sig(jobs, n, true, err);
}

int wtl_batch_verify(wtl_batch_sig *jobs, size_t n, wtl_err *err)
{
    return run_sig(jobs, n, false, err);
}

static int encaps_one(wtl_batch_kem *j, wtl_err *err)
{
    AUTO(wtl_buf) enc = {0};
    AUTO(wtl_secret) ss = {0};
    if (j->enc_n > 0)
        memset(j->enc, 0, j->enc_n);
    TRY(wtl_kem_encaps(j->key, &enc, &ss, err));
    ENSURE(enc.n <= j->enc_n && ss.n == sizeof j->ss, err, WTL_USAGE,
           "an encapsulation of %s needs room for %zu bytes, and %zu are there", j->key->alg->name, enc.n,
           j->enc_n);
    memcpy(j->enc, enc.p, enc.n);
    memcpy(j->ss, ss.p, ss.n);
    j->enc_n = enc.n;
    return WTL_OK;
}

static int decaps_one(wtl_batch_kem *j, wtl_err *err)
{
    AUTO(wtl_secret) ss = {0};
    TRY(wtl_kem_decaps(j->key, (wtl_bytes){j->enc, j->enc_n}, &ss, err));
    ENSURE(ss.n == sizeof j->ss, err, WTL_BUG, "a shared secret of %s has %zu bytes", j->key->alg->name,
           ss.n);
    memcpy(j->ss, ss.p, ss.n);
    return WTL_OK;
}

typedef struct kem_lanes {
    wtl_mlkem_job job[CHUNK];
    wtl_batch_kem *of[CHUNK];
    uint8_t m[CHUNK][WTL_MLKEM_M];
    size_t n;
} kem_lanes;

static void gather_kem(kem_lanes *l, wtl_batch_kem *jobs, size_t n, bool encaps)
{
    l->n = 0;
    for (size_t i = 0; i < n; i++) {
        wtl_batch_kem *j = &jobs[i];
        j->rc = UNDONE;
        memset(j->ss, 0, sizeof j->ss);
        const wtl_mlkem_key *k = mlkem_of(j->key);
        bool fits = k != NULL && (encaps ? j->enc_n >= j->key->alg->out
                                         : j->key->is_private && j->enc_n == j->key->alg->out);
        if (!fits)
            continue;
        wtl_mlkem_job *to = &l->job[l->n];
        *to = (wtl_mlkem_job){.key = k, .m = l->m[l->n], .ct = encaps ? j->enc : NULL, .ss = j->ss};
        to->given = encaps ? (wtl_bytes){0} : (wtl_bytes){j->enc, j->enc_n};
        l->of[l->n++] = j;
    }
}

static void run_kem_lanes(kem_lanes *l, bool encaps, wtl_err *err)
{
    if (l->n == 0 || (encaps && wtl_lib_random(l->m[0], l->n * sizeof l->m[0], NULL) < 0))
        return;
    int rc = encaps ? wtl_mlkem_encaps_many(l->job, l->n, err) : wtl_mlkem_decaps_many(l->job, l->n, err);
    (void)rc;
    for (size_t i = 0; i < l->n; i++) {
        wtl_batch_kem *j = l->of[i];
        j->rc = l->job[i].rc;
        if (encaps && j->rc == WTL_OK)
            j->enc_n = j->key->alg->out;
        else if (encaps)
            memset(j->enc, 0, j->enc_n);
    }
    wtl_secret_wipe(l->m, sizeof l->m);
}

static int first_kem(const wtl_batch_kem *jobs, size_t n, const wtl_batch_kem *single,
                     const wtl_err *of_single, const wtl_err *of_lanes, wtl_err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (jobs[i].rc == WTL_OK)
            continue;
        if (err != NULL)
            *err = &jobs[i] == single ? *of_single : *of_lanes;
        return jobs[i].rc;
    }
    return WTL_OK;
}

static int run_kem_chunk(wtl_batch_kem *jobs, size_t n, bool encaps, wtl_err *err)
{
    kem_lanes lanes;
    wtl_err of_lanes = {0};
    wtl_err of_single = {0};
    const wtl_batch_kem *single = NULL;
    gather_kem(&lanes, jobs, n, encaps);
    run_kem_lanes(&lanes, encaps, &of_lanes);
    for (size_t i = 0; i < n; i++) {
        if (jobs[i].rc != UNDONE)
            continue;
        wtl_err *e = single == NULL ? &of_single : NULL;
        jobs[i].rc = encaps ? encaps_one(&jobs[i], e) : decaps_one(&jobs[i], e);
        if (single == NULL && jobs[i].rc != WTL_OK)
            single = &jobs[i];
    }
    return first_kem(jobs, n, single, &of_single, &of_lanes, err);
}

static int run_kem(wtl_batch_kem *jobs, size_t n, bool encaps, wtl_err *err)
{
    int first = WTL_OK;
    for (size_t at = 0; at < n; at += CHUNK) {
        size_t take = n - at < CHUNK ? n - at : CHUNK;
        int rc = run_kem_chunk(jobs + at, take, encaps, first == WTL_OK ? err : NULL);
        first = first == WTL_OK ? rc : first;
    }
    return first;
}

int wtl_batch_encaps(wtl_batch_kem *jobs, size_t n, wtl_err *err)
{
    return run_kem(jobs, n, true, err);
}

int wtl_batch_decaps(wtl_batch_kem *jobs, size_t n, wtl_err *err)
{
    return run_kem(jobs, n, false, err);
}
