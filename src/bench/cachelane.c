#include "bench/cachelane.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/median.h"
#include "bench/process.h"

static uint64_t wall(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* What came before is finished, and nothing after has begun. */
static uint64_t tick(void)
{
#if defined(__x86_64__)
    __builtin_ia32_lfence();
    uint64_t t = __builtin_ia32_rdtsc();
    __builtin_ia32_lfence();
    return t;
#else
    return wall();
#endif
}

/* Nanoseconds of a tick. */
static double tick_ns(void)
{
    static double ns;
    enum { LONG = 20000000 };
    if (ns > 0)
        return ns;
    uint64_t w = wall();
    uint64_t t = tick();
    while (wall() - w < LONG)
        ;
    ns = (double)(wall() - w) / (double)(tick() - t);
    return ns;
}

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* The clock may go in steps of many ticks, and where in a step a lookup begins is chance: what was seen as t lay within a step around it, spread
 * evenly. So the part below is found as in a histogram. `t` is sorted. */
static double quantile(const uint32_t *t, size_t n, double part, uint32_t step)
{
    double rank = part * (double)n;
    uint32_t v = t[rank < (double)n ? (size_t)rank : n - 1];
    size_t below = 0;
    size_t same = 0;
    for (size_t i = 0; i < n && t[i] <= v; i++) {
        below += t[i] < v;
        same += t[i] == v;
    }
    double at = v + ((rank - (double)below) / (double)same - 0.5) * step;
    return at > 0 ? at : 0;
}

static uint32_t step_of(const uint32_t *t, size_t n)
{
    uint32_t step = UINT32_MAX;
    for (size_t i = 1; i < n; i++) {
        if (t[i] != t[i - 1] && t[i] - t[i - 1] < step)
            step = t[i] - t[i - 1];
    }
    return step != UINT32_MAX ? step : 1;
}

/* A call that the compiler does not see through. */
typedef uint64_t clock_fn(void);
static clock_fn *opaque(clock_fn *f)
{
    clock_fn *volatile seen = f;
    return seen;
}

/* The clock as it is read around a lookup. */
static double empty_ticks(uint32_t *step)
{
    enum { TIMES = 8001 };
    uint32_t took[TIMES];
    clock_fn *read_clock = opaque(tick);
    for (size_t i = 0; i < TIMES; i++) {
        uint64_t from = read_clock();
        took[i] = (uint32_t)(read_clock() - from);
    }
    qsort(took, TIMES, sizeof took[0], ascending);
    *step = step_of(took, TIMES);
    return quantile(took, TIMES, 0.5, *step);
}

void wtl_cachelane_clock(double *cost, double *step)
{
    uint32_t ticks;
    *cost = empty_ticks(&ticks) * tick_ns();
    *step = ticks * tick_ns();
}

/* The last one first: the system's own work tends to go to the first. */
bool wtl_cachelane_pin(unsigned who)
{
    unsigned all = 0;
    while (wtl_process_cpu_at(all) >= 0)
        all++;
    return all > 1 && wtl_process_pin(wtl_process_cpu_at(all - 1 - who % all));
}

/* Threads begin together, and go on until the last has its chunks, so that all are counted under the same load. */
typedef struct crew {
    const wtl_cachelane *lane;
    wtl_cachepeer_fn *op;
    unsigned threads;
    atomic_uint ready, done;
} crew;

typedef struct member {
    _Alignas(128) crew *crew;
    pthread_t thread;
    unsigned who;
    uint64_t *took; /* nanoseconds of each chunk */
    size_t found;
    bool joined;
} member;

static void wait_for_all(crew *c)
{
    atomic_fetch_add(&c->ready, 1);
    while (atomic_load(&c->ready) < c->threads)
        ;
}

static void run_chunks(member *m, void *handle)
{
    crew *c = m->crew;
    const wtl_cachekeys *keys = c->lane->keys;
    size_t chunks = keys->n_asked / WTL_CACHELANE_CHUNK;
    if (chunks == 0 || c->threads == 0)
        return;
    size_t first = chunks * m->who / c->threads;
    for (size_t i = 0; i < chunks || atomic_load(&c->done) < c->threads; i++) {
        size_t at = (first + i) % chunks * WTL_CACHELANE_CHUNK;
        uint64_t from = wall();
        size_t found = c->op(handle, keys->asked + at, WTL_CACHELANE_CHUNK, &c->lane->value);
        if (i < chunks) {
            m->took[i] = wall() - from;
            m->found += found;
        }
        if (i + 1 == chunks)
            atomic_fetch_add(&c->done, 1);
    }
}

static void *run_member(void *arg)
{
    member *m = arg;
    crew *c = m->crew;
    const wtl_cachepeer *p = c->lane->peer;
    (void)wtl_cachelane_pin(m->who);
    void *handle = p->join != NULL ? p->join(c->lane->table) : c->lane->table;
    m->joined = handle != NULL;
    wait_for_all(c);
    if (handle == NULL)
        atomic_fetch_add(&c->done, 1);
    else
        run_chunks(m, handle);
    if (handle != NULL && p->leave != NULL)
        p->leave(handle);
    return NULL;
}

static int compare_took(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static int collect(member *m, size_t chunks, double *rate, wtl_err *err)
{
    const char *name = m->crew->lane->peer->name;
    ENSURE(m->joined, err, WTL_NOMEM, "%s has no handle for a thread", name);
    ENSURE(m->found == chunks * WTL_CACHELANE_CHUNK, err, WTL_BUG, "%s found %zu of %zu keys that are in it",
           name, m->found, chunks * WTL_CACHELANE_CHUNK);
    qsort(m->took, chunks, sizeof *m->took, compare_took);
    size_t middle = chunks / 2;
    *rate += 1e3 * WTL_CACHELANE_CHUNK / (double)m->took[middle];
    return WTL_OK;
}

static int start_all(crew *c, member *m, size_t chunks, unsigned *started, wtl_err *err)
{
    for (unsigned i = 0; i < c->threads; i++) {
        m[i].crew = c;
        m[i].who = i;
        m[i].took = calloc(chunks, sizeof *m[i].took);
        ENSURE(m[i].took != NULL, err, WTL_NOMEM, "out of memory");
    }
    for (; *started < c->threads; ++*started) {
        int rc = pthread_create(&m[*started].thread, NULL, run_member, &m[*started]);
        if (rc != 0) {
            /* those that wait must not wait for ever */
            atomic_fetch_add(&c->ready, c->threads);
            atomic_fetch_add(&c->done, c->threads);
            return WTL_FAIL_SYS(err, WTL_IO, rc, "cannot start a thread");
        }
    }
    return WTL_OK;
}

int wtl_cachelane_rate(const wtl_cachelane *l, wtl_cachepeer_fn *op, unsigned threads, double *rate,
                       wtl_err *err)
{
    crew c = {.lane = l, .op = op, .threads = threads};
    member m[WTL_CACHELANE_THREADS_MOST];
    size_t chunks = l->keys->n_asked / WTL_CACHELANE_CHUNK;
    unsigned started = 0;
    memset(m, 0, sizeof m);
    *rate = 0;
    ENSURE(threads >= 1 && threads <= WTL_CACHELANE_THREADS_MOST && chunks >= 1, err, WTL_USAGE,
           "a turn has 1 to %d threads and %d keys at the least", (int)WTL_CACHELANE_THREADS_MOST,
           (int)WTL_CACHELANE_CHUNK);
    int rc = start_all(&c, m, chunks, &started, err);
    for (unsigned i = 0; i < started; i++)
        pthread_join(m[i].thread, NULL);
    for (unsigned i = 0; i < threads && rc == WTL_OK; i++)
        rc = collect(&m[i], chunks, rate, err);
    for (unsigned i = 0; i < threads; i++)
        free(m[i].took);
    return rc;
}

/* As the clock, without reading it. */
static uint64_t wait_for_all_before(void)
{
#if defined(__x86_64__)
    __builtin_ia32_lfence();
    __builtin_ia32_lfence();
#else
    atomic_thread_fence(memory_order_seq_cst);
#endif
    return 0;
}

typedef struct loner {
    const wtl_cachelane *lane;
    const wtl_cachepeer_key *asked;
    uint32_t *ticks;
    size_t n, found;
    wtl_cachelane_lone_times times;
    bool joined;
} loner;

/* Nanoseconds of the middle one of many runs of lookups that each wait for the one before. */
static double chain_ns(loner *j, void *handle)
{
    enum { RUN = 512, RUNS_MOST = 1024 };
    uint64_t took[RUNS_MOST];
    size_t runs = 0;
    clock_fn *wait = opaque(wait_for_all_before);
    for (size_t i = 0; i + RUN <= j->n && runs < RUNS_MOST; i += RUN) {
        uint64_t from = wall();
        (void)j->lane->peer->lone(handle, j->asked + i, RUN, wait, j->ticks);
        uint64_t looked = wall();
        for (size_t k = 0; k < (size_t)2 * RUN; k++)
            (void)wait();
        uint64_t empty = wall() - looked;
        took[runs++] = looked - from > empty ? looked - from - empty : 0;
    }
    qsort(took, runs, sizeof took[0], compare_took);
    size_t middle = runs / 2;
    return runs > 0 ? (double)took[middle] / RUN : 0;
}

static void *run_loner(void *arg)
{
    loner *j = arg;
    const wtl_cachepeer *p = j->lane->peer;
    uint32_t step;
    (void)wtl_cachelane_pin(0);
    void *handle = p->join != NULL ? p->join(j->lane->table) : j->lane->table;
    j->joined = handle != NULL;
    if (handle == NULL)
        return NULL;
    j->times.chain = chain_ns(j, handle);
    double empty = empty_ticks(&step);
    j->found = p->lone(handle, j->asked, j->n, tick, j->ticks);
    if (p->leave != NULL)
        p->leave(handle);
    qsort(j->ticks, j->n, sizeof *j->ticks, ascending);
    j->times.p50 = (quantile(j->ticks, j->n, 0.5, step) - empty) * tick_ns();
    j->times.p99 = (quantile(j->ticks, j->n, 0.99, step) - empty) * tick_ns();
    return NULL;
}

int wtl_cachelane_lone(const wtl_cachelane *l, size_t at, size_t n, wtl_cachelane_lone_times *out,
                       wtl_err *err)
{
    loner j = {.lane = l, .asked = l->keys->asked + at, .n = n};
    pthread_t thread;
    (void)tick_ns(); /* once, not within a turn */
    j.ticks = calloc(n, sizeof *j.ticks);
    ENSURE(j.ticks != NULL, err, WTL_NOMEM, "out of memory");
    int rc = pthread_create(&thread, NULL, run_loner, &j);
    if (rc != 0) {
        free(j.ticks);
        return WTL_FAIL_SYS(err, WTL_IO, rc, "cannot start a thread");
    }
    pthread_join(thread, NULL);
    free(j.ticks);
    ENSURE(j.joined, err, WTL_NOMEM, "%s has no handle for a thread", l->peer->name);
    ENSURE(j.found == n, err, WTL_BUG, "%s found %zu of %zu keys that are in it", l->peer->name, j.found, n);
    *out = j.times;
    return WTL_OK;
}
