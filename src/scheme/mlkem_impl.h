/* What stands behind scheme/mlkem.h: the key, K-PKE, and the batches. */
#ifndef WTL_SCHEME_MLKEM_IMPL_H
#define WTL_SCHEME_MLKEM_IMPL_H

#include "scheme/mlkem.h"
#include "scheme/mlkem_lanes.h"

enum { WTL_MLKEM_K_MOST = WTL_POLYKEM_K_MOST, WTL_MLKEM_NOISES_MOST = 2 * WTL_MLKEM_K_MOST + 1 };

/* One allocation with its public parts behind it; what is secret lies in `secret`. */
struct wtl_mlkem_key {
    const wtl_mlkem_params *p;
    enum wtl_mlkem_set set;
    const wtl_keccak *keccak;
    const wtl_polykem *poly;
    wtl_polykem_poly *at; /* the matrix transposed: entry (i, j) is at[j * k + i]; NTT domain */
    wtl_polykem_poly *t;  /* NTT domain */
    uint8_t *ek;
    uint8_t h[32];       /* H(ek) */
    wtl_secret secret;   /* empty for a public key; below are places in it */
    wtl_polykem_poly *s; /* NTT domain */
    uint8_t *dk, *seed;  /* seed: NULL when not known */
};

int wtl_mlkem_key_from_seed(wtl_mlkem_key **out, enum wtl_mlkem_set set, enum wtl_cpu_level level,
                            const uint8_t seed[WTL_MLKEM_SEED], wtl_err *err) WTL_MUST_USE;
int wtl_mlkem_key_from_private(wtl_mlkem_key **out, enum wtl_mlkem_set set, enum wtl_cpu_level level,
                               wtl_bytes dk, wtl_err *err) WTL_MUST_USE;
int wtl_mlkem_key_from_public(wtl_mlkem_key **out, enum wtl_mlkem_set set, enum wtl_cpu_level level,
                              wtl_bytes ek, wtl_err *err) WTL_MUST_USE;
int wtl_mlkem_key_check_public(enum wtl_mlkem_set set, enum wtl_cpu_level level, wtl_bytes ek,
                               wtl_err *err) WTL_MUST_USE;
void wtl_mlkem_key_free(wtl_mlkem_key *k);

/* One encryption: r is the second half of kr, made by the caller; the rest is written here. */
typedef struct wtl_mlkem_work {
    uint8_t kr[64]; /* K || r */
    uint8_t m[32];
    uint8_t reject[32];
    uint8_t noise[WTL_MLKEM_NOISES_MOST][WTL_MLKEM_PRF_ROOM];
    wtl_mlkem_task g, j, prf[WTL_MLKEM_NOISES_MOST];
} wtl_mlkem_work;

/* K-PKE (FIPS 203 section 5). Its randomness comes hashed, so that callers choose how it shares lanes. */
/* How many blocks of PRF output SamplePolyCBD with this eta takes. */
uint8_t wtl_mlkem_pke_blocks(unsigned eta);
/* Algorithm 13 from line 8 on, with the noises of s, then of e: s; and rows from .. to-1 of t and ek. */
void wtl_mlkem_pke_secret(wtl_mlkem_key *k, uint8_t noise[][WTL_MLKEM_PRF_ROOM]);
void wtl_mlkem_pke_rows(wtl_mlkem_key *k, uint8_t noise[][WTL_MLKEM_PRF_ROOM], unsigned from, unsigned to);
/* How far t - A s is from small, t as ek encodes it: 0 when every coefficient is at most eta1, below 0 when not. */
int32_t wtl_mlkem_pke_misfit(const wtl_mlkem_key *k);
/* Algorithm 14 with noises y, e1, e2 of w. */
void wtl_mlkem_pke_encrypt(const wtl_mlkem_key *k, const wtl_mlkem_work *w, const uint8_t m[32], uint8_t *ct);
/* Algorithm 15. */
void wtl_mlkem_pke_decrypt(const wtl_mlkem_key *k, const uint8_t *ct, uint8_t m[32]);

/* 1 to 8 jobs whose keys have one set and one level; w has a place for each, and is wiped. For decapsulation the keys
 * are private and lengths right. */
enum { WTL_MLKEM_GROUP = 8 };
void wtl_mlkem_group_encaps(wtl_mlkem_job *const jobs[], size_t n, wtl_mlkem_work *w);
void wtl_mlkem_group_decaps(wtl_mlkem_job *const jobs[], size_t n, wtl_mlkem_work *w);

#endif
