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
    const wtl_key *const *to; /* recipients, at least one; none beside a passphrase */
    size_t n_to;
    const wtl_key *const *sign; /* sender's private keys, may be none */
    size_t n_sign;
    const char *name; /* the object's name when src is "-"; "stdin" when NULL */
    bool force;       /* replace an existing output */
    unsigned threads; /* 0 = as many as there are processors */
    wtl_progress progress;
    const wtl_passphrase
        *passphrase; /* instead of recipients; NULL = none. The bytes are taken as they are */
    unsigned work;   /* for it: log2 of scrypt's N, 10 to 30 (r = 8, p = 1); 0 = 18: 256 MiB */
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
    const wtl_key *const *identity; /* private keys to try; none are needed where a passphrase opens */
    size_t n_identities;
    const wtl_key *const *sender; /* trusted signers; when any is given one of them must have signed */
    size_t n_senders;
    bool require_signature; /* refuse (WTL_POLICY) what no trusted sender signed */
    const char *only;       /* one file of the container, or NULL for all */
    bool has_range;         /* only with `only`: bytes [from, to) of it */
    uint64_t from;
    uint64_t to;                 /* UINT64_MAX = to the end */
    bool force;                  /* write into a non-empty directory, replacing files */
    unsigned threads;            /* 0 = as many as there are processors */
    const uint8_t *expect_index; /* the index digest (64 bytes) that it must have, or NULL */
    wtl_progress progress;
    const wtl_passphrase *passphrase; /* asked when the container opens with one; may be NULL */
    unsigned max_work; /* the most that trying it may cost: 2^(10 + this) bytes of memory, 10 to 30; 0 = 20 */
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

typedef struct wtl_append_opts {
    /* How the container is opened: identities, senders, required signature, expected index digest. */
    wtl_open_opts open;
    const wtl_key *const *sign; /* who signs the new state; needed where the present one is signed */
    size_t n_sign;
    bool drop_signature; /* a signed container may become one without signature */
    const char *name;    /* of the one file, or the folder in the container for the contents of the one
                            directory; needed for "-" */
    bool force;          /* replace entries of the same names */
    unsigned threads;    /* 0 = as many as there are processors */
    wtl_progress progress;
} wtl_append_opts;

typedef struct wtl_append_result {
    size_t files;          /* appended */
    size_t replaced;       /* entries that were there before */
    uint64_t plain_bytes;  /* contents of the files appended */
    uint64_t sealed_bytes; /* the container as it is now */
    uint64_t content_generation;
    uint8_t index_digest[64]; /* of the new state: what wtl_open can be told to expect */
} wtl_append_result;

/* Adds files, the contents of directories or standard input ("-") to a container, sealed to the recipients that it has.
 * Names are as wtl_seal gives them. The container gets a new content generation in a new file, which takes its name
 * when it is complete: whatever dies on the way leaves the old one as it was. A file system that can share blocks
 * shares what was there; another one needs room for both.
 * A signed container needs a signer, and its present signature must be one of opts->open's senders or, when there are
 * none, of the signers themselves, since the new signature covers the old contents too. WTL_POLICY: signed and no
 * signer was given; not signed and one was (its contents have no digest trees: seal anew); a name that is there
 * already. WTL_USAGE: a name twice. WTL_BUSY: another program changes the container. Else as wtl_open and wtl_seal. */
int wtl_append(const char *container, const char *const *src, size_t n_src, const wtl_append_opts *opts,
               wtl_append_result *result, wtl_err *err);

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
    char (*recipient)[40]; /* algorithm name per recipient, or "passphrase" */
    uint64_t container_bytes;
    uint8_t index_digest[64];
    size_t n_signatures;
    wtl_info_signature *signature;
    bool opened; /* an identity fitted: the rest is known */
    size_t n_entries;
    wtl_info_entry *entry;
    uint64_t plain_bytes;
    uint8_t (*recipient_id)[WTL_KEY_ID]; /* per recipient, all zero where nobody said; NULL when not opened */
} wtl_info;
void wtl_info_free(wtl_info *i);

int wtl_info_read(const char *container, const wtl_key *const *identity, size_t n_identities, wtl_info *out,
                  wtl_err *err);
/* The same with the means of `opts`: identities, passphrase and max_work; the rest of it is not looked at. */
int wtl_info_read_by(const char *container, const wtl_open_opts *opts, wtl_info *out, wtl_err *err);

typedef struct wtl_rewrap_opts {
    const wtl_key *const *identity; /* as in wtl_open_opts */
    size_t n_identities;
    const wtl_passphrase *passphrase;
    unsigned max_work;
    const wtl_key *const *add; /* new recipients */
    size_t n_add;
    const char *const *add_name; /* what messages call them; NULL = by number. So with the two below */
    const wtl_key *const *remove;
    size_t n_remove;
    const char *const *remove_name;
    const wtl_key *const *to; /* these and no others, in place of add and remove */
    size_t n_to;
    const char *const *to_name;
    const wtl_passphrase *set_passphrase; /* this alone, in place of all of them */
    unsigned work;
    bool rekey; /* a new container id, file key and encryption; the rest is for this alone */
    const wtl_key *const *sender; /* when given, one of them must have signed */
    size_t n_senders;
    const wtl_key *const *sign; /* who signs the new container */
    size_t n_sign;
    bool drop_signature; /* a signed container may become one without signature */
    unsigned threads;    /* 0 = as many as there are processors */
    wtl_progress progress;
} wtl_rewrap_opts;

typedef struct wtl_rewrap_result {
    uint8_t container_id[32];
    uint64_t header_generation;
    unsigned slot; /* written, 0 or 1 */
    size_t n_recipients;
    char (*recipient)[40];               /* algorithm name of each, or "passphrase" */
    uint8_t (*recipient_id)[WTL_KEY_ID]; /* all zero where nobody said */
    size_t n_before;                     /* recipients before the change */
    bool locked_out;                     /* no identity that was given opens it any more */
    size_t room;    /* X-Wing recipients that the slot has room for beyond these; 0 beside a passphrase */
    uint64_t bytes; /* rekey: plaintext sealed again */
} wtl_rewrap_result;
void wtl_rewrap_result_free(wtl_rewrap_result *r);

/* Changes who may open a container. Without rekey the other header slot is written in place, and synced; the contents and the
 * sender's signatures stay. What dies on the way leaves the recipients as they were. Recipients that are removed
 * keep the file key: only rekey takes the container from them, by making another under a temporary name that then
 * takes this one's place. Waits for another rewrap of the same file. WTL_USAGE: a recipient who is there already, or not there, or
 * is one more than the header holds, or the last one; WTL_POLICY: classical keys, a signed container to be
 * rekeyed without a signer; WTL_NO, WTL_FORMAT as wtl_open; WTL_IO. */
int wtl_rewrap(const char *container, const wtl_rewrap_opts *opts, wtl_rewrap_result *result, wtl_err *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
