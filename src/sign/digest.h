/* Hashing of files one after another, with progress. */
#ifndef WTL_SIGN_DIGEST_H
#define WTL_SIGN_DIGEST_H

#include "crypto/hash.h"
#include "fs/in.h"
#include <wattle/progress.h>

typedef struct wtl_digest {
    wtl_hasher *hasher;
    uint8_t *buf;
    wtl_progress progress;
    uint64_t done;  /* bytes hashed */
    uint64_t told;  /* `done` when the caller last heard of it */
    uint64_t total; /* bytes expected, 0 when unknown */
} wtl_digest;

int wtl_digest_init(wtl_digest *d, enum wtl_hash h, const wtl_progress *progress, uint64_t total,
                    wtl_err *err) WTL_MUST_USE;
void wtl_digest_free(wtl_digest *d);
void wtl_digest_auto(wtl_digest *d);

/* The digest of the bytes that were read through the one open descriptor; WTL_NO, named, when the file did
 * not stay the same meanwhile. Does not close it. */
int wtl_digest_file(wtl_digest *d, wtl_in *in, uint8_t *out, wtl_err *err) WTL_MUST_USE;

#endif
