#include "sign/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "bundle/bundle.h"
#include "crypto/cert.h"
#include "crypto/sig.h"
#include "fs/in.h"
#include "manifest/statement.h"
#include "sign/compare.h"
#include "sign/hint.h"
#include "sign/path.h"

/* A bundle lists every file of a model: about 300 bytes each, so this is a million files and more. */
enum { BUNDLE_MAX = 512 << 20 };

void wtl_verify_result_free(wtl_verify_result *r)
{
    free(r->model);
    for (size_t i = 0; i < r->n_verdicts; i++) {
        free(r->verdict[i].path);
        free(r->verdict[i].text);
    }
    free(r->verdict);
    for (size_t i = 0; i < r->n_findings; i++)
        free(r->finding[i].path);
    free(r->finding);
    *r = (wtl_verify_result){0};
}

typedef struct check {
    const char *model;
    bool is_dir;
    const wtl_verify_opts *opts;
    wtl_verify_result *r;
    wtl_path_list files; /* signature files looked at, one verdict each */
    wtl_buf payload;     /* of the first good signature */
    size_t first;        /* its verdict */
    bool have_payload;   /* there was one */
    size_t other;        /* verdict of a good signature over another payload */
    bool have_other;     /* there was one */
    bool *key_good;      /* per given key: some good signature is its */
    size_t strangers;    /* signatures that none of the given keys made */
    wtl_path_list own;   /* the signature files' paths within the model */
} check;

static void check_auto(check *c)
{
    wtl_path_list_free(&c->files);
    wtl_buf_free(&c->payload);
    free(c->key_good);
    wtl_path_list_free(&c->own);
}

/* ---- one signature file */

/* Records what was found out about a signature: code and sentence are in `e`. */
static int settle(wtl_verdict *v, const wtl_err *e, wtl_err *err)
{
    v->rc = e->code;
    v->text = strdup(e->text);
    ENSURE(v->text != NULL, err, WTL_NOMEM, "out of memory");
    return WTL_OK;
}

/* Faults of the machine rather than of the signature. */
static bool is_hard(int rc)
{
    return rc == WTL_IO || rc == WTL_BUG || rc == WTL_NOMEM || rc == WTL_BUSY || rc == WTL_USAGE;
}

static int pass_on(const wtl_err *e, wtl_err *err)
{
    if (err != NULL)
        *err = *e;
    return e->code;
}

/* Either a verdict or, for hard faults, the end. */
static int settle_or_pass(wtl_verdict *v, const wtl_err *e, wtl_err *err)
{
    return is_hard(e->code) ? pass_on(e, err) : settle(v, e, err);
}

/* The key that the bundle carries along, or NULL when it only names one. */
static int carried_key(const wtl_bundle *b, wtl_key **key, wtl_err *err)
{
    *key = NULL;
    int rc = WTL_OK;
    if (b->key_kind == WTL_BUNDLE_RAW_KEY) {
        rc = wtl_key_parse(key, wtl_buf_view(&b->raw_key), NULL, err);
        if (rc < 0)
            wtl_err_prefix(err, "the bundle's public key: ");
    } else if (b->key_kind == WTL_BUNDLE_CHAIN) {
        rc = wtl_cert_key(key, wtl_buf_view(&b->chain[0]), err);
        if (rc < 0)
            wtl_err_prefix(err, "the bundle's first certificate: ");
    }
    return rc;
}

static int read_bundle(const char *path, wtl_bundle *b, wtl_err *err)
{
    AUTO(wtl_buf) text = {0};
    TRY(wtl_in_read_all(path, BUNDLE_MAX, &text, err));
    TRY(wtl_bundle_parse(b, wtl_buf_view(&text), err));
    AUTO(wtl_buf) q = {0};
    ENSURE(strcmp(b->payload_type, WTL_STATEMENT_PAYLOAD_TYPE) == 0, err, WTL_POLICY,
           "the bundle's payload is of the type \"%.100s\", and a model signature's is \"%s\"",
           wtl_path_quote(&q, b->payload_type), WTL_STATEMENT_PAYLOAD_TYPE);
    return WTL_OK;
}

