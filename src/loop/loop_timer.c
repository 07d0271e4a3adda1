#include "loop/loop_impl.h"

#include <stdlib.h>

enum { CHILDREN = 4, FIRST_CAP = 64 };

static bool before(const struct wtl_loop_slot *a, const struct wtl_loop_slot *b)
{
    return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

static void put(wtl_loop *loop, size_t i, struct wtl_loop_slot s)
{
    loop->heap[i] = s;
    s.timer->place = i;
}

static size_t sift_up(wtl_loop *loop, size_t i, struct wtl_loop_slot s)
{
    while (i > 0) {
        size_t parent = (i - 1) / CHILDREN;
        if (!before(&s, &loop->heap[parent]))
            break;
        put(loop, i, loop->heap[parent]);
        i = parent;
    }
    return i;
}

static size_t sift_down(wtl_loop *loop, size_t i, struct wtl_loop_slot s)
{
    for (;;) {
        size_t child = CHILDREN * i + 1;
        if (child >= loop->timers)
            return i;
        size_t end = child + CHILDREN < loop->timers ? child + CHILDREN : loop->timers;
        size_t best = child;
        for (size_t k = child + 1; k < end; k++)
            if (before(&loop->heap[k], &loop->heap[best]))
                best = k;
        if (!before(&loop->heap[best], &s))
            return i;
        put(loop, i, loop->heap[best]);
        i = best;
    }
}

/* Puts s where it belongs, starting at the free place i. */
static void settle(wtl_loop *loop, size_t i, struct wtl_loop_slot s)
{
    size_t up = sift_up(loop, i, s);
    put(loop, up == i ? sift_down(loop, i, s) : up, s);
}

static int make_room(wtl_loop *loop, wtl_err *err)
{
    if (loop->timers < loop->heap_cap)
        return WTL_OK;
    size_t cap = loop->heap_cap == 0 ? FIRST_CAP : 2 * loop->heap_cap;
    struct wtl_loop_slot *heap = reallocarray(loop->heap, cap, sizeof *heap);
    ENSURE(heap != NULL, err, WTL_NOMEM, "no memory for %zu timers", cap);
    loop->heap = heap;
    loop->heap_cap = cap;
    return WTL_OK;
}

void wtl_loop_timer_off(wtl_loop_timer *t)
{
    wtl_loop *loop = t->loop;
    if (loop == NULL)
        return;
    t->loop = NULL;
    loop->timers--;
    if (t->place != loop->timers)
        settle(loop, t->place, loop->heap[loop->timers]);
}

int wtl_loop_timer_at(wtl_loop *loop, wtl_loop_timer *t, int64_t at, void (*fire)(void *arg), void *arg,
                      wtl_err *err)
{
    if (t->loop != loop) {
        TRY(make_room(loop, err));
        wtl_loop_timer_off(t);
        t->place = loop->timers++;
    }
    t->loop = loop;
    t->fire = fire;
    t->arg = arg;
    /* A time that is past counts as now: a timer that always sets itself anew so cannot pass those that wait. */
    t->at = at > loop->now ? at : loop->now;
    settle(loop, t->place, (struct wtl_loop_slot){.at = t->at, .seq = loop->seq++, .timer = t});
    return WTL_OK;
}

void wtl_loop_timer_run(wtl_loop *loop)
{
    int64_t now = loop->now;
    uint64_t end = loop->seq;
    while (loop->timers > 0 && loop->heap[0].at <= now && loop->heap[0].seq < end) {
        wtl_loop_timer *t = loop->heap[0].timer;
        wtl_loop_timer_off(t);
        t->fire(t->arg);
    }
}
