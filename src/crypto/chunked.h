/* C2SP chunked-encryption with SHA-512 and AES-256-GCM ("Cobblestone-256", c2sp.org/chunked-encryption):
 * a committing message of 16 KiB chunks with random access.
 *   message = salt[24] || commitment[32] || chunk 0 || chunk 1 || ...
 * Chunk k begins at 56 + k * 16400; every chunk but the last holds 16,384 bytes of plaintext, the last
 * fewer (perhaps none), so a cut at any place is seen. */
#ifndef WTL_CRYPTO_CHUNKED_H
#define WTL_CRYPTO_CHUNKED_H

#include "crypto/aead.h"
#include "base/secret.h"

enum {
    WTL_CHUNKED_PLAIN = 16384,
    WTL_CHUNKED_SEALED = WTL_CHUNKED_PLAIN + WTL_AEAD_TAG,
    WTL_CHUNKED_SALT = 24,
    WTL_CHUNKED_COMMITMENT = 32,
    WTL_CHUNKED_HEADER = WTL_CHUNKED_SALT + WTL_CHUNKED_COMMITMENT,
    WTL_CHUNKED_KEY = 32
};

/* Sizes. _sealed_size is UINT64_MAX when n is over 4 PiB; _plain_size is WTL_FORMAT for a length that no
 * message has. */
uint64_t wtl_chunked_sealed_size(uint64_t n);
int wtl_chunked_plain_size(uint64_t sealed, uint64_t *n, wtl_err *err) WTL_MUST_USE;

/* One message's derived keys, for one direction. */
typedef struct wtl_chunked wtl_chunked;
void wtl_chunked_free(wtl_chunked *c);
void wtl_chunked_auto(wtl_chunked **c);

/* A new message under `key` (32 uniform bytes) and `context`: draws a salt, writes the 56-byte header. */
int wtl_chunked_seal_new(wtl_chunked **out, wtl_bytes key, wtl_bytes context,
                         uint8_t header[WTL_CHUNKED_HEADER], wtl_err *err) WTL_MUST_USE;
/* The same with a given salt, for known answers. The caller never repeats one. */
int wtl_chunked_seal_salt(wtl_chunked **out, wtl_bytes key, wtl_bytes context,
                          const uint8_t salt[WTL_CHUNKED_SALT], uint8_t header[WTL_CHUNKED_HEADER],
                          wtl_err *err) WTL_MUST_USE;
/* WTL_NO when the commitment does not match key and context. */
int wtl_chunked_open_new(wtl_chunked **out, wtl_bytes key, wtl_bytes context,
                         const uint8_t header[WTL_CHUNKED_HEADER], wtl_err *err) WTL_MUST_USE;

/* The same in two steps, for the threads that work on one message, or a thread that works on many. `message` is what
 * the chunks are encrypted with, derived once; a context, one a thread, takes it up and lets go of what it had. */
int wtl_chunked_seal_key(wtl_secret *message, wtl_bytes key, wtl_bytes context,
                         uint8_t header[WTL_CHUNKED_HEADER], wtl_err *err) WTL_MUST_USE;
int wtl_chunked_open_key(wtl_secret *message, wtl_bytes key, wtl_bytes context,
                         const uint8_t header[WTL_CHUNKED_HEADER], wtl_err *err) WTL_MUST_USE;
int wtl_chunked_new(wtl_chunked **out, enum wtl_aead_dir dir, wtl_err *err) WTL_MUST_USE;
int wtl_chunked_take(wtl_chunked *c, const wtl_secret *message, wtl_err *err) WTL_MUST_USE;

/* Chunk `index` (< 2^38) of at most 16,384 bytes; out holds pt.n + 16, and may be pt.p. The caller seals each
 * index once, in any order, every one full but the last. */
int wtl_chunked_seal(wtl_chunked *c, uint64_t index, wtl_bytes pt, uint8_t *out, wtl_err *err) WTL_MUST_USE;
/* out holds ct.n - 16, and may be ct.p. WTL_NO when the tag is wrong (out is zeroed). The caller checks, by the message's
 * length, that the last chunk is short. */
int wtl_chunked_open(wtl_chunked *c, uint64_t index, wtl_bytes ct, uint8_t *out, wtl_err *err) WTL_MUST_USE;

#endif
