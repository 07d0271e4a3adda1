#include "sign/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sign/compare.h"
#include "sign/judge.h"
#include "sign/path.h"

void wtl_verify_result_free(wtl_verify_result *r)
{
    free(r->model);
    for (size_t i = 0; i < r->n_verdicts; i++) {
        free(r->verdict[i].path);
        free(r->verdict[i].section);
        free(r->verdict[i].subject);
        free(r->verdict[i].text);
    }
    free(r->verdict);
    for (size_t i = 0; i < r->n_findings; i++)
        free(r->finding[i].path);
    free(r->finding);
    for (size_t i = 0; i < r->n_sections; i++) {
        free(r->section[i].name);
        free(r->section[i].text);
    }
    free(r->section);
    *r = (wtl_verify_result){0};
}

typedef struct check {
    const char *model;
    bool is_dir;
    const wtl_verify_opts *opts;
    wtl_verify_result *r;
    wtl_roster roster;   /* whose signatures are asked for */
    wtl_path_list files; /* signature files looked at, one verdict each */
    wtl_path_list own;   /* the signature files' paths within the model */
    wtl_judge judge;
} check;

static void check_auto(check *c)
{
    wtl_judge_free(&c->judge);
    wtl_path_list_free(&c->files);
    wtl_path_list_free(&c->own);
    wtl_roster_free(&c->roster);
}

/* ---- who is trusted */

static int fill_roster(check *c, wtl_err *err)
{
    const wtl_verify_opts *o = c->opts;
    if (o->trust == NULL)
        return wtl_roster_given(&c->roster, o->keys, o->n_keys, o->cas, o->n_cas, o->identity, err);
    ENSURE(o->n_cas == 0 && o->identity == NULL, err, WTL_USAGE,
           "--trust and --ca exclude one another: an authority is written into the trust file, as ca and "
           "identity");
    return wtl_roster_trust(&c->roster, o->trust, o->keys, o->n_keys, err);
}

/* ---- the signature files */

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
    wtl_verify_result *r = c->r;
    c->judge.roster = &c->roster;
    c->judge.now = c->opts->at != 0 ? c->opts->at : (int64_t)time(NULL);
    r->verdict = calloc(c->files.n, sizeof *r->verdict);
    ENSURE(r->verdict != NULL, err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; i < c->files.n; i++) {
        r->verdict[i].path = strdup(c->files.p[i]);
        ENSURE(r->verdict[i].path != NULL, err, WTL_NOMEM, "out of memory");
        r->n_verdicts = i + 1;
        TRY(wtl_judge_file(&c->judge, i, &r->verdict[i], err));
    }
    return WTL_OK;
}

/* What came of each section of the trust file. */
static int report_sections(const check *c, wtl_err *err)
{
    const wtl_roster *who = &c->roster;
    wtl_verify_result *r = c->r;
    if (!who->by_trust)
        return WTL_OK;
    r->least = who->trust.least;
    r->section = calloc(who->n + 1, sizeof *r->section);
    ENSURE(r->section != NULL, err, WTL_NOMEM, "out of memory");
    for (; r->n_sections < who->n; r->n_sections++) {
        const wtl_seat *s = &who->seat[r->n_sections];
        const char *why = s->counted ? NULL : s->why;
        wtl_verify_section *to = &r->section[r->n_sections];
        *to = (wtl_verify_section){.required = s->section->required, .counted = s->counted};
        to->name = strdup(s->name);
        to->text = why != NULL ? strdup(why) : NULL;
        if (to->name == NULL || (why != NULL && to->text == NULL)) {
            free(to->name);
            return WTL_FAIL(err, WTL_NOMEM, "out of memory");
        }
    }
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

/* A signature that claims to be a trusted key's and is not, or that cannot be read, is told even when others are
 * good: somebody was at work there. A stranger's signature beside good ones is none of our business, unless
 * the caller named its file. */
static int weigh(const check *c, wtl_err *err)
{
    const wtl_judge *j = &c->judge;
    TRY(fail_with(c, WTL_NO, err));
    TRY(fail_with(c, WTL_FORMAT, err));
    if (!c->roster.by_trust && !j->have_payload && j->refused == 0) {
        int rc = fail_with(c, WTL_POLICY, err);
        /* A stranger's signature alone: the wrong key was given, which is a no. */
        if (j->strangers > 0 && err != NULL)
            err->code = WTL_NO;
        return j->strangers > 0 ? WTL_NO : rc;
    }
    TRY(wtl_roster_met(&c->roster, err));
    return c->opts->n_signatures > 0 ? fail_with(c, WTL_POLICY, err) : WTL_OK;
}

static int same_payload(const check *c, wtl_err *err)
{
    if (!c->judge.have_other)
        return WTL_OK;
    AUTO(wtl_buf) a = {0};
    AUTO(wtl_buf) b = {0};
    return WTL_FAIL(
        err, WTL_POLICY,
        "\"%.300s\" and \"%.300s\" are good signatures over different statements: sign the model anew "
        "with all keys in one run",
        wtl_path_quote(&a, c->r->verdict[c->judge.first].path),
        wtl_path_quote(&b, c->r->verdict[c->judge.other].path));
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
    wtl_judge *j = &c->judge;
    if (!j->have_statement) {
        int rc = wtl_statement_parse(&j->statement, wtl_buf_view(&j->payload), err);
        if (rc < 0) {
            AUTO(wtl_buf) q = {0};
            wtl_err_prefix(err, "\"%.300s\": ", wtl_path_quote(&q, c->r->verdict[j->first].path));
            return rc;
        }
    }
    TRY(describe(c->r, &j->statement, err));
    TRY(wtl_compare_model(c->model, c->is_dir, &j->statement, &c->own, c->opts, c->r, err));
    return conclude(c->r, err);
}

int wtl_verify_model(const char *model, const wtl_verify_opts *opts, wtl_verify_result *result, wtl_err *err)
{
    *result = (wtl_verify_result){0};
    AUTO(check) c = {.model = model, .opts = opts, .r = result};
    TRY(fill_roster(&c, err));
    TRY(wtl_path_is_dir(model, &c.is_dir, err));
    TRY(find_files(&c, err));
    TRY(judge_all(&c, err));
    TRY(report_sections(&c, err));
    TRY(weigh(&c, err));
    TRY(same_payload(&c, err));
    return check_files(&c, err);
}
