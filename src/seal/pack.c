#include "seal/pack.h"

#include <stdlib.h>
#include <string.h>

#include "seal/leaves.h"
#include "seal/share.h"
#include "work/line.h"

enum { PLAIN = WTL_CHUNKED_PLAIN, SEALED = WTL_CHUNKED_SEALED, HEADER = WTL_CHUNKED_HEADER };

/* A file that is too large for one batch, from its first batch to its last. */
struct big {
    wtl_secret message;
    uint8_t header[HEADER];
    wtl_in own;
    wtl_in *in; /* NULL: a stream */
};

/* A small file in a batch. */
struct piece {
    size_t i;  /* which source */
    size_t at; /* where in the batch its object begins */
};

/* A batch: small files, or a part of a big one. Its bytes are those that are written. */
struct slot {
    uint8_t *p;
    size_t n;
    struct piece piece[WTL_SHARE_PIECES];
    size_t n_pieces;
    struct big *big; /* the rest is for a part */
    size_t i;
    uint64_t chunk; /* its first */
    size_t plain;
    bool last;
    uint8_t leaf[WTL_LANES_MOST * WTL_HASHTREE_NODE];
    wtl_chunked *c;
    wtl_leaves *leaves;
};

struct pack {
    wtl_pack *p;
    wtl_share share;
    size_t room; /* bytes of a batch */
    struct slot *slot;
    uint64_t total; /* bytes to do, 0 when unknown */
    bool failed;
    /* filling */
    size_t next;
    struct big *big;
    uint64_t chunk;
    /* draining */
    wtl_buf table; /* leaves of the big file being written */
};

