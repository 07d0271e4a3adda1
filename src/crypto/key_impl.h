/* The inside of wtl_key, for the files of this room alone. */
#ifndef WTL_CRYPTO_KEY_IMPL_H
#define WTL_CRYPTO_KEY_IMPL_H

#include "crypto/key.h"

struct wtl_key {
    const wtl_alg *alg;
    bool is_private;
    EVP_PKEY *pkey;   /* the key; for X-Wing its ML-KEM-768 part */
    EVP_PKEY *x25519; /* X-Wing's second part, else NULL */
    wtl_secret seed;  /* X-Wing's 32-byte seed, else empty */
};

/* An empty key of the algorithm, for the makers of this room to fill. */
int wtl_key_alloc(wtl_key **out, const wtl_alg *alg, wtl_err *err) WTL_MUST_USE;

/* The key of a private scalar, big-endian, alg->seed bytes; WTL_FORMAT outside 1..n-1. */
int wtl_key_ec_make(EVP_PKEY **out, const wtl_alg *alg, wtl_bytes scalar, wtl_err *err) WTL_MUST_USE;
/* The private scalar, big-endian, alg->seed bytes, into a new secret. */
int wtl_key_ec_scalar(const EVP_PKEY *pkey, const wtl_alg *alg, wtl_secret *out, wtl_err *err) WTL_MUST_USE;
/* A public EC key from the point of a file: uncompressed or compressed. One key is kept and written in one
 * form, the uncompressed, so that it has one id. The hybrid form (RFC 5480 forbids it), the point at infinity
 * and points off the curve are WTL_FORMAT. */
int wtl_key_ec_public(wtl_key **out, const wtl_alg *alg, wtl_bytes point, wtl_err *err) WTL_MUST_USE;

#endif
