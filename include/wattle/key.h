/* Asymmetric keys as programs that use the library see them. */
#ifndef WATTLE_KEY_H
#define WATTLE_KEY_H

#include <stdbool.h>

#include <wattle/bytes.h>
#include <wattle/err.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* A public key, or a public and private key together. Immutable after it was made; may be shared
 * between threads. */
typedef struct wtl_key wtl_key;

/* Where a passphrase comes from when a private key file turns out to be encrypted. `ask` writes at most
 * `cap` bytes to `out` and returns how many, or a negative wtl_rc with `err` filled. */
typedef struct wtl_passphrase {
    int (*ask)(void *arg, char *out, size_t cap, wtl_err *err);
    void *arg;
} wtl_passphrase;

/* Reads the bytes of a key file: SPKI or PKCS#8 in PEM or DER (RFC 9881, 9909, 9935, 8410, 5915 in PKCS#8;
 * private keys of ML-DSA and ML-KEM as seed, expanded or both, which are checked against one another),
 * PBES2-encrypted PKCS#8 (scrypt work factor capped), SEC1 ECPrivateKey (PEM or DER), or age's `age1pq1...` and
 * `AGE-SECRET-KEY-PQ-1...` with `#` comment lines. Exactly one key. `pp` may be NULL: an encrypted key is
 * then WTL_POLICY. *out belongs to the caller. Errors: WTL_FORMAT, WTL_NO (wrong passphrase), WTL_POLICY. */
int wtl_key_parse(wtl_key **out, wtl_bytes file, const wtl_passphrase *pp, wtl_err *err);

void wtl_key_free(wtl_key *k);
bool wtl_key_is_private(const wtl_key *k);

/* Canonical algorithm name, for example "ML-DSA-65" or "X-Wing". Static storage. */
const char *wtl_key_alg_name(const wtl_key *k);

/* SHA-256 of the DER SubjectPublicKeyInfo (of the raw public key for X-Wing): the key's name in trust
 * files, containers and output. */
enum { WTL_KEY_ID = 32 };
int wtl_key_id(const wtl_key *k, uint8_t id[WTL_KEY_ID], wtl_err *err);

/* Same public key. */
bool wtl_key_same(const wtl_key *a, const wtl_key *b);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
