#include "sign/ranges.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "crypto/lanes.h"
#include "work/line.h"

enum {
    BUFFERS = 24 << 20,   /* of all threads, two sets each */
    SET_MOST = 512 << 10, /* bytes of all lanes that are hashed together */
    SPARE = 64,           /* after each piece */
    PAGE = 4096,
    OPEN_MOST = 512,      /* files, of all threads */
    TELL_EVERY = 8 << 20, /* bytes */
    TELL_MS = 100,        /* while others work */
    SMALL = 1 << 20       /* bytes for which a second thread is not worth its start */
};

/* A file as one worker has it open, for as many ranges as it works on. */
typedef struct opened {
    wtl_in own;
    wtl_in *in; /* NULL = free */
    size_t index;
    size_t users;
    uint64_t number; /* of the first range that it was opened for */
} opened;

/* One range on its way. */
typedef struct lane {
    bool busy;
    opened *file;
    uint64_t number; /* ranges are numbered in order */
    uint64_t at;     /* read up to here */
    uint64_t end;
    bool more;   /* there is something to be read; once also for an empty range */
    bool is_end; /* where it ends the file ends */
    uint8_t *out;
} lane;

/* What was read for each lane, hashed at once. */
typedef struct set {
    uint8_t *mem;
    wtl_bytes part[WTL_LANES_MOST];
    bool last[WTL_LANES_MOST]; /* with this part the range is complete */
    bool bad[WTL_LANES_MOST];  /* it could not be read; the failure is noted */
} set;

enum ahead { NOT_ASKED, ASKED, TAKEN, READY };

typedef struct worker {
    struct shared *s;
    wtl_lanes *lanes;
    lane lane[WTL_LANES_MOST];
    opened file[WTL_LANES_MOST];
    set set[2];
    unsigned turn;    /* the set that is hashed next */
    enum ahead ahead; /* under the lock */
    set *next;        /* the set that is read ahead, and for which lanes */
    uint32_t mask;
} worker;

typedef struct shared {
    const wtl_ranges *r;
    size_t lanes;     /* side by side, per worker */
    size_t open_most; /* per worker */
    size_t set_size;
    unsigned threads;
    uint64_t total;          /* bytes */
    pthread_t owner;         /* who hears of the progress */
    uint64_t told;           /* bytes; the owner's */
    _Atomic uint64_t done;   /* bytes read */
    _Atomic uint64_t failed; /* lowest range that failed, UINT64_MAX for none */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t index; /* file and range in it that come next, and their number */
    uint64_t range;
    uint64_t number;
    uint64_t ranges; /* in all */
    size_t busy;     /* workers with ranges */
    size_t idle;     /* workers that wait for something to read ahead */
    worker *asking[WTL_LINE_THREADS_MOST];
    size_t n_asking;
    int rc; /* of the range that failed */
    wtl_err err;
    size_t started; /* workers, by the line */
    worker *worker;
} shared;

uint64_t wtl_ranges_count(uint64_t size, uint64_t shard_size)
{
    if (size == 0 || shard_size == 0)
        return 1;
    return (size - 1) / shard_size + 1;
}

static void fail(shared *s, uint64_t number, int rc, const wtl_err *e)
{
    pthread_mutex_lock(&s->lock);
    if (number < s->failed) {
        s->failed = number;
        s->rc = rc;
        s->err = *e;
    }
    pthread_mutex_unlock(&s->lock);
}

static void tell(shared *s, bool at_end)
{
    uint64_t done = s->done;
    if (s->r->progress.step == NULL || !pthread_equal(pthread_self(), s->owner))
        return;
    if (done - s->told < TELL_EVERY && !(at_end && done != s->told))
        return;
    s->told = done;
    s->r->progress.step(s->r->progress.arg, done, s->total);
}

/* ---- files */

/* The file when the worker has it open, else a place for it, or NULL when too many are open. */
static opened *file_for(worker *w, size_t index)
{
    opened *unused = NULL;
    for (size_t i = 0; i < w->s->open_most; i++) {
        if (w->file[i].users > 0 && w->file[i].index == index)
            return &w->file[i];
        if (w->file[i].users == 0)
            unused = &w->file[i];
    }
    return unused;
}

static void open_file(worker *w, opened *f)
{
    const wtl_ranges *r = w->s->r;
    const wtl_ranges_file *file = &r->file[f->index];
    wtl_err e = {0};
    f->own = (wtl_in){.fd = -1};
    f->in = r->single;
    if (f->in != NULL)
        return;
    int rc = wtl_in_open_beneath(&f->own, r->root, file->path, file->seen, &e);
    if (rc < 0)
        fail(w->s, f->number, rc, &e);
    else
        f->in = &f->own;
}

