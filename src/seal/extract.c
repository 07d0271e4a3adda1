#include "seal/extract.h"

#include <stdlib.h>

#include "base/text.h"
#include "crypto/lanes.h"
#include "seal/lens.h"
#include "seal/share.h"
#include "work/line.h"

enum { PLAIN = WTL_CHUNKED_PLAIN };

/* A batch: small entries whole, or a part of a big file. */
struct slot {
    uint8_t *p; /* plaintext */
    size_t n;
    size_t used;            /* the most that n ever was */
    const wtl_entry *entry; /* small ones, following one another */
    size_t n_entries;
    wtl_object *big; /* the rest is for a part */
    uint64_t from;
    uint64_t to;
    bool first;
    bool last;
    wtl_lens *lens;
};

struct job {
    const wtl_extract *x;
    wtl_share share;
    size_t room; /* bytes of a batch */
    bool whole;  /* files are read to the chunk that ends them */
    struct slot *slot;
    wtl_secret key;
    /* filling */
    size_t next;
    wtl_object *big;
    uint64_t at; /* of it: what was given out so far */
    uint64_t end;
};

static void close_big(wtl_object *o)
{
    if (o != NULL)
        wtl_object_auto(o);
    free(o);
}

static bool is_file(const wtl_entry *e)
{
    return e->type == WTL_ENTRY_FILE;
}

/* Puts the entry's name before what was found wrong with it. */
static int named(const wtl_entry *e, int rc, wtl_err *err)
{
    if (rc != WTL_NO || err == NULL)
        return rc;
    AUTO(wtl_buf) quoted = {0};
    wtl_text_quote(&quoted, wtl_text_of(e->name));
    const char *shown = wtl_buf_cstr(&quoted);
    if (shown != NULL)
        wtl_err_prefix(err, "\"%.300s\": ", shown);
    return rc;
}

static int open_small(const struct job *j, struct slot *s, const wtl_entry *e, uint8_t *to, wtl_err *err)
{
    AUTO(wtl_object) o = {0};
    TRY(wtl_object_open(&o, j->x->r, &j->key, e, j->x->tree, err));
    return wtl_lens_read(s->lens, &o, 0, e->plain, true, to, err);
}

static int open_part(const struct job *j, const struct slot *s, wtl_err *err)
{
    return wtl_lens_read(s->lens, s->big, s->from, s->to, s->last && j->whole, s->p, err);
}

static int work(void *arg, size_t at, wtl_err *err)
{
    const struct job *j = arg;
    struct slot *s = &j->slot[at];
    s->used = s->n > s->used ? s->n : s->used;
    if (s->big != NULL)
        return named(s->big->e, open_part(j, s, err), err);
    uint8_t *to = s->p;
    for (size_t i = 0; i < s->n_entries; i++) {
        const wtl_entry *e = &s->entry[i];
        if (is_file(e))
            TRY(named(e, open_small(j, s, e, to, err), err));
        to += e->plain;
    }
    return WTL_OK;
}

/* As many of the next small entries as fit. */
static void gather(struct job *j, struct slot *s)
{
    s->entry = &j->x->e[j->next];
    while (!j->x->has_range && j->next < j->x->n && s->n_entries < WTL_SHARE_PIECES) {
        const wtl_entry *e = &j->x->e[j->next];
        if (e->plain > j->room - s->n)
            return;
        s->n += (size_t)e->plain;
        s->n_entries++;
        j->next++;
    }
}

static int begin_big(struct job *j, wtl_err *err)
{
    const wtl_entry *e = &j->x->e[j->next];
    j->big = calloc(1, sizeof *j->big);
    ENSURE(j->big != NULL, err, WTL_NOMEM, "out of memory");
    j->at = j->x->has_range ? j->x->from : 0;
    j->end = j->x->has_range ? j->x->to : e->plain;
    return named(e, wtl_object_open(j->big, j->x->r, &j->key, e, j->x->tree, err), err);
}

/* The next part; but for the first one it begins with a batch's worth of chunks or segments. */
static void fill_part(struct job *j, struct slot *s)
{
    uint64_t next = (j->at / j->room + 1) * j->room;
    s->big = j->big;
    s->first = j->at == (j->x->has_range ? j->x->from : 0);
    s->from = j->at;
    s->to = next < j->end ? next : j->end;
    s->last = s->to == j->end;
    s->n = (size_t)(s->to - s->from);
    j->at = s->to;
    if (s->last) {
        j->big = NULL; /* the batch has it now */
        j->next++;
    }
}

