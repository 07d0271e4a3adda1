#include "sign/sign.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "bundle/bundle.h"
#include "crypto/sig.h"
#include "fs/out.h"
#include "fs/walk.h"
#include "manifest/statement.h"
#include "sign/digest.h"
#include "sign/hint.h"
#include "sign/path.h"

void wtl_sign_result_free(wtl_sign_result *r)
{
    free(r->model);
    *r = (wtl_sign_result){0};
}

/* ---- names of signature files */

/* "dir/my.root.key" -> "my.root" */
static int stem_of(wtl_buf *out, const char *key_path, wtl_err *err)
{
    const char *slash = strrchr(key_path, '/');
    const char *name = slash != NULL ? slash + 1 : key_path;
    const char *dot = strrchr(name, '.');
    AUTO(wtl_buf) q = {0};
    ENSURE(name[0] != '\0', err, WTL_USAGE, "\"%.300s\" names no key file", wtl_path_quote(&q, key_path));
    wtl_buf_add(out, name, dot != NULL && dot != name ? (size_t)(dot - name) : strlen(name));
    return wtl_buf_check(out, err);
}

/* DIR/model or FILE: what the default names begin with. */
static int default_prefix(wtl_buf *out, const char *model, wtl_err *err)
{
    bool is_dir;
    TRY(wtl_path_is_dir(model, &is_dir, err));
    size_t n = strlen(model);
    while (is_dir && n > 1 && model[n - 1] == '/')
        n--;
    wtl_buf_add(out, model, n);
    if (is_dir)
        wtl_buf_str(out, model[n - 1] == '/' ? "model" : "/model");
    return wtl_buf_check(out, err);
}

int wtl_sign_path(char **path, const char *model, const char *out, const char *key_path, size_t i,
                  wtl_err *err)
{
    *path = NULL;
    AUTO(wtl_buf) b = {0};
    const char *extension = ".sig";
    if (out != NULL) {
        const char *slash = strrchr(out, '/');
        const char *name = slash != NULL ? slash + 1 : out;
        const char *dot = strrchr(name, '.');
        extension = dot != NULL && dot != name ? dot : "";
        wtl_buf_add(&b, out, strlen(out) - strlen(extension));
    } else {
        TRY(default_prefix(&b, model, err));
    }
    if (i > 0) {
        wtl_buf_str(&b, ".");
        TRY(stem_of(&b, key_path, err));
    }
    wtl_buf_str(&b, extension);
    ENSURE(wtl_buf_cstr(&b) != NULL, err, WTL_NOMEM, "out of memory");
    *path = (char *)b.p;
    b = (wtl_buf){0};
    return WTL_OK;
}

/* ---- one run */

typedef struct job {
    const char *model;
    bool is_dir;
    const wtl_signer *signer;
    size_t n;
    const wtl_sign_opts *opts;
    wtl_statement statement;
    wtl_buf payload;
    wtl_buf *bundle; /* one per signer */
    wtl_out *out;    /* one per signer */
    struct stat *st; /* of the file behind each */
    size_t n_open;   /* of them were opened */
    uint64_t bytes;
} job;

static void job_auto(job *j)
{
    wtl_statement_free(&j->statement);
    wtl_buf_free(&j->payload);
    for (size_t i = 0; j->bundle != NULL && i < j->n; i++)
        wtl_buf_free(&j->bundle[i]);
    free(j->bundle);
    for (size_t i = 0; i < j->n_open; i++)
        wtl_out_abort(&j->out[i]);
    free(j->out);
    free(j->st);
}

static int check_signers(const job *j, wtl_err *err)
{
    ENSURE(j->n > 0, err, WTL_USAGE, "no key to sign with was given");
    for (size_t i = 0; i < j->n; i++) {
        const wtl_key *k = j->signer[i].key;
        ENSURE(wtl_key_alg(k)->kind == WTL_ALG_SIG, err, WTL_USAGE,
               "a key of the algorithm %s cannot sign: use one of ML-DSA, SLH-DSA, ECDSA or Ed25519",
               wtl_key_alg_name(k));
        ENSURE(wtl_key_is_private(k), err, WTL_USAGE,
               "a public key (%s) was given to sign with: give the private key file", wtl_key_alg_name(k));
        for (size_t m = 0; m < i; m++)
            ENSURE(!wtl_key_same(k, j->signer[m].key), err, WTL_USAGE, "signing key %zu was given twice",
                   i + 1);
    }
    return WTL_OK;
}

