/* Hashes, through EVP. */
#ifndef WTL_CRYPTO_HASH_H
#define WTL_CRYPTO_HASH_H

#include "base/err.h"
#include <wattle/bytes.h>

enum wtl_hash {
    WTL_HASH_SHA256,
    WTL_HASH_SHA384,
    WTL_HASH_SHA512,
    WTL_HASH_SHA3_256,
    WTL_HASH_BLAKE2B,
    WTL_HASH_COUNT
};
enum { WTL_HASH_MAX = 64 };

size_t wtl_hash_size(enum wtl_hash h);      /* digest bytes; BLAKE2b is the 64-byte one */
const char *wtl_hash_name(enum wtl_hash h); /* "sha256", "sha384", "sha512", "sha3-256", "blake2b" */
int wtl_hash_by_name(const char *name);     /* an enum wtl_hash, or -1 */
const char *wtl_hash_evp(enum wtl_hash h);  /* the name OpenSSL fetches it by */

/* The digest of one message into out[wtl_hash_size(h)]. */
int wtl_hash_once(enum wtl_hash h, wtl_bytes msg, uint8_t *out, wtl_err *err) WTL_MUST_USE;

/* A running hash. Reusable: _start begins a new message. */
typedef struct wtl_hasher wtl_hasher;
int wtl_hasher_new(wtl_hasher **out, enum wtl_hash h, wtl_err *err) WTL_MUST_USE;
int wtl_hasher_start(wtl_hasher *s, wtl_err *err) WTL_MUST_USE; /* also done by _new */
int wtl_hasher_add(wtl_hasher *s, wtl_bytes part, wtl_err *err) WTL_MUST_USE;
int wtl_hasher_end(wtl_hasher *s, uint8_t *out, wtl_err *err) WTL_MUST_USE;
void wtl_hasher_free(wtl_hasher *s);
void wtl_hasher_auto(wtl_hasher **s);

#endif
