#include "crypto/chunked.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "crypto/kdf.h"
#include "crypto/lib.h"

/* "the message MUST NOT exceed 2^38 chunks" (c2sp.org/chunked-encryption, message chunking) */
#define CHUNKS_MOST (1ull << 38)
#define INFO_PREFIX "c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM" /* its NUL is the 0x00 of the format */

/* key[32] || base nonce[12] || commitment[32] */
enum { OKM = WTL_CHUNKED_KEY + WTL_AEAD_NONCE + WTL_CHUNKED_COMMITMENT };

struct wtl_chunked {
    wtl_aead *aead;
    uint8_t base_nonce[WTL_AEAD_NONCE];
};

uint64_t wtl_chunked_sealed_size(uint64_t n)
{
    uint64_t chunks = n / WTL_CHUNKED_PLAIN + 1;
    if (chunks > CHUNKS_MOST)
        return UINT64_MAX;
    return WTL_CHUNKED_HEADER + n + chunks * WTL_AEAD_TAG;
}

int wtl_chunked_plain_size(uint64_t sealed, uint64_t *n, wtl_err *err)
{
    *n = 0;
    ENSURE(sealed >= WTL_CHUNKED_HEADER + WTL_AEAD_TAG, err, WTL_FORMAT,
           "an encrypted message of %llu bytes is cut off: the shortest has %d", (unsigned long long)sealed,
           WTL_CHUNKED_HEADER + WTL_AEAD_TAG);
    uint64_t body = sealed - WTL_CHUNKED_HEADER;
    uint64_t full = body / WTL_CHUNKED_SEALED;
    uint64_t last = body % WTL_CHUNKED_SEALED;
    ENSURE(last >= WTL_AEAD_TAG, err, WTL_FORMAT,
           "an encrypted message of %llu bytes is cut off: no message has this length",
           (unsigned long long)sealed);
    ENSURE(full < CHUNKS_MOST, err, WTL_FORMAT, "an encrypted message of %llu bytes is longer than 4 PiB",
           (unsigned long long)sealed);
    *n = full * WTL_CHUNKED_PLAIN + last - WTL_AEAD_TAG;
    return WTL_OK;
}

void wtl_chunked_free(wtl_chunked *c)
{
    if (c == NULL)
        return;
    wtl_aead_free(c->aead);
    wtl_secret_wipe(c, sizeof *c);
    free(c);
}

void wtl_chunked_auto(wtl_chunked **c)
{
    wtl_chunked_free(*c);
}

static int expand(wtl_secret *okm, wtl_bytes key, wtl_bytes context, const uint8_t *salt, wtl_err *err)
{
    ENSURE(key.n == WTL_CHUNKED_KEY, err, WTL_USAGE, "a key of %zu bytes was given, and %d are needed", key.n,
           (int)WTL_CHUNKED_KEY);
    AUTO(wtl_buf) info = {0};
    wtl_buf_add(&info, INFO_PREFIX, sizeof INFO_PREFIX);
    wtl_buf_add(&info, salt, WTL_CHUNKED_SALT);
    wtl_buf_bytes(&info, context);
    TRY(wtl_buf_check(&info, err));
    return wtl_kdf_expand(WTL_HASH_SHA512, key, wtl_buf_view(&info), OKM, okm, err);
}

static const uint8_t *commitment(const wtl_secret *okm)
{
    return okm->p + WTL_CHUNKED_KEY + WTL_AEAD_NONCE;
}

int wtl_chunked_new(wtl_chunked **out, enum wtl_aead_dir dir, wtl_err *err)
{
    *out = NULL;
    AUTO(wtl_chunked) *c = calloc(1, sizeof *c);
    ENSURE(c != NULL, err, WTL_NOMEM, "out of memory");
    TRY(wtl_aead_blank(&c->aead, WTL_AEAD_AES256GCM, dir, err));
    *out = c;
    c = NULL;
    return WTL_OK;
}

int wtl_chunked_take(wtl_chunked *c, const wtl_secret *message, wtl_err *err)
{
    ENSURE(message->n == OKM, err, WTL_BUG, "a message key of %zu bytes", message->n);
    memcpy(c->base_nonce, message->p + WTL_CHUNKED_KEY, WTL_AEAD_NONCE);
    return wtl_aead_rekey(c->aead, (wtl_bytes){message->p, WTL_CHUNKED_KEY}, err);
}

static int make(wtl_chunked **out, const wtl_secret *message, enum wtl_aead_dir dir, wtl_err *err)
{
    AUTO(wtl_chunked) *c = NULL;
    TRY(wtl_chunked_new(&c, dir, err));
    TRY(wtl_chunked_take(c, message, err));
    *out = c;
    c = NULL;
    return WTL_OK;
}

