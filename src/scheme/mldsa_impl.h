/* The insides of ML-DSA, for its own files alone. */
#ifndef WTL_SCHEME_MLDSA_IMPL_H
#define WTL_SCHEME_MLDSA_IMPL_H

#include "kernel/polydsa.h"
#include "scheme/mldsa.h"
#include "scheme/shake.h"

enum {
    WTL_MLDSA_K_MOST = 8,
    WTL_MLDSA_L_MOST = WTL_POLYDSA_L_MOST,
    WTL_MLDSA_OMEGA_MOST = 80,
    WTL_MLDSA_TR = 64,
    WTL_MLDSA_PUB_MOST = 2592,
    WTL_MLDSA_HASH_MOST = 64, /* commitment hash */
    WTL_MLDSA_W1_MOST = 1024, /* commitment, packed */
    WTL_MLDSA_LANES = WTL_KECCAK_LANES_MOST,
    WTL_MLDSA_BLOCK = 136 /* rate of SHAKE256 */
};

/* One block of memory: `poly` holds the matrix (k rows of l) and t1 2^13 (k), both in the NTT domain; `held` what is
 * secret, which the pointers below it look into (NULL for a public key). */
struct wtl_mldsa_key {
    const wtl_mldsa_params *p;
    enum wtl_mldsa_set set;
    const wtl_keccak *keccak;
    const wtl_polydsa *ops;
    wtl_secret held;
    wtl_polydsa_poly *s1, *s2, *t0; /* in the NTT domain */
    uint8_t *k, *seed, *priv;       /* K of the standard; seed NULL when not known; skEncode */
    uint8_t tr[WTL_MLDSA_TR];
    uint8_t pub[WTL_MLDSA_PUB_MOST];
    wtl_polydsa_poly *a, *t1;
    wtl_polydsa_poly poly[];
};

/* These bytes were made of secrets and are public from here on (see WTL_CT_PUBLIC). */
static inline void wtl_mldsa_publish(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = WTL_CT_PUBLIC(p[i]);
}

/* gamma1 - beta and the like: tau * eta. */
static inline int32_t wtl_mldsa_beta(const wtl_mldsa_params *p)
{
    return (int32_t)p->tau * p->eta;
}

/* Bytes of one polynomial in w1Encode, and of z. */
static inline size_t wtl_mldsa_w1_size(const wtl_mldsa_params *p)
{
    return p->gamma2 == (WTL_POLYDSA_Q - 1) / 88 ? 192 : 128;
}
static inline size_t wtl_mldsa_z_size(const wtl_mldsa_params *p)
{
    return p->gamma1 == 1 << 17 ? 576 : 640;
}

/* mldsa_expand.c */

/* ExpandA (algorithm 32) of rho = the first 32 bytes of pub, into a. */
void wtl_mldsa_expand_matrix(wtl_mldsa_key *key);
/* ExpandS (algorithm 33), small coefficients, into s1 and s2. */
void wtl_mldsa_expand_secret(wtl_mldsa_key *key, const uint8_t seed[64]);
/* One polynomial of ExpandMask (algorithm 34): of the 64-byte rho'' and its counter kappa + r. */
typedef struct wtl_mldsa_mask {
    const uint8_t *rho;
    wtl_polydsa_poly *y;
    uint16_t counter;
    int32_t gamma1;
} wtl_mldsa_mask;
void wtl_mldsa_expand_mask(const wtl_keccak *k, const wtl_polydsa *ops, const wtl_mldsa_mask *m, size_t n);

/* mldsa_hash.c */

/* What is hashed: the parts, one behind the other. */
enum { WTL_MLDSA_PARTS = 4 };
typedef struct wtl_mldsa_text {
    wtl_bytes part[WTL_MLDSA_PARTS];
} wtl_mldsa_text;
/* SHAKE256 of n texts of any lengths; those with equally many blocks go side by side. out_n <= 136 bytes each. */
void wtl_mldsa_hash(const wtl_keccak *k, const wtl_mldsa_text *text, size_t n, uint8_t *const out[],
                    size_t out_n);
/* SampleInBall (algorithm 29): `block` is the first 136 bytes of SHAKE256(hash). The result is not in the NTT domain. */
void wtl_mldsa_hash_ball(const wtl_mldsa_key *key, wtl_polydsa_poly *c, const uint8_t *hash,
                         const uint8_t block[WTL_MLDSA_BLOCK]);

/* mldsa.c */

/* WTL_USAGE for a context or mu of a wrong length. */
int wtl_mldsa_what_check(const wtl_mldsa_what *what, wtl_err *err) WTL_MUST_USE;
/* mu of n messages that wtl_mldsa_what_check found good; n <= WTL_MLDSA_LANES. */
void wtl_mldsa_mus(const wtl_mldsa_key *const key[], const wtl_mldsa_what *const what[], size_t n,
                   uint8_t *const mu[]);

#endif