static void release(worker *w, opened *f)
{
    if (--f->users > 0 || f->in == NULL)
        return;
    wtl_err e = {0};
    int rc = f->number < w->s->failed ? wtl_in_unchanged(f->in, &e) : WTL_OK;
    if (rc < 0)
        fail(w->s, f->number, rc, &e);
    if (f->in == &f->own)
        wtl_in_close(&f->own);
    f->in = NULL;
}

/* ---- taking ranges */

/* Under the lock: the next range goes to the lane, unless there is none or too many files are open. */
static bool take(worker *w, lane *l)
{
    shared *s = w->s;
    const wtl_ranges *r = s->r;
    if (s->number == s->ranges || s->number >= s->failed)
        return false;
    opened *f = file_for(w, s->index);
    if (f == NULL)
        return false;
    if (f->users++ == 0)
        *f = (opened){.index = s->index, .number = s->number, .users = 1};
    uint64_t size = (uint64_t)r->file[s->index].seen->size;
    uint64_t count = wtl_ranges_count(size, r->shard_size);
    uint64_t start = s->range * r->shard_size;
    bool is_end = s->range + 1 == count;
    uint8_t *out = r->file[s->index].out;
    *l = (lane){.busy = true,
                .file = f,
                .number = s->number++,
                .at = start,
                .end = is_end ? size : start + r->shard_size,
                .more = true,
                .is_end = is_end,
                .out = out != NULL ? out + (size_t)s->range * wtl_hash_size(r->hash) : NULL};
    s->range = is_end ? 0 : s->range + 1;
    s->index += is_end;
    return true;
}

static void drop(worker *w, size_t i)
{
    w->lane[i].busy = false;
    release(w, w->lane[i].file);
}

/* Opens what a lane just taken needs and begins its hash. */
static void begin(worker *w, size_t i)
{
    lane *l = &w->lane[i];
    if (l->file->in == NULL && l->file->number == l->number)
        open_file(w, l->file);
    wtl_err e = {0};
    int rc = l->file->in != NULL ? wtl_lanes_start(w->lanes, i, &e) : WTL_OK;
    if (rc < 0)
        fail(w->s, l->number, rc, &e);
    if (rc < 0 || l->file->in == NULL)
        drop(w, i);
}

/* Fills free lanes, and leaves the others their share of what is left. */
static void take_some(worker *w)
{
    shared *s = w->s;
    uint32_t fresh = 0;
    pthread_mutex_lock(&s->lock);
    uint64_t share = (s->ranges - s->number + s->threads - 1) / s->threads;
    for (size_t i = 0; i < s->lanes && share > 0; i++) {
        if (w->lane[i].busy)
            continue;
        if (!take(w, &w->lane[i]))
            break;
        fresh |= UINT32_C(1) << i;
        share--;
    }
    pthread_mutex_unlock(&s->lock);
    for (size_t i = 0; i < s->lanes; i++) {
        if ((fresh >> i & 1) != 0)
            begin(w, i);
    }
}

/* ---- reading */

static uint32_t to_read(const worker *w)
{
    uint32_t mask = 0;
    for (size_t i = 0; i < w->s->lanes; i++) {
        if (w->lane[i].busy && w->lane[i].more)
            mask |= UINT32_C(1) << i;
    }
    return mask;
}

/* The next piece of a range, `most` bytes at most; there is room for one more. */
static int read_piece(shared *s, lane *l, uint8_t *to, size_t most, size_t *n, wtl_err *err)
{
    uint64_t left = l->end - l->at;
    *n = left < most ? (size_t)left : most;
    l->more = *n < left;
    /* One byte more than the file had tells that it grew. */
    size_t want = *n + (!l->more && l->is_end);
    size_t got;
    TRY(wtl_in_pread(l->file->in, to, want, l->at, &got, err));
    if (got != *n) {
        TRY(wtl_in_unchanged(l->file->in, err));
        return WTL_FAIL(err, WTL_NO, "%s changed while it was read; try again when nothing writes to it",
                        l->file->in->name);
    }
    l->at += *n;
    s->done += *n;
    return WTL_OK;
}

