/* HMAC, HKDF (RFC 5869) and scrypt (RFC 7914), through EVP. */
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

/* scrypt into a new secret of n bytes, in a little over 128 * 2^log2_n * r bytes of memory. The caller bounds
 * them: WTL_NOMEM when the memory cannot be had, WTL_USAGE for parameters that RFC 7914 section 2 excludes. */
typedef struct wtl_kdf_cost {
    unsigned log2_n;
    unsigned r;
    unsigned p;
} wtl_kdf_cost;
int wtl_kdf_scrypt(wtl_bytes passphrase, wtl_bytes salt, wtl_kdf_cost cost, size_t n, wtl_secret *out,
                   wtl_err *err) WTL_MUST_USE;
/* N is at least 2 and below 2^(16 r), r * p below 2^30: what the function is defined for. */
bool wtl_kdf_scrypt_defined(wtl_kdf_cost cost);

#endif
