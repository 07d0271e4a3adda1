#include "bench/cachecell.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/stop.h"
#include "bench/cachelane.h"
#include "bench/cacheown.h"
#include "bench/median.h"
#include "bench/process.h"

static const wtl_cachecell_kind kinds[WTL_CACHECELL_WHATS] = {
    [WTL_CACHECELL_GET] = {"get", "ns", 1},
    [WTL_CACHECELL_GROUPED] = {"get, 64 a section", "ns", 1},
    [WTL_CACHECELL_MANY] = {"get many, 32 a call", "ns", 1},
    [WTL_CACHECELL_MIXED] = {"get, one set in ten", "ns", 1},
    [WTL_CACHECELL_GET_2] = {"get, two threads", "M/s", 2},
    [WTL_CACHECELL_SCALE] = {"get, two threads over one", "x", 2},
    [WTL_CACHECELL_MIXED_2] = {"get, one set in ten, two threads", "M/s", 2},
    [WTL_CACHECELL_MIXED_SCALE] = {"get, one set in ten, two threads over one", "x", 2},
    [WTL_CACHECELL_LONE_P50] = {"lone get, p50", "ns", 1},
    [WTL_CACHECELL_LONE_P99] = {"lone get, p99", "ns", 1},
    [WTL_CACHECELL_LONE_CHAIN] = {"lone get, mean", "ns", 1},
    [WTL_CACHECELL_SET_NEW] = {"set, new keys", "ns", 1},
    [WTL_CACHECELL_SET_OVER] = {"set, over older values", "ns", 1},
    [WTL_CACHECELL_SET_EVICT] = {"set, another goes for each", "ns", 1},
    [WTL_CACHECELL_MEMORY] = {"memory an entry", "B", 1},
};

const wtl_cachecell_kind *wtl_cachecell_kind_of(enum wtl_cachecell_what w)
{
    return &kinds[w];
}

uint64_t wtl_cachecell_needs(const wtl_cachecell_plan *plan, bool sets)
{
    enum { BESIDE = 256, KEYS_A_STORED = 3 };
    uint64_t all = 0;
    for (size_t v = 0; v < plan->values; v++)
        all += (uint64_t)plan->keys * (plan->value_n[v] + BESIDE);
    uint64_t keys = (uint64_t)(sets ? KEYS_A_STORED * plan->keys : plan->keys + plan->asked) *
                    sizeof(wtl_cachepeer_key);
    return all / 4 * 5 * (sets ? 1 : plan->tables->n) + keys;
}

/* What one process tells the other. */
typedef struct told {
    int rc;
    wtl_err err;
    wtl_cachecell cell;
} told;

typedef struct task {
    const wtl_cachecell_plan *plan;
    told *told;
    int (*run)(const struct task *t, wtl_err *err);
    unsigned round; /* of sets */
    size_t table;
} task;

static wtl_cachepeer_value *value_of(size_t n)
{
    wtl_cachepeer_value *v = malloc(sizeof *v + n);
    if (v == NULL)
        return NULL;
    uint8_t *p = (uint8_t *)(v + 1);
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(i * 31);
    *v = (wtl_cachepeer_value){p, n};
    return v;
}

/* All of `keys` into the table, or WTL_NOMEM. */
static int fill(const wtl_cachepeer *p, void *table, const wtl_cachepeer_key *keys, size_t n,
                const wtl_cachepeer_value *v, wtl_err *err)
{
    void *handle = p->join != NULL ? p->join(table) : table;
    ENSURE(handle != NULL, err, WTL_NOMEM, "%s has no handle for a thread", p->name);
    size_t stored = p->set(handle, keys, n, v);
    if (p->leave != NULL)
        p->leave(handle);
    ENSURE(stored == n, err, WTL_NOMEM, "%s took %zu of %zu entries", p->name, stored, n);
    return WTL_OK;
}

/* ---- gets */

/* One table with one size of value. */
typedef struct seat {
    const wtl_cachepeer *peer;
    void *table;
    wtl_cachepeer_value *value;
    wtl_median of[WTL_CACHECELL_WHATS];
} seat;

typedef struct gets {
    const wtl_cachecell_plan *plan;
    wtl_cachekeys keys;
    wtl_cachepeer_value *value[WTL_CACHECELL_VALUES_MOST];
    seat seat[WTL_CACHECELL_VALUES_MOST * WTL_CACHELOAD_MOST]; /* those of a size after one another */
    size_t n;
} gets;

static int rate_of(gets *g, seat *s, wtl_cachepeer_fn *op, unsigned threads, double *rate, wtl_err *err)
{
    wtl_cachelane lane = {s->peer, s->table, &g->keys, *s->value};
    *rate = 0;
    ENSURE(wtl_stop_asked() == 0, err, WTL_IO, "ended on request");
    return op != NULL ? wtl_cachelane_rate(&lane, op, threads, rate, err) : WTL_OK;
}

