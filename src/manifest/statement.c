#include "manifest/statement.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "manifest/statement_impl.h"

/* Names and digests lie in blocks that are never moved. */
enum { BLOCK = 64 * 1024 };
struct wtl_statement_block {
    struct wtl_statement_block *next;
    size_t n;
    size_t cap;
    uint8_t data[];
};

void wtl_statement_drop(wtl_statement *s)
{
    free(s->resource);
    s->resource = NULL;
    for (struct wtl_statement_block *b = s->block; b != NULL;) {
        struct wtl_statement_block *next = b->next;
        free(b);
        b = next;
    }
    s->block = NULL;
}

void wtl_statement_free(wtl_statement *s)
{
    free(s->subject);
    for (size_t i = 0; i < s->n_ignore; i++)
        free(s->ignore[i]);
    free(s->ignore);
    wtl_statement_drop(s);
    *s = (wtl_statement){0};
}

void wtl_statement_auto(wtl_statement *s)
{
    wtl_statement_free(s);
}

const char *wtl_statement_method_name(enum wtl_statement_method m)
{
    return m == WTL_STATEMENT_SHARDS ? "shards" : "files";
}

const char *wtl_statement_quote(wtl_buf *b, const char *text)
{
    wtl_text_quote(b, wtl_text_of(text));
    const char *s = wtl_buf_cstr(b);
    return s != NULL ? s : "";
}

/* A copy that lives as long as the statement, or NULL. */
static const void *keep(wtl_statement *s, const void *p, size_t n)
{
    struct wtl_statement_block *b = s->block;
    if (b == NULL || n > b->cap - b->n) {
        size_t cap = n > BLOCK ? n : BLOCK;
        b = malloc(sizeof *b + cap);
        if (b == NULL)
            return NULL;
        *b = (struct wtl_statement_block){.next = s->block, .cap = cap};
        s->block = b;
    }
    uint8_t *to = b->data + b->n;
    memcpy(to, p, n);
    b->n += n;
    return to;
}

/* Room for one more in an array without a capacity field: it doubles when n is 0 or a power of two. */
static int grow(void **p, size_t n, size_t size, wtl_err *err)
{
    if ((n & (n - 1)) != 0)
        return WTL_OK;
    size_t want = n == 0 ? 1 : 2 * n;
    void *q = want <= SIZE_MAX / size ? realloc(*p, want * size) : NULL;
    ENSURE(q != NULL, err, WTL_NOMEM, "out of memory");
    *p = q;
    return WTL_OK;
}

static int check_utf8(const char *text, const char *what, wtl_err *err)
{
    AUTO(wtl_buf) q = {0};
    ENSURE(wtl_text_is_utf8(wtl_text_of(text)), err, WTL_FORMAT,
           "the %s \"%.300s\" is not UTF-8, and the signature format has no way to write it: rename it", what,
           wtl_statement_quote(&q, text));
    return WTL_OK;
}

static int copy_text(char **out, const char *text, const char *what, wtl_err *err)
{
    TRY(check_utf8(text, what, err));
    *out = strdup(text);
    ENSURE(*out != NULL, err, WTL_NOMEM, "out of memory");
    return WTL_OK;
}

/* Relative, and neither empty nor with an empty, "." or ".." part: joined to the model's folder it stays
 * below it, and no other text names the same file. */
static bool is_safe(const char *name)
{
    for (const char *part = name;; part++) {
        size_t n = strcspn(part, "/");
        if (n == 0 || (n == 1 && part[0] == '.') || (n == 2 && part[0] == '.' && part[1] == '.'))
            return false;
        part += n;
        if (*part == '\0')
            return true;
    }
}

static int check_safe(const char *name, const char *what, wtl_err *err)
{
    AUTO(wtl_buf) q = {0};
    ENSURE(
        is_safe(name), err, WTL_FORMAT,
        "the %s \"%.300s\" is not a plain relative path (absolute, or with an empty, \".\" or \"..\" part)",
        what, wtl_statement_quote(&q, name));
    return WTL_OK;
}

