/* ML-DSA (FIPS 204) over the kernels: keys made ready for use, signing, verifying, many at once. */
#ifndef WTL_SCHEME_MLDSA_H
#define WTL_SCHEME_MLDSA_H

#include "base/secret.h"
#include "kernel/cpu.h"

enum wtl_mldsa_set { WTL_MLDSA_44, WTL_MLDSA_65, WTL_MLDSA_87, WTL_MLDSA_SETS };
enum {
    WTL_MLDSA_SEED = 32,
    WTL_MLDSA_MU = 64,
    WTL_MLDSA_RND = 32,
    WTL_MLDSA_SIG_MOST = 4627,
    WTL_MLDSA_CONTEXT_MOST = 255
};

/* Sizes in bytes: FIPS 204 table 2. Static storage. */
typedef struct wtl_mldsa_params {
    const char *name; /* "ML-DSA-65" */
    uint16_t pub, priv, sig;
    uint8_t k, l, eta, tau, omega, lambda_bytes; /* lambda_bytes: of the commitment hash, lambda / 4 */
    uint16_t bits;                               /* security, for OpenSSL: 128, 192, 256 */
    int32_t gamma1, gamma2;
} wtl_mldsa_params;
const wtl_mldsa_params *wtl_mldsa_params_of(enum wtl_mldsa_set set);

/* A public key, or a private and public key together, expanded: matrix, secret vectors and t1 in the NTT domain, tr.
 * Immutable once made: any number of threads may use it. 20 to 100 KiB; what is secret is wiped when freed. */
typedef struct wtl_mldsa_key wtl_mldsa_key;

/* `level` picks the kernels (WTL_CPU_AUTO: the best here). *out belongs to the caller. */
int wtl_mldsa_from_seed(wtl_mldsa_key **out, enum wtl_mldsa_set set, enum wtl_cpu_level level,
                        const uint8_t seed[WTL_MLDSA_SEED], wtl_err *err) WTL_MUST_USE;
/* skDecode (algorithm 25). WTL_FORMAT when its length is wrong, a coefficient is out of range, or its parts do not
 * belong together (t0 and tr are computed anew from rho, s1 and s2, which also gives the public key). */
int wtl_mldsa_from_private(wtl_mldsa_key **out, enum wtl_mldsa_set set, enum wtl_cpu_level level,
                           wtl_bytes sk, wtl_err *err) WTL_MUST_USE;
/* pkDecode (algorithm 23). WTL_FORMAT when the length is wrong. */
int wtl_mldsa_from_public(wtl_mldsa_key **out, enum wtl_mldsa_set set, enum wtl_cpu_level level, wtl_bytes pk,
                          wtl_err *err) WTL_MUST_USE;
void wtl_mldsa_free(wtl_mldsa_key *k);
typedef wtl_mldsa_key wtl_mldsa; /* for AUTO(wtl_mldsa) */
void wtl_mldsa_auto(wtl_mldsa_key **k);

enum wtl_mldsa_set wtl_mldsa_set_of(const wtl_mldsa_key *k);
enum wtl_cpu_level wtl_mldsa_level(const wtl_mldsa_key *k);
wtl_bytes wtl_mldsa_public(const wtl_mldsa_key *k); /* encoded; borrowed */
wtl_bytes
wtl_mldsa_private(const wtl_mldsa_key *k);        /* encoded (skEncode); borrowed; empty for a public key */
wtl_bytes wtl_mldsa_seed(const wtl_mldsa_key *k); /* borrowed; empty when not known */
/* The private part belongs to the public one: A s1 + s2 = t1 2^13 + t0, with t1 as pkEncode has it. Costs a tenth of
 * wtl_mldsa_consistent. WTL_BUG when not. */
int wtl_mldsa_fits(const wtl_mldsa_key *k, wtl_err *err) WTL_MUST_USE;
/* A signature of a fixed message verifies (the pairwise consistency test of FIPS 140-3). WTL_BUG when not. */
int wtl_mldsa_consistent(const wtl_mldsa_key *k, wtl_err *err) WTL_MUST_USE;

/* What is signed and how. Zero is: pure mode, empty context, deterministic. */
typedef struct wtl_mldsa_what {
    wtl_bytes msg;
    wtl_bytes context; /* at most 255 bytes, else WTL_USAGE */
    bool is_mu;        /* msg is the 64-byte mu (section 6.2, external mu); context is then unused */
    bool
        is_encoded; /* msg is M' already: no domain byte and context are put in front (OpenSSL's message-encoding 0) */
    const uint8_t *rnd; /* 32 random bytes: the hedged variant; NULL: the deterministic one (32 zero bytes) */
    bool
        verify_after; /* checks the signature before it is given out: a fault while signing is then WTL_BUG */
} wtl_mldsa_what;

/* sig has room for the set's `sig` bytes. Errors: WTL_USAGE (public key, context or mu of a wrong length). On error sig
 * is zeroed. */
int wtl_mldsa_sign(const wtl_mldsa_key *k, const wtl_mldsa_what *what, uint8_t *sig,
                   wtl_err *err) WTL_MUST_USE;
/* 0 when good, WTL_NO when not, whatever its shape. */
int wtl_mldsa_verify(const wtl_mldsa_key *k, const wtl_mldsa_what *what, wtl_bytes sig,
                     wtl_err *err) WTL_MUST_USE;
/* mu of the message: algorithm 7 line 6. */
int wtl_mldsa_mu(const wtl_mldsa_key *k, const wtl_mldsa_what *what, uint8_t mu[WTL_MLDSA_MU],
                 wtl_err *err) WTL_MUST_USE;

/* One of many. For signing `sig` is written (the set's size); for verifying `given` is read. rc is what the lone call
 * would have returned. Keys may differ, also in set; messages too. */
typedef struct wtl_mldsa_job {
    const wtl_mldsa_key *key;
    wtl_mldsa_what what;
    uint8_t *sig;
    wtl_bytes given;
    int rc;
} wtl_mldsa_job;

/* The same results as one call after the other, several messages at a time in the lanes. Any n. Returns 0, or the
 * first rc < 0 other than WTL_NO, with its sentence; all jobs are done in any case. Not enough memory: WTL_BUG. */
int wtl_mldsa_sign_many(wtl_mldsa_job *jobs, size_t n, wtl_err *err) WTL_MUST_USE;
int wtl_mldsa_verify_many(wtl_mldsa_job *jobs, size_t n, wtl_err *err) WTL_MUST_USE;

#endif
