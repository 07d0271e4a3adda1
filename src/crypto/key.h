/* Asymmetric keys and their file formats. */
#ifndef WTL_CRYPTO_KEY_H
#define WTL_CRYPTO_KEY_H

#include <openssl/types.h>

#include "base/buf.h"
#include "base/secret.h"
#include "crypto/alg.h"
#include <wattle/key.h>

void wtl_key_auto(wtl_key **k);

const wtl_alg *wtl_key_alg(const wtl_key *k);

/* New key from the context's DRBG. WTL_USAGE when the algorithm is not one that keys are made for. */
int wtl_key_generate(wtl_key **out, const wtl_alg *alg, wtl_err *err) WTL_MUST_USE;
/* The key of a stored seed: ML-KEM d||z (64), ML-DSA xi (32), SLH-DSA SK.seed||SK.prf||PK.seed (3n),
 * X-Wing (32). Deterministic. */
int wtl_key_from_seed(wtl_key **out, const wtl_alg *alg, wtl_bytes seed, wtl_err *err) WTL_MUST_USE;
/* A public key from its raw bytes (FIPS 203/204/205 encodings; X-Wing 1,216 bytes; EC uncompressed point). */
int wtl_key_from_public(wtl_key **out, const wtl_alg *alg, wtl_bytes raw, wtl_err *err) WTL_MUST_USE;

enum wtl_key_form { WTL_KEY_PEM, WTL_KEY_DER };
/* Appends SubjectPublicKeyInfo, or age's recipient line for X-Wing (PEM form only). */
int wtl_key_write_public(const wtl_key *k, enum wtl_key_form form, wtl_buf *out, wtl_err *err) WTL_MUST_USE;
/* PKCS#8, seed-only where the standard has a seed; with a passphrase PBES2 (scrypt N=2^14 r=8 p=8,
 * AES-256-CBC). X-Wing: age's identity line with `# created` left to the caller; a passphrase is WTL_USAGE. */
int wtl_key_write_private(const wtl_key *k, enum wtl_key_form form, const wtl_secret *passphrase,
                          wtl_secret *out, wtl_err *err) WTL_MUST_USE;

/* Raw encodings, appended. The private one is the seed where there is one, else WTL_USAGE. */
int wtl_key_public_raw(const wtl_key *k, wtl_buf *out, wtl_err *err) WTL_MUST_USE;
int wtl_key_seed(const wtl_key *k, wtl_secret *out, wtl_err *err) WTL_MUST_USE;

/* OpenSSL's handle, borrowed; NULL for X-Wing. For this room's own use, and room tls, which hands it to libssl. */
EVP_PKEY *wtl_key_evp(const wtl_key *k);

#endif