int wtl_statement_set_subject(wtl_statement *s, const char *name, wtl_err *err)
{
    char *copy = NULL;
    ENSURE(name[0] != '\0', err, WTL_FORMAT, "the model's name is empty");
    TRY(copy_text(&copy, name, "model's name", err));
    free(s->subject);
    s->subject = copy;
    return WTL_OK;
}

int wtl_statement_add_ignore(wtl_statement *s, const char *path, wtl_err *err)
{
    TRY(check_safe(path, "ignored path", err));
    char *copy = NULL;
    TRY(copy_text(&copy, path, "ignored path", err));
    int rc = grow((void **)&s->ignore, s->n_ignore, sizeof *s->ignore, err);
    if (rc < 0) {
        free(copy);
        return rc;
    }
    s->ignore[s->n_ignore++] = copy;
    return WTL_OK;
}

/* *kept = the name in the statement's memory, the same as the last resource's when they are equal. */
static int keep_name(wtl_statement *s, const char *name, const char **kept, wtl_err *err)
{
    *kept = s->n_resources > 0 ? s->resource[s->n_resources - 1].name : NULL;
    if (*kept != NULL && strcmp(*kept, name) == 0)
        return WTL_OK;
    /* "." is how the reference names the one file of a single-file model. */
    if (strcmp(name, ".") != 0)
        TRY(check_safe(name, "file name", err));
    TRY(check_utf8(name, "file name", err));
    *kept = keep(s, name, strlen(name) + 1);
    ENSURE(*kept != NULL, err, WTL_NOMEM, "out of memory");
    return WTL_OK;
}

static int add(wtl_statement *s, const char *name, uint64_t start, uint64_t end, const uint8_t *digest,
               wtl_err *err)
{
    ENSURE(s->n_resources < WTL_STATEMENT_MOST, err, WTL_FORMAT,
           "a statement lists %d files or shards at most: divide the model, or choose larger shards",
           WTL_STATEMENT_MOST);
    wtl_resource r = {.start = start, .end = end};
    TRY(keep_name(s, name, &r.name, err));
    r.digest = keep(s, digest, wtl_hash_size(s->hash));
    ENSURE(r.digest != NULL, err, WTL_NOMEM, "out of memory");
    TRY(grow((void **)&s->resource, s->n_resources, sizeof *s->resource, err));
    s->n_files += s->n_resources == 0 || s->resource[s->n_resources - 1].name != r.name;
    s->resource[s->n_resources++] = r;
    return WTL_OK;
}

int wtl_statement_add(wtl_statement *s, const char *name, const uint8_t *digest, wtl_err *err)
{
    ENSURE(s->method == WTL_STATEMENT_FILES, err, WTL_BUG, "a whole file in a statement of shards");
    return add(s, name, 0, 0, digest, err);
}

int wtl_statement_add_shard(wtl_statement *s, const char *name, uint64_t start, uint64_t end,
                            const uint8_t *digest, wtl_err *err)
{
    ENSURE(s->method == WTL_STATEMENT_SHARDS, err, WTL_BUG, "a shard in a statement of files");
    return add(s, name, start, end, digest, err);
}

bool wtl_statement_ignores(const wtl_statement *s, const char *path)
{
    for (size_t i = 0; i < s->n_ignore; i++) {
        size_t n = strlen(s->ignore[i]);
        if (strncmp(path, s->ignore[i], n) == 0 && (path[n] == '\0' || path[n] == '/'))
            return true;
    }
    return false;
}

int wtl_statement_compare(const wtl_resource *a, const wtl_resource *b)
{
    /* strcmp compares as unsigned char, and UTF-8 sorts by bytes as by code points. */
    int order = a->name == b->name ? 0 : strcmp(a->name, b->name);
    if (order != 0)
        return order;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return a->end < b->end ? -1 : a->end > b->end;
}

