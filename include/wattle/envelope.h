/* Signing and verifying single files by versioned envelopes (docs/formats/envelope.md). */
#ifndef WATTLE_ENVELOPE_H
#define WATTLE_ENVELOPE_H

#include <wattle/sign.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Times are seconds since 1970-01-01T00:00:00Z, between the years 2000 and 9999; 0 stands for none. */
typedef struct wtl_sign_file_opts {
    const char *hash;         /* "sha256" (also when NULL), "sha384", "sha512", "sha3-256" or "blake2b" */
    const char *payload_type; /* media type of the file; NULL = "application/octet-stream" */
    int64_t signed_at;        /* 0 = what the system's clock says */
    int64_t rotate_by;        /* when the signing key is to be replaced, or 0 */
    const wtl_key *next_key;  /* the key that will replace it, or NULL; with one signer alone */
    bool force;               /* replace signature files that exist */
    wtl_progress progress;
} wtl_sign_file_opts;

/* What was signed. */
typedef struct wtl_sign_file_result {
    char digest[160]; /* "sha256:<hexadecimal>" */
    uint64_t size;    /* bytes */
    int64_t signed_at;
    int64_t rotate_by;
    char next_key[80]; /* "sha3-256:<hexadecimal>", or "" */
} wtl_sign_file_result;

/* Hashes `file` once and writes one envelope per signer: all of them, or none. `result` may be NULL. Errors: WTL_POLICY
 * (a directory, an existing output without force, an output that is the file itself), WTL_NO (the file changed
 * while it was read), WTL_USAGE, WTL_IO. */
int wtl_sign_file(const char *file, const wtl_signer *signers, size_t n, const wtl_sign_file_opts *opts,
                  wtl_sign_file_result *result, wtl_err *err);

/* The default name of envelope number `i` made with the key file `key_path`: FILE.sig.json for i = 0, FILE.<stem of
 * key_path>.sig.json after it. With `out` set it replaces the first name, and <stem> goes before its ".sig.json", or
 * else before its last extension, for the others. malloc'd into *path. */
int wtl_sign_file_path(char **path, const char *file, const char *out, const char *key_path, size_t i,
                       wtl_err *err);

/* What a good envelope says about the key that made it; bits. None of them makes a verification fail. */
enum wtl_rotation {
    WTL_ROTATION_DUE = 1,      /* rotate_by has passed */
    WTL_ROTATION_SOON = 2,     /* rotate_by is at most WTL_ROTATION_DAYS away */
    WTL_ROTATION_SUCCESSOR = 4 /* a next key is named, and it has not signed this file as well */
};
enum { WTL_ROTATION_DAYS = 30 };

/* One signature file that was looked at. The members after `text` are set for an envelope with rc 0. */
typedef struct wtl_file_verdict {
    char *path;
    bool is_envelope; /* else a bundle */
    int rc;           /* 0 good; WTL_NO wrong; WTL_FORMAT broken; WTL_POLICY no given key made it */
    size_t key;       /* index of the key that made it, when rc is 0 */
    char *text;       /* a sentence when rc is not 0, else NULL */
    char *payload_type;
    char digest[160]; /* "sha256:<hexadecimal>" */
    uint64_t size;
    int64_t signed_at; /* what the signer's clock said: it proves nothing */
    int64_t rotate_by;
    char next_key[80];
    unsigned rotation; /* enum wtl_rotation */
} wtl_file_verdict;

typedef struct wtl_verify_file_opts {
    const wtl_key *const *keys; /* every one of them must have signed */
    size_t n_keys;
    /* Envelopes and bundles; none = FILE.sig.json, FILE.*.sig.json, FILE.sig and FILE.*.sig. */
    const char *const *signatures;
    size_t n_signatures;
    int64_t now; /* what rotation is judged by; 0 = what the system's clock says */
    wtl_progress progress;
} wtl_verify_file_opts;

typedef struct wtl_verify_file_result {
    uint64_t bytes; /* size of the file that was found good */
    bool changed;   /* the file is not what the signatures are over */
    wtl_file_verdict *verdict;
    size_t n_verdicts;
} wtl_verify_file_result;
void wtl_verify_file_result_free(wtl_verify_file_result *r);

/* Verifies a file by its envelopes and bundles: signatures first, then the file. 0 only when every given key has a good
 * signature of either form and all good signatures are over this file. An envelope's key is the one that its
 * public_key_hash names; its algorithm must be that key's. WTL_NO: a signature is wrong, none of the given keys
 * made any, or the file differs (`changed`); WTL_FORMAT: a broken signature file; WTL_POLICY: a given key has not
 * signed, a named signature file is by none of them, a directory; WTL_USAGE, WTL_IO. The result is filled as far as
 * it went, also on failure. */
int wtl_verify_file(const char *file, const wtl_verify_file_opts *opts, wtl_verify_file_result *result,
                    wtl_err *err);

/* Whether any signature file that wtl_verify_file would look at is an envelope rather than a bundle: its content tells,
 * or its name (.sig.json) where that cannot. Files that cannot be read are none. For a directory only the given
 * `signatures` are looked at. Errors: WTL_IO, WTL_POLICY. */
int wtl_verify_file_has_envelope(const char *file, const char *const *signatures, size_t n, bool *has,
                                 wtl_err *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
