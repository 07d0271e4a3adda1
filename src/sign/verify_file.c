#include "sign/verify_file.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/sig.h"
#include "envelope/envelope.h"
#include "fs/in.h"
#include "sign/hint.h"
#include "sign/path.h"
#include "sign/ranges.h"

enum { DAY = 86400 };

void wtl_verify_file_result_free(wtl_verify_file_result *r)
{
    for (size_t i = 0; i < r->n_verdicts; i++) {
        free(r->verdict[i].path);
        free(r->verdict[i].text);
        free(r->verdict[i].payload_type);
    }
    free(r->verdict);
    *r = (wtl_verify_file_result){0};
}

/* A given key under the name that envelopes have for it. */
typedef struct given {
    uint8_t hash[WTL_ENVELOPE_KEY_HASH];
    bool good; /* some good signature is its */
} given;

typedef struct check {
    const char *file;
    const wtl_verify_file_opts *opts;
    wtl_verify_file_result *r;
    wtl_path_list files;    /* signature files, one verdict each */
    wtl_envelope *envelope; /* one per file; of those that are good envelopes */
    given *given;           /* one per key */
    size_t strangers;       /* signatures that none of the given keys made */
    bool bundles_done;      /* the file was compared with every good bundle */
} check;

static void check_auto(check *c)
{
    for (size_t i = 0; c->envelope != NULL && i < c->files.n; i++)
        wtl_envelope_free(&c->envelope[i]);
    free(c->envelope);
    free(c->given);
    wtl_path_list_free(&c->files);
}

/* ---- which signature files, and of which kind */

static int find_files(wtl_path_list *files, const char *file, bool is_dir, const char *const *signatures,
                      size_t n, wtl_err *err)
{
    for (size_t i = 0; i < n; i++)
        TRY(wtl_path_add(files, signatures[i], err));
    if (n > 0 || is_dir)
        return WTL_OK;
    TRY(wtl_path_envelopes(files, file, err));
    return wtl_path_signatures(files, file, false, err);
}

static bool has_envelope_name(const char *path)
{
    size_t n = strlen(path);
    size_t end = strlen(WTL_PATH_ENVELOPE);
    return n > end && strcmp(path + n - end, WTL_PATH_ENVELOPE) == 0;
}

/* Reads what may be an envelope. Bundles may be far longer, and are read again by those who know them. */
static int load(const char *path, wtl_buf *text, bool *is_envelope, wtl_err *err)
{
    *is_envelope = false;
    if (strcmp(path, "-") == 0)
        return WTL_OK;
    int rc = wtl_in_read_all(path, WTL_ENVELOPE_MOST, text, err);
    bool by_name = has_envelope_name(path);
    *is_envelope = rc == WTL_OK ? wtl_envelope_is(wtl_buf_view(text), by_name) : by_name;
    return *is_envelope ? rc : WTL_OK;
}

int wtl_verify_file_has_envelope(const char *file, const char *const *signatures, size_t n, bool *has,
                                 wtl_err *err)
{
    *has = false;
    bool is_dir;
    TRY(wtl_path_is_dir(file, &is_dir, err));
    AUTO(wtl_path_list) files = {0};
    TRY(find_files(&files, file, is_dir, signatures, n, err));
    for (size_t i = 0; i < files.n && !*has; i++) {
        AUTO(wtl_buf) text = {0};
        int rc = load(files.p[i], &text, has, NULL);
        *has = *has && rc != WTL_IO;
    }
    return WTL_OK;
}

/* ---- one envelope */

static int describe(const wtl_envelope *e, wtl_file_verdict *v, wtl_err *err)
{
    char text[WTL_ENVELOPE_DIGEST_TEXT];
    v->payload_type = strdup(e->payload_type);
    ENSURE(v->payload_type != NULL, err, WTL_NOMEM, "out of memory");
    wtl_envelope_digest_text(v->digest, e->hash, e->digest);
    v->size = e->size;
    v->signed_at = e->signed_at;
    v->rotate_by = e->rotate_by;
    if (e->has_next_key) {
        wtl_envelope_digest_text(text, WTL_HASH_SHA3_256, e->next_key);
        memcpy(v->next_key, text, strlen(text) + 1);
    }
    return WTL_OK;
}

/* The key is the one that the envelope names, and the algorithm that key's: nothing else is tried. */
static int check_signature(const wtl_envelope *e, const wtl_key *k, wtl_err *err)
{
    AUTO(wtl_buf) words = {0};
    TRY(wtl_hint_words(k, &words, err));
    ENSURE(e->alg == wtl_key_alg(k), err, WTL_NO,
           "the envelope names the given key %s, but says that the algorithm is %s: somebody changed it",
           wtl_buf_cstr(&words), e->alg->name);
    AUTO(wtl_buf) pae = {0};
    wtl_envelope_pae(e, &pae);
    TRY(wtl_buf_check(&pae, err));
    int rc = wtl_sig_verify(k, wtl_buf_view(&pae), NULL, wtl_buf_view(&e->signature), err);
    if (rc != WTL_NO)
        return rc;
    return WTL_FAIL(err, WTL_NO,
                    "the signature is wrong: the envelope names the given key %s, but its content is not "
                    "what that key signed; get the signature file from its maker again",
                    wtl_buf_cstr(&words));
}

