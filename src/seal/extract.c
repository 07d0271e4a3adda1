#include "seal/extract.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { BATCH = WTL_HASHTREE_CHUNKS * WTL_CHUNKED_PLAIN };

struct wtl_extract {
    wtl_reader *r;
    bool tree;
    wtl_secret key;
    wtl_hasher *sha;
    wtl_buf leaves; /* of the object being read, checked against its root */
    uint8_t *sealed;
    uint8_t *plain;
};

/* One range of one object. */
struct span {
    const wtl_entry *e;
    wtl_chunked *message;
    uint64_t from;
    uint64_t to;
    uint64_t first; /* chunks that hold it */
    uint64_t last;
    uint64_t end; /* the object's last chunk */
};

void wtl_extract_free(wtl_extract *x)
{
    if (x == NULL)
        return;
    wtl_secret_free(&x->key);
    wtl_hasher_free(x->sha);
    wtl_buf_free(&x->leaves);
    free(x->sealed);
    if (x->plain != NULL)
        wtl_secret_wipe(x->plain, BATCH);
    free(x->plain);
    free(x);
}

void wtl_extract_auto(wtl_extract **x)
{
    wtl_extract_free(*x);
}

int wtl_extract_new(wtl_extract **out, wtl_reader *r, bool tree, wtl_err *err)
{
    *out = NULL;
    AUTO(wtl_extract) *x = calloc(1, sizeof *x);
    ENSURE(x != NULL, err, WTL_NOMEM, "out of memory");
    x->r = r;
    x->tree = tree;
    x->sealed = malloc(WTL_HASHTREE_SEGMENT);
    x->plain = malloc(BATCH);
    ENSURE(x->sealed != NULL && x->plain != NULL, err, WTL_NOMEM, "out of memory");
    TRY(wtl_subkey_derive(&x->key, &r->file_key, WTL_SUBKEY_OBJECT, err));
    TRY(wtl_hasher_new(&x->sha, WTL_HASH_SHA256, err));
    *out = x;
    x = NULL;
    return WTL_OK;
}

/* The leaf table as it stands behind the message, when its root is the index's. */
static int load_leaves(wtl_extract *x, const wtl_entry *e, wtl_err *err)
{
    ENSURE(e->tree == WTL_ENTRY_SHA256_TREE, err, WTL_NO,
           "the sender's signature does not cover its content");
    uint64_t sealed = wtl_chunked_sealed_size(e->plain);
    uint64_t n = WTL_HASHTREE_NODE * wtl_hashtree_leaves(sealed);
    wtl_buf_clear(&x->leaves);
    uint8_t *table = wtl_buf_grow(&x->leaves, (size_t)n);
    ENSURE(table != NULL, err, WTL_NOMEM, "out of memory");
    TRY(wtl_reader_fetch(x->r, table, (size_t)n, e->offset + sealed, err));
    uint8_t root[WTL_HASHTREE_NODE];
    TRY(wtl_hashtree_root(wtl_buf_view(&x->leaves), root, err));
    ENSURE(memcmp(root, e->root, sizeof root) == 0, err, WTL_NO,
           "its digest table was changed after it was sealed");
    return WTL_OK;
}

static int check_leaf(wtl_extract *x, uint64_t leaf, wtl_bytes part, wtl_err *err)
{
    if (!x->tree)
        return WTL_OK;
    uint8_t digest[WTL_HASHTREE_NODE];
    TRY(wtl_hashtree_leaf(x->sha, part, digest, err));
    ENSURE(memcmp(digest, x->leaves.p + leaf * WTL_HASHTREE_NODE, sizeof digest) == 0, err, WTL_NO,
           "its content is not what the sender sealed");
    return WTL_OK;
}

static int open_message(wtl_extract *x, const wtl_entry *e, wtl_chunked **out, wtl_err *err)
{
    uint8_t header[WTL_CHUNKED_HEADER];
    TRY(wtl_reader_fetch(x->r, header, sizeof header, e->offset, err));
    if (x->tree)
        TRY(load_leaves(x, e, err));
    TRY(check_leaf(x, 0, (wtl_bytes){header, sizeof header}, err));
    wtl_meta meta = wtl_index_meta(e);
    AUTO(wtl_buf) context = {0};
    TRY(wtl_subkey_object_context(&context, &x->r->pre, e->object, e->generation, &meta, err));
    return wtl_chunked_open_new(out, wtl_secret_view(&x->key), wtl_buf_view(&context), header, err);
}

