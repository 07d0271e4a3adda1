/* What the files of this room share. */
#ifndef WTL_LOOP_IMPL_H
#define WTL_LOOP_IMPL_H

#include "loop/loop.h"

#include <stdatomic.h>
#include <sys/epoll.h>

/* Events taken from the kernel at once; timers and deferred calls come between. */
enum { WTL_LOOP_BATCH = 128 };

/* The order of firing lies beside the timer's address, so that a comparison touches no timer. */
struct wtl_loop_slot {
    int64_t at;
    uint64_t seq; /* of two timers for one time, the one that was set first fires first */
    wtl_loop_timer *timer;
};

struct wtl_loop {
    int epoll;
    int wake;    /* eventfd of wtl_loop_post_to; edge-triggered, so that nobody needs to read it */
    bool coarse; /* the kernel lacks epoll_pwait2 */
    bool running;
    bool stopped;
    int64_t now;
    size_t fds;
    /* Events of this turn from `at` on have not been told yet. */
    struct epoll_event event[WTL_LOOP_BATCH];
    size_t event_at, events;

    struct wtl_loop_slot *heap; /* 4 children each: at 4 i + 1 and on */
    size_t timers, heap_cap;
    uint64_t seq;

    /* Rings: what the next phase of deferred calls takes, and what the phase that runs has left. */
    wtl_loop_later todo, doing;
    size_t laters;

    _Atomic(wtl_loop_post *) posts; /* newest first */
    const wtl_loop_signal *signal;  /* whose callback runs; NULL once it is switched off */
    unsigned char *mine; /* a page of 1 that the kernel clears in a child: the loop is its maker's */
};

/* Fires what is due as of loop->now and was set before this call. */
void wtl_loop_timer_run(wtl_loop *loop);

/* In a child of the process that made the loop, nothing may reach the kernel's epoll, which both share. */
static inline bool wtl_loop_is_mine(const wtl_loop *loop)
{
    return loop->mine[0] != 0;
}

#endif