/* Reads for the lanes of `mask`, on whichever thread. */
static void read_set(worker *w, set *t, uint32_t mask)
{
    shared *s = w->s;
    size_t n = (size_t)__builtin_popcount(mask);
    size_t most = n > 0 ? s->set_size / n & ~(size_t)(PAGE - 1) : 0;
    uint8_t *to = t->mem;
    for (size_t i = 0; i < WTL_LANES_MOST; i++) {
        t->part[i] = (wtl_bytes){to, 0};
        t->bad[i] = t->last[i] = false;
        if ((mask >> i & 1) == 0)
            continue;
        lane *l = &w->lane[i];
        wtl_err e = {0};
        bool wanted = l->number <= s->failed;
        int rc = wanted ? read_piece(s, l, to, most, &t->part[i].n, &e) : WTL_NO;
        if (rc < 0)
            t->part[i].n = 0;
        if (rc < 0 && wanted)
            fail(s, l->number, rc, &e);
        t->bad[i] = rc < 0;
        l->more = l->more && rc == WTL_OK;
        t->last[i] = rc == WTL_OK && !l->more;
        to += most + SPARE;
    }
}

static bool have_memory(const worker *w, set *t)
{
    if (t->mem == NULL)
        t->mem = malloc(w->s->set_size + (size_t)SPARE * WTL_LANES_MOST);
    return t->mem != NULL;
}

/* Lets an idle worker, if there is one, read the next set while this one is hashed. */
static bool ask_ahead(worker *w)
{
    shared *s = w->s;
    uint32_t mask = to_read(w);
    if (s->threads == 1 || mask == 0 || !have_memory(w, &w->set[!w->turn]))
        return false;
    pthread_mutex_lock(&s->lock);
    bool any = s->idle > s->n_asking;
    if (any) {
        w->next = &w->set[!w->turn];
        w->mask = mask;
        w->ahead = ASKED;
        s->asking[s->n_asking++] = w;
        pthread_cond_broadcast(&s->changed);
    }
    pthread_mutex_unlock(&s->lock);
    return any;
}

/* Makes sure that the set that was asked for is there: waits for who reads it, or reads it now. */
static void get_ahead(worker *w)
{
    shared *s = w->s;
    pthread_mutex_lock(&s->lock);
    enum ahead was = w->ahead;
    for (size_t i = 0; was == ASKED && i < s->n_asking; i++) {
        if (s->asking[i] == w)
            s->asking[i--] = s->asking[--s->n_asking];
    }
    while (was == TAKEN && w->ahead == TAKEN)
        pthread_cond_wait(&s->changed, &s->lock);
    w->ahead = NOT_ASKED;
    pthread_mutex_unlock(&s->lock);
    if (was == ASKED)
        read_set(w, w->next, w->mask);
}

static void read_for(shared *s, worker *other)
{
    other->ahead = TAKEN;
    pthread_mutex_unlock(&s->lock);
    read_set(other, other->next, other->mask);
    pthread_mutex_lock(&s->lock);
    other->ahead = READY;
    pthread_cond_broadcast(&s->changed);
}

static void wait_a_while(shared *s)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += TELL_MS * 1000000L;
    if (t.tv_nsec >= 1000000000L) {
        t.tv_nsec -= 1000000000L;
        t.tv_sec++;
    }
    pthread_cond_timedwait(&s->changed, &s->lock, &t);
    pthread_mutex_unlock(&s->lock);
    tell(s, false);
    pthread_mutex_lock(&s->lock);
}

/* When there is nothing more to take: reads ahead for the others until they are done. */
static void help(shared *s)
{
    pthread_mutex_lock(&s->lock);
    if (--s->busy == 0)
        pthread_cond_broadcast(&s->changed);
    while (s->busy > 0) {
        if (s->n_asking > 0) {
            read_for(s, s->asking[--s->n_asking]);
            continue;
        }
        s->idle++;
        if (pthread_equal(pthread_self(), s->owner))
            wait_a_while(s);
        else
            pthread_cond_wait(&s->changed, &s->lock);
        s->idle--;
    }
    pthread_mutex_unlock(&s->lock);
}

/* ---- hashing */

static void finish(worker *w, size_t i)
{
    uint8_t nowhere[WTL_HASH_MAX];
    lane *l = &w->lane[i];
    wtl_err e = {0};
    int rc = wtl_lanes_end(w->lanes, i, l->out != NULL ? l->out : nowhere, &e);
    if (rc < 0)
        fail(w->s, l->number, rc, &e);
    drop(w, i);
}

static void hash_set(worker *w, const set *t)
{
    wtl_err e = {0};
    int rc = wtl_lanes_add(w->lanes, t->part, &e);
    if (rc < 0)
        fail(w->s, 0, rc, &e);
}

