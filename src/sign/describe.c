#include "sign/describe.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/text.h"
#include "fs/walk.h"
#include "sign/path.h"
#include "sign/ranges.h"

/* The files of a model as they were listed, and what becomes of each. */
typedef struct plan {
    const char *model;
    const wtl_describe_opts *opts;
    wtl_describe_tally *tally;
    wtl_statement *statement;
    wtl_walk walk;         /* of a folder */
    wtl_in single;         /* the one file that is the model */
    wtl_ranges_file *file; /* to be read */
    size_t n;
    size_t n_ranges; /* of them, to be listed */
    uint8_t *digest; /* one for each */
} plan;

static void plan_auto(plan *p)
{
    wtl_walk_free(&p->walk);
    wtl_in_close(&p->single);
    free(p->file);
    free(p->digest);
}

static bool skip(const char *path, void *arg)
{
    return wtl_statement_ignores(arg, path);
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

/* The reference lists nothing for an empty file when it signs shards, and compares whole lists. */
static bool is_left_out(const plan *p, const wtl_stamp *now)
{
    return p->statement->method == WTL_STATEMENT_SHARDS && now->size == 0;
}

static const wtl_resource *const *assumed(const plan *p, const char *name, const wtl_stamp *now,
                                          size_t *count)
{
    return p->opts->assume != NULL ? wtl_assume_find(p->opts->assume, name, now, count) : NULL;
}

static int count_in(plan *p, const char *name, const wtl_stamp *now, uint64_t *listed, wtl_err *err)
{
    size_t unused;
    uint64_t n = wtl_ranges_count((uint64_t)now->size, p->statement->shard_size);
    bool is_read = assumed(p, name, now, &unused) == NULL;
    *listed += is_left_out(p, now) ? 0 : n;
    ENSURE(n <= WTL_STATEMENT_MOST && *listed <= WTL_STATEMENT_MOST, err, WTL_USAGE,
           p->statement->shard_size > 0
               ? "shards of %" PRIu64
                 " bytes make more than the %d that a signature lists at most: choose larger ones "
                 "with --shard-size"
               : "more files than a signature lists at most (shard size %" PRIu64
                 ", at most %d files): divide the "
                 "model",
           p->statement->shard_size, WTL_STATEMENT_MOST);
    if (is_read && !is_left_out(p, now))
        p->n_ranges += (size_t)n;
    p->n += is_read;
    return WTL_OK;
}

static void enter(plan *p, const char *name, const wtl_stamp *now, uint8_t **next)
{
    size_t count;
    if (assumed(p, name, now, &count) != NULL)
        return;
    wtl_ranges_file *f = &p->file[p->n++];
    *f = (wtl_ranges_file){.path = name, .seen = now};
    if (is_left_out(p, now))
        return;
    f->out = *next;
    count = (size_t)wtl_ranges_count((uint64_t)now->size, p->statement->shard_size);
    *next += count * wtl_hash_size(p->statement->hash);
}

static size_t n_entries(const plan *p)
{
    return p->single.name != NULL ? 1 : p->walk.n;
}

/* The files of the model in order; NULL for what is none. A single file is named "." as the reference has it and demands;
 * the specification has the file's own name there. */
static const wtl_stamp *entry(const plan *p, size_t i, const char **name)
{
    *name = ".";
    if (p->single.name != NULL)
        return &p->single.stamp;
    *name = p->walk.e[i].path;
    return p->walk.e[i].type == WTL_WALK_FILE ? &p->walk.e[i].stamp : NULL;
}

static int make_plan(plan *p, wtl_err *err)
{
    const char *name;
    uint64_t listed = 0;
    for (size_t i = 0; i < n_entries(p); i++) {
        const wtl_stamp *now = entry(p, i, &name);
        if (now != NULL)
            TRY(count_in(p, name, now, &listed, err));
    }
    AUTO(wtl_buf) q = {0};
    ENSURE(listed > 0, err, WTL_POLICY, "\"%.300s\" holds no %s to sign", wtl_path_quote(&q, p->model),
           p->statement->method == WTL_STATEMENT_SHARDS ? "byte" : "file");
    p->file = calloc(p->n + 1, sizeof *p->file);
    p->digest = malloc(p->n_ranges * wtl_hash_size(p->statement->hash) + 1);
    ENSURE(p->file != NULL && p->digest != NULL, err, WTL_NOMEM, "out of memory");
    uint8_t *next = p->digest;
    p->n = 0;
    for (size_t i = 0; i < n_entries(p); i++) {
        const wtl_stamp *now = entry(p, i, &name);
        if (now != NULL)
            enter(p, name, now, &next);
    }
    return WTL_OK;
}

static int digest_all(plan *p, wtl_err *err)
{
    wtl_ranges r = {.root = p->model,
                    .single = p->single.name != NULL ? &p->single : NULL,
                    .file = p->file,
                    .n = p->n,
                    .hash = p->statement->hash,
                    .shard_size = p->statement->shard_size,
                    .threads = p->opts->threads,
                    .progress = p->opts->progress};
    return wtl_ranges_digest(&r, &p->tally->bytes, err);
}

static int add_assumed(plan *p, const char *name, const wtl_resource *const *r, size_t n, uint64_t size,
                       wtl_err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (p->statement->method == WTL_STATEMENT_SHARDS)
            TRY(wtl_statement_add_shard(p->statement, name, r[i]->start, r[i]->end, r[i]->digest, err));
        else
            TRY(wtl_statement_add(p->statement, name, r[i]->digest, err));
    }
    p->tally->assumed_files++;
    p->tally->assumed_bytes += size;
    return WTL_OK;
}

