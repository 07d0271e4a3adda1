/* Our kernels beside OpenSSL's own code: every operation of every algorithm that our provider has, through EVP, in one process,
 * in turn. */
#ifndef WTL_BENCH_PRIMITIVES_H
#define WTL_BENCH_PRIMITIVES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include <wattle/bytes.h>

typedef struct wtl_primitives_row {
    const char *alg; /* canonical name; static */
    const char *op;  /* "keygen", "sign", "sign, 8 at once", ...; static */
    double openssl;  /* microseconds for one, by OpenSSL's default provider */
    double wattle;   /* the same by ours; of one message where several run at once */
    double goal;     /* times as fast as it is to be; 0 = none set */
} wtl_primitives_row;

typedef struct wtl_primitives {
    wtl_primitives_row *row;
    size_t n, room;
} wtl_primitives;
void wtl_primitives_free(wtl_primitives *p);
void wtl_primitives_auto(wtl_primitives *p);

typedef struct wtl_primitives_plan {
    const char *only;  /* canonical name of the one algorithm to run, or NULL */
    unsigned rounds;   /* of each operation */
    double seconds;    /* one side of one round, about */
    size_t sign_least; /* ML-DSA signing: messages in all, at the least */
    wtl_bytes
        *message; /* what ML-DSA signs: these in turn, deterministically, with the key of the zero seed, or */
    size_t messages;                                          /* 0: random ones, hedged, with a random key */
    void (*step)(void *arg, const char *alg, const char *op); /* told before each row; may be NULL */
    void *arg;
} wtl_primitives_plan;

/* Fills `p` (zero-initialised). Needs the mode "wattle" (crypto/lib.h), else WTL_POLICY. WTL_STOPPED-like ends are the caller's:
 * between rows `stop` of base is asked. */
int wtl_primitives_run(wtl_primitives *p, const wtl_primitives_plan *plan, wtl_err *err) WTL_MUST_USE;

/* What a TLS handshake's key exchange costs in all, in microseconds, from the rows of `p`: both key generations and both
 * derivations of X25519 by OpenSSL, and keygen, encaps and decaps of X25519MLKEM768 by us. False without these rows. */
bool wtl_primitives_exchange(const wtl_primitives *p, double *classical_openssl, double *hybrid_wattle);

#endif