static void add(seat *s, enum wtl_cachecell_what w, double v)
{
    if (v > 0)
        wtl_median_add(&s->of[w], v);
}

static double ns_of(double million_a_second)
{
    return million_a_second > 0 ? 1e3 / million_a_second : 0;
}

/* One thread, then two. */
static int turn_both(gets *g, seat *s, wtl_cachepeer_fn *op, bool two, enum wtl_cachecell_what first,
                     wtl_err *err)
{
    double one = 0;
    double both = 0;
    TRY(rate_of(g, s, op, 1, &one, err));
    add(s, first, ns_of(one));
    if (!two)
        return WTL_OK;
    TRY(rate_of(g, s, op, 2, &both, err));
    bool mixed = first == WTL_CACHECELL_MIXED;
    add(s, mixed ? WTL_CACHECELL_MIXED_2 : WTL_CACHECELL_GET_2, both);
    add(s, mixed ? WTL_CACHECELL_MIXED_SCALE : WTL_CACHECELL_SCALE, both / one);
    return WTL_OK;
}

static int turn_lone(gets *g, seat *s, unsigned round, wtl_err *err)
{
    const wtl_cachecell_plan *plan = g->plan;
    wtl_cachelane lane = {s->peer, s->table, &g->keys, *s->value};
    size_t places = plan->asked / plan->lone;
    wtl_cachelane_lone_times t;
    TRY(wtl_cachelane_lone(&lane, round % places * plan->lone, plan->lone, &t, err));
    add(s, WTL_CACHECELL_LONE_P50, t.p50);
    add(s, WTL_CACHECELL_LONE_P99, t.p99);
    add(s, WTL_CACHECELL_LONE_CHAIN, t.chain);
    return WTL_OK;
}

/* Of its turn a table spends the first part on getting back into the processor's caches, from which the others drove it. */
static int turn(gets *g, seat *s, unsigned round, wtl_err *err)
{
    const wtl_cachepeer *p = s->peer;
    const wtl_cachecell_plan *plan = g->plan;
    double rate = 0;
    if (plan->step != NULL)
        plan->step(plan->arg, p->name, plan->keys, s->value->n, plan->zipf, round);
    TRY(rate_of(g, s, p->get, 1, &rate, err));
    TRY(turn_both(g, s, p->get, !plan->brief, WTL_CACHECELL_GET, err));
    TRY(turn_lone(g, s, round, err));
    if (plan->brief)
        return WTL_OK;
    TRY(rate_of(g, s, p->grouped, 1, &rate, err));
    add(s, WTL_CACHECELL_GROUPED, ns_of(rate));
    TRY(rate_of(g, s, p->many, 1, &rate, err));
    add(s, WTL_CACHECELL_MANY, ns_of(rate));
    return turn_both(g, s, p->mixed, (p->flags & WTL_CACHEPEER_WRITERS) != 0, WTL_CACHECELL_MIXED, err);
}

static int open_seat(gets *g, size_t v, const wtl_cachepeer *p, wtl_err *err)
{
    const wtl_cachecell_plan *plan = g->plan;
    seat *s = &g->seat[g->n];
    *s = (seat){.peer = p, .value = g->value[v], .table = p->open(plan->keys, plan->value_n[v], 0)};
    ENSURE(s->table != NULL, err, WTL_NOMEM, "%s has no memory for %zu entries of %zu bytes", p->name,
           plan->keys, plan->value_n[v]);
    g->n++;
    return fill(p, s->table, g->keys.all, plan->keys, s->value, err);
}

static int open_all(gets *g, wtl_err *err)
{
    const wtl_cachecell_plan *plan = g->plan;
    TRY(wtl_cachekeys_make(&g->keys, plan->keys, plan->asked, plan->zipf, err));
    for (size_t v = 0; v < plan->values; v++) {
        g->value[v] = value_of(plan->value_n[v]);
        ENSURE(g->value[v] != NULL, err, WTL_NOMEM, "out of memory");
        for (size_t i = 0; i < plan->tables->n; i++)
            TRY(open_seat(g, v, plan->tables->peer[i], err));
    }
    return WTL_OK;
}

static int take_turns(gets *g, wtl_err *err)
{
    for (unsigned round = 0; round < g->plan->rounds; round++) {
        for (size_t i = 0; i < g->n; i++)
            TRY(turn(g, &g->seat[(i + round) % g->n], round, err));
    }
    return WTL_OK;
}

static void gets_close(gets *g)
{
    for (size_t i = 0; i < g->n; i++)
        g->seat[i].peer->close(g->seat[i].table);
    for (size_t v = 0; v < g->plan->values; v++)
        free(g->value[v]);
    wtl_cachekeys_free(&g->keys);
    free(g);
}