/* The given key whose signature this is: *found = its index, or n_keys. A key that the bundle carries must be
 * that key; a hint decides nothing, as it is not signed. */
static int try_keys(const check *c, const wtl_bundle *b, const wtl_key *carried, size_t *found, wtl_err *err)
{
    AUTO(wtl_buf) pae = {0};
    wtl_bundle_pae(&pae, b->payload_type, wtl_buf_view(&b->payload));
    TRY(wtl_buf_check(&pae, err));
    for (*found = 0; *found < c->opts->n_keys; (*found)++) {
        const wtl_key *k = c->opts->keys[*found];
        if (carried != NULL && !wtl_key_same(k, carried))
            continue;
        int rc = wtl_sig_verify(k, wtl_buf_view(&pae), NULL, wtl_buf_view(&b->signature), err);
        if (rc != WTL_NO)
            return rc;
    }
    return WTL_OK;
}

/* The given key that the bundle says made it: *named = its index, or n_keys. */
static int named_key(const check *c, const wtl_bundle *b, const wtl_key *carried, size_t *named, wtl_err *err)
{
    for (*named = 0; *named < c->opts->n_keys; (*named)++) {
        const wtl_key *k = c->opts->keys[*named];
        bool matches = carried != NULL && wtl_key_same(k, carried);
        if (carried == NULL && b->hint != NULL)
            TRY(wtl_hint_matches(k, b->hint, &matches, err));
        if (matches)
            return WTL_OK;
    }
    return WTL_OK;
}

/* Why no given key fits, with what to do. Fills `e`. */
static int explain(const check *c, const wtl_bundle *b, const wtl_key *carried, wtl_err *e)
{
    size_t named;
    TRY(named_key(c, b, carried, &named, e));
    AUTO(wtl_buf) words = {0};
    if (named < c->opts->n_keys) {
        TRY(wtl_hint_words(c->opts->keys[named], &words, e));
        return WTL_FAIL(
            e, WTL_NO,
            "the signature is wrong: the bundle names the given key %s, but its content is not what "
            "that key signed; get the signature file from its maker again",
            wtl_buf_cstr(&words));
    }
    if (carried != NULL) {
        TRY(wtl_hint_words(carried, &words, e));
        return WTL_FAIL(e, WTL_POLICY,
                        "none of the given keys made this signature; the bundle carries the key %s: if you "
                        "trust that key, give it with --key",
                        wtl_buf_cstr(&words));
    }
    if (b->hint != NULL)
        return WTL_FAIL(
            e, WTL_POLICY,
            "none of the given keys made this signature; the bundle names the key \"%.100s\": give "
            "that key with --key",
            wtl_path_quote(&words, b->hint));
    return WTL_FAIL(
        e, WTL_POLICY,
        "none of the given keys made this signature, and the bundle does not say which did: give the "
        "right key with --key");
}

static int accept(check *c, size_t i, size_t key, wtl_bundle *b)
{
    wtl_verdict *v = &c->r->verdict[i];
    v->rc = WTL_OK;
    v->key = key;
    c->key_good[key] = true;
    if (!c->have_payload) {
        c->have_payload = true;
        c->first = i;
        c->payload = b->payload;
        b->payload = (wtl_buf){0};
    } else if (b->payload.n != c->payload.n || memcmp(b->payload.p, c->payload.p, b->payload.n) != 0) {
        c->have_other = true;
        c->other = i;
    }
    return WTL_OK;
}

static int judge_bundle(check *c, size_t i, wtl_bundle *b, wtl_err *e)
{
    AUTO(wtl_key) *carried = NULL;
    TRY(carried_key(b, &carried, e));
    size_t key;
    TRY(try_keys(c, b, carried, &key, e));
    if (key < c->opts->n_keys)
        return accept(c, i, key, b);
    int rc = explain(c, b, carried, e);
    c->strangers += rc == WTL_POLICY;
    return rc;
}

