/* Signing and verifying models in the OpenSSF Model Signing v1.0 format. */
#ifndef WATTLE_SIGN_H
#define WATTLE_SIGN_H

#include <wattle/key.h>
#include <wattle/progress.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* One signature to make: a private signing key and the file that receives the bundle. */
typedef struct wtl_signer {
    const wtl_key *key;
    const char *out;
} wtl_signer;

typedef struct wtl_sign_opts {
    const char *hash; /* "sha256" (also when NULL) or "blake2b" */
    bool force;       /* replace signature files that exist */
    wtl_progress progress;
} wtl_sign_opts;

/* What was signed. */
typedef struct wtl_sign_result {
    char *model;    /* the subject's name */
    char root[129]; /* hexadecimal digest over the resources' digests */
    size_t files;
    uint64_t bytes; /* hashed */
} wtl_sign_result;
void wtl_sign_result_free(wtl_sign_result *r);

/* Hashes the file or directory `model` once and writes one bundle per signer, all over the same payload,
 * whose ignore_paths names every signature file that lies inside the model. Either all bundles appear or
 * none. Errors: WTL_POLICY (links, devices, an existing output without force), WTL_NO (a file changed
 * while it was read), WTL_FORMAT (a name that is not UTF-8), WTL_USAGE, WTL_IO. */
int wtl_sign_model(const char *model, const wtl_signer *signers, size_t n, const wtl_sign_opts *opts,
                   wtl_sign_result *result, wtl_err *err);

/* The default name of signature file number `i` made with the key file `key_path`: DIR/model.sig for i = 0,
 * DIR/model.<stem of key_path>.sig after it; FILE.sig and FILE.<stem>.sig for a single file. With `out` set
 * it replaces the first name, and <stem> goes before its last extension for the others. malloc'd into *path. */
int wtl_sign_path(char **path, const char *model, const char *out, const char *key_path, size_t i,
                  wtl_err *err);

enum wtl_finding_kind { WTL_FOUND_CHANGED, WTL_FOUND_MISSING, WTL_FOUND_EXTRA };
typedef struct wtl_finding {
    enum wtl_finding_kind kind;
    char *path; /* as the statement or the directory has it; may hold any bytes but NUL: quote to print */
} wtl_finding;

/* One signature file that was looked at. */
typedef struct wtl_verdict {
    char *path;
    int rc;     /* 0 good; WTL_NO wrong; WTL_FORMAT broken bundle; WTL_POLICY no given key made it */
    size_t key; /* index of the key that made it, when rc is 0 */
    char *text; /* a sentence when rc is not 0, else NULL */
} wtl_verdict;

typedef struct wtl_verify_opts {
    const wtl_key *const *keys; /* every one of them must have signed */
    size_t n_keys;
    const char *const *signatures; /* files; none = every DIR/model*.sig, or FILE.sig and FILE.*.sig */
    size_t n_signatures;
    wtl_progress progress;
} wtl_verify_opts;

typedef struct wtl_verify_result {
    char *model; /* the subject's name in the statement */
    char hash[16];
    char root[129];
    size_t files;
    uint64_t bytes;
    wtl_verdict *verdict;
    size_t n_verdicts;
    wtl_finding *finding; /* differences between the statement and the files, in the order of names */
    size_t n_findings;
} wtl_verify_result;
void wtl_verify_result_free(wtl_verify_result *r);

/* Verifies signatures first, then reads the files. 0 only when every given key has a good signature, all
 * good signatures carry the same payload, and the files are exactly those of the statement. WTL_NO:
 * signature wrong or made by no given key, or files differ (see findings); WTL_FORMAT: a broken bundle;
 * WTL_POLICY: links, a key without signature, two payloads; WTL_IO. The result is filled as far as it went,
 * also on failure. */
int wtl_verify_model(const char *model, const wtl_verify_opts *opts, wtl_verify_result *result, wtl_err *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
