/* Sealing models to recipients and opening them: the .wtl container (docs/formats/wtl.md). */
#ifndef WATTLE_SEAL_H
#define WATTLE_SEAL_H

#include <wattle/key.h>
#include <wattle/progress.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef struct wtl_seal_opts {
    const wtl_key *const *to; /* recipients, at least one */
    size_t n_to;
    const wtl_key *const *sign; /* sender's private keys, may be none */
    size_t n_sign;
    const char *name; /* the object's name when src is "-"; "stdin" when NULL */
    bool force;       /* replace an existing output */
    wtl_progress progress;
} wtl_seal_opts;

typedef struct wtl_seal_result {
    size_t files;
    uint64_t plain_bytes;  /* contents of the files */
    uint64_t sealed_bytes; /* the container */
    uint8_t container_id[32];
    uint8_t index_digest[64]; /* SHA-512 of the encrypted index: what a sender signs */
} wtl_seal_result;

/* Seals a file, a directory or standard input ("-") into `out` ("-" = standard output). Regular files,
 * empty directories and mode & 0777 are kept; links and devices are WTL_POLICY. WTL_NO: a file changed while
 * it was read. WTL_USAGE: `out` is `src` or lies inside it. On failure no container appears under its name. */
int wtl_seal(const char *src, const char *out, const wtl_seal_opts *opts, wtl_seal_result *result,
             wtl_err *err);

typedef struct wtl_open_opts {
    const wtl_key *const *identity; /* private keys to try */
    size_t n_identities;
    const wtl_key *const *sender; /* trusted signers; when any is given one of them must have signed */
    size_t n_senders;
    bool require_signature; /* refuse (WTL_POLICY) what no trusted sender signed */
    const char *only;       /* one file of the container, or NULL for all */
    bool has_range;         /* only with `only`: bytes [from, to) of it */
    uint64_t from;
    uint64_t to; /* UINT64_MAX = to the end */
    bool force;  /* write into a non-empty directory, replacing files */
    wtl_progress progress;
} wtl_open_opts;

typedef struct wtl_open_result {
    size_t files;
    uint64_t bytes;            /* plaintext written */
    bool sender_authenticated; /* a trusted sender's signature was verified */
    size_t sender;             /* which one */
    uint8_t index_digest[64];
} wtl_open_result;

/* Opens `container` into the directory `out` ("-" = standard output, for one file). Nothing is written
 * outside `out`, and no file appears there unless all that was asked for was authentic. WTL_NO: not a
 * recipient, a changed byte, a wrong sender's signature; WTL_FORMAT: no container, truncated; WTL_POLICY: required
 * signature missing, non-empty directory; WTL_USAGE: no such file inside, range outside the file. */
int wtl_open(const char *container, const char *out, const wtl_open_opts *opts, wtl_open_result *result,
             wtl_err *err);

/* What anyone can see of a container and, with an identity, what is inside. */
typedef struct wtl_info_entry {
    char *name;
    bool is_dir;
    unsigned mode;
    uint64_t size;
} wtl_info_entry;

typedef struct wtl_info_signature {
    char alg[40];
    uint8_t key_id[WTL_KEY_ID];
    size_t size; /* bytes */
} wtl_info_signature;

typedef struct wtl_info {
    unsigned version;
    unsigned suite;
    const char *suite_name; /* static */
    uint8_t container_id[32];
    uint64_t header_generation;
    uint64_t content_generation;
    unsigned slot;             /* which header slot is in force, 0 or 1 */
    const char *slot_state[2]; /* "in force", "older", "unused", "torn"; static */
    uint32_t slot_size;
    size_t n_recipients;
    char (*recipient)[40]; /* algorithm name per stanza */
    uint64_t container_bytes;
    uint8_t index_digest[64];
    size_t n_signatures;
    wtl_info_signature *signature;
    bool opened; /* an identity fitted: the rest is known */
    size_t n_entries;
    wtl_info_entry *entry;
    uint64_t plain_bytes;
} wtl_info;
void wtl_info_free(wtl_info *i);

int wtl_info_read(const char *container, const wtl_key *const *identity, size_t n_identities, wtl_info *out,
                  wtl_err *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