static int seal_key(wtl_secret *message, wtl_bytes key, wtl_bytes context,
                    const uint8_t salt[WTL_CHUNKED_SALT], uint8_t header[WTL_CHUNKED_HEADER], wtl_err *err)
{
    TRY(expand(message, key, context, salt, err));
    memmove(header, salt, WTL_CHUNKED_SALT);
    memcpy(header + WTL_CHUNKED_SALT, commitment(message), WTL_CHUNKED_COMMITMENT);
    return WTL_OK;
}

int wtl_chunked_seal_key(wtl_secret *message, wtl_bytes key, wtl_bytes context,
                         uint8_t header[WTL_CHUNKED_HEADER], wtl_err *err)
{
    *message = (wtl_secret){0};
    uint8_t salt[WTL_CHUNKED_SALT];
    TRY(wtl_lib_random(salt, sizeof salt, err));
    return seal_key(message, key, context, salt, header, err);
}

int wtl_chunked_seal_salt(wtl_chunked **out, wtl_bytes key, wtl_bytes context,
                          const uint8_t salt[WTL_CHUNKED_SALT], uint8_t header[WTL_CHUNKED_HEADER],
                          wtl_err *err)
{
    *out = NULL;
    AUTO(wtl_secret) message = {0};
    TRY(seal_key(&message, key, context, salt, header, err));
    return make(out, &message, WTL_AEAD_SEAL, err);
}

int wtl_chunked_seal_new(wtl_chunked **out, wtl_bytes key, wtl_bytes context,
                         uint8_t header[WTL_CHUNKED_HEADER], wtl_err *err)
{
    *out = NULL;
    AUTO(wtl_secret) message = {0};
    TRY(wtl_chunked_seal_key(&message, key, context, header, err));
    return make(out, &message, WTL_AEAD_SEAL, err);
}

int wtl_chunked_open_key(wtl_secret *message, wtl_bytes key, wtl_bytes context,
                         const uint8_t header[WTL_CHUNKED_HEADER], wtl_err *err)
{
    *message = (wtl_secret){0};
    AUTO(wtl_secret) okm = {0};
    TRY(expand(&okm, key, context, header, err));
    /* "implementations MUST check the commitment matches the derived value before continuing" */
    ENSURE(wtl_ct_eq((wtl_bytes){commitment(&okm), WTL_CHUNKED_COMMITMENT},
                     (wtl_bytes){header + WTL_CHUNKED_SALT, WTL_CHUNKED_COMMITMENT}),
           err, WTL_NO, "the key commitment is wrong: the data was changed, moved, or the key is another");
    *message = okm;
    okm = (wtl_secret){0};
    return WTL_OK;
}

int wtl_chunked_open_new(wtl_chunked **out, wtl_bytes key, wtl_bytes context,
                         const uint8_t header[WTL_CHUNKED_HEADER], wtl_err *err)
{
    *out = NULL;
    AUTO(wtl_secret) message = {0};
    TRY(wtl_chunked_open_key(&message, key, context, header, err));
    return make(out, &message, WTL_AEAD_OPEN, err);
}

static int nonce_of(const wtl_chunked *c, uint64_t index, uint8_t nonce[WTL_AEAD_NONCE], wtl_err *err)
{
    ENSURE(index < CHUNKS_MOST, err, WTL_USAGE, "chunk %llu is past the most that a message may have",
           (unsigned long long)index);
    memcpy(nonce, c->base_nonce, WTL_AEAD_NONCE);
    for (unsigned i = 0; i < 8; i++)
        nonce[WTL_AEAD_NONCE - 1 - i] ^= (uint8_t)(index >> (8 * i));
    return WTL_OK;
}

int wtl_chunked_seal(wtl_chunked *c, uint64_t index, wtl_bytes pt, uint8_t *out, wtl_err *err)
{
    ENSURE(pt.n <= WTL_CHUNKED_PLAIN, err, WTL_USAGE, "a chunk of %zu bytes was given, and %d are the most",
           pt.n, (int)WTL_CHUNKED_PLAIN);
    uint8_t nonce[WTL_AEAD_NONCE];
    TRY(nonce_of(c, index, nonce, err));
    return wtl_aead_seal(c->aead, nonce, (wtl_bytes){0}, pt, out, err);
}

int wtl_chunked_open(wtl_chunked *c, uint64_t index, wtl_bytes ct, uint8_t *out, wtl_err *err)
{
    ENSURE(ct.n >= WTL_AEAD_TAG && ct.n <= WTL_CHUNKED_SEALED, err, WTL_FORMAT,
           "an encrypted chunk of %zu bytes was given, and one has from %d to %d", ct.n, (int)WTL_AEAD_TAG,
           (int)WTL_CHUNKED_SEALED);
    uint8_t nonce[WTL_AEAD_NONCE];
    TRY(nonce_of(c, index, nonce, err));
    return wtl_aead_open(c->aead, nonce, (wtl_bytes){0}, ct, out, err);
}