static int by_pointer(const void *a, const void *b)
{
    return wtl_statement_compare(*(const wtl_resource *const *)a, *(const wtl_resource *const *)b);
}

int wtl_statement_order(const wtl_statement *s, const wtl_resource ***order, wtl_err *err)
{
    const wtl_resource **r = malloc((s->n_resources + 1) * sizeof *r);
    ENSURE(r != NULL, err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; i < s->n_resources; i++)
        r[i] = &s->resource[i];
    qsort(r, s->n_resources, sizeof *r, by_pointer);
    *order = r;
    return WTL_OK;
}

/* `next` follows `r` in the order; NULL when `r` is the last of its file. */
static bool shard_fits(const wtl_statement *s, const wtl_resource *r, const wtl_resource *next, bool first)
{
    if (first && next == NULL && r->start == 0 && r->end == 0)
        return true;
    if (r->end > INT64_MAX || r->end <= r->start || (first && r->start != 0))
        return false;
    uint64_t size = r->end - r->start;
    return next == NULL ? size <= s->shard_size : size == s->shard_size && next->start == r->end;
}

static int check_one(const wtl_statement *s, const wtl_resource *before, const wtl_resource *r,
                     const wtl_resource *after, wtl_err *err)
{
    bool first = before == NULL || strcmp(before->name, r->name) != 0;
    bool last = after == NULL || strcmp(r->name, after->name) != 0;
    AUTO(wtl_buf) q = {0};
    if (s->method == WTL_STATEMENT_FILES) {
        ENSURE(last, err, WTL_FORMAT, "the statement lists the file \"%.300s\" twice",
               wtl_statement_quote(&q, r->name));
        return WTL_OK;
    }
    ENSURE(shard_fits(s, r, last ? NULL : after, first), err, WTL_FORMAT,
           "the shards of the file \"%.300s\" do not cover it from its first byte on in pieces of %" PRIu64
           " bytes, each once (at the shard %" PRIu64 ":%" PRIu64 ")",
           wtl_statement_quote(&q, r->name), s->shard_size, r->start, r->end);
    return WTL_OK;
}

static int check_order(const wtl_statement *s, const wtl_resource **r, wtl_err *err)
{
    size_t n = s->n_resources;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(r[i]->name, ".") == 0)
            ENSURE(strcmp(r[0]->name, r[n - 1]->name) == 0, err, WTL_FORMAT,
                   "the statement lists \".\" beside other files");
        TRY(check_one(s, i > 0 ? r[i - 1] : NULL, r[i], i + 1 < n ? r[i + 1] : NULL, err));
    }
    return WTL_OK;
}

int wtl_statement_check(const wtl_statement *s, wtl_err *err)
{
    ENSURE(s->n_resources > 0, err, WTL_FORMAT, "the statement lists no file");
    const wtl_resource **order = NULL;
    TRY(wtl_statement_order(s, &order, err));
    int rc = check_order(s, order, err);
    free(order);
    return rc;
}

int wtl_statement_compute_root(const wtl_statement *s, uint8_t root[32], wtl_err *err)
{
    AUTO(wtl_hasher) *h = NULL;
    TRY(wtl_hasher_new(&h, WTL_HASH_SHA256, err));
    for (size_t i = 0; i < s->n_resources; i++)
        TRY(wtl_hasher_add(h, (wtl_bytes){s->resource[i].digest, wtl_hash_size(s->hash)}, err));
    return wtl_hasher_end(h, root, err);
}

void wtl_statement_algorithm(const wtl_statement *s, wtl_buf *out)
{
    wtl_buf_str(out, wtl_hash_name(s->hash));
    if (s->method == WTL_STATEMENT_SHARDS)
        wtl_buf_fmt(out, "-sharded-%" PRIu64, s->shard_size);
}