static int add_read(plan *p, const char *name, uint64_t size, const uint8_t **next, wtl_err *err)
{
    uint64_t step = p->statement->shard_size;
    uint64_t n = wtl_ranges_count(size, step);
    for (uint64_t i = 0; i < n; i++) {
        uint64_t start = i * step;
        uint64_t end = size - start > step ? start + step : size;
        if (p->statement->method == WTL_STATEMENT_SHARDS)
            TRY(wtl_statement_add_shard(p->statement, name, start, end, *next, err));
        else
            TRY(wtl_statement_add(p->statement, name, *next, err));
        *next += wtl_hash_size(p->statement->hash);
    }
    return WTL_OK;
}

static int add_all(plan *p, wtl_err *err)
{
    const uint8_t *next = p->digest;
    for (size_t i = 0; i < n_entries(p); i++) {
        const char *name;
        const wtl_stamp *now = entry(p, i, &name);
        if (now == NULL)
            continue;
        if (is_left_out(p, now)) {
            p->tally->empty_files++;
            continue;
        }
        size_t n;
        const wtl_resource *const *old = assumed(p, name, now, &n);
        p->tally->files++;
        if (old != NULL)
            TRY(add_assumed(p, name, old, n, (uint64_t)now->size, err));
        else
            TRY(add_read(p, name, (uint64_t)now->size, &next, err));
    }
    return WTL_OK;
}

int wtl_describe_model(wtl_statement *s, const char *model, bool is_dir, const wtl_describe_opts *opts,
                       wtl_describe_tally *tally, wtl_err *err)
{
    *tally = (wtl_describe_tally){0};
    AUTO(plan) p = {.model = model, .opts = opts, .tally = tally, .statement = s, .single = {.fd = -1}};
    if (is_dir) {
        TRY(wtl_walk_dir(&p.walk, model, skip, s, err));
        TRY(check_names(&p.walk, err));
    } else {
        TRY(wtl_in_open(&p.single, model, err));
    }
    TRY(make_plan(&p, err));
    TRY(digest_all(&p, err));
    return add_all(&p, err);
}