static int choose_hash(job *j, wtl_err *err)
{
    const char *name = j->opts->hash != NULL ? j->opts->hash : "sha256";
    int h = wtl_hash_by_name(name);
    AUTO(wtl_buf) q = {0};
    ENSURE(h == WTL_HASH_SHA256 || h == WTL_HASH_BLAKE2B, err, WTL_USAGE,
           "models are hashed with sha256 or blake2b, not with \"%.100s\"", wtl_path_quote(&q, name));
    j->statement.hash = (enum wtl_hash)h;
    return WTL_OK;
}

/* What stands at a signature's place already must not be lost by mistake. `inside` is its path within the model,
 * or NULL. */
static int check_place(const job *j, const char *out, const char *inside, wtl_err *err)
{
    struct stat there;
    struct stat model;
    AUTO(wtl_buf) q = {0};
    if (lstat(out, &there) != 0)
        return WTL_OK;
    ENSURE(j->opts->force, err, WTL_POLICY,
           "the signature file \"%.300s\" exists: choose another with --out, or replace it with --force",
           wtl_path_quote(&q, out));
    size_t n = strlen(out);
    bool is_model = stat(j->model, &model) == 0 && model.st_dev == there.st_dev &&
                    model.st_ino == there.st_ino;
    bool is_part = inside != NULL && (n < 4 || strcmp(out + n - 4, ".sig") != 0);
    ENSURE(
        !is_model && !is_part, err, WTL_POLICY,
        "the signature would replace \"%.300s\", which is part of the model: choose another name with --out",
        wtl_path_quote(&q, out));
    return WTL_OK;
}

static int place_one(job *j, const char *out, wtl_path_list *places, wtl_err *err)
{
    char *full = NULL;
    char *inside = NULL;
    int rc = wtl_path_resolve(&full, out, err);
    AUTO(wtl_buf) q = {0};
    if (rc == WTL_OK && wtl_path_listed(places, full))
        rc = WTL_FAIL(err, WTL_USAGE,
                      "two keys would write the signature file \"%.300s\": rename one key file",
                      wtl_path_quote(&q, out));
    if (rc == WTL_OK)
        rc = wtl_path_add(places, full, err);
    if (rc == WTL_OK && j->is_dir)
        rc = wtl_path_inside(&inside, j->model, full, err);
    if (rc == WTL_OK)
        rc = check_place(j, out, inside, err);
    /* The format's ignore_paths have no glob characters, so that no reader takes one for a pattern. */
    if (rc == WTL_OK && inside != NULL && strpbrk(inside, "*?[") != NULL)
        rc = WTL_FAIL(err, WTL_USAGE,
                      "the signature file \"%.300s\" lies in the model and has one of * ? [ in "
                      "its path, which the format forbids: choose another name with --out",
                      wtl_path_quote(&q, out));
    if (rc == WTL_OK && inside != NULL && !wtl_statement_ignores(&j->statement, inside))
        rc = wtl_statement_add_ignore(&j->statement, inside, err);
    free(inside);
    free(full);
    return rc;
}

/* Signature files of earlier runs are no part of the model either. */
static int ignore_earlier(job *j, wtl_err *err)
{
    AUTO(wtl_path_list) earlier = {0};
    TRY(wtl_path_signatures(&earlier, j->model, true, err));
    for (size_t i = 0; i < earlier.n; i++) {
        const char *name = strrchr(earlier.p[i], '/') + 1;
        if (strpbrk(name, "*?[") == NULL && !wtl_statement_ignores(&j->statement, name))
            TRY(wtl_statement_add_ignore(&j->statement, name, err));
    }
    return WTL_OK;
}

