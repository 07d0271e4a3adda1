#include "container/index.h"

#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "base/text.h"

enum { ENTRY_LEAST = 7 }; /* an empty directory with a name of one byte */

void wtl_index_free(wtl_index *x)
{
    for (size_t i = 0; i < x->n; i++)
        free(x->e[i].name);
    free(x->e);
    *x = (wtl_index){0};
}

void wtl_index_auto(wtl_index *x)
{
    wtl_index_free(x);
}

wtl_meta wtl_index_meta(const wtl_entry *e)
{
    return (wtl_meta){e->type, e->mode, wtl_text_of(e->name)};
}

uint64_t wtl_index_extent(const wtl_entry *e)
{
    if (e->type != WTL_ENTRY_FILE)
        return 0;
    uint64_t sealed = wtl_chunked_sealed_size(e->plain);
    if (sealed == UINT64_MAX || e->tree == WTL_ENTRY_NO_TREE)
        return sealed;
    return sealed + WTL_HASHTREE_NODE * wtl_hashtree_leaves(sealed);
}

static void encode_entry(wtl_buf *out, const wtl_entry *e)
{
    size_t n = strlen(e->name);
    wtl_buf_u8(out, e->type);
    wtl_buf_u8(out, e->tree);
    wtl_buf_u16(out, e->mode);
    wtl_buf_u16(out, (uint16_t)n);
    wtl_buf_add(out, e->name, n);
    if (e->type != WTL_ENTRY_FILE)
        return;
    wtl_buf_u64(out, e->object);
    wtl_buf_u64(out, e->generation);
    wtl_buf_u64(out, e->offset);
    wtl_buf_u64(out, e->plain);
    if (e->tree == WTL_ENTRY_SHA256_TREE)
        wtl_buf_add(out, e->root, sizeof e->root);
}

int wtl_index_encode(wtl_buf *out, const wtl_index *x, wtl_err *err)
{
    wtl_buf_u8(out, x->shape);
    wtl_buf_u64(out, x->generation);
    wtl_buf_u64(out, x->n);
    for (size_t i = 0; i < x->n; i++)
        encode_entry(out, &x->e[i]);
    return wtl_buf_check(out, err);
}

static void parse_place(wtl_entry *e, wtl_rd *r)
{
    e->object = wtl_rd_u64(r);
    e->generation = wtl_rd_u64(r);
    e->offset = wtl_rd_u64(r);
    e->plain = wtl_rd_u64(r);
    if (e->tree == WTL_ENTRY_SHA256_TREE)
        wtl_rd_copy(r, e->root, sizeof e->root);
}

static int parse_entry(wtl_entry *e, wtl_rd *r, wtl_err *err)
{
    e->type = wtl_rd_u8(r);
    e->tree = wtl_rd_u8(r);
    e->mode = wtl_rd_u16(r);
    wtl_bytes name = wtl_rd_take(r, wtl_rd_u16(r));
    bool file = e->type == WTL_ENTRY_FILE;
    ENSURE(file || e->type == WTL_ENTRY_EMPTY_DIR, err, WTL_FORMAT,
           "the container's index has an entry of unknown type %u", e->type);
    ENSURE(e->tree == WTL_ENTRY_NO_TREE || (file && e->tree == WTL_ENTRY_SHA256_TREE), err, WTL_FORMAT,
           "the container's index has an entry with unknown tree %u", e->tree);
    ENSURE(e->mode <= 0777, err, WTL_FORMAT, "the container's index has an entry of impossible mode %o",
           e->mode);
    ENSURE(wtl_name_ok(name), err, WTL_FORMAT,
           "the container's index has a name that no file in it may have (absolute, \"..\", not UTF-8)");
    if (file)
        parse_place(e, r);
    ENSURE(!r->bad, err, WTL_FORMAT, "the container's index is cut off");
    e->name = malloc(name.n + 1);
    ENSURE(e->name != NULL, err, WTL_NOMEM, "out of memory");
    memcpy(e->name, name.p, name.n);
    e->name[name.n] = '\0';
    return WTL_OK;
}

static int parse_entries(wtl_index *x, wtl_rd *r, uint64_t n, wtl_err *err)
{
    ENSURE(n <= r->n / ENTRY_LEAST, err, WTL_FORMAT, "the container's index is cut off");
    x->e = calloc(n > 0 ? (size_t)n : 1, sizeof *x->e);
    ENSURE(x->e != NULL, err, WTL_NOMEM, "out of memory");
    for (; x->n < n; x->n++)
        TRY(parse_entry(&x->e[x->n], r, err));
    ENSURE(wtl_rd_done(r), err, WTL_FORMAT, "the container's index has bytes after its last entry");
    return WTL_OK;
}

