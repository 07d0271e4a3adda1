#include "sign/compare.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/walk.h"
#include "sign/ranges.h"

typedef struct scan {
    const char *model;
    const wtl_statement *statement;
    const wtl_path_list *own;
    const wtl_verify_opts *opts;
    wtl_walk walk;              /* of a folder */
    bool *listed;               /* per entry of the walk */
    wtl_in single;              /* the one file that is the model */
    const wtl_resource **order; /* by file and start */
    wtl_ranges_file *file;      /* to be read */
    size_t n;
    size_t
        *first; /* place in `order` of the first resource of each; n_resources for one that is not listed */
    wtl_stamp **looked; /* files looked at apart from the walk */
    size_t n_looked;
    uint8_t *digest; /* per place in `order` */
    wtl_verify_result *r;
} scan;

static void scan_auto(scan *c)
{
    wtl_walk_free(&c->walk);
    free(c->listed);
    wtl_in_close(&c->single);
    free(c->order);
    free(c->file);
    free(c->first);
    for (size_t i = 0; i < c->n_looked; i++)
        free(c->looked[i]);
    free(c->looked);
    free(c->digest);
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

/* How many resources of order[first...] are of the same file. */
static size_t group(const scan *c, size_t first)
{
    size_t i = first + 1;
    while (i < c->statement->n_resources && strcmp(c->order[i]->name, c->order[first]->name) == 0)
        i++;
    return i - first;
}

/* The file of the resources order[first, first + n) is to be read, unless its size alone tells that it changed. */
static int enter(scan *c, const char *path, const char *shown, const wtl_stamp *now, size_t first, size_t n,
                 wtl_err *err)
{
    if (c->statement->method == WTL_STATEMENT_SHARDS && c->order[first + n - 1]->end != (uint64_t)now->size)
        return find(c->r, WTL_FOUND_CHANGED, shown, err);
    c->first[c->n] = first;
    c->file[c->n++] = (wtl_ranges_file){
        .path = path, .seen = now, .out = c->digest + first * wtl_hash_size(c->statement->hash)};
    return WTL_OK;
}

/* Looks at a file that the walk left out; *now = NULL when it is not there. */
static int look_at(scan *c, const char *name, const wtl_stamp **now, wtl_err *err)
{
    *now = NULL;
    AUTO(wtl_in) in = {.fd = -1};
    wtl_err e = {0};
    int rc = wtl_in_open_beneath(&in, c->model, name, NULL, &e);
    if (rc == WTL_IO && (e.sys_errno == ENOENT || e.sys_errno == ENOTDIR))
        return WTL_OK;
    if (rc < 0) {
        if (err != NULL)
            *err = e;
        return rc;
    }
    wtl_stamp *copy = malloc(sizeof *copy);
    wtl_stamp **list = realloc(c->looked, (c->n_looked + 1) * sizeof(wtl_stamp *));
    if (list != NULL)
        c->looked = list;
    if (copy == NULL || list == NULL) {
        free(copy);
        return WTL_FAIL(err, WTL_NOMEM, "out of memory");
    }
    *copy = in.stamp;
    list[c->n_looked++] = copy;
    *now = copy;
    return WTL_OK;
}

static int enter_listed(scan *c, size_t first, size_t n, wtl_err *err)
{
    const char *name = c->order[first]->name;
    const wtl_walk_entry *e = look_up(c, name);
    if (e != NULL) {
        c->listed[e - c->walk.e] = true;
        return enter(c, e->path, e->path, &e->stamp, first, n, err);
    }
    /* A listed file that an ignored path covers is checked all the same. */
    const wtl_stamp *now = NULL;
    if (strcmp(name, ".") != 0 && skip(name, c))
        TRY(look_at(c, name, &now, err));
    if (now == NULL)
        return find(c->r, WTL_FOUND_MISSING, name, err);
    return enter(c, name, name, now, first, n, err);
}

/* Shards of an empty file are listed by some writers and not by others. That it is empty is made sure by reading. */
static int enter_extra(scan *c, const wtl_walk_entry *e, wtl_err *err)
{
    if (c->statement->method != WTL_STATEMENT_SHARDS || e->stamp.size > 0)
        return find(c->r, WTL_FOUND_EXTRA, e->path, err);
    c->r->empty_files++;
    c->first[c->n] = c->statement->n_resources;
    c->file[c->n++] = (wtl_ranges_file){.path = e->path, .seen = &e->stamp};
    return WTL_OK;
}

static int get_memory(scan *c, wtl_err *err)
{
    size_t n = c->statement->n_resources;
    size_t files = c->statement->n_files + (c->statement->method == WTL_STATEMENT_SHARDS ? c->walk.n : 0) + 1;
    c->listed = calloc(c->walk.n + 1, sizeof *c->listed);
    c->file = calloc(files, sizeof *c->file);
    c->first = calloc(files, sizeof *c->first);
    c->digest = malloc(n * wtl_hash_size(c->statement->hash));
    ENSURE(c->listed != NULL && c->file != NULL && c->first != NULL && c->digest != NULL, err, WTL_NOMEM,
           "out of memory");
    return wtl_statement_order(c->statement, &c->order, err);
}

static int plan_dir(scan *c, wtl_err *err)
{
    TRY(wtl_walk_dir(&c->walk, c->model, skip, c, err));
    TRY(get_memory(c, err));
    for (size_t i = 0, n; i < c->statement->n_resources; i += n) {
        n = group(c, i);
        TRY(enter_listed(c, i, n, err));
    }
    for (size_t i = 0; i < c->walk.n; i++) {
        if (c->walk.e[i].type == WTL_WALK_FILE && !c->listed[i])
            TRY(enter_extra(c, &c->walk.e[i], err));
    }
    return WTL_OK;
}

/* A statement over one file, named "." (the reference) or by its name (the specification). */
static int plan_file(scan *c, const char *name, wtl_err *err)
{
    TRY(wtl_in_open(&c->single, c->model, err));
    TRY(get_memory(c, err));
    bool any = false;
    for (size_t i = 0, n; i < c->statement->n_resources; i += n) {
        const char *listed = c->order[i]->name;
        n = group(c, i);
        if (strcmp(listed, ".") == 0 || strcmp(listed, name) == 0) {
            any = true;
            TRY(enter(c, listed, name, &c->single.stamp, i, n, err));
        } else {
            TRY(find(c->r, WTL_FOUND_MISSING, listed, err));
        }
    }
    return any ? WTL_OK : find(c->r, WTL_FOUND_EXTRA, name, err);
}

static int digest_all(scan *c, wtl_err *err)
{
    wtl_ranges r = {.root = c->model,
                    .single = c->single.name != NULL ? &c->single : NULL,
                    .file = c->file,
                    .n = c->n,
                    .hash = c->statement->hash,
                    .shard_size = c->statement->shard_size,
                    .threads = c->opts->threads,
                    .progress = c->opts->progress};
    return wtl_ranges_digest(&r, &c->r->bytes, err);
}

static bool is_same(const scan *c, size_t first)
{
    size_t size = wtl_hash_size(c->statement->hash);
    size_t n = group(c, first);
    bool same = true;
    for (size_t i = first; i < first + n; i++)
        same = same && memcmp(c->digest + i * size, c->order[i]->digest, size) == 0;
    return same;
}

static int check_all(scan *c, const char *single, wtl_err *err)
{
    for (size_t i = 0; i < c->n; i++) {
        if (c->first[i] == c->statement->n_resources)
            continue;
        c->r->files++;
        if (!is_same(c, c->first[i]))
            TRY(find(c->r, WTL_FOUND_CHANGED, single != NULL ? single : c->file[i].path, err));
    }
    return WTL_OK;
}

static int by_name(const void *a, const void *b)
{
    const wtl_finding *x = a;
    const wtl_finding *y = b;
    int order = strcmp(x->path, y->path);
    return order != 0 ? order : (int)x->kind - (int)y->kind;
}

static int check(scan *c, const char *single, wtl_err *err)
{
    TRY(single == NULL ? plan_dir(c, err) : plan_file(c, single, err));
    TRY(digest_all(c, err));
    return check_all(c, single, err);
}

int wtl_compare_model(const char *model, bool is_dir, const wtl_statement *s, const wtl_path_list *own,
                      const wtl_verify_opts *opts, wtl_verify_result *r, wtl_err *err)
{
    AUTO(scan) c = {.model = model, .statement = s, .own = own, .opts = opts, .single = {.fd = -1}, .r = r};
    char *name = NULL;
    snprintf(r->method, sizeof r->method, "%s", wtl_statement_method_name(s->method));
    r->shard_size = s->shard_size;
    if (!is_dir)
        TRY(wtl_path_name(&name, model, err));
    int rc = check(&c, name, err);
    free(name);
    if (r->n_findings > 1)
        qsort(r->finding, r->n_findings, sizeof *r->finding, by_name);
    return rc;
}
