/* PBES2-encrypted PKCS#8: EncryptedPrivateKeyInfo (RFC 5958 section 3, RFC 8018, RFC 7914 section 7). */
#ifndef WTL_CRYPTO_KEY_PBES_H
#define WTL_CRYPTO_KEY_PBES_H

#include "base/secret.h"
#include <wattle/key.h>

/* Limits on what a file may ask of the reader, above which it is WTL_POLICY: scrypt's 128 * N * r and p;
 * PBKDF2's iterations. */
enum { WTL_PBES_MEMORY = 1 << 30, WTL_PBES_PARALLEL = 16, WTL_PBES_ITERATIONS = 10000000 };

/* The PrivateKeyInfo inside, a new secret. scrypt or PBKDF2 (HMAC-SHA-1 to SHA-512), AES-CBC. The parameters
 * are judged before the passphrase is asked for. WTL_NO: wrong passphrase (or a damaged ciphertext, which
 * looks the same); WTL_POLICY: a limit, another scheme, or `pp` NULL; WTL_FORMAT. */
int wtl_key_pbes_open(wtl_bytes der, const wtl_passphrase *pp, wtl_secret *plain, wtl_err *err) WTL_MUST_USE;
/* Replaces the PrivateKeyInfo `key` by its EncryptedPrivateKeyInfo: AES-256-CBC, scrypt. */
int wtl_key_pbes_seal(wtl_secret *key, wtl_bytes passphrase, wtl_err *err) WTL_MUST_USE;

#endif