static int judge(check *c, size_t i, wtl_err *err)
{
    wtl_verdict *v = &c->r->verdict[i];
    v->path = strdup(c->files.p[i]);
    v->rc = WTL_BUG; /* until it is known */
    c->r->n_verdicts = i + 1;
    ENSURE(v->path != NULL, err, WTL_NOMEM, "out of memory");
    AUTO(wtl_bundle) b = {0};
    wtl_err e = {0};
    int rc = read_bundle(c->files.p[i], &b, &e);
    if (rc == WTL_OK)
        rc = judge_bundle(c, i, &b, &e);
    return rc < 0 ? settle_or_pass(v, &e, err) : WTL_OK;
}

/* ---- all signature files */

/* So that the files of this very signature are not extra files of the model. */
static int note_own(check *c, const char *file, wtl_err *err)
{
    char *full = NULL;
    char *inside = NULL;
    int rc = wtl_path_resolve(&full, file, err);
    if (rc == WTL_OK)
        rc = wtl_path_inside(&inside, c->model, full, err);
    if (rc == WTL_OK && inside != NULL)
        rc = wtl_path_add(&c->own, inside, err);
    free(inside);
    free(full);
    return rc;
}

static int find_files(check *c, wtl_err *err)
{
    AUTO(wtl_buf) q = {0};
    for (size_t i = 0; i < c->opts->n_signatures; i++)
        TRY(wtl_path_add(&c->files, c->opts->signatures[i], err));
    if (c->opts->n_signatures == 0)
        TRY(wtl_path_signatures(&c->files, c->model, c->is_dir, err));
    ENSURE(c->files.n > 0, err, WTL_POLICY,
           "no signature of \"%.300s\" was found: name its file with --signature, or sign the model first",
           wtl_path_quote(&q, c->model));
    for (size_t i = 0; c->is_dir && i < c->files.n; i++)
        TRY(note_own(c, c->files.p[i], err));
    return WTL_OK;
}

static int judge_all(check *c, wtl_err *err)
{
    c->key_good = calloc(c->opts->n_keys, sizeof *c->key_good);
    c->r->verdict = calloc(c->files.n, sizeof *c->r->verdict);
    ENSURE(c->key_good != NULL && c->r->verdict != NULL, err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; i < c->files.n; i++)
        TRY(judge(c, i, err));
    return WTL_OK;
}

/* The verdict with code `rc` becomes the answer. */
static int fail_with(const check *c, int rc, wtl_err *err)
{
    for (size_t i = 0; i < c->r->n_verdicts; i++) {
        const wtl_verdict *v = &c->r->verdict[i];
        AUTO(wtl_buf) q = {0};
        if (v->rc == rc)
            return WTL_FAIL(err, rc, "\"%.300s\": %s", wtl_path_quote(&q, v->path), v->text);
    }
    return WTL_OK;
}

/* A signature that claims to be a given key's and is not, or that cannot be read, is told even when others are
 * good: somebody was at work there. A stranger's signature beside good ones is none of our business, unless
 * the caller named its file. */
static int weigh(const check *c, wtl_err *err)
{
    TRY(fail_with(c, WTL_NO, err));
    TRY(fail_with(c, WTL_FORMAT, err));
    if (!c->have_payload) {
        int rc = fail_with(c, WTL_POLICY, err);
        /* A stranger's signature alone: the wrong key was given, which is a no. */
        if (c->strangers > 0 && err != NULL)
            err->code = WTL_NO;
        return c->strangers > 0 ? WTL_NO : rc;
    }
    for (size_t i = 0; i < c->opts->n_keys; i++) {
        AUTO(wtl_buf) words = {0};
        if (c->key_good[i])
            continue;
        TRY(wtl_hint_words(c->opts->keys[i], &words, err));
        return WTL_FAIL(
            err, WTL_POLICY,
            "the given key %s has not signed this model, and every given key must have: its signature "
            "file is missing",
            wtl_buf_cstr(&words));
    }
    return c->opts->n_signatures > 0 ? fail_with(c, WTL_POLICY, err) : WTL_OK;
}

