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
    const char *hash;    /* "sha256" (also when NULL) or "blake2b" */
    bool force;          /* replace signature files that exist */
    uint64_t shard_size; /* bytes: every file is hashed in shards of that size; 0 = files are hashed whole */
    unsigned threads;    /* 0 = the processors that there are */
    const char *assume_unchanged; /* an earlier signature file, or NULL; see wtl_sign_model */
    /* PEM files of certificate chains, leaf first; each goes with the signer whose key its leaf has, and that
     * signer's bundle then carries the chain instead of a hint. */
    const char *const *certs;
    size_t n_certs;
    wtl_progress progress;
} wtl_sign_opts;

/* What was signed. */
typedef struct wtl_sign_result {
    char *model;    /* the subject's name */
    char root[129]; /* hexadecimal digest over the resources' digests */
    size_t files;
    uint64_t bytes;         /* read and hashed */
    char method[8];         /* "files" or "shards" */
    uint64_t shard_size;    /* 0 with the method files */
    size_t resources;       /* digests that the signature lists: files, or shards */
    size_t empty_files;     /* not covered by the signature, as the method shards lists nothing for them */
    size_t assumed_files;   /* of `files`, taken over from the earlier signature without being read */
    uint64_t assumed_bytes; /* their sizes */
} wtl_sign_result;
void wtl_sign_result_free(wtl_sign_result *r);

/* Hashes the file or directory `model` once and writes one bundle per signer, all over the same payload,
 * whose ignore_paths names every signature file that lies inside the model. Either all bundles appear or
 * none; their modification time is the time at which the run began. Errors: WTL_POLICY (links, devices, an existing output
 * without force), WTL_NO (a file changed while it was read), WTL_FORMAT (a name that is not UTF-8), WTL_USAGE (also for a
 * shard size of 2^63 or more, or so small that a signature would list more than two million), WTL_IO.
 *
 * With assume_unchanged, files whose times of modification and of change of the inode lie more than two seconds before the
 * modification time of that signature file take their digests from it without being read. One of the signers' keys must
 * have made it (WTL_NO), with the same hash, method and shard size (WTL_POLICY). It finds nothing that does not show in
 * those times: a set-back clock, a copied signature file, damage on the disk. */
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
    int rc;        /* 0 good and counted; WTL_NO wrong; WTL_FORMAT broken bundle; WTL_POLICY does not count */
    size_t key;    /* index of the given key that made it, else WTL_VERDICT_NO_KEY; when rc is 0 */
    char *section; /* whom the trust file knows the maker as, or NULL */
    char *subject; /* of the maker's certificate when that was checked, or NULL */
    const char *algorithm; /* of the key that made it, when rc is 0; static storage */
    bool post_quantum;     /* that algorithm stands against a quantum computer */
    char *text;            /* a sentence when rc is not 0, else NULL */
} wtl_verdict;
#define WTL_VERDICT_NO_KEY ((size_t)-1)

/* Who is trusted: `keys`, or `cas`, or both (then both must have vouched), or `trust` (then `keys` are only material
 * for sections that know their key by its hash). */
typedef struct wtl_verify_opts {
    const wtl_key *const *keys; /* every one of them must have signed */
    size_t n_keys;
    const char *const *signatures; /* files; none = every DIR/model*.sig, or FILE.sig and FILE.*.sig */
    size_t n_signatures;
    unsigned threads; /* 0 = the processors that there are */
    wtl_progress progress;
    const char *trust; /* path of a trust file (docs/formats/trust.md), or NULL */
    const char *const
        *cas; /* PEM files of root certificates: some signature must come with a chain to one of them */
    size_t n_cas;
    const char *identity; /* that certificate's alternative or common name, exactly; NULL = anybody's */
    int64_t at;           /* seconds since 1970 for which dates are judged; 0 = now */
} wtl_verify_opts;

/* A section of the trust file, and what came of it. */
typedef struct wtl_verify_section {
    char *name;
    bool required; /* [require] names it */
    bool counted;  /* a signature of it counts */
    char *text;    /* why a signature of it does not count, or NULL */
} wtl_verify_section;

typedef struct wtl_verify_result {
    char *model; /* the subject's name in the statement */
    char hash[16];
    char root[129];
    size_t files;
    uint64_t bytes;
    char method[8];      /* "files" or "shards" */
    uint64_t shard_size; /* 0 with the method files */
    size_t
        empty_files; /* not listed by a signature over shards, and let pass: nobody signed that they are there */
    wtl_verdict *verdict;
    size_t n_verdicts;
    wtl_finding *finding; /* differences between the statement and the files, in the order of names */
    size_t n_findings;
    wtl_verify_section *section; /* with opts.trust, in the order of the file */
    size_t n_sections;
    size_t least; /* so many of the required sections must count */
} wtl_verify_result;
void wtl_verify_result_free(wtl_verify_result *r);

/* Verifies signatures first, then reads the files. 0 only when everybody who is asked for has a good signature that
 * counts, all of these carry the same payload, and the files are exactly those of the statement. WTL_NO: a signature
 * is wrong or (without a trust file) made by nobody who was given, or files differ (see findings); WTL_FORMAT: a broken
 * bundle, chain or trust file; WTL_POLICY: links, a signature that is missing, revoked, expired or out of its
 * bounds, two payloads; WTL_USAGE; WTL_IO. The result is filled as far as it went, also on failure. */
int wtl_verify_model(const char *model, const wtl_verify_opts *opts, wtl_verify_result *result, wtl_err *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
