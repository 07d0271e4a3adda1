/* HMAC and HKDF (RFC 5869), through EVP. */
#ifndef WTL_CRYPTO_KDF_H
#define WTL_CRYPTO_KDF_H

#include "base/secret.h"
#include "crypto/hash.h"

/* HMAC over one message into out[wtl_hash_size(h)]. */
int wtl_kdf_hmac(enum wtl_hash h, wtl_bytes key, wtl_bytes msg, uint8_t *out, wtl_err *err) WTL_MUST_USE;
/* HKDF-Extract: the pseudorandom key, wtl_hash_size(h) bytes, into a new secret. */
int wtl_kdf_extract(enum wtl_hash h, wtl_bytes salt, wtl_bytes ikm, wtl_secret *prk,
                    wtl_err *err) WTL_MUST_USE;
/* HKDF-Expand: n bytes (at most 255 digests) into a new secret; info has at most 32 KiB, else WTL_USAGE. */
int wtl_kdf_expand(enum wtl_hash h, wtl_bytes prk, wtl_bytes info, size_t n, wtl_secret *okm,
                   wtl_err *err) WTL_MUST_USE;

#endif
