#include "work/line.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>

enum state { WAITING, DONE };

enum { STACK = 1 << 20 }; /* bytes a thread: the usual 8 MiB would count against limits on memory */

typedef struct shared {
    const wtl_line *l;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t filled;  /* items made so far */
    uint64_t taken;   /* of them, given to a thread */
    uint64_t drained; /* of them, taken away */
    bool filling;
    bool ended; /* nothing more is to be made */
    bool quit;  /* nothing more is to be done */
    enum state state[WTL_LINE_SLOTS_MOST];
    uint64_t failed; /* lowest item that failed, UINT64_MAX for none */
    int rc;          /* of it */
    wtl_err err;
} shared;

/* Under the lock. */
static void fail(shared *s, uint64_t item, int rc, const wtl_err *e)
{
    s->ended = true;
    if (item >= s->failed)
        return;
    s->failed = item;
    s->rc = rc;
    s->err = *e;
}

static size_t slot_of(const shared *s, uint64_t item)
{
    return (size_t)(item % s->l->slots);
}

/* The three steps begin and end under the lock, and let go of it meanwhile. */

static void fill_one(shared *s)
{
    uint64_t item = s->filled;
    s->filling = true;
    pthread_mutex_unlock(&s->lock);
    wtl_err e = {0};
    bool end = false;
    int rc = s->l->fill(s->l->arg, slot_of(s, item), &end, &e);
    pthread_mutex_lock(&s->lock);
    s->filling = false;
    if (rc < 0) {
        fail(s, item, rc, &e);
    } else if (end) {
        s->ended = true;
    } else {
        s->state[slot_of(s, item)] = WAITING;
        s->filled++;
    }
    pthread_cond_broadcast(&s->changed);
}

static void work_one(shared *s)
{
    uint64_t item = s->taken++;
    pthread_mutex_unlock(&s->lock);
    wtl_err e = {0};
    int rc = s->l->work(s->l->arg, slot_of(s, item), &e);
    pthread_mutex_lock(&s->lock);
    if (rc < 0)
        fail(s, item, rc, &e);
    s->state[slot_of(s, item)] = DONE;
    pthread_cond_broadcast(&s->changed);
}

static void drain_one(shared *s)
{
    uint64_t item = s->drained;
    pthread_mutex_unlock(&s->lock);
    wtl_err e = {0};
    int rc = s->l->drain(s->l->arg, slot_of(s, item), &e);
    pthread_mutex_lock(&s->lock);
    if (rc < 0)
        fail(s, item, rc, &e);
    else
        s->drained++;
    pthread_cond_broadcast(&s->changed);
}

static bool may_work(const shared *s)
{
    return s->taken < s->filled && s->taken < s->failed;
}

static bool may_fill(const shared *s)
{
    return !s->ended && !s->filling && s->filled - s->drained < s->l->slots;
}

static bool may_drain(const shared *s)
{
    return s->drained < s->taken && s->drained < s->failed && s->state[slot_of(s, s->drained)] == DONE;
}

/* Nothing that counts is under way or to come: every item below the failing one was drained, or all were. */
static bool is_over(const shared *s)
{
    uint64_t last = s->filled < s->failed ? s->filled : s->failed;
    return s->ended && !s->filling && s->drained == last;
}

static void *help(void *arg)
{
    shared *s = arg;
    pthread_mutex_lock(&s->lock);
    while (!s->quit) {
        if (may_work(s))
            work_one(s);
        else if (may_fill(s))
            fill_one(s);
        else
            pthread_cond_wait(&s->changed, &s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void lead(shared *s)
{
    pthread_mutex_lock(&s->lock);
    while (!is_over(s)) {
        if (may_drain(s))
            drain_one(s);
        else if (may_work(s))
            work_one(s);
        else if (may_fill(s))
            fill_one(s);
        else
            pthread_cond_wait(&s->changed, &s->lock);
    }
    s->quit = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

static unsigned start(shared *s, pthread_t helper[WTL_LINE_THREADS_MOST])
{
    pthread_attr_t attr;
    if (s->l->threads <= 1 || pthread_attr_init(&attr) != 0)
        return 0;
    pthread_attr_setstacksize(&attr, STACK);
    unsigned n = 0;
    while (n + 1 < s->l->threads && n + 1 < WTL_LINE_THREADS_MOST &&
           pthread_create(&helper[n], &attr, help, s) == 0)
        n++;
    pthread_attr_destroy(&attr);
    return n;
}

int wtl_line_run(const wtl_line *l, wtl_err *err)
{
    ENSURE(l->slots >= 1 && l->slots <= WTL_LINE_SLOTS_MOST, err, WTL_BUG, "a line of %zu slots", l->slots);
    shared s = {.l = l, .failed = UINT64_MAX};
    pthread_mutex_init(&s.lock, NULL);
    pthread_cond_init(&s.changed, NULL);
    pthread_t helper[WTL_LINE_THREADS_MOST];
    unsigned n = start(&s, helper);
    lead(&s);
    for (unsigned i = 0; i < n; i++)
        pthread_join(helper[i], NULL);
    pthread_cond_destroy(&s.changed);
    pthread_mutex_destroy(&s.lock);
    if (s.failed == UINT64_MAX)
        return WTL_OK;
    if (err != NULL)
        *err = s.err;
    return s.rc;
}

unsigned wtl_line_threads(unsigned wish)
{
    cpu_set_t set;
    unsigned n = wish;
    if (n == 0)
        n = sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
    if (n < 1)
        n = 1;
    return n < WTL_LINE_THREADS_MOST ? n : WTL_LINE_THREADS_MOST;
}
