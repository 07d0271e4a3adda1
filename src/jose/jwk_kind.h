/* Which JWK stands for which algorithm, for the files of this room. */
#ifndef WTL_JOSE_JWK_KIND_H
#define WTL_JOSE_JWK_KIND_H

#include "crypto/alg.h"

enum { WTL_JWK_PARTS = 2 };

typedef struct wtl_jwk_kind {
    enum wtl_alg_id id;
    const char *kty;
    const char *selector;            /* the member that tells algorithms of one kty apart: "alg" or "crv" */
    const char *name;                /* its value */
    const char *alg;                 /* written as `alg`, or NULL: then `crv` says it all */
    const char *algs[4];             /* the values of `alg` that are accepted */
    const char *part[WTL_JWK_PARTS]; /* the public members in order; the second may be NULL */
    const char *secret;              /* the private member */
} wtl_jwk_kind;

/* NULL when the algorithm has no JWK form. */
const wtl_jwk_kind *wtl_jwk_kind_of(const wtl_alg *alg);
/* NULL when there is none with these words. */
const wtl_jwk_kind *wtl_jwk_kind_find(const char *kty, const char *name);
/* The member that selects among those of `kty`, or NULL for a kty that is not read. */
const char *wtl_jwk_kind_selector(const char *kty);
/* The signing kind whose tokens carry this `alg`, and *name the same text in static storage; NULL when there is none. */
const wtl_jwk_kind *wtl_jwk_kind_by_alg(const char *alg, const char **name);
/* The `alg` that tokens signed by it get. */
const char *wtl_jwk_kind_signs_as(const wtl_jwk_kind *kind);
/* Whether its keys sign, rather than agree on secrets. */
bool wtl_jwk_kind_signs(const wtl_jwk_kind *kind);
/* Bytes of its signature in a token: for ECDSA the two numbers, each as long as the order (RFC 7518 section 3.4). */
size_t wtl_jwk_kind_signature(const wtl_jwk_kind *kind);

#endif
