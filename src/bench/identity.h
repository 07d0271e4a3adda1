/* Certificates for servers under measurement, made for one run in a folder of its own. */
#ifndef WTL_BENCH_IDENTITY_H
#define WTL_BENCH_IDENTITY_H

#include <stddef.h>

#include <openssl/types.h>

#include "base/err.h"

/* What a row of the tables signs with. */
typedef struct wtl_identity_kind {
    const char *name; /* "ECDSA-P256" */
    const char *file; /* its files are FILE.pem, FILE.key and FILE.both */
    const char *evp;
    const char *curve; /* or NULL */
} wtl_identity_kind;
/* Kind i, or NULL past the end. */
const wtl_identity_kind *wtl_identity_at(size_t i);

/* A new folder for one run; everything in it goes with wtl_identity_close. */
typedef struct wtl_identity {
    char dir[128];
} wtl_identity;
int wtl_identity_open(wtl_identity *id, wtl_err *err) WTL_MUST_USE;
void wtl_identity_close(wtl_identity *id);
void wtl_identity_auto(wtl_identity *id);

/* Writes a self-signed certificate for localhost with a new key: certificate, key, and both in one file, keys readable by the owner
 * alone. OpenSSL's own code makes them, whoever computes elsewhere. */
int wtl_identity_make(const wtl_identity *id, const wtl_identity_kind *kind, wtl_err *err) WTL_MUST_USE;

#endif
