/* X-Wing = MLKEM768-X25519 (draft-connolly-cfrg-xwing-kem-10) composed over EVP. */
#ifndef WTL_CRYPTO_XWING_H
#define WTL_CRYPTO_XWING_H

#include "crypto/key_impl.h"

/* Expands the 32-byte seed and fills k->pkey (ML-KEM-768), k->x25519 and k->seed of an allocated X-Wing key,
 * and marks it private. A seed of another length is WTL_FORMAT. */
int wtl_xwing_from_seed(wtl_key *k, wtl_bytes seed, wtl_err *err) WTL_MUST_USE;
/* Fills k->pkey and k->x25519 from the 1,216 bytes pk_M || pk_X; WTL_FORMAT when they are no key. */
int wtl_xwing_from_public(wtl_key *k, wtl_bytes raw, wtl_err *err) WTL_MUST_USE;
/* Appends pk_M || pk_X, 1,216 bytes. */
int wtl_xwing_public_raw(const wtl_key *k, wtl_buf *out, wtl_err *err) WTL_MUST_USE;

/* As wtl_kem_encaps (random.n 0) and wtl_kem_encaps_derand (random.n 64: m || X25519 ephemeral) say. An
 * X25519 part of small order on the other side, which forces an all-zero secret, is WTL_FORMAT: the draft
 * leaves that check of RFC 7748 section 6.1 to the implementation, and OpenSSL, like RFC 9180 section 7.1.4,
 * makes it. */
int wtl_xwing_encaps(const wtl_key *k, wtl_bytes random, wtl_buf *enc, wtl_secret *ss,
                     wtl_err *err) WTL_MUST_USE;
int wtl_xwing_decaps(const wtl_key *k, wtl_bytes enc, wtl_secret *ss, wtl_err *err) WTL_MUST_USE;

#endif