/* Fills ignore_paths, and refuses places that the signatures cannot be written to. */
static int place(job *j, wtl_err *err)
{
    AUTO(wtl_path_list) places = {0};
    for (size_t i = 0; j->is_dir && wtl_path_default_ignored[i] != NULL; i++)
        TRY(wtl_statement_add_ignore(&j->statement, wtl_path_default_ignored[i], err));
    for (size_t i = 0; i < j->n; i++)
        TRY(place_one(j, j->signer[i].out, &places, err));
    return j->is_dir ? ignore_earlier(j, err) : WTL_OK;
}

/* ---- hashing */

static bool skip(const char *path, void *arg)
{
    return wtl_statement_ignores(arg, path);
}

static int hash_one(job *j, wtl_digest *d, wtl_in *in, const char *name, wtl_err *err)
{
    uint8_t digest[WTL_HASH_MAX];
    TRY(wtl_digest_file(d, in, digest, err));
    return wtl_statement_add(&j->statement, name, digest, err);
}

static int hash_entry(job *j, wtl_digest *d, const wtl_walk_entry *e, wtl_err *err)
{
    AUTO(wtl_in) in = {.fd = -1};
    TRY(wtl_in_open_beneath(&in, j->model, e->path, &e->stamp, err));
    return hash_one(j, d, &in, e->path, err);
}

/* Before hours of hashing rather than after. */
static int check_names(const wtl_walk *w, wtl_err *err)
{
    for (size_t i = 0; i < w->n; i++) {
        AUTO(wtl_buf) q = {0};
        ENSURE(wtl_text_is_utf8(wtl_text_of(w->e[i].path)), err, WTL_FORMAT,
               "the file name \"%.300s\" is not UTF-8, and the signature format has no way to write it: "
               "rename it",
               wtl_path_quote(&q, w->e[i].path));
    }
    return WTL_OK;
}

static int hash_dir(job *j, wtl_err *err)
{
    AUTO(wtl_walk) w = {0};
    TRY(wtl_walk_dir(&w, j->model, skip, &j->statement, err));
    TRY(check_names(&w, err));
    AUTO(wtl_digest) d = {0};
    TRY(wtl_digest_init(&d, j->statement.hash, &j->opts->progress, w.bytes, err));
    for (size_t i = 0; i < w.n; i++) {
        if (w.e[i].type == WTL_WALK_FILE)
            TRY(hash_entry(j, &d, &w.e[i], err));
    }
    AUTO(wtl_buf) q = {0};
    ENSURE(j->statement.n_resources > 0, err, WTL_POLICY, "\"%.300s\" holds no file to sign",
           wtl_path_quote(&q, j->model));
    j->bytes = d.done;
    return WTL_OK;
}

static int hash_file(job *j, wtl_err *err)
{
    AUTO(wtl_in) in = {.fd = -1};
    TRY(wtl_in_open(&in, j->model, err));
    AUTO(wtl_digest) d = {0};
    TRY(wtl_digest_init(&d, j->statement.hash, &j->opts->progress, (uint64_t)in.stamp.size, err));
    /* The specification has the file's name here, the reference "." and accepts nothing else. */
    TRY(hash_one(j, &d, &in, ".", err));
    j->bytes = d.done;
    return WTL_OK;
}

static int describe(job *j, wtl_err *err)
{
    char *name = NULL;
    TRY(wtl_path_name(&name, j->model, err));
    int rc = wtl_statement_set_subject(&j->statement, name, err);
    free(name);
    TRY(rc);
    TRY(place(j, err));
    TRY(j->is_dir ? hash_dir(j, err) : hash_file(j, err));
    return wtl_statement_encode(&j->statement, &j->payload, err);
}

/* ---- signing and writing */

static int make_bundle(job *j, const wtl_key *key, wtl_bytes pae, wtl_buf *out, wtl_err *err)
{
    AUTO(wtl_buf) sig = {0};
    AUTO(wtl_buf) hint = {0};
    TRY(wtl_sig_sign(key, pae, NULL, &sig, err));
    /* A faulty signature must not leave the machine: it may tell of the key, and nobody could use it. */
    if (wtl_sig_verify(key, pae, NULL, wtl_buf_view(&sig), NULL) != WTL_OK)
        return WTL_FAIL(err, WTL_BUG,
                        "the signature just made by the %s key is not good: this machine or the "
                        "crypto library is faulty",
                        wtl_key_alg_name(key));
    TRY(wtl_hint_of(key, &hint, err));
    const char *text = wtl_buf_cstr(&hint);
    ENSURE(text != NULL, err, WTL_NOMEM, "out of memory");
    return wtl_bundle_encode(wtl_buf_view(&j->payload), WTL_STATEMENT_PAYLOAD_TYPE, text, wtl_buf_view(&sig),
                             out, err);
}