static int judge_envelope(check *c, size_t i, wtl_bytes text, wtl_err *err)
{
    wtl_envelope *e = &c->envelope[i];
    wtl_file_verdict *v = &c->r->verdict[i];
    TRY(wtl_envelope_parse(e, text, err));
    for (size_t k = 0; k < c->opts->n_keys; k++) {
        if (memcmp(c->given[k].hash, e->key_hash, sizeof e->key_hash) != 0)
            continue;
        TRY(check_signature(e, c->opts->keys[k], err));
        TRY(describe(e, v, err));
        v->key = k;
        c->given[k].good = true;
        return WTL_OK;
    }
    c->strangers++;
    char name[WTL_ENVELOPE_DIGEST_TEXT];
    return WTL_FAIL(err, WTL_POLICY,
                    "none of the given keys made this signature; the envelope names the %s key %s: give that "
                    "key with --key",
                    e->alg->name, wtl_envelope_digest_text(name, WTL_HASH_SHA3_256, e->key_hash));
}

/* Faults of the signature become its verdict; faults of the machine end the work. */
static int settle(wtl_file_verdict *v, const wtl_err *e, wtl_err *err)
{
    v->rc = e->code;
    if (v->rc == WTL_NO || v->rc == WTL_FORMAT || v->rc == WTL_POLICY) {
        v->text = strdup(e->text);
        ENSURE(v->text != NULL, err, WTL_NOMEM, "out of memory");
        return WTL_OK;
    }
    if (err != NULL)
        *err = *e;
    return e->code;
}

static int judge(check *c, size_t i, wtl_err *err)
{
    wtl_file_verdict *v = &c->r->verdict[i];
    v->path = strdup(c->files.p[i]);
    c->r->n_verdicts = i + 1;
    ENSURE(v->path != NULL, err, WTL_NOMEM, "out of memory");
    AUTO(wtl_buf) text = {0};
    wtl_err e = {0};
    int rc = load(v->path, &text, &v->is_envelope, &e);
    if (rc == WTL_OK)
        rc = v->is_envelope ? judge_envelope(c, i, wtl_buf_view(&text), &e)
                            : WTL_FAIL(&e, WTL_POLICY, "not looked at, as another signature is wrong");
    return rc < 0 ? settle(v, &e, err) : WTL_OK;
}

/* ---- bundles, by those who know them */

/* Every bundle's verdict, with all keys. It is no answer yet when a key has signed by envelope alone. */
static int judge_bundles(check *c, const char **paths, size_t n, wtl_verify_result *r, wtl_err *err)
{
    const wtl_verify_opts o = {.keys = c->opts->keys,
                               .n_keys = c->opts->n_keys,
                               .signatures = paths,
                               .n_signatures = n,
                               .progress = c->opts->progress};
    wtl_err e = {0};
    int rc = wtl_verify_model(c->file, &o, r, &e);
    bool soft = rc == WTL_OK || rc == WTL_NO || rc == WTL_FORMAT || rc == WTL_POLICY;
    c->bundles_done = rc == WTL_OK;
    c->r->changed = r->n_findings > 0;
    if ((!soft || c->r->changed) && err != NULL)
        *err = e;
    return soft && !c->r->changed ? WTL_OK : rc;
}

static void take_verdict(check *c, wtl_file_verdict *to, wtl_verdict *from)
{
    free(to->text);
    to->rc = from->rc;
    to->key = from->key;
    to->text = from->text;
    from->text = NULL;
    c->strangers += to->rc == WTL_POLICY;
    if (to->rc == WTL_OK)
        c->given[to->key].good = true;
}

/* The paths of the bundles, with `good` only the good ones. */
static size_t list_bundles(const check *c, const char **paths, bool good)
{
    size_t n = 0;
    for (size_t i = 0; i < c->r->n_verdicts; i++) {
        const wtl_file_verdict *v = &c->r->verdict[i];
        if (!v->is_envelope && (!good || v->rc == WTL_OK))
            paths[n++] = v->path;
    }
    return n;
}

