#include "sign/compare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/walk.h"
#include "sign/digest.h"

typedef struct scan {
    const char *model;
    const wtl_statement *statement;
    const wtl_path_list *own;
    wtl_walk walk;
    bool *listed; /* per entry of the walk */
    wtl_digest digest;
    wtl_verify_result *r;
} scan;

static void scan_auto(scan *c)
{
    wtl_walk_free(&c->walk);
    free(c->listed);
    wtl_digest_free(&c->digest);
}

static int find(wtl_verify_result *r, enum wtl_finding_kind kind, const char *path, wtl_err *err)
{
    char *copy = strdup(path);
    wtl_finding *p = copy != NULL ? realloc(r->finding, (r->n_findings + 1) * sizeof *p) : NULL;
    if (p == NULL) {
        free(copy);
        return WTL_FAIL(err, WTL_NOMEM, "out of memory");
    }
    r->finding = p;
    r->finding[r->n_findings++] = (wtl_finding){kind, copy};
    return WTL_OK;
}

static bool is_ignored(const scan *c, const char *path)
{
    return wtl_path_is_default_ignored(path) || wtl_statement_ignores(c->statement, path);
}

static bool skip(const char *path, void *arg)
{
    const scan *c = arg;
    return is_ignored(c, path) || wtl_path_listed(c->own, path);
}

/* Compares what one open file holds with what the statement says of it. */
static int check_open(scan *c, wtl_in *in, const wtl_resource *want, const char *shown, wtl_err *err)
{
    uint8_t digest[WTL_HASH_MAX];
    TRY(wtl_digest_file(&c->digest, in, digest, err));
    c->r->files++;
    c->r->bytes = c->digest.done;
    if (memcmp(digest, want->digest, wtl_hash_size(c->statement->hash)) == 0)
        return WTL_OK;
    return find(c->r, WTL_FOUND_CHANGED, shown, err);
}

static int by_path(const void *key, const void *entry)
{
    return strcmp(key, ((const wtl_walk_entry *)entry)->path);
}

static wtl_walk_entry *look_up(const scan *c, const char *name)
{
    if (c->walk.n == 0)
        return NULL;
    wtl_walk_entry *e = bsearch(name, c->walk.e, c->walk.n, sizeof *c->walk.e, by_path);
    return e != NULL && e->type == WTL_WALK_FILE ? e : NULL;
}

/* A listed file that an ignored path covers is checked all the same. */
static int check_ignored(scan *c, const wtl_resource *want, wtl_err *err)
{
    AUTO(wtl_in) in = {.fd = -1};
    wtl_err e = {0};
    int rc = wtl_in_open_beneath(&in, c->model, want->name, NULL, &e);
    if (rc == WTL_IO && (e.sys_errno == ENOENT || e.sys_errno == ENOTDIR))
        return find(c->r, WTL_FOUND_MISSING, want->name, err);
    if (rc < 0) {
        if (err != NULL)
            *err = e;
        return rc;
    }
    return check_open(c, &in, want, want->name, err);
}

static int check_resource(scan *c, const wtl_resource *want, wtl_err *err)
{
    const wtl_walk_entry *e = look_up(c, want->name);
    if (e == NULL && strcmp(want->name, ".") != 0 && skip(want->name, c))
        return check_ignored(c, want, err);
    if (e == NULL)
        return find(c->r, WTL_FOUND_MISSING, want->name, err);
    c->listed[e - c->walk.e] = true;
    AUTO(wtl_in) in = {.fd = -1};
    TRY(wtl_in_open_beneath(&in, c->model, e->path, &e->stamp, err));
    return check_open(c, &in, want, e->path, err);
}

static int check_dir(scan *c, const wtl_progress *progress, wtl_err *err)
{
    TRY(wtl_walk_dir(&c->walk, c->model, skip, c, err));
    c->listed = calloc(c->walk.n + 1, sizeof *c->listed);
    ENSURE(c->listed != NULL, err, WTL_NOMEM, "out of memory");
    TRY(wtl_digest_init(&c->digest, c->statement->hash, progress, c->walk.bytes, err));
    for (size_t i = 0; i < c->statement->n_resources; i++)
        TRY(check_resource(c, &c->statement->resource[i], err));
    for (size_t i = 0; i < c->walk.n; i++) {
        if (c->walk.e[i].type == WTL_WALK_FILE && !c->listed[i])
            TRY(find(c->r, WTL_FOUND_EXTRA, c->walk.e[i].path, err));
    }
    return WTL_OK;
}

/* A statement over one file, named "." (the reference) or by its name (the specification). */
static int check_file(scan *c, const wtl_progress *progress, wtl_err *err)
{
    char *name = NULL;
    TRY(wtl_path_name(&name, c->model, err));
    AUTO(wtl_path_list) names = {0};
    int rc = wtl_path_add(&names, name, err);
    free(name);
    TRY(rc);
    const wtl_resource *want = NULL;
    for (size_t i = 0; i < c->statement->n_resources; i++) {
        const wtl_resource *r = &c->statement->resource[i];
        if (strcmp(r->name, ".") == 0 || strcmp(r->name, names.p[0]) == 0)
            want = r;
        else
            TRY(find(c->r, WTL_FOUND_MISSING, r->name, err));
    }
    if (want == NULL)
        return find(c->r, WTL_FOUND_EXTRA, names.p[0], err);
    AUTO(wtl_in) in = {.fd = -1};
    TRY(wtl_in_open(&in, c->model, err));
    TRY(wtl_digest_init(&c->digest, c->statement->hash, progress, (uint64_t)in.stamp.size, err));
    return check_open(c, &in, want, names.p[0], err);
}

static int by_name(const void *a, const void *b)
{
    const wtl_finding *x = a;
    const wtl_finding *y = b;
    int order = strcmp(x->path, y->path);
    return order != 0 ? order : (int)x->kind - (int)y->kind;
}

int wtl_compare_model(const char *model, bool is_dir, const wtl_statement *s, const wtl_path_list *own,
                      const wtl_progress *progress, wtl_verify_result *r, wtl_err *err)
{
    AUTO(scan) c = {.model = model, .statement = s, .own = own, .r = r};
    int rc = is_dir ? check_dir(&c, progress, err) : check_file(&c, progress, err);
    if (r->n_findings > 1)
        qsort(r->finding, r->n_findings, sizeof *r->finding, by_name);
    return rc;
}