static int make_bundles(job *j, wtl_err *err)
{
    AUTO(wtl_buf) pae = {0};
    wtl_bundle_pae(&pae, WTL_STATEMENT_PAYLOAD_TYPE, wtl_buf_view(&j->payload));
    TRY(wtl_buf_check(&pae, err));
    j->bundle = calloc(j->n, sizeof *j->bundle);
    ENSURE(j->bundle != NULL, err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; i < j->n; i++)
        TRY(make_bundle(j, j->signer[i].key, wtl_buf_view(&pae), &j->bundle[i], err));
    return WTL_OK;
}

static int write_one(job *j, size_t i, unsigned flags, wtl_err *err)
{
    wtl_out *o = &j->out[i];
    TRY(wtl_out_open(o, j->signer[i].out, flags, 0666, err));
    j->n_open++;
    TRY(wtl_out_write(o, wtl_buf_view(&j->bundle[i]), err));
    AUTO(wtl_buf) q = {0};
    if (fstat(o->fd, &j->st[i]) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "\"%.300s\" cannot be looked at",
                            wtl_path_quote(&q, o->path));
    return WTL_OK;
}

static int write_all(job *j, wtl_err *err)
{
    unsigned flags = j->opts->force ? WTL_OUT_REPLACE : 0;
    j->out = calloc(j->n, sizeof *j->out);
    j->st = calloc(j->n, sizeof *j->st);
    ENSURE(j->out != NULL && j->st != NULL, err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; i < j->n; i++)
        TRY(write_one(j, i, flags, err));
    return WTL_OK;
}

/* Removes the files of this run that are under their names already, and nobody else's. */
static void take_back(const job *j, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct stat now;
        if (lstat(j->signer[i].out, &now) == 0 && now.st_dev == j->st[i].st_dev &&
            now.st_ino == j->st[i].st_ino)
            unlink(j->signer[i].out);
    }
}

/* All signatures or none: half of a pair would look like a pair that somebody stripped. */
static int publish(job *j, wtl_err *err)
{
    TRY(write_all(j, err));
    for (size_t i = 0; i < j->n; i++) {
        int rc = wtl_out_commit(&j->out[i], err);
        if (rc < 0) {
            take_back(j, i + 1);
            return rc;
        }
    }
    return WTL_OK;
}

static int report(const job *j, wtl_sign_result *r, wtl_err *err)
{
    AUTO(wtl_buf) hex = {0};
    wtl_buf_hex(&hex, (wtl_bytes){j->statement.root, sizeof j->statement.root});
    const char *root = wtl_buf_cstr(&hex);
    char *model = strdup(j->statement.subject);
    if (root == NULL || model == NULL) {
        free(model);
        return WTL_FAIL(err, WTL_NOMEM, "out of memory");
    }
    *r = (wtl_sign_result){.model = model, .files = j->statement.n_resources, .bytes = j->bytes};
    memcpy(r->root, root, hex.n + 1);
    return WTL_OK;
}

int wtl_sign_model(const char *model, const wtl_signer *signers, size_t n, const wtl_sign_opts *opts,
                   wtl_sign_result *result, wtl_err *err)
{
    AUTO(job) j = {.model = model, .signer = signers, .n = n, .opts = opts};
    TRY(check_signers(&j, err));
    TRY(choose_hash(&j, err));
    TRY(wtl_path_is_dir(model, &j.is_dir, err));
    TRY(describe(&j, err));
    TRY(make_bundles(&j, err));
    wtl_sign_result done = {0};
    TRY(report(&j, &done, err));
    int rc = publish(&j, err);
    if (rc < 0) {
        wtl_sign_result_free(&done);
        return rc;
    }
    if (result != NULL)
        *result = done;
    else
        wtl_sign_result_free(&done);
    return WTL_OK;
}
