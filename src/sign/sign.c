#include "sign/sign.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "bundle/bundle.h"
#include "crypto/key.h"
#include "manifest/statement.h"
#include "sign/assume.h"
#include "sign/chain.h"
#include "sign/describe.h"
#include "sign/hint.h"
#include "sign/path.h"
#include "sign/signers.h"

void wtl_sign_result_free(wtl_sign_result *r)
{
    free(r->model);
    *r = (wtl_sign_result){0};
}

/* ---- one run */

typedef struct job {
    const char *model;
    bool is_dir;
    const wtl_signer *signer;
    size_t n;
    const wtl_sign_opts *opts;
    wtl_chain_list chains; /* that the bundles carry */
    wtl_statement statement;
    wtl_buf payload;
    size_t payload_size;
    wtl_buf pae; /* what is signed: it ends with the payload */
    wtl_describe_tally tally;
    struct timespec begun; /* when the files began to be read */
} job;

static void job_auto(job *j)
{
    wtl_chain_list_free(&j->chains);
    wtl_statement_free(&j->statement);
    wtl_buf_free(&j->payload);
    wtl_buf_free(&j->pae);
}

/* Before hours of hashing: a chain that no verifier would take is refused. */
static int read_chains(job *j, wtl_err *err)
{
    TRY(wtl_chain_read(&j->chains, j->opts->certs, j->opts->n_certs, err));
    for (size_t i = 0; i < j->n; i++)
        (void)wtl_chain_of(&j->chains, j->signer[i].key);
    return wtl_chain_all_used(&j->chains, err);
}

static int choose_hash(job *j, wtl_err *err)
{
    const char *name = j->opts->hash != NULL ? j->opts->hash : "sha256";
    int h = wtl_hash_by_name(name);
    AUTO(wtl_buf) q = {0};
    ENSURE(h == WTL_HASH_SHA256 || h == WTL_HASH_BLAKE2B, err, WTL_USAGE,
           "models are hashed with sha256 or blake2b, not with \"%.100s\"", wtl_path_quote(&q, name));
    j->statement.hash = (enum wtl_hash)h;
    uint64_t size = j->opts->shard_size;
    ENSURE(size <= INT64_MAX, err, WTL_USAGE,
           "a shard of %" PRIu64 " bytes is larger than any file: at most 2^63 - 1", size);
    j->statement.method = size > 0 ? WTL_STATEMENT_SHARDS : WTL_STATEMENT_FILES;
    j->statement.shard_size = size;
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

/* ---- the statement */

static int read_earlier(const job *j, wtl_assume *a, wtl_err *err)
{
    const wtl_key **keys = calloc(j->n, sizeof *keys);
    ENSURE(keys != NULL, err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; i < j->n; i++)
        keys[i] = j->signer[i].key;
    int rc = wtl_assume_read(a, j->opts->assume_unchanged, keys, j->n, &j->statement, err);
    free(keys);
    return rc;
}

static int list_files(job *j, wtl_err *err)
{
    AUTO(wtl_assume) earlier = {0};
    wtl_describe_opts opts = {.threads = j->opts->threads, .progress = j->opts->progress};
    if (j->opts->assume_unchanged != NULL) {
        TRY(read_earlier(j, &earlier, err));
        opts.assume = &earlier;
    }
    return wtl_describe_model(&j->statement, j->model, j->is_dir, &opts, &j->tally, err);
}

static int describe(job *j, wtl_err *err)
{
    char *name = NULL;
    TRY(wtl_path_name(&name, j->model, err));
    int rc = wtl_statement_set_subject(&j->statement, name, err);
    free(name);
    TRY(rc);
    TRY(place(j, err));
    TRY(list_files(j, err));
    TRY(wtl_statement_encode(&j->statement, &j->payload, err));
    wtl_statement_drop(&j->statement);
    return WTL_OK;
}

/* ---- signing and writing */

static int make_bundle(job *j, const wtl_key *key, wtl_buf *out, wtl_err *err)
{
    AUTO(wtl_buf) sig = {0};
    AUTO(wtl_buf) hint = {0};
    wtl_bytes payload = {j->pae.p + j->pae.n - j->payload_size, j->payload_size};
    TRY(wtl_signers_sign(key, wtl_buf_view(&j->pae), &sig, err));
    const wtl_chain *chain = wtl_chain_of(&j->chains, key);
    if (chain != NULL)
        return wtl_bundle_encode_chain(payload, WTL_STATEMENT_PAYLOAD_TYPE, chain->der, chain->n,
                                       wtl_buf_view(&sig), out, err);
    TRY(wtl_hint_of(key, &hint, err));
    const char *text = wtl_buf_cstr(&hint);
    ENSURE(text != NULL, err, WTL_NOMEM, "out of memory");
    return wtl_bundle_encode(payload, WTL_STATEMENT_PAYLOAD_TYPE, text, wtl_buf_view(&sig), out, err);
}

/* As wtl_signers_make. */
static int make_one(void *arg, size_t i, wtl_buf *bundle, wtl_err *err)
{
    job *j = arg;
    return make_bundle(j, j->signer[i].key, bundle, err);
}

/* The payload goes into the text that is signed: one copy is enough, as it may be large. */
static int make_pae(job *j, wtl_err *err)
{
    wtl_bundle_pae(&j->pae, WTL_STATEMENT_PAYLOAD_TYPE, wtl_buf_view(&j->payload));
    TRY(wtl_buf_check(&j->pae, err));
    j->payload_size = j->payload.n;
    wtl_buf_free(&j->payload);
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
    *r = (wtl_sign_result){.model = model,
                           .files = j->tally.files,
                           .bytes = j->tally.bytes,
                           .shard_size = j->statement.shard_size,
                           .resources = j->statement.n_resources,
                           .empty_files = j->tally.empty_files,
                           .assumed_files = j->tally.assumed_files,
                           .assumed_bytes = j->tally.assumed_bytes};
    snprintf(r->method, sizeof r->method, "%s", wtl_statement_method_name(j->statement.method));
    memcpy(r->root, root, hex.n + 1);
    return WTL_OK;
}

int wtl_sign_model(const char *model, const wtl_signer *signers, size_t n, const wtl_sign_opts *opts,
                   wtl_sign_result *result, wtl_err *err)
{
    AUTO(job) j = {.model = model, .signer = signers, .n = n, .opts = opts};
    clock_gettime(CLOCK_REALTIME, &j.begun);
    TRY(wtl_signers_check(signers, n, err));
    TRY(read_chains(&j, err));
    TRY(choose_hash(&j, err));
    TRY(wtl_path_is_dir(model, &j.is_dir, err));
    TRY(describe(&j, err));
    TRY(make_pae(&j, err));
    wtl_sign_result done = {0};
    TRY(report(&j, &done, err));
    int rc = wtl_signers_publish(signers, n, make_one, &j, opts->force, &j.begun, err);
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
