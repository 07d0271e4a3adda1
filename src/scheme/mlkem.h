/* ML-KEM (FIPS 203) over the kernels: keys made ready for use, encapsulation and decapsulation, many at once. */
#ifndef WTL_SCHEME_MLKEM_H
#define WTL_SCHEME_MLKEM_H

#include "base/secret.h"
#include "kernel/cpu.h"

enum wtl_mlkem_set { WTL_MLKEM_512, WTL_MLKEM_768, WTL_MLKEM_1024, WTL_MLKEM_SETS };
enum { WTL_MLKEM_SEED = 64, WTL_MLKEM_SHARED = 32, WTL_MLKEM_M = 32, WTL_MLKEM_CT_MOST = 1568 };

/* Sizes in bytes: FIPS 203 tables 2 and 3. Static storage. */
typedef struct wtl_mlkem_params {
    const char *name; /* "ML-KEM-768" */
    uint16_t pub, priv, ct;
    uint8_t k, eta1, du, dv;
    uint16_t bits; /* security, for OpenSSL: 128, 192, 256 */
} wtl_mlkem_params;
const wtl_mlkem_params *wtl_mlkem_params_of(enum wtl_mlkem_set set);

/* An encapsulation key, or a decapsulation key with it, expanded: matrix and vectors in the NTT domain, H(ek). Immutable
 * once made: any number of threads may use it. What is secret is wiped when freed. */
typedef struct wtl_mlkem_key wtl_mlkem_key;
typedef wtl_mlkem_key wtl_mlkem; /* so that AUTO(wtl_mlkem) *k = NULL frees itself */

/* `level` picks the kernels (WTL_CPU_AUTO: the best here). *out belongs to the caller. The seed is d || z. */
int wtl_mlkem_from_seed(wtl_mlkem_key **out, enum wtl_mlkem_set set, enum wtl_cpu_level level,
                        const uint8_t seed[WTL_MLKEM_SEED], wtl_err *err) WTL_MUST_USE;
/* WTL_FORMAT when the length is wrong, or the hash or modulus checks of section 7.3 and 7.2 fail. */
int wtl_mlkem_from_private(wtl_mlkem_key **out, enum wtl_mlkem_set set, enum wtl_cpu_level level,
                           wtl_bytes dk, wtl_err *err) WTL_MUST_USE;
/* WTL_FORMAT when the length is wrong or a coefficient is not reduced (section 7.2). */
int wtl_mlkem_from_public(wtl_mlkem_key **out, enum wtl_mlkem_set set, enum wtl_cpu_level level, wtl_bytes ek,
                          wtl_err *err) WTL_MUST_USE;
/* What wtl_mlkem_from_public would say of it, without making the key. */
int wtl_mlkem_check_public(enum wtl_mlkem_set set, enum wtl_cpu_level level, wtl_bytes ek,
                           wtl_err *err) WTL_MUST_USE;
void wtl_mlkem_free(wtl_mlkem_key *k);
void wtl_mlkem_auto(wtl_mlkem_key **k);

enum wtl_mlkem_set wtl_mlkem_set_of(const wtl_mlkem_key *k);
enum wtl_cpu_level wtl_mlkem_level(const wtl_mlkem_key *k);
wtl_bytes wtl_mlkem_public(const wtl_mlkem_key *k);  /* ek; borrowed */
wtl_bytes wtl_mlkem_private(const wtl_mlkem_key *k); /* dk; borrowed; empty for a public key */
wtl_bytes wtl_mlkem_seed(const wtl_mlkem_key *k);    /* d || z; borrowed; empty when not known */
/* The private part belongs to the public one: t - A s, with t as ek encodes it, is small noise. A twentieth of what
 * wtl_mlkem_consistent costs. WTL_BUG when not. */
int wtl_mlkem_fits(const wtl_mlkem_key *k, wtl_err *err) WTL_MUST_USE;
/* What is encapsulated to it is decapsulated again (the pairwise consistency test of FIPS 140-3). WTL_BUG when not. */
int wtl_mlkem_consistent(const wtl_mlkem_key *k, wtl_err *err) WTL_MUST_USE;

/* Algorithm 17: ct has room for the set's `ct` bytes. m are 32 fresh random bytes. */
void wtl_mlkem_encaps(const wtl_mlkem_key *k, const uint8_t m[WTL_MLKEM_M], uint8_t *ct,
                      uint8_t ss[WTL_MLKEM_SHARED]);
/* Algorithm 18 with implicit rejection, in time that does not depend on whether ct is good. WTL_USAGE for a public key,
 * WTL_FORMAT for a wrong length; ss is then zeroed. */
int wtl_mlkem_decaps(const wtl_mlkem_key *k, wtl_bytes ct, uint8_t ss[WTL_MLKEM_SHARED],
                     wtl_err *err) WTL_MUST_USE;

/* One of many: m, ct and ss as above; for decapsulation `given` is read. rc is what the lone call would have returned. */
typedef struct wtl_mlkem_job {
    const wtl_mlkem_key *key;
    const uint8_t *m;
    uint8_t *ct;
    wtl_bytes given;
    uint8_t *ss;
    int rc;
} wtl_mlkem_job;

/* The same results as one call after the other, several at a time in the lanes. Any n; keys may differ. Returns 0 or the
 * first rc < 0 with its sentence; all jobs are done in any case. */
int wtl_mlkem_encaps_many(wtl_mlkem_job *jobs, size_t n, wtl_err *err) WTL_MUST_USE;
int wtl_mlkem_decaps_many(wtl_mlkem_job *jobs, size_t n, wtl_err *err) WTL_MUST_USE;

#endif
