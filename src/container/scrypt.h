/* The body of a passphrase stanza: what it costs to try a passphrase, and the file key under it
 * (docs/formats/wtl.md, "Passphrase"). */
#ifndef WTL_CONTAINER_SCRYPT_H
#define WTL_CONTAINER_SCRYPT_H

#include "container/subkey.h"
#include "crypto/chunked.h"
#include "crypto/kdf.h"

enum {
    WTL_SCRYPT_SALT = 32,
    WTL_SCRYPT_HEAD = 1 + 2 + 2 + WTL_SCRYPT_SALT,
    WTL_SCRYPT_MESSAGE = WTL_CHUNKED_HEADER + WTL_SUBKEY_FILE + WTL_AEAD_TAG,
    WTL_SCRYPT_BODY = WTL_SCRYPT_HEAD + WTL_SCRYPT_MESSAGE
};

/* Work is counted as the log2 of N for r = 8 and p = 1: W stands for 2^(W + 10) bytes of memory, gone over once. */
enum {
    WTL_SCRYPT_R = 8,
    WTL_SCRYPT_WORK = 18,
    WTL_SCRYPT_MOST = 20,
    WTL_SCRYPT_LEAST = 10,
    WTL_SCRYPT_HIGHEST = 30
};

typedef struct wtl_scrypt {
    wtl_kdf_cost cost;
    wtl_bytes head; /* the first WTL_SCRYPT_HEAD bytes: cost and salt; borrowed */
    wtl_bytes salt;
    wtl_bytes message; /* the file key as a Cobblestone message; borrowed */
} wtl_scrypt;

/* Appends a head with a fresh salt: 2^work for N. */
int wtl_scrypt_head(wtl_buf *out, unsigned work, wtl_err *err) WTL_MUST_USE;

/* WTL_FORMAT: another length, parameters that scrypt is not defined for. */
int wtl_scrypt_parse(wtl_scrypt *out, wtl_bytes body, wtl_err *err) WTL_MUST_USE;

/* WTL_POLICY, with the numbers, when trying a passphrase takes more than `most` (above) allows. */
int wtl_scrypt_affordable(const wtl_scrypt *s, unsigned most, wtl_err *err) WTL_MUST_USE;

/* What scrypt is given as salt: bound to the container. Appended. */
void wtl_scrypt_salt(wtl_buf *out, const wtl_preamble *p, const wtl_scrypt *s);

#endif