/* Some chunks of one object, lying as in the file. */
struct run {
    wtl_in *in;     /* NULL: the content is there already */
    uint64_t begin; /* of the content in it */
    uint64_t chunk;
    uint8_t *p;
    size_t plain;
    bool last;     /* ends with the message's short chunk */
    uint8_t *leaf; /* of its segments, when there is a tree */
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t chunks_of(const struct run *u)
{
    return u->plain / PLAIN + u->last;
}

static size_t sealed_of(size_t plain, bool last)
{
    return plain + (plain / PLAIN + last) * WTL_AEAD_TAG;
}

static void close_big(struct big *b)
{
    if (b == NULL)
        return;
    wtl_secret_free(&b->message);
    wtl_in_close(&b->own);
    free(b);
}

/* Chunks [from, to) of the run: read, encrypted where they lie; *done is what they are now. */
static int seal_step(struct slot *s, const struct run *u, size_t from, size_t to, wtl_bytes *done,
                     wtl_err *err)
{
    to = least(to, chunks_of(u));
    if (from >= to) {
        *done = (wtl_bytes){0};
        return WTL_OK;
    }
    uint8_t *p = u->p + from * SEALED;
    size_t n = least(u->plain, to * PLAIN) - from * PLAIN;
    if (u->in != NULL)
        TRY(wtl_source_read(u->in, p, n, u->begin + (u->chunk + from) * PLAIN, err));
    for (size_t i = 0; i < to - from; i++) {
        wtl_bytes plain = {p + i * SEALED, least(n - i * PLAIN, PLAIN)};
        TRY(wtl_chunked_seal(s->c, u->chunk + from + i, plain, p + i * SEALED, err));
    }
    *done = (wtl_bytes){p, n + (to - from) * WTL_AEAD_TAG};
    return WTL_OK;
}

static int seal_plain(struct slot *s, const struct run *u, wtl_err *err)
{
    enum { STEP = 4 * WTL_SHARE_STEP };
    wtl_bytes done;
    for (size_t i = 0; i < chunks_of(u); i += STEP)
        TRY(seal_step(s, u, i, i + STEP, &done, err));
    return WTL_OK;
}

/* Up to WTL_LANES_MOST segments side by side. */
static int seal_segments(struct slot *s, const struct run *u, size_t first, size_t n, wtl_err *err)
{
    TRY(wtl_leaves_begin(s->leaves, n, err));
    for (size_t i = 0; i < WTL_HASHTREE_CHUNKS; i += WTL_SHARE_STEP) {
        wtl_bytes part[WTL_LANES_MOST] = {0};
        for (size_t k = 0; k < n; k++) {
            size_t from = (first + k) * WTL_HASHTREE_CHUNKS + i;
            TRY(seal_step(s, u, from, from + WTL_SHARE_STEP, &part[k], err));
        }
        TRY(wtl_leaves_add(s->leaves, part, err));
    }
    return wtl_leaves_end(s->leaves, u->leaf + first * WTL_HASHTREE_NODE, err);
}

static int seal_run(const struct pack *k, struct slot *s, const struct run *u, wtl_err *err)
{
    if (!k->p->tree)
        return seal_plain(s, u, err);
    size_t n = (chunks_of(u) + WTL_HASHTREE_CHUNKS - 1) / WTL_HASHTREE_CHUNKS;
    for (size_t i = 0; i < n; i += k->share.segments)
        TRY(seal_segments(s, u, i, least(n - i, k->share.segments), err));
    return WTL_OK;
}

static int derive(const wtl_pack *p, const wtl_entry *e, wtl_secret *message, uint8_t header[HEADER],
                  wtl_err *err)
{
    wtl_meta meta = wtl_index_meta(e);
    AUTO(wtl_buf) context = {0};
    TRY(wtl_subkey_object_context(&context, p->pre, e->object, e->generation, &meta, err));
    return wtl_chunked_seal_key(message, wtl_secret_view(p->object_key), wtl_buf_view(&context), header, err);
}

/* A small file: its object whole, from header to leaf table. */
static int seal_piece(const struct pack *k, struct slot *s, const struct piece *piece, wtl_err *err)
{
    wtl_entry *e = &k->p->entry[piece->i];
    AUTO(wtl_in) own = {.fd = -1};
    wtl_in *in = NULL;
    TRY(wtl_source_open(&k->p->source[piece->i], &own, &in, err));
    uint8_t *header = s->p + piece->at;
    AUTO(wtl_secret) message = {0};
    TRY(derive(k->p, e, &message, header, err));
    TRY(wtl_chunked_take(s->c, &message, err));
    uint8_t *table = header + wtl_chunked_sealed_size(e->plain);
    struct run u = {.in = in,
                    .begin = k->p->source[piece->i].from,
                    .p = header + HEADER,
                    .plain = (size_t)e->plain,
                    .last = true,
                    .leaf = table + WTL_HASHTREE_NODE};
    TRY(seal_run(k, s, &u, err));
    TRY(wtl_in_unchanged(in, err));
    if (!k->p->tree)
        return WTL_OK;
    TRY(wtl_leaves_one(s->leaves, (wtl_bytes){header, HEADER}, table, err));
    size_t leaves = (size_t)wtl_hashtree_leaves(wtl_chunked_sealed_size(e->plain));
    return wtl_hashtree_root((wtl_bytes){table, leaves * WTL_HASHTREE_NODE}, e->root, err);
}

static int seal_part(const struct pack *k, struct slot *s, wtl_err *err)
{
    TRY(wtl_chunked_take(s->c, &s->big->message, err));
    struct run u = {.in = s->big->in,
                    .begin = k->p->source[s->i].from,
                    .chunk = s->chunk,
                    .p = s->p + (s->chunk == 0 ? HEADER : 0),
                    .plain = s->plain,
                    .last = s->last,
                    .leaf = s->leaf};
    return seal_run(k, s, &u, err);
}

static int work(void *arg, size_t at, wtl_err *err)
{
    const struct pack *k = arg;
    struct slot *s = &k->slot[at];
    if (s->big != NULL)
        return seal_part(k, s, err);
    for (size_t i = 0; i < s->n_pieces; i++)
        TRY(seal_piece(k, s, &s->piece[i], err));
    return WTL_OK;
}

/* As many of the next small files as fit. */
static void gather(struct pack *k, struct slot *s)
{
    for (; k->next < k->p->n && s->n_pieces < WTL_SHARE_PIECES; k->next++) {
        const wtl_source *from = &k->p->source[k->next];
        wtl_entry *e = &k->p->entry[k->next];
        if (wtl_source_is_dir(from))
            continue;
        if (wtl_source_is_stream(from))
            return;
        e->plain = wtl_source_size(from);
        uint64_t size = wtl_index_extent(e);
        if (size > k->room - s->n)
            return;
        s->piece[s->n_pieces++] = (struct piece){k->next, s->n};
        s->n += (size_t)size;
    }
}

static int begin_big(struct pack *k, wtl_err *err)
{
    const wtl_source *from = &k->p->source[k->next];
    const wtl_entry *e = &k->p->entry[k->next];
    ENSURE(wtl_chunked_sealed_size(e->plain) != UINT64_MAX, err, WTL_USAGE,
           "a file of %llu bytes is larger than a container holds", (unsigned long long)e->plain);
    struct big *b = calloc(1, sizeof *b);
    ENSURE(b != NULL, err, WTL_NOMEM, "out of memory");
    k->big = b;
    k->chunk = 0;
    b->own.fd = -1;
    TRY(wtl_source_open(from, &b->own, &b->in, err));
    return derive(k->p, e, &b->message, b->header, err);
}

/* The next part of the big file; what comes from a stream is read here, since it comes in order. */
static int fill_part(struct pack *k, struct slot *s, wtl_err *err)
{
    s->big = k->big;
    s->i = k->next;
    s->chunk = k->chunk;
    if (k->chunk == 0) {
        memcpy(s->p, k->big->header, HEADER);
        s->n = HEADER;
    }
    size_t most = k->share.chunks * PLAIN;
    s->plain = most;
    if (k->big->in == NULL) {
        TRY(wtl_source_next(&k->p->source[k->next], s->p + s->n, most, &s->plain, err));
    } else {
        uint64_t left = k->p->entry[k->next].plain - k->chunk * PLAIN;
        s->plain = left < most ? (size_t)left : most;
    }
    s->last = s->plain < most;
    s->n += sealed_of(s->plain, s->last);
    k->chunk += k->share.chunks;
    if (s->last) {
        k->big = NULL; /* the batch has it now */
        k->next++;
    }
    return WTL_OK;
}

static int fill(void *arg, size_t at, bool *end, wtl_err *err)
{
    struct pack *k = arg;
    struct slot *s = &k->slot[at];
    s->n = 0;
    s->n_pieces = 0;
    s->big = NULL;
    s->last = false;
    if (k->big == NULL) {
        gather(k, s);
        if (s->n_pieces > 0)
            return WTL_OK;
        *end = k->next == k->p->n;
        if (*end)
            return WTL_OK;
        TRY(begin_big(k, err));
    }
    return fill_part(k, s, err);
}

static int put(struct pack *k, wtl_bytes v, wtl_err *err)
{
    TRY(wtl_out_write(k->p->out, v, err));
    k->p->at += v.n;
    return WTL_OK;
}

static void tell(struct pack *k, uint64_t plain)
{
    const wtl_progress *g = k->p->progress;
    k->p->plain += plain;
    if (g->step != NULL)
        g->step(g->arg, k->p->plain, k->total);
}

static int put_pieces(struct pack *k, struct slot *s, wtl_err *err)
{
    uint64_t plain = 0;
    for (size_t i = 0; i < s->n_pieces; i++) {
        wtl_entry *e = &k->p->entry[s->piece[i].i];
        e->offset = k->p->at + s->piece[i].at;
        plain += e->plain;
    }
    TRY(put(k, (wtl_bytes){s->p, s->n}, err));
    tell(k, plain);
    return WTL_OK;
}

/* The big file's last batch was written: its leaf table follows. */
static int end_big(struct pack *k, struct slot *s, wtl_entry *e, wtl_err *err)
{
    if (s->big->in != NULL)
        TRY(wtl_in_unchanged(s->big->in, err));
    close_big(s->big);
    s->big = NULL;
    if (!k->p->tree)
        return WTL_OK;
    TRY(wtl_hashtree_root(wtl_buf_view(&k->table), e->root, err));
    return put(k, wtl_buf_view(&k->table), err);
}

static int put_part(struct pack *k, struct slot *s, wtl_err *err)
{
    wtl_entry *e = &k->p->entry[s->i];
    if (s->chunk == 0) {
        e->offset = k->p->at;
        wtl_buf_clear(&k->table);
        uint8_t *leaf = wtl_buf_grow(&k->table, WTL_HASHTREE_NODE);
        ENSURE(leaf != NULL, err, WTL_NOMEM, "out of memory");
        if (k->p->tree)
            TRY(wtl_leaves_one(s->leaves, (wtl_bytes){s->p, HEADER}, leaf, err));
    }
    TRY(put(k, (wtl_bytes){s->p, s->n}, err));
    if (s->big->in == NULL)
        e->plain = s->chunk * PLAIN + s->plain;
    if (k->p->tree) {
        size_t chunks = s->plain / PLAIN + s->last;
        wtl_buf_add(&k->table, s->leaf,
                    (chunks + WTL_HASHTREE_CHUNKS - 1) / WTL_HASHTREE_CHUNKS * WTL_HASHTREE_NODE);
        TRY(wtl_buf_check(&k->table, err));
    }
    tell(k, s->plain);
    return s->last ? end_big(k, s, e, err) : WTL_OK;
}

static int drain(void *arg, size_t at, wtl_err *err)
{
    struct pack *k = arg;
    struct slot *s = &k->slot[at];
    return s->big != NULL ? put_part(k, s, err) : put_pieces(k, s, err);
}

static int make_slots(struct pack *k, wtl_err *err)
{
    k->room = HEADER + k->share.chunks * SEALED;
    if (k->p->tree)
        k->room += (k->share.segments + 1) * WTL_HASHTREE_NODE;
    k->slot = calloc(k->share.slots, sizeof *k->slot);
    ENSURE(k->slot != NULL, err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; i < k->share.slots; i++) {
        k->slot[i].p = malloc(k->room);
        ENSURE(k->slot[i].p != NULL, err, WTL_NOMEM, "out of memory");
        TRY(wtl_chunked_new(&k->slot[i].c, WTL_AEAD_SEAL, err));
        if (k->p->tree)
            TRY(wtl_leaves_new(&k->slot[i].leaves, err));
    }
    return WTL_OK;
}

/* Content lies unencrypted in a batch only between its reading and its work: after a failure. */
static void free_slots(struct pack *k)
{
    for (size_t i = 0; k->slot != NULL && i < k->share.slots; i++) {
        struct slot *s = &k->slot[i];
        if (k->failed && s->p != NULL)
            wtl_secret_wipe(s->p, k->room);
        free(s->p);
        if (s->last)
            close_big(s->big);
        wtl_chunked_free(s->c);
        wtl_leaves_free(s->leaves);
    }
    free(k->slot);
    close_big(k->big);
    wtl_buf_free(&k->table);
}

static int run(struct pack *k, wtl_err *err)
{
    TRY(make_slots(k, err));
    wtl_line line = {.arg = k,
                     .slots = k->share.slots,
                     .threads = k->share.threads,
                     .fill = fill,
                     .work = work,
                     .drain = drain};
    return wtl_line_run(&line, err);
}

int wtl_pack_run(wtl_pack *p, wtl_err *err)
{
    struct pack k = {.p = p};
    bool stream = false;
    for (size_t i = 0; i < p->n; i++) {
        stream = stream || wtl_source_is_endless(&p->source[i]);
        k.total += wtl_source_is_dir(&p->source[i]) ? 0 : wtl_source_size(&p->source[i]);
    }
    k.share = wtl_share_of(p->threads, p->tree, stream ? UINT64_MAX : k.total, p->n);
    if (stream)
        k.total = 0;
    int rc = run(&k, err);
    k.failed = rc < 0;
    free_slots(&k);
    return rc;
}
