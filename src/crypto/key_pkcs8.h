/* PrivateKeyInfo and OneAsymmetricKey (RFC 5958), and what each algorithm puts into it. */
#ifndef WTL_CRYPTO_KEY_PKCS8_H
#define WTL_CRYPTO_KEY_PKCS8_H

#include "crypto/key_impl.h"

/* Reads the whole of `der`. Everything that is there twice (seed and expanded key, scalar and point, a
 * public key) must agree. WTL_FORMAT. */
int wtl_key_pkcs8_read(wtl_key **out, wtl_bytes der, wtl_err *err) WTL_MUST_USE;
/* The bare ECPrivateKey of RFC 5915, which then has to name its curve. */
int wtl_key_pkcs8_read_sec1(wtl_key **out, wtl_bytes der, wtl_err *err) WTL_MUST_USE;
/* Version 0; the seed form where the key knows its seed, else the expanded one. A new secret. */
int wtl_key_pkcs8_write(const wtl_key *k, wtl_secret *out, wtl_err *err) WTL_MUST_USE;

#endif