static bool is_active(const worker *w)
{
    for (size_t i = 0; i < w->s->lanes; i++) {
        if (w->lane[i].busy)
            return true;
    }
    return false;
}

/* One set: read, hashed, and its ranges ended. */
static bool step(worker *w, bool was_asked)
{
    set *t = &w->set[w->turn];
    if (was_asked)
        get_ahead(w);
    else
        read_set(w, t, to_read(w));
    bool asked = ask_ahead(w);
    hash_set(w, t);
    for (size_t i = 0; i < w->s->lanes; i++) {
        if (t->bad[i])
            drop(w, i);
        else if (t->last[i])
            finish(w, i);
    }
    w->turn ^= asked;
    tell(w->s, false);
    return asked;
}

static void work_all(worker *w)
{
    bool asked = false;
    for (;;) {
        if (!asked)
            take_some(w);
        if (!asked && !is_active(w))
            return;
        asked = step(w, asked);
    }
}

/* ---- the line: an item is a worker that works as long as there is something */

static int start_worker(void *arg, size_t slot, bool *end, wtl_err *err)
{
    (void)slot, (void)err;
    shared *s = arg;
    *end = s->started == s->threads;
    s->started += !*end;
    return WTL_OK;
}

static int run_worker(void *arg, size_t slot, wtl_err *err)
{
    (void)err;
    shared *s = arg;
    worker *w = &s->worker[slot];
    w->s = s;
    pthread_mutex_lock(&s->lock);
    s->busy++;
    pthread_mutex_unlock(&s->lock);
    wtl_err e = {0};
    int rc = wtl_lanes_new(&w->lanes, s->r->hash, &e);
    if (rc == WTL_OK && !have_memory(w, &w->set[0]))
        rc = WTL_FAIL(&e, WTL_NOMEM, "out of memory");
    if (rc < 0)
        fail(s, 0, rc, &e);
    else
        work_all(w);
    help(s);
    return WTL_OK;
}

static int end_worker(void *arg, size_t slot, wtl_err *err)
{
    (void)err;
    shared *s = arg;
    worker *w = &s->worker[slot];
    wtl_lanes_free(w->lanes);
    free(w->set[0].mem);
    free(w->set[1].mem);
    return WTL_OK;
}

static unsigned choose_threads(const shared *s)
{
    if (s->total <= SMALL && s->ranges <= WTL_LANES_MOST)
        return 1;
    uint64_t most = s->ranges + 1; /* one reads ahead */
    unsigned n = wtl_line_threads(s->r->threads);
    return n < most ? n : (unsigned)most;
}

static void measure(shared *s)
{
    for (size_t i = 0; i < s->r->n; i++) {
        uint64_t size = (uint64_t)s->r->file[i].seen->size;
        s->total += size;
        s->ranges += wtl_ranges_count(size, s->r->shard_size);
    }
    s->lanes = wtl_lanes_width(s->r->hash);
    s->threads = choose_threads(s);
    s->open_most = OPEN_MOST / s->threads < s->lanes ? OPEN_MOST / s->threads : s->lanes;
    s->set_size = BUFFERS / 2 / s->threads < SET_MOST ? BUFFERS / 2 / s->threads : SET_MOST;
}

static int run(shared *s, wtl_err *err)
{
    s->worker = calloc(s->threads, sizeof *s->worker);
    ENSURE(s->worker != NULL, err, WTL_NOMEM, "out of memory");
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    wtl_line l = {.arg = s,
                  .slots = s->threads,
                  .threads = s->threads,
                  .fill = start_worker,
                  .work = run_worker,
                  .drain = end_worker};
    int rc = wtl_line_run(&l, err);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s->worker);
    return rc;
}

int wtl_ranges_digest(const wtl_ranges *r, uint64_t *done, wtl_err *err)
{
    *done = 0;
    if (r->n == 0)
        return WTL_OK;
    shared s = {.r = r, .owner = pthread_self(), .failed = UINT64_MAX};
    measure(&s);
    TRY(run(&s, err));
    *done = s.done;
    if (s.failed != UINT64_MAX) {
        if (err != NULL)
            *err = s.err;
        return s.rc;
    }
    tell(&s, true);
    return WTL_OK;
}

int wtl_ranges_digest_one(wtl_in *in, enum wtl_hash h, const wtl_progress *progress, uint8_t *out,
                          wtl_err *err)
{
    wtl_ranges_file file = {.seen = &in->stamp, .out = out};
    wtl_ranges r = {.single = in, .file = &file, .n = 1, .hash = h, .progress = *progress};
    uint64_t done;
    return wtl_ranges_digest(&r, &done, err);
}
