#include "sign/signers.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/sig.h"
#include "fs/out.h"
#include "sign/path.h"

int wtl_signers_check(const wtl_signer *signers, size_t n, wtl_err *err)
{
    ENSURE(n > 0, err, WTL_USAGE, "no key to sign with was given");
    for (size_t i = 0; i < n; i++) {
        const wtl_key *k = signers[i].key;
        ENSURE(wtl_key_alg(k)->kind == WTL_ALG_SIG, err, WTL_USAGE,
               "a key of the algorithm %s cannot sign: use one of ML-DSA, SLH-DSA, ECDSA or Ed25519",
               wtl_key_alg_name(k));
        ENSURE(wtl_key_is_private(k), err, WTL_USAGE,
               "a public key (%s) was given to sign with: give the private key file", wtl_key_alg_name(k));
        for (size_t m = 0; m < i; m++)
            ENSURE(!wtl_key_same(k, signers[m].key), err, WTL_USAGE, "signing key %zu was given twice",
                   i + 1);
    }
    return WTL_OK;
}

int wtl_signers_sign(const wtl_key *key, wtl_bytes message, wtl_buf *signature, wtl_err *err)
{
    size_t before = signature->n;
    TRY(wtl_sig_sign(key, message, NULL, signature, err));
    wtl_bytes made = {signature->p + before, signature->n - before};
    /* A faulty signature must not leave the machine: it may tell of the key, and nobody could use it. */
    if (wtl_sig_verify(key, message, NULL, made, NULL) == WTL_OK)
        return WTL_OK;
    signature->n = before;
    return WTL_FAIL(err, WTL_BUG,
                    "the signature just made by the %s key is not good: this machine or the crypto library "
                    "is faulty",
                    wtl_key_alg_name(key));
}

/* ---- writing */

typedef struct files {
    const wtl_signer *signer;
    wtl_out *out;    /* one per signer */
    struct stat *st; /* of the file behind each */
    size_t n_open;   /* of them were opened */
    struct timespec begun;
} files;

static void files_auto(files *f)
{
    for (size_t i = 0; i < f->n_open; i++)
        wtl_out_abort(&f->out[i]);
    free(f->out);
    free(f->st);
}

static int write_one(files *f, size_t i, wtl_bytes content, unsigned flags, wtl_err *err)
{
    wtl_out *o = &f->out[i];
    TRY(wtl_out_open(o, f->signer[i].out, flags, 0666, err));
    f->n_open++;
    TRY(wtl_out_write(o, content, err));
    struct timespec both[2] = {f->begun, f->begun};
    AUTO(wtl_buf) q = {0};
    if (futimens(o->fd, both) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "the time of \"%.300s\" cannot be set",
                            wtl_path_quote(&q, o->path));
    if (fstat(o->fd, &f->st[i]) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "\"%.300s\" cannot be looked at",
                            wtl_path_quote(&q, o->path));
    return WTL_OK;
}

/* Removes the files of this run that are under their names already, and nobody else's. */
static void take_back(const files *f, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct stat now;
        const char *path = f->signer[i].out;
        if (lstat(path, &now) == 0 && now.st_dev == f->st[i].st_dev && now.st_ino == f->st[i].st_ino)
            unlink(path);
    }
}

/* What replaced an older signature stays, as removing it would leave neither. */
static int unpublish(const files *f, size_t done, size_t n, bool force, int rc, wtl_err *err)
{
    if (!force) {
        take_back(f, done + 1);
        if (err != NULL)
            wtl_err_prefix(err, "no signature was left: ");
    } else if (done > 0 && err != NULL) {
        wtl_err_prefix(err, "%zu of %zu signatures were replaced, sign again for the rest: ", done, n);
    }
    return rc;
}

/* All signatures or none: half of a pair would look like a pair that somebody stripped. */
int wtl_signers_publish(const wtl_signer *signers, size_t n, wtl_signers_make *make, void *arg, bool force,
                        const struct timespec *begun, wtl_err *err)
{
    AUTO(files) f = {.signer = signers, .begun = *begun};
    f.out = calloc(n, sizeof *f.out);
    f.st = calloc(n, sizeof *f.st);
    ENSURE(f.out != NULL && f.st != NULL, err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        AUTO(wtl_buf) content = {0};
        TRY(make(arg, i, &content, err));
        TRY(write_one(&f, i, wtl_buf_view(&content), force ? WTL_OUT_REPLACE : 0, err));
    }
    for (size_t i = 0; i < n; i++) {
        int rc = wtl_out_commit(&f.out[i], err);
        if (rc < 0)
            return unpublish(&f, i, n, force, rc, err);
    }
    return WTL_OK;
}