static int run_gets(const task *t, wtl_err *err)
{
    gets *g = calloc(1, sizeof *g);
    size_t tables = t->plan->tables->n;
    ENSURE(g != NULL, err, WTL_NOMEM, "out of memory");
    g->plan = t->plan;
    int rc = open_all(g, err);
    if (rc == WTL_OK)
        rc = take_turns(g, err);
    for (size_t i = 0; rc == WTL_OK && i < g->n; i++) {
        for (size_t w = 0; w < WTL_CACHECELL_WHATS; w++)
            t->told->cell.of[i / tables][w][i % tables] = wtl_median_of(&g->seat[i].of[w]);
    }
    gets_close(g);
    return rc;
}

/* ---- sets */

typedef struct sets {
    const wtl_cachepeer *peer;
    size_t n;
    wtl_cachekeys keys; /* KEY_SETS times n */
    wtl_cachepeer_value *value;
    void *table, *handle;
} sets;

enum { KEY_SETS = 3 };

/* Of this thread alone. */
static double processor_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int sets_open(sets *s, int full, wtl_err *err)
{
    const wtl_cachepeer *p = s->peer;
    s->table = p->open(s->n, s->value->n, full);
    s->handle = s->table != NULL && p->join != NULL ? p->join(s->table) : s->table;
    ENSURE(s->handle != NULL, err, WTL_NOMEM, "%s has no memory for %zu entries of %zu bytes", p->name, s->n,
           s->value->n);
    return WTL_OK;
}

static void sets_close(sets *s)
{
    if (s->handle != NULL && s->peer->leave != NULL)
        s->peer->leave(s->handle);
    if (s->table != NULL)
        s->peer->close(s->table);
    s->table = s->handle = NULL;
}

/* Nanoseconds a set of the first n keys. */
static int sets_all(sets *s, double *ns, wtl_err *err)
{
    double from = processor_ns();
    size_t stored = s->peer->set(s->handle, s->keys.all, s->n, s->value);
    *ns = (processor_ns() - from) / (double)s->n;
    ENSURE(stored == s->n, err, WTL_NOMEM, "%s took %zu of %zu entries", s->peer->name, stored, s->n);
    return WTL_OK;
}

