#include "sign/sign_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "envelope/envelope.h"
#include "fs/in.h"
#include "sign/path.h"
#include "sign/ranges.h"
#include "sign/signers.h"

typedef struct job {
    const char *file;
    const wtl_signer *signer;
    size_t n;
    const wtl_sign_file_opts *opts;
    wtl_envelope shared; /* what all envelopes have in common */
} job;

static void job_auto(job *j)
{
    wtl_envelope_free(&j->shared);
}

/* ---- what is asked for */

static int choose_hash(job *j, wtl_err *err)
{
    const char *name = j->opts->hash != NULL ? j->opts->hash : "sha256";
    int h = wtl_hash_by_name(name);
    AUTO(wtl_buf) q = {0};
    ENSURE(h >= 0, err, WTL_USAGE,
           "a file is hashed with sha256, sha384, sha512, sha3-256 or blake2b, not with \"%.100s\"",
           wtl_path_quote(&q, name));
    j->shared.hash = (enum wtl_hash)h;
    return WTL_OK;
}

static int choose_type(job *j, wtl_err *err)
{
    const char *type = j->opts->payload_type != NULL ? j->opts->payload_type : "application/octet-stream";
    AUTO(wtl_buf) q = {0};
    ENSURE(wtl_envelope_is_type(type), err, WTL_USAGE,
           "\"%.200s\" is no media type of the form type/subtype, as application/octet-stream",
           wtl_path_quote(&q, type));
    memcpy(j->shared.payload_type, type, strlen(type) + 1);
    return WTL_OK;
}

static int choose_times(job *j, wtl_err *err)
{
    wtl_envelope *e = &j->shared;
    e->signed_at = j->opts->signed_at != 0 ? j->opts->signed_at : (int64_t)time(NULL);
    e->rotate_by = j->opts->rotate_by;
    ENSURE(e->signed_at >= WTL_ENVELOPE_FIRST && e->signed_at <= WTL_ENVELOPE_LAST, err, WTL_USAGE,
           "the time of signing does not lie between the years 2000 and 9999: set the system's clock");
    ENSURE(e->rotate_by == 0 || (e->rotate_by > e->signed_at && e->rotate_by <= WTL_ENVELOPE_LAST), err,
           WTL_USAGE, "the key's rotation date must lie after the time of signing, before the year 10000");
    return WTL_OK;
}

static int choose_next_key(job *j, wtl_err *err)
{
    const wtl_key *next = j->opts->next_key;
    if (next == NULL)
        return WTL_OK;
    ENSURE(j->n == 1, err, WTL_USAGE, "the next key follows one key: sign with one key at a time to name it");
    ENSURE(wtl_key_alg(next)->kind == WTL_ALG_SIG, err, WTL_USAGE,
           "a key of the algorithm %s cannot follow a signing key", wtl_key_alg_name(next));
    ENSURE(!wtl_key_same(next, j->signer[0].key), err, WTL_USAGE, "the next key is the signing key itself");
    j->shared.has_next_key = true;
    return wtl_envelope_key_hash(next, j->shared.next_key, err);
}

/* Before a long file is hashed rather than after. */
static int check_place(const job *j, const char *out, wtl_path_list *places, wtl_err *err)
{
    char *full = NULL;
    TRY(wtl_path_resolve(&full, out, err));
    bool twice = wtl_path_listed(places, full);
    int rc = wtl_path_add(places, full, err);
    free(full);
    TRY(rc);
    AUTO(wtl_buf) q = {0};
    ENSURE(!twice, err, WTL_USAGE, "two keys would write the signature file \"%.300s\": rename one key file",
           wtl_path_quote(&q, out));
    struct stat there;
    struct stat file;
    if (lstat(out, &there) != 0)
        return WTL_OK;
    ENSURE(
        stat(j->file, &file) != 0 || file.st_dev != there.st_dev || file.st_ino != there.st_ino, err,
        WTL_POLICY,
        "the signature would replace \"%.300s\", which is the file to sign: choose another name with --out",
        wtl_path_quote(&q, out));
    ENSURE(j->opts->force, err, WTL_POLICY,
           "the signature file \"%.300s\" exists: choose another with --out, or replace it with --force",
           wtl_path_quote(&q, out));
    return WTL_OK;
}

