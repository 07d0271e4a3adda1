/* The in-toto statement of the OpenSSF Model Signing v1.0 format: which files, with which digests. */
#ifndef WTL_MANIFEST_STATEMENT_H
#define WTL_MANIFEST_STATEMENT_H

#include "base/buf.h"
#include "crypto/hash.h"

#define WTL_STATEMENT_PAYLOAD_TYPE "application/vnd.in-toto+json"
#define WTL_STATEMENT_PREDICATE_TYPE "https://model_signing/signature/v1.0"

typedef struct wtl_resource {
    char *name; /* path inside the model; "." for a single file made by the reference */
    uint8_t digest[WTL_HASH_MAX];
} wtl_resource;

/* Owns its strings. Only method `files` is represented; `shards` and blake3 are refused by name. */
typedef struct wtl_statement {
    char *subject;
    enum wtl_hash hash; /* WTL_HASH_SHA256 or WTL_HASH_BLAKE2B */
    bool allow_symlinks;
    char **ignore; /* relative paths, each with everything below it */
    size_t n_ignore;
    wtl_resource *resource;
    size_t n_resources;
    uint8_t root
        [32]; /* SHA-256 over the resources' digests in the listed order: set by _encode and checked by _parse */
} wtl_statement;
void wtl_statement_free(wtl_statement *s);
void wtl_statement_auto(wtl_statement *s);

/* Building. Strings are copied; names must be UTF-8 (WTL_FORMAT). */
int wtl_statement_set_subject(wtl_statement *s, const char *name, wtl_err *err) WTL_MUST_USE;
int wtl_statement_add_ignore(wtl_statement *s, const char *path, wtl_err *err) WTL_MUST_USE;
int wtl_statement_add(wtl_statement *s, const char *name, const uint8_t *digest, wtl_err *err) WTL_MUST_USE;

/* Sorts the resources by code point, computes the root and appends the JSON text that is signed. */
int wtl_statement_encode(wtl_statement *s, wtl_buf *payload, wtl_err *err) WTL_MUST_USE;

/* Reads a payload strictly: unknown fields, duplicate names, unsafe names (absolute, "..", empty parts), a
 * root that does not follow from the resources are WTL_FORMAT; other predicate types, methods and hashes are
 * WTL_POLICY, by name. */
int wtl_statement_parse(wtl_statement *s, wtl_bytes payload, wtl_err *err) WTL_MUST_USE;

/* Whether `path` is one of the ignored ones or lies below one. */
bool wtl_statement_ignores(const wtl_statement *s, const char *path);

#endif