static uint64_t malloc_bytes(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

static int sets_growing(sets *s, wtl_cachecell *out, size_t at, wtl_err *err)
{
    uint64_t before = malloc_bytes();
    TRY(sets_open(s, 0, err));
    TRY(sets_all(s, &out->of[0][WTL_CACHECELL_SET_NEW][at], err));
    if (s->peer->size == NULL)
        out->of[0][WTL_CACHECELL_MEMORY][at] = (double)(malloc_bytes() - before) / (double)s->n;
    TRY(sets_all(s, &out->of[0][WTL_CACHECELL_SET_OVER][at], err));
    sets_close(s);
    return WTL_OK;
}

/* New keys into a full table, after each was asked for in vain, as an application does. A table that evicts nothing is made to delete
 * as many of its oldest. */
static int sets_full(sets *s, wtl_cachecell *out, size_t at, wtl_err *err)
{
    enum { BLOCK = 256, SOME = 16 };
    const wtl_cachepeer *p = s->peer;
    bool evicts = (p->flags & WTL_CACHEPEER_EVICTS) != 0;
    const wtl_cachepeer_key *all = s->keys.all;
    size_t filled = evicts ? 2 * s->n : s->n; /* full for sure */
    size_t stored = 0;
    double took = 0;
    TRY(sets_open(s, 1, err));
    size_t first = p->set(s->handle, all, filled, s->value);
    ENSURE(evicts || first == filled, err, WTL_NOMEM, "%s took %zu of %zu entries", p->name, first, filled);
    for (size_t i = 0; i + BLOCK <= s->n; i += BLOCK) {
        (void)p->get(s->handle, all + filled + i, BLOCK, s->value);
        double from = processor_ns();
        for (size_t k = i; k < i + BLOCK; k += SOME) {
            stored += p->set(s->handle, all + filled + k, SOME, s->value);
            if (!evicts)
                (void)p->del(s->handle, all + k, SOME, s->value);
        }
        took += processor_ns() - from;
    }
    ENSURE(stored > 0, err, WTL_BUG, "%s took none of %zu entries once it was full", p->name, s->n);
    out->of[0][WTL_CACHECELL_SET_EVICT][at] = took / (double)stored;
    if (p->size != NULL) {
        uint64_t bytes = 0;
        uint64_t entries = 0;
        p->size(s->table, &bytes, &entries);
        out->of[0][WTL_CACHECELL_MEMORY][at] = (double)bytes / (double)(entries > 0 ? entries : 1);
    }
    sets_close(s);
    return WTL_OK;
}

static int run_sets(const task *t, wtl_err *err)
{
    sets s = {.peer = t->plan->tables->peer[t->table], .n = t->plan->keys};
    if (t->plan->step != NULL)
        t->plan->step(t->plan->arg, s.peer->name, s.n, t->plan->value_n[0], false, t->round);
    t->told->cell.pinned = wtl_cachelane_pin(0);
    s.value = value_of(t->plan->value_n[0]);
    int rc = s.value != NULL ? wtl_cachekeys_make(&s.keys, KEY_SETS * s.n, 0, false, err)
                             : WTL_FAIL(err, WTL_NOMEM, "out of memory");
    if (rc == WTL_OK)
        rc = sets_growing(&s, &t->told->cell, t->table, err);
    if (rc == WTL_OK)
        rc = sets_full(&s, &t->told->cell, t->table, err);
    sets_close(&s);
    wtl_cachekeys_free(&s.keys);
    free(s.value);
    return rc;
}

/* ---- processes */

/* malloc keeps what it has, as a program's does that runs for long, and takes more in pieces that hold huge pages. */
static void settle_malloc(void)
{
    enum { PAD = 64 << 20, OWN_MAPPING = 1 << 20 };
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
    mallopt(M_TOP_PAD, PAD);
    mallopt(M_MMAP_THRESHOLD, OWN_MAPPING);
}

static int in_child(void *arg)
{
    const task *t = arg;
    wtl_cachecell *cell = &t->told->cell;
    settle_malloc();
    cell->pinned = wtl_process_cpu_at(1) >= 0;
    t->told->rc = t->run(t, &t->told->err);
    cell->huge_pages = wtl_cacheown_huge_pages();
    snprintf(cell->level, sizeof cell->level, "%s", wtl_cacheown_level());
    wtl_cachelane_clock(&cell->clock_cost, &cell->clock_step);
    return 0;
}

static int in_process(task *t, wtl_err *err)
{
    static const struct timespec nap = {0, 50000000};
    wtl_process p = {0};
    t->told->rc = WTL_FAIL(&t->told->err, WTL_BUG, "the process that measured died");
    memset(&t->told->cell, 0, sizeof t->told->cell);
    TRY(wtl_process_fork(&p, in_child, t, -1, err));
    while (wtl_process_lives(&p) && wtl_stop_asked() == 0)
        nanosleep(&nap, NULL);
    wtl_process_stop(&p);
    ENSURE(wtl_stop_asked() == 0, err, WTL_IO, "ended on request");
    if (t->told->rc < 0 && err != NULL)
        *err = t->told->err;
    return t->told->rc;
}

static told *told_open(wtl_err *err)
{
    told *t = mmap(NULL, sizeof *t, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (t != MAP_FAILED)
        return t;
    (void)WTL_FAIL_SYS(err, WTL_NOMEM, errno, "no memory to share with another process");
    return NULL;
}

int wtl_cachecell_gets(wtl_cachecell *out, const wtl_cachecell_plan *plan, wtl_err *err)
{
    task t = {.plan = plan, .told = told_open(err), .run = run_gets};
    if (t.told == NULL)
        return WTL_NOMEM;
    int rc = in_process(&t, err);
    if (rc == WTL_OK)
        *out = t.told->cell;
    munmap(t.told, sizeof *t.told);
    return rc;
}

static int sets_rounds(wtl_cachecell *out, task *t, wtl_median (*of)[WTL_CACHELOAD_MOST], wtl_err *err)
{
    for (t->round = 0; t->round < t->plan->rounds; t->round++) {
        for (t->table = 0; t->table < t->plan->tables->n; t->table++) {
            TRY(in_process(t, err));
            for (size_t w = 0; w < WTL_CACHECELL_WHATS; w++)
                wtl_median_add(&of[w][t->table], t->told->cell.of[0][w][t->table]);
            if (t->table == 0)
                *out = t->told->cell;
        }
    }
    return WTL_OK;
}

int wtl_cachecell_sets(wtl_cachecell *out, const wtl_cachecell_plan *plan, wtl_err *err)
{
    task t = {.plan = plan, .told = told_open(err), .run = run_sets};
    wtl_median(*of)[WTL_CACHELOAD_MOST] = calloc(WTL_CACHECELL_WHATS, sizeof *of);
    int rc = of != NULL ? WTL_OK : WTL_FAIL(err, WTL_NOMEM, "out of memory");
    if (t.told == NULL)
        rc = WTL_NOMEM;
    if (rc == WTL_OK)
        rc = sets_rounds(out, &t, of, err);
    for (size_t w = 0; rc == WTL_OK && w < WTL_CACHECELL_WHATS; w++) {
        for (size_t i = 0; i < plan->tables->n; i++)
            out->of[0][w][i] = wtl_median_of(&of[w][i]);
    }
    if (t.told != NULL)
        munmap(t.told, sizeof *t.told);
    free(of);
    return rc;
}