static int fill(void *arg, size_t at, bool *end, wtl_err *err)
{
    struct job *j = arg;
    struct slot *s = &j->slot[at];
    s->n = 0;
    s->n_entries = 0;
    s->big = NULL;
    s->last = false;
    if (j->big == NULL) {
        gather(j, s);
        if (s->n_entries > 0)
            return WTL_OK;
        *end = j->next == j->x->n;
        if (*end)
            return WTL_OK;
        TRY(begin_big(j, err));
    }
    fill_part(j, s);
    return WTL_OK;
}

static int put_entries(const wtl_sink *k, const struct slot *s, wtl_err *err)
{
    const uint8_t *from = s->p;
    for (size_t i = 0; i < s->n_entries; i++) {
        const wtl_entry *e = &s->entry[i];
        TRY(k->begin(k->arg, e, err));
        if (e->plain > 0)
            TRY(k->part(k->arg, (wtl_bytes){from, (size_t)e->plain}, err));
        TRY(k->end(k->arg, e, err));
        from += e->plain;
    }
    return WTL_OK;
}

static int put_part(const wtl_sink *k, struct slot *s, wtl_err *err)
{
    const wtl_entry *e = s->big->e;
    if (s->first)
        TRY(k->begin(k->arg, e, err));
    if (s->n > 0)
        TRY(k->part(k->arg, (wtl_bytes){s->p, s->n}, err));
    if (!s->last)
        return WTL_OK;
    close_big(s->big);
    s->big = NULL;
    return k->end(k->arg, e, err);
}

static int drain(void *arg, size_t at, wtl_err *err)
{
    const struct job *j = arg;
    struct slot *s = &j->slot[at];
    return s->big != NULL ? put_part(&j->x->sink, s, err) : put_entries(&j->x->sink, s, err);
}

static int make_slots(struct job *j, wtl_err *err)
{
    j->room = j->share.chunks * PLAIN;
    j->slot = calloc(j->share.slots, sizeof *j->slot);
    ENSURE(j->slot != NULL, err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; i < j->share.slots; i++) {
        j->slot[i].p = malloc(j->room);
        ENSURE(j->slot[i].p != NULL, err, WTL_NOMEM, "out of memory");
        TRY(wtl_lens_new(&j->slot[i].lens, j->x->tree, j->share.segments, err));
    }
    return wtl_subkey_derive(&j->key, &j->x->r->file_key, WTL_SUBKEY_OBJECT, err);
}

static void free_slots(struct job *j)
{
    for (size_t i = 0; j->slot != NULL && i < j->share.slots; i++) {
        struct slot *s = &j->slot[i];
        if (s->p != NULL)
            wtl_secret_wipe(s->p, s->used);
        free(s->p);
        if (s->last)
            close_big(s->big);
        wtl_lens_free(s->lens);
    }
    free(j->slot);
    close_big(j->big);
    wtl_secret_free(&j->key);
}

/* An empty range, though the file has bytes: nothing is read. */
static int give_nothing(const wtl_extract *x, wtl_err *err)
{
    TRY(x->sink.begin(x->sink.arg, x->e, err));
    return x->sink.end(x->sink.arg, x->e, err);
}

int wtl_extract_run(const wtl_extract *x, wtl_err *err)
{
    struct job j = {.x = x};
    uint64_t bytes = 0;
    for (size_t i = 0; i < x->n; i++)
        bytes += x->e[i].plain;
    if (x->has_range) {
        ENSURE(x->n == 1 && x->from <= x->to && x->to <= x->e->plain, err, WTL_BUG,
               "a range outside the file");
        bytes = x->to - x->from;
        if (bytes == 0 && x->e->plain > 0)
            return give_nothing(x, err);
    }
    j.whole = !x->has_range || (x->from == 0 && x->to == x->e->plain);
    j.share = wtl_share_of(x->threads, x->tree, bytes, x->n);
    wtl_line line = {.arg = &j,
                     .slots = j.share.slots,
                     .threads = j.share.threads,
                     .fill = fill,
                     .work = work,
                     .drain = drain};
    int rc = make_slots(&j, err);
    if (rc == WTL_OK)
        rc = wtl_line_run(&line, err);
    free_slots(&j);
    return rc;
}
