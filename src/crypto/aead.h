/* Authenticated encryption: AES-256-GCM, AES-128-GCM and ChaCha20-Poly1305 with 12-byte nonces and 16-byte tags. */
#ifndef WTL_CRYPTO_AEAD_H
#define WTL_CRYPTO_AEAD_H

#include "base/err.h"
#include <wattle/bytes.h>

enum wtl_aead_alg { WTL_AEAD_AES256GCM, WTL_AEAD_AES128GCM, WTL_AEAD_CHACHA20POLY1305 };
enum { WTL_AEAD_NONCE = 12, WTL_AEAD_TAG = 16 };

/* A key set up once for one direction; only the nonce changes per message. Not for two threads at once. */
typedef struct wtl_aead wtl_aead;
enum wtl_aead_dir { WTL_AEAD_SEAL, WTL_AEAD_OPEN };

size_t wtl_aead_key_size(enum wtl_aead_alg a);
int wtl_aead_new(wtl_aead **out, enum wtl_aead_alg a, enum wtl_aead_dir dir, wtl_bytes key,
                 wtl_err *err) WTL_MUST_USE;
/* Without a key: wtl_aead_rekey gives it one before it is used. */
int wtl_aead_blank(wtl_aead **out, enum wtl_aead_alg a, enum wtl_aead_dir dir, wtl_err *err) WTL_MUST_USE;
/* Takes another key, at a small part of what a new context costs. */
int wtl_aead_rekey(wtl_aead *a, wtl_bytes key, wtl_err *err) WTL_MUST_USE;
void wtl_aead_free(wtl_aead *a);
void wtl_aead_auto(wtl_aead **a);

/* out[pt.n + 16] = ciphertext || tag. In place (out == pt.p) is allowed; other overlap is not. */
int wtl_aead_seal(wtl_aead *a, const uint8_t nonce[12], wtl_bytes aad, wtl_bytes pt, uint8_t *out,
                  wtl_err *err) WTL_MUST_USE;
/* out[ct.n - 16]. A wrong tag is WTL_NO and leaves `out` zeroed; fewer than 16 bytes are WTL_FORMAT. In place
 * is allowed. */
int wtl_aead_open(wtl_aead *a, const uint8_t nonce[12], wtl_bytes aad, wtl_bytes ct, uint8_t *out,
                  wtl_err *err) WTL_MUST_USE;

#endif