const wtl_entry *wtl_index_find(const wtl_index *x, wtl_bytes name)
{
    size_t lo = 0;
    size_t hi = x->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = wtl_name_compare(wtl_text_of(x->e[mid].name), name);
        if (c == 0)
            return &x->e[mid];
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

/* No name is another's folder: neither a file nor an empty directory has anything below it. */
static int check_folders(const wtl_index *x, const wtl_entry *e, wtl_err *err)
{
    for (const char *slash = strchr(e->name, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        wtl_bytes folder = {(const uint8_t *)e->name, (size_t)(slash - e->name)};
        ENSURE(wtl_index_find(x, folder) == NULL, err, WTL_FORMAT,
               "the container's index has a file below a name that is not a folder");
    }
    return WTL_OK;
}

static int check_names(const wtl_index *x, wtl_err *err)
{
    for (size_t i = 1; i < x->n; i++)
        ENSURE(wtl_name_compare(wtl_text_of(x->e[i - 1].name), wtl_text_of(x->e[i].name)) < 0, err,
               WTL_FORMAT, "the container's index has names that are not in order, or twice");
    for (size_t i = 0; i < x->n; i++)
        TRY(check_folders(x, &x->e[i], err));
    ENSURE(x->shape <= WTL_INDEX_STREAM, err, WTL_FORMAT, "the container's index has the unknown shape %u",
           x->shape);
    ENSURE(x->shape == WTL_INDEX_DIRECTORY ||
               (x->n == 1 && x->e[0].type == WTL_ENTRY_FILE && strchr(x->e[0].name, '/') == NULL),
           err, WTL_FORMAT, "the container's index says that it holds one file, and it does not");
    return WTL_OK;
}

static int by_offset(const void *a, const void *b)
{
    const wtl_entry *x = *(const wtl_entry *const *)a;
    const wtl_entry *y = *(const wtl_entry *const *)b;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

/* In the order of the file: object numbers and generations rise, nothing overlaps, and in a container that
 * was written in one go nothing lies between. */
static int check_order(const wtl_entry *const *e, size_t n, const wtl_index_bounds *b, wtl_err *err)
{
    uint64_t at = b->begin;
    for (size_t i = 0; i < n; i++) {
        uint64_t size = wtl_index_extent(e[i]);
        ENSURE(e[i]->offset >= at && e[i]->offset <= b->end && size <= b->end - e[i]->offset, err, WTL_FORMAT,
               "the container's index has an object that overlaps another or lies outside the file");
        ENSURE(e[i]->offset == at || b->generation > 1, err, WTL_FORMAT,
               "the container has bytes between its objects that belong to none");
        ENSURE(e[i]->object > (i > 0 ? e[i - 1]->object : 0), err, WTL_FORMAT,
               "the container's index has object numbers out of order");
        ENSURE(e[i]->generation >= (i > 0 ? e[i - 1]->generation : 1) && e[i]->generation <= b->generation,
               err, WTL_FORMAT, "the container's index has an object of an impossible generation");
        at = e[i]->offset + size;
    }
    ENSURE(at == b->end || b->generation > 1, err, WTL_FORMAT,
           "the container has bytes before its index that belong to no object");
    return WTL_OK;
}

static int check_places(const wtl_index *x, const wtl_index_bounds *b, wtl_err *err)
{
    const wtl_entry **files = malloc((x->n > 0 ? x->n : 1) * sizeof(const wtl_entry *));
    ENSURE(files != NULL, err, WTL_NOMEM, "out of memory");
    size_t n = 0;
    for (size_t i = 0; i < x->n; i++) {
        if (x->e[i].type == WTL_ENTRY_FILE)
            files[n++] = &x->e[i];
    }
    qsort(files, n, sizeof *files, by_offset);
    int rc = check_order(files, n, b, err);
    free(files);
    return rc;
}

int wtl_index_parse(wtl_index *out, wtl_bytes plain, const wtl_index_bounds *bounds, wtl_err *err)
{
    AUTO(wtl_index) x = {0};
    wtl_rd r = wtl_rd_of(plain);
    x.shape = wtl_rd_u8(&r);
    x.generation = wtl_rd_u64(&r);
    uint64_t n = wtl_rd_u64(&r);
    ENSURE(!r.bad, err, WTL_FORMAT, "the container's index is cut off");
    ENSURE(x.generation == bounds->generation, err, WTL_FORMAT,
           "the container's index and its end are of different generations");
    TRY(parse_entries(&x, &r, n, err));
    TRY(check_names(&x, err));
    TRY(check_places(&x, bounds, err));
    *out = x;
    x = (wtl_index){0};
    return WTL_OK;
}
