/* Key encapsulation: ML-KEM (FIPS 203) and X-Wing = MLKEM768-X25519 (draft-connolly-cfrg-xwing-kem). */
#ifndef WTL_CRYPTO_KEM_H
#define WTL_CRYPTO_KEM_H

#include "crypto/key.h"

/* A fresh shared secret for the public key `k`; the encapsulation is appended to `enc`. */
int wtl_kem_encaps(const wtl_key *k, wtl_buf *enc, wtl_secret *ss, wtl_err *err) WTL_MUST_USE;
/* For test vectors: randomness from the caller (ML-KEM m: 32 bytes; X-Wing: m || X25519 ephemeral, 64). */
int wtl_kem_encaps_derand(const wtl_key *k, wtl_bytes random, wtl_buf *enc, wtl_secret *ss,
                          wtl_err *err) WTL_MUST_USE;
/* The shared secret. A well-sized encapsulation for another key gives an unrelated secret (implicit
 * rejection), not an error; a wrong size, and in X-Wing an X25519 point of small order, is WTL_FORMAT. */
int wtl_kem_decaps(const wtl_key *k, wtl_bytes enc, wtl_secret *ss, wtl_err *err) WTL_MUST_USE;

#endif
