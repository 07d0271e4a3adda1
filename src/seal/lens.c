#include "seal/lens.h"

#include <stdlib.h>
#include <string.h>

#include "seal/leaves.h"
#include "seal/share.h"

enum { PLAIN = WTL_CHUNKED_PLAIN, SEALED = WTL_CHUNKED_SEALED, PLAIN_STEP = 4 * WTL_SHARE_STEP };

struct wtl_lens {
    bool tree;
    size_t segments;
    uint8_t *sealed; /* a step of every segment that is looked at */
    uint8_t chunk[PLAIN];
    wtl_chunked *c;
    wtl_leaves *leaves;
};

/* What is wanted of an object. */
struct view {
    const wtl_object *o;
    uint64_t from;
    uint64_t to;
    uint64_t first; /* chunks that hold it */
    uint64_t last;
    uint64_t end; /* the object's last chunk */
    uint8_t *out;
};

void wtl_lens_free(wtl_lens *l)
{
    if (l == NULL)
        return;
    wtl_secret_wipe(l->chunk, sizeof l->chunk);
    free(l->sealed);
    wtl_chunked_free(l->c);
    wtl_leaves_free(l->leaves);
    free(l);
}

void wtl_lens_auto(wtl_lens **l)
{
    wtl_lens_free(*l);
}

int wtl_lens_new(wtl_lens **out, bool tree, size_t segments, wtl_err *err)
{
    *out = NULL;
    AUTO(wtl_lens) *l = calloc(1, sizeof *l);
    ENSURE(l != NULL, err, WTL_NOMEM, "out of memory");
    l->tree = tree;
    l->segments = segments;
    l->sealed = malloc((tree ? segments * WTL_SHARE_STEP : PLAIN_STEP) * (size_t)SEALED);
    ENSURE(l->sealed != NULL, err, WTL_NOMEM, "out of memory");
    TRY(wtl_chunked_new(&l->c, WTL_AEAD_OPEN, err));
    if (tree)
        TRY(wtl_leaves_new(&l->leaves, err));
    *out = l;
    l = NULL;
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

/* Bytes of chunks lo..hi as they lie in the file. */
static size_t sealed_bytes(const struct view *v, uint64_t lo, uint64_t hi)
{
    uint64_t whole = (hi + 1 - lo) * SEALED;
    return (size_t)(hi < v->end ? whole : whole - PLAIN + v->o->e->plain % PLAIN);
}

static int fetch(const struct view *v, uint64_t lo, uint64_t hi, uint8_t *to, wtl_bytes *got, wtl_err *err)
{
    *got = (wtl_bytes){to, sealed_bytes(v, lo, hi)};
    return wtl_reader_fetch(v->o->r, to, got->n, v->o->e->offset + WTL_CHUNKED_HEADER + lo * SEALED, err);
}

/* A chunk that lies in the view whole goes straight to its place. */
static int decrypt_one(wtl_lens *l, const struct view *v, uint64_t i, const uint8_t *sealed, wtl_err *err)
{
    wtl_bytes ct = {sealed, sealed_bytes(v, i, i)};
    uint64_t begin = i * PLAIN;
    uint64_t end = begin + ct.n - WTL_AEAD_TAG;
    if (v->from <= begin && end <= v->to)
        return wtl_chunked_open(l->c, i, ct, v->out + (begin - v->from), err);
    TRY(wtl_chunked_open(l->c, i, ct, l->chunk, err));
    uint64_t lo = more(begin, v->from);
    uint64_t hi = less(end, v->to);
    if (lo < hi)
        memcpy(v->out + (lo - v->from), l->chunk + (lo - begin), (size_t)(hi - lo));
    return WTL_OK;
}

/* Those of chunks lo..hi that are wanted. */
static int decrypt(wtl_lens *l, const struct view *v, uint64_t lo, uint64_t hi, const uint8_t *sealed,
                   wtl_err *err)
{
    for (uint64_t i = more(lo, v->first); i <= less(hi, v->last); i++)
        TRY(decrypt_one(l, v, i, sealed + (i - lo) * SEALED, err));
    return WTL_OK;
}

static int read_plain(wtl_lens *l, const struct view *v, wtl_err *err)
{
    wtl_bytes got;
    for (uint64_t lo = v->first; lo <= v->last; lo += PLAIN_STEP) {
        uint64_t hi = less(lo + PLAIN_STEP - 1, v->last);
        TRY(fetch(v, lo, hi, l->sealed, &got, err));
        TRY(decrypt(l, v, lo, hi, got.p, err));
    }
    return WTL_OK;
}

/* Segments [first, first + n) side by side: every byte is read once, hashed and, where wanted, decrypted. */
static int read_segments(wtl_lens *l, const struct view *v, uint64_t first, size_t n, wtl_err *err)
{
    TRY(wtl_leaves_begin(l->leaves, n, err));
    for (size_t i = 0; i < WTL_HASHTREE_CHUNKS; i += WTL_SHARE_STEP) {
        wtl_bytes part[WTL_LANES_MOST] = {0};
        for (size_t k = 0; k < n; k++) {
            uint64_t lo = (first + k) * WTL_HASHTREE_CHUNKS + i;
            uint64_t hi = less(lo + WTL_SHARE_STEP - 1, v->end);
            if (lo > v->end)
                break;
            TRY(fetch(v, lo, hi, l->sealed + k * WTL_SHARE_STEP * (size_t)SEALED, &part[k], err));
            TRY(decrypt(l, v, lo, hi, part[k].p, err));
        }
        TRY(wtl_leaves_add(l->leaves, part, err));
    }
    uint8_t leaf[WTL_LANES_MOST * WTL_HASHTREE_NODE];
    TRY(wtl_leaves_end(l->leaves, leaf, err));
    const uint8_t *want = v->o->leaves.p + (first + 1) * WTL_HASHTREE_NODE;
    ENSURE(memcmp(leaf, want, n * WTL_HASHTREE_NODE) == 0, err, WTL_NO,
           "its content is not what the sender sealed");
    return WTL_OK;
}

static int read_tree(wtl_lens *l, const struct view *v, wtl_err *err)
{
    uint64_t last = v->last / WTL_HASHTREE_CHUNKS;
    for (uint64_t i = v->first / WTL_HASHTREE_CHUNKS; i <= last; i += l->segments)
        TRY(read_segments(l, v, i, (size_t)less(l->segments, last + 1 - i), err));
    return WTL_OK;
}

int wtl_lens_read(wtl_lens *l, const wtl_object *o, uint64_t from, uint64_t to, bool whole, uint8_t *out,
                  wtl_err *err)
{
    struct view v = {.o = o, .from = from, .to = to, .end = o->e->plain / PLAIN, .out = out};
    v.first = from / PLAIN;
    v.last = whole ? v.end : (to - 1) / PLAIN;
    TRY(wtl_chunked_take(l->c, &o->message, err));
    int rc = l->tree ? read_tree(l, &v, err) : read_plain(l, &v, err);
    if (rc < 0 && to > from)
        wtl_secret_wipe(out, (size_t)(to - from));
    return rc;
}