static uint64_t sealed_at(uint64_t chunk)
{
    return chunk * WTL_CHUNKED_SEALED;
}

/* Bytes of chunks lo..hi as they lie in the file. */
static size_t sealed_bytes(const struct span *s, uint64_t lo, uint64_t hi)
{
    uint64_t whole = sealed_at(hi + 1 - lo);
    if (hi < s->end)
        return (size_t)whole;
    return (size_t)(whole - WTL_CHUNKED_PLAIN + s->e->plain % WTL_CHUNKED_PLAIN);
}

static int decrypt(wtl_extract *x, const struct span *s, uint64_t lo, uint64_t hi, const uint8_t *sealed,
                   wtl_err *err)
{
    for (uint64_t i = lo; i <= hi; i++) {
        size_t at = (size_t)(i - lo);
        wtl_bytes ct = {sealed + at * WTL_CHUNKED_SEALED, sealed_bytes(s, i, i)};
        TRY(wtl_chunked_open(s->message, i, ct, x->plain + at * WTL_CHUNKED_PLAIN, err));
    }
    return WTL_OK;
}

static uint64_t more(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t less(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static int read_segment(wtl_extract *x, const struct span *s, uint64_t segment, wtl_extract_sink *sink,
                        void *arg, wtl_err *err)
{
    uint64_t begin = segment * WTL_HASHTREE_CHUNKS;
    uint64_t end = less(begin + WTL_HASHTREE_CHUNKS - 1, s->end);
    uint64_t lo = more(s->first, begin);
    uint64_t hi = less(s->last, end);
    uint64_t read_lo = x->tree ? begin : lo;
    size_t n = sealed_bytes(s, read_lo, x->tree ? end : hi);
    TRY(wtl_reader_fetch(x->r, x->sealed, n, s->e->offset + WTL_CHUNKED_HEADER + sealed_at(read_lo), err));
    TRY(check_leaf(x, segment + 1, (wtl_bytes){x->sealed, n}, err));
    TRY(decrypt(x, s, lo, hi, x->sealed + sealed_at(lo - read_lo), err));
    uint64_t base = lo * WTL_CHUNKED_PLAIN;
    uint64_t from = more(s->from, base);
    uint64_t to = less(s->to, (hi + 1) * WTL_CHUNKED_PLAIN);
    return from < to ? sink(arg, (wtl_bytes){x->plain + (from - base), (size_t)(to - from)}, err) : WTL_OK;
}

static int read_span(wtl_extract *x, struct span *s, wtl_extract_sink *sink, void *arg, wtl_err *err)
{
    AUTO(wtl_chunked) *message = NULL;
    TRY(open_message(x, s->e, &message, err));
    s->message = message;
    for (uint64_t i = s->first / WTL_HASHTREE_CHUNKS; i <= s->last / WTL_HASHTREE_CHUNKS; i++)
        TRY(read_segment(x, s, i, sink, arg, err));
    return WTL_OK;
}

int wtl_extract_range(wtl_extract *x, const wtl_entry *e, uint64_t from, uint64_t to, wtl_extract_sink *sink,
                      void *arg, wtl_err *err)
{
    ENSURE(from <= to && to <= e->plain, err, WTL_BUG, "a range outside the file");
    bool whole = from == 0 && to == e->plain;
    if (from == to && !whole)
        return WTL_OK;
    struct span s = {.e = e, .from = from, .to = to, .end = e->plain / WTL_CHUNKED_PLAIN};
    s.first = from / WTL_CHUNKED_PLAIN;
    /* A whole file ends with the chunk that says so, which may hold nothing. */
    s.last = whole ? s.end : (to - 1) / WTL_CHUNKED_PLAIN;
    wtl_err inner = {0};
    int rc = read_span(x, &s, sink, arg, &inner);
    if (rc < 0 && err != NULL) {
        *err = inner;
        AUTO(wtl_buf) quoted = {0};
        wtl_text_quote(&quoted, wtl_text_of(e->name));
        const char *shown = wtl_buf_cstr(&quoted);
        if (rc == WTL_NO && shown != NULL)
            wtl_err_prefix(err, "\"%.300s\": ", shown);
    }
    return rc;
}