static int judge_all_bundles(check *c, wtl_err *err)
{
    const char **paths = calloc(c->files.n, sizeof *paths);
    ENSURE(paths != NULL, err, WTL_NOMEM, "out of memory");
    wtl_verify_result r = {0};
    size_t n = list_bundles(c, paths, false);
    int rc = n > 0 ? judge_bundles(c, paths, n, &r, err) : WTL_OK;
    for (size_t i = 0, b = 0; i < c->r->n_verdicts && b < r.n_verdicts; i++) {
        if (!c->r->verdict[i].is_envelope)
            take_verdict(c, &c->r->verdict[i], &r.verdict[b++]);
    }
    wtl_verify_result_free(&r);
    free(paths);
    return rc;
}

/* The good bundles with the keys that made them: now its answer is the answer. */
static int check_bundles(check *c, wtl_err *err)
{
    const char **paths = calloc(c->files.n, sizeof *paths);
    const wtl_key **keys = calloc(c->opts->n_keys, sizeof *keys);
    wtl_verify_opts o = {.keys = keys, .signatures = paths, .progress = c->opts->progress};
    int rc = WTL_OK;
    if (paths == NULL || keys == NULL)
        rc = WTL_FAIL(err, WTL_NOMEM, "out of memory");
    else
        o.n_signatures = list_bundles(c, paths, true);
    for (size_t k = 0; rc == WTL_OK && k < c->opts->n_keys; k++) {
        bool signed_it = false;
        for (size_t i = 0; i < c->r->n_verdicts; i++) {
            const wtl_file_verdict *v = &c->r->verdict[i];
            signed_it = signed_it || (!v->is_envelope && v->rc == WTL_OK && v->key == k);
        }
        if (signed_it)
            keys[o.n_keys++] = c->opts->keys[k];
    }
    if (rc == WTL_OK && o.n_signatures > 0) {
        wtl_verify_result r = {0};
        rc = wtl_verify_model(c->file, &o, &r, err);
        c->r->changed = r.n_findings > 0;
        wtl_verify_result_free(&r);
    }
    free(keys);
    free(paths);
    return rc;
}

/* ---- the answer */

static int fail_with(const check *c, int rc, wtl_err *err)
{
    for (size_t i = 0; i < c->r->n_verdicts; i++) {
        const wtl_file_verdict *v = &c->r->verdict[i];
        AUTO(wtl_buf) q = {0};
        if (v->rc == rc)
            return WTL_FAIL(err, rc, "\"%.300s\": %s", wtl_path_quote(&q, v->path), v->text);
    }
    return WTL_OK;
}

/* A wrong or broken signature is told even beside good ones: somebody was at work there. */
static int fail_if_wrong(const check *c, wtl_err *err)
{
    TRY(fail_with(c, WTL_NO, err));
    return fail_with(c, WTL_FORMAT, err);
}

/* The rules are those for bundles alone: a stranger's signature is told only when it was named or stands alone. */
static int weigh(const check *c, wtl_err *err)
{
    bool any = false;
    for (size_t i = 0; i < c->r->n_verdicts; i++)
        any = any || c->r->verdict[i].rc == WTL_OK;
    if (!any) {
        int rc = fail_with(c, WTL_POLICY, err);
        if (c->strangers > 0 && err != NULL)
            err->code = WTL_NO;
        return c->strangers > 0 ? WTL_NO : rc;
    }
    for (size_t k = 0; k < c->opts->n_keys; k++) {
        AUTO(wtl_buf) words = {0};
        if (c->given[k].good)
            continue;
        TRY(wtl_hint_words(c->opts->keys[k], &words, err));
        return WTL_FAIL(err, WTL_POLICY,
                        "the given key %s has not signed this file, and every given key must have: its "
                        "signature file is missing",
                        wtl_buf_cstr(&words));
    }
    return c->opts->n_signatures > 0 ? fail_with(c, WTL_POLICY, err) : WTL_OK;
}

static bool is_good_envelope(const check *c, size_t i)
{
    return c->r->verdict[i].is_envelope && c->r->verdict[i].rc == WTL_OK;
}

static int differs(check *c, size_t i, const char *how, wtl_err *err)
{
    AUTO(wtl_buf) q = {0};
    AUTO(wtl_buf) s = {0};
    c->r->changed = true;
    return WTL_FAIL(err, WTL_NO,
                    "\"%.300s\" is not the file that was signed: its %s is not the one in \"%.300s\"",
                    wtl_path_quote(&q, c->file), how, wtl_path_quote(&s, c->r->verdict[i].path));
}

/* Sizes before digests: a truncated file need not be hashed. */
static int compare_sizes(check *c, uint64_t size, wtl_err *err)
{
    for (size_t i = 0; i < c->files.n; i++) {
        if (is_good_envelope(c, i) && c->envelope[i].size != size)
            return differs(c, i, "size", err);
    }
    c->r->bytes = size;
    return WTL_OK;
}

