/* The in-toto statement of the OpenSSF Model Signing v1.0 format: which files, or shards of files, with which digests. */
#ifndef WTL_MANIFEST_STATEMENT_H
#define WTL_MANIFEST_STATEMENT_H

#include "base/buf.h"
#include "crypto/hash.h"

#define WTL_STATEMENT_PAYLOAD_TYPE "application/vnd.in-toto+json"
#define WTL_STATEMENT_PREDICATE_TYPE "https://model_signing/signature/v1.0"

/* A statement with more resources, or a longer payload in bytes, is neither written nor read: it would not fit the
 * bundle that the verifier reads. */
enum { WTL_STATEMENT_MOST = 2000000, WTL_STATEMENT_PAYLOAD_MOST = 384 << 20 };

enum wtl_statement_method { WTL_STATEMENT_FILES, WTL_STATEMENT_SHARDS };

/* A file, or with the method shards the bytes [start, end) of one. The pointers lead into the statement's memory; the
 * shards of one file mostly share its name. */
typedef struct wtl_resource {
    const char *name;      /* path inside the model; "." for a single file made by the reference */
    const uint8_t *digest; /* wtl_hash_size(hash) bytes */
    uint64_t start;        /* both 0 with the method files, and for a shard of an empty file */
    uint64_t end;
} wtl_resource;

/* Owns its strings. blake3 is not represented; it is refused by name. Zero-initialise; set hash, method and
 * shard_size before resources are added. */
typedef struct wtl_statement {
    char *subject;
    enum wtl_hash hash; /* WTL_HASH_SHA256 or WTL_HASH_BLAKE2B */
    enum wtl_statement_method method;
    uint64_t shard_size; /* bytes, 1 to 2^63 - 1; 0 with the method files */
    bool allow_symlinks;
    char **ignore; /* relative paths, each with everything below it */
    size_t n_ignore;
    wtl_resource *resource;
    size_t n_resources;
    size_t
        n_files; /* resources with a name unlike that of the one before: files, when they are listed together */
    uint8_t root
        [32]; /* SHA-256 over the resources' digests in the listed order: set by _encode and checked by _parse */
    struct wtl_statement_block *block; /* the memory of names and digests */
} wtl_statement;
void wtl_statement_free(wtl_statement *s);
void wtl_statement_auto(wtl_statement *s);

/* Frees the resources (n_resources stays) once they are written: with many files that is much. Only the fields before
 * `resource`, and root, are of use then. */
void wtl_statement_drop(wtl_statement *s);

/* "files", "shards". */
const char *wtl_statement_method_name(enum wtl_statement_method m);

/* Building. Strings and digests are copied; names must be UTF-8 (WTL_FORMAT). */
int wtl_statement_set_subject(wtl_statement *s, const char *name, wtl_err *err) WTL_MUST_USE;
int wtl_statement_add_ignore(wtl_statement *s, const char *path, wtl_err *err) WTL_MUST_USE;
int wtl_statement_add(wtl_statement *s, const char *name, const uint8_t *digest, wtl_err *err) WTL_MUST_USE;
/* The bytes [start, end) of the file, with the method shards. */
int wtl_statement_add_shard(wtl_statement *s, const char *name, uint64_t start, uint64_t end,
                            const uint8_t *digest, wtl_err *err) WTL_MUST_USE;

/* Sorts the resources by the code points of their files' names and by start, computes the root and appends the JSON
 * text that is signed. WTL_FORMAT for what _parse would refuse. */
int wtl_statement_encode(wtl_statement *s, wtl_buf *payload, wtl_err *err) WTL_MUST_USE;

/* Reads a payload strictly: unknown fields, duplicate names, unsafe names (absolute, "..", empty parts), shards of a
 * file that are not [0, shard_size), [shard_size, 2 shard_size) and so on up to a last one of 1 to shard_size bytes
 * (or [0, 0) alone), a root that does not follow from the resources are WTL_FORMAT; other predicate types, methods and
 * hashes are WTL_POLICY, by name. Memory: the resources, not the text's tree. */
int wtl_statement_parse(wtl_statement *s, wtl_bytes payload, wtl_err *err) WTL_MUST_USE;

/* The resources sorted by name and start, as an array of n_resources pointers into s->resource; malloc'd. */
int wtl_statement_order(const wtl_statement *s, const wtl_resource ***order, wtl_err *err) WTL_MUST_USE;

/* Whether `path` is one of the ignored ones or lies below one. */
bool wtl_statement_ignores(const wtl_statement *s, const char *path);

#endif
