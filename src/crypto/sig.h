/* Signatures: ML-DSA, SLH-DSA, ECDSA (DER, P-256/384/521 with SHA-256/384/512), Ed25519. */
#ifndef WTL_CRYPTO_SIG_H
#define WTL_CRYPTO_SIG_H

#include "crypto/key.h"

/* Optional parameters; all zero is the default: pure mode, empty context, hedged. */
typedef struct wtl_sig_opts {
    wtl_bytes context;  /* FIPS 204/205 context, at most 255 bytes; WTL_USAGE with other algorithms */
    bool deterministic; /* for tests: the standard's deterministic variant */
    bool message_is_mu; /* ML-DSA: the message is the 64-byte mu (external mu, FIPS 204 section 6.2) */
} wtl_sig_opts;

/* Appends the signature. `opts` may be NULL. */
int wtl_sig_sign(const wtl_key *k, wtl_bytes msg, const wtl_sig_opts *opts, wtl_buf *sig,
                 wtl_err *err) WTL_MUST_USE;
/* 0 when good; WTL_NO when the signature is not one of this message by this key, whatever its shape. */
int wtl_sig_verify(const wtl_key *k, wtl_bytes msg, const wtl_sig_opts *opts, wtl_bytes sig,
                   wtl_err *err) WTL_MUST_USE;
/* mu = SHAKE256(SHAKE256(pk, 64) || 0 || |ctx| || ctx || msg, 64) for an ML-DSA key. */
int wtl_sig_mu(const wtl_key *k, wtl_bytes msg, wtl_bytes context, uint8_t mu[64], wtl_err *err) WTL_MUST_USE;

#endif