static int compare_digests(check *c, enum wtl_hash h, wtl_in *in, wtl_err *err)
{
    bool hashed = false;
    uint8_t digest[WTL_HASH_MAX];
    for (size_t i = 0; i < c->files.n; i++) {
        if (!is_good_envelope(c, i) || c->envelope[i].hash != h)
            continue;
        if (!hashed)
            TRY(wtl_ranges_digest_one(in, h, &c->opts->progress, digest, err));
        hashed = true;
        if (memcmp(digest, c->envelope[i].digest, wtl_hash_size(h)) != 0)
            return differs(c, i, "digest", err);
    }
    return WTL_OK;
}

static int check_envelopes(check *c, wtl_err *err)
{
    AUTO(wtl_in) in = {.fd = -1};
    TRY(wtl_in_open(&in, c->file, err));
    TRY(compare_sizes(c, (uint64_t)in.stamp.size, err));
    for (int h = 0; h < WTL_HASH_COUNT; h++)
        TRY(compare_digests(c, (enum wtl_hash)h, &in, err));
    return WTL_OK;
}

static bool has_signed(const check *c, const uint8_t hash[WTL_ENVELOPE_KEY_HASH])
{
    for (size_t k = 0; k < c->opts->n_keys; k++) {
        if (c->given[k].good && memcmp(c->given[k].hash, hash, WTL_ENVELOPE_KEY_HASH) == 0)
            return true;
    }
    return false;
}

static void judge_rotation(check *c)
{
    int64_t now = c->opts->now != 0 ? c->opts->now : (int64_t)time(NULL);
    for (size_t i = 0; i < c->files.n; i++) {
        wtl_file_verdict *v = &c->r->verdict[i];
        const wtl_envelope *e = &c->envelope[i];
        if (!is_good_envelope(c, i))
            continue;
        if (e->rotate_by != 0 && e->rotate_by <= now)
            v->rotation |= WTL_ROTATION_DUE;
        else if (e->rotate_by != 0 && e->rotate_by - now <= (int64_t)WTL_ROTATION_DAYS * DAY)
            v->rotation |= WTL_ROTATION_SOON;
        if (e->has_next_key && !has_signed(c, e->next_key))
            v->rotation |= WTL_ROTATION_SUCCESSOR;
    }
}

/* ---- all of it */

static int take_keys(check *c, wtl_err *err)
{
    size_t n = c->opts->n_keys;
    ENSURE(n > 0, err, WTL_USAGE, "no key to verify with was given: name one with --key");
    c->given = calloc(n, sizeof *c->given);
    ENSURE(c->given != NULL, err, WTL_NOMEM, "out of memory");
    for (size_t k = 0; k < n; k++) {
        const wtl_key *key = c->opts->keys[k];
        ENSURE(wtl_key_alg(key)->kind == WTL_ALG_SIG, err, WTL_USAGE,
               "a key of the algorithm %s makes no signatures: give the signer's public key",
               wtl_key_alg_name(key));
        TRY(wtl_envelope_key_hash(key, c->given[k].hash, err));
    }
    return WTL_OK;
}

static int prepare(check *c, wtl_err *err)
{
    bool is_dir;
    AUTO(wtl_buf) q = {0};
    TRY(take_keys(c, err));
    TRY(wtl_path_is_dir(c->file, &is_dir, err));
    ENSURE(!is_dir, err, WTL_POLICY,
           "\"%.300s\" is a directory, and an envelope is about one file: bundles are for directories",
           wtl_path_quote(&q, c->file));
    TRY(find_files(&c->files, c->file, false, c->opts->signatures, c->opts->n_signatures, err));
    ENSURE(c->files.n > 0, err, WTL_POLICY,
           "no signature of \"%.300s\" was found: name its file with --signature, or sign the file first",
           wtl_path_quote(&q, c->file));
    c->envelope = calloc(c->files.n, sizeof *c->envelope);
    c->r->verdict = calloc(c->files.n, sizeof *c->r->verdict);
    ENSURE(c->envelope != NULL && c->r->verdict != NULL, err, WTL_NOMEM, "out of memory");
    return WTL_OK;
}

int wtl_verify_file(const char *file, const wtl_verify_file_opts *opts, wtl_verify_file_result *result,
                    wtl_err *err)
{
    *result = (wtl_verify_file_result){0};
    AUTO(check) c = {.file = file, .opts = opts, .r = result};
    TRY(prepare(&c, err));
    for (size_t i = 0; i < c.files.n; i++)
        TRY(judge(&c, i, err));
    TRY(fail_if_wrong(&c, err));
    TRY(judge_all_bundles(&c, err));
    TRY(fail_if_wrong(&c, err));
    TRY(weigh(&c, err));
    TRY(check_envelopes(&c, err));
    if (!c.bundles_done)
        TRY(check_bundles(&c, err));
    judge_rotation(&c);
    return WTL_OK;
}