static int prepare(job *j, wtl_err *err)
{
    bool is_dir;
    AUTO(wtl_buf) q = {0};
    TRY(wtl_signers_check(j->signer, j->n, err));
    TRY(choose_hash(j, err));
    TRY(choose_type(j, err));
    TRY(choose_times(j, err));
    TRY(choose_next_key(j, err));
    TRY(wtl_path_is_dir(j->file, &is_dir, err));
    ENSURE(
        !is_dir, err, WTL_POLICY,
        "\"%.300s\" is a directory, and an envelope is about one file: the format bundle signs directories",
        wtl_path_quote(&q, j->file));
    AUTO(wtl_path_list) places = {0};
    for (size_t i = 0; i < j->n; i++)
        TRY(check_place(j, j->signer[i].out, &places, err));
    return WTL_OK;
}

/* ---- doing it */

static int hash_file(job *j, wtl_err *err)
{
    AUTO(wtl_in) in = {.fd = -1};
    TRY(wtl_in_open(&in, j->file, err));
    j->shared.size = (uint64_t)in.stamp.size;
    return wtl_ranges_digest_one(&in, j->shared.hash, &j->opts->progress, j->shared.digest, err);
}

/* As wtl_signers_make. */
static int sign_one(void *arg, size_t i, wtl_buf *text, wtl_err *err)
{
    const job *j = arg;
    const wtl_key *key = j->signer[i].key;
    AUTO(wtl_envelope) e = j->shared; /* which owns nothing */
    AUTO(wtl_buf) pae = {0};
    e.alg = wtl_key_alg(key);
    TRY(wtl_envelope_key_hash(key, e.key_hash, err));
    TRY(wtl_envelope_describe(&e, err));
    wtl_envelope_pae(&e, &pae);
    TRY(wtl_buf_check(&pae, err));
    TRY(wtl_signers_sign(key, wtl_buf_view(&pae), &e.signature, err));
    return wtl_envelope_encode(&e, text, err);
}

static void report(const job *j, wtl_sign_file_result *r)
{
    const wtl_envelope *e = &j->shared;
    char text[WTL_ENVELOPE_DIGEST_TEXT];
    *r = (wtl_sign_file_result){.size = e->size, .signed_at = e->signed_at, .rotate_by = e->rotate_by};
    wtl_envelope_digest_text(r->digest, e->hash, e->digest);
    if (e->has_next_key) {
        wtl_envelope_digest_text(text, WTL_HASH_SHA3_256, e->next_key);
        memcpy(r->next_key, text, strlen(text) + 1);
    }
}

int wtl_sign_file(const char *file, const wtl_signer *signers, size_t n, const wtl_sign_file_opts *opts,
                  wtl_sign_file_result *result, wtl_err *err)
{
    AUTO(job) j = {.file = file, .signer = signers, .n = n, .opts = opts};
    struct timespec begun;
    clock_gettime(CLOCK_REALTIME, &begun);
    TRY(prepare(&j, err));
    TRY(hash_file(&j, err));
    TRY(wtl_signers_publish(signers, n, sign_one, &j, opts->force, &begun, err));
    if (result != NULL)
        report(&j, result);
    return WTL_OK;
}

/* "F.sig.json" is named like the bundle "F.sig" with ".json" after it. */
int wtl_sign_file_path(char **path, const char *file, const char *out, const char *key_path, size_t i,
                       wtl_err *err)
{
    static const char json[] = ".json";
    *path = NULL;
    size_t n = out != NULL ? strlen(out) : 0;
    size_t end = strlen(WTL_PATH_ENVELOPE);
    if (out != NULL && (n <= end || strcmp(out + n - end, WTL_PATH_ENVELOPE) != 0))
        return wtl_sign_path(path, file, out, key_path, i, err);
    char *bundle = out != NULL ? strndup(out, n - strlen(json)) : NULL;
    ENSURE(out == NULL || bundle != NULL, err, WTL_NOMEM, "out of memory");
    char *name = NULL;
    int rc = wtl_sign_path(&name, file, bundle, key_path, i, err);
    free(bundle);
    TRY(rc);
    AUTO(wtl_buf) b = {0};
    wtl_buf_str(&b, name);
    wtl_buf_str(&b, json);
    free(name);
    ENSURE(wtl_buf_cstr(&b) != NULL, err, WTL_NOMEM, "out of memory");
    *path = (char *)b.p;
    b = (wtl_buf){0};
    return WTL_OK;
}