static int same_payload(const check *c, wtl_err *err)
{
    if (!c->have_other)
        return WTL_OK;
    AUTO(wtl_buf) a = {0};
    AUTO(wtl_buf) b = {0};
    return WTL_FAIL(
        err, WTL_POLICY,
        "\"%.300s\" and \"%.300s\" are good signatures over different statements: sign the model anew "
        "with all keys in one run",
        wtl_path_quote(&a, c->r->verdict[c->first].path), wtl_path_quote(&b, c->r->verdict[c->other].path));
}

/* ---- the files */

static int describe(wtl_verify_result *r, const wtl_statement *s, wtl_err *err)
{
    AUTO(wtl_buf) hex = {0};
    wtl_buf_hex(&hex, (wtl_bytes){s->root, sizeof s->root});
    const char *root = wtl_buf_cstr(&hex);
    r->model = strdup(s->subject);
    ENSURE(root != NULL && r->model != NULL, err, WTL_NOMEM, "out of memory");
    memcpy(r->root, root, hex.n + 1);
    snprintf(r->hash, sizeof r->hash, "%s", wtl_hash_name(s->hash));
    return WTL_OK;
}

static int conclude(const wtl_verify_result *r, wtl_err *err)
{
    static const char *const words[] = {
        [WTL_FOUND_CHANGED] = "changed since it was signed",
        [WTL_FOUND_MISSING] = "is missing",
        [WTL_FOUND_EXTRA] = "was not there when the model was signed",
    };
    if (r->n_findings == 0)
        return WTL_OK;
    AUTO(wtl_buf) q = {0};
    AUTO(wtl_buf) rest = {0};
    if (r->n_findings > 1)
        wtl_buf_fmt(&rest, ", and %zu more differ", r->n_findings - 1);
    return WTL_FAIL(err, WTL_NO, "the model is not what was signed: \"%.300s\" %s%s",
                    wtl_path_quote(&q, r->finding[0].path), words[r->finding[0].kind],
                    r->n_findings > 1 ? wtl_buf_cstr(&rest) : "");
}

static int check_files(check *c, wtl_err *err)
{
    AUTO(wtl_statement) s = {0};
    int rc = wtl_statement_parse(&s, wtl_buf_view(&c->payload), err);
    if (rc < 0) {
        AUTO(wtl_buf) q = {0};
        wtl_err_prefix(err, "\"%.300s\": ", wtl_path_quote(&q, c->r->verdict[c->first].path));
        return rc;
    }
    TRY(describe(c->r, &s, err));
    TRY(wtl_compare_model(c->model, c->is_dir, &s, &c->own, &c->opts->progress, c->r, err));
    return conclude(c->r, err);
}

static int check_keys(const wtl_verify_opts *opts, wtl_err *err)
{
    ENSURE(opts->n_keys > 0, err, WTL_USAGE, "no key to verify with was given: name one with --key");
    for (size_t i = 0; i < opts->n_keys; i++)
        ENSURE(wtl_key_alg(opts->keys[i])->kind == WTL_ALG_SIG, err, WTL_USAGE,
               "a key of the algorithm %s makes no signatures: give the signer's public key",
               wtl_key_alg_name(opts->keys[i]));
    return WTL_OK;
}

int wtl_verify_model(const char *model, const wtl_verify_opts *opts, wtl_verify_result *result, wtl_err *err)
{
    *result = (wtl_verify_result){0};
    AUTO(check) c = {.model = model, .opts = opts, .r = result};
    TRY(check_keys(opts, err));
    TRY(wtl_path_is_dir(model, &c.is_dir, err));
    TRY(find_files(&c, err));
    TRY(judge_all(&c, err));
    TRY(weigh(&c, err));
    TRY(same_payload(&c, err));
    return check_files(&c, err);
}
