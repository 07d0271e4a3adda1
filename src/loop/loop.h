/* One thread's event loop over epoll: descriptors, timers, deferred calls, and calls posted by other threads or processes'
 * signals. Handles lie in the caller's own structures, so that registering allocates nothing; each can be cancelled at any time,
 * from within any callback, and is never called afterwards. All calls but wtl_loop_post belong to the loop's thread. */
#ifndef WTL_LOOP_LOOP_H
#define WTL_LOOP_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

typedef struct wtl_loop wtl_loop;

int wtl_loop_new(wtl_loop **out, wtl_err *err) WTL_MUST_USE;
/* Handles that are still registered are forgotten; their memory is the caller's. Not touched, so no call may be made with
 * them afterwards before they are zeroed. Never from within wtl_loop_run. */
void wtl_loop_free(wtl_loop *loop);
void wtl_loop_auto(wtl_loop **loop);

/* Runs until wtl_loop_stop, or until nothing is registered any more. A turn: wait; descriptors and posted calls as the kernel
 * tells them; timers that are due; deferred calls. A loop belongs to the process that made it: WTL_BUG in a child, where only
 * taking handles off and wtl_loop_free make sense, and touch nothing of the parent's. */
int wtl_loop_run(wtl_loop *loop, wtl_err *err) WTL_MUST_USE;
/* Ends wtl_loop_run after the turn that it is called in; before it, the next wtl_loop_run returns at once. */
void wtl_loop_stop(wtl_loop *loop);

/* CLOCK_MONOTONIC in nanoseconds, read once a turn; _fresh reads it anew for this turn. A jump of the wall clock moves neither. */
int64_t wtl_loop_now(const wtl_loop *loop);
int64_t wtl_loop_now_fresh(wtl_loop *loop);

/* --- descriptors, edge-triggered: after a call the owner reads or writes until EAGAIN, or defers itself to go on. A stream socket that
 * gave less than there was room for has no more either, as long as LAST was not told: what comes later is a new edge. */
enum wtl_loop_ready {
    WTL_LOOP_READ = 1,
    WTL_LOOP_WRITE = 2,
    WTL_LOOP_GONE = 4, /* error or hang-up on both sides; comes with READ and WRITE */
    WTL_LOOP_LAST =
        8 /* the peer will send no more: what is there to be read ends with his end. Comes with READ */
};
/* Zero-initialise. Registered for reading and writing at once. */
typedef struct wtl_loop_fd {
    void (*ready)(void *arg, unsigned what); /* enum wtl_loop_ready, or'ed */
    void *arg;
    /* the loop's own */
    wtl_loop *loop; /* NULL when not registered */
    int fd;
} wtl_loop_fd;
int wtl_loop_fd_on(wtl_loop *loop, wtl_loop_fd *h, int fd, void (*ready)(void *arg, unsigned what), void *arg,
                   wtl_err *err) WTL_MUST_USE;
/* For a listening socket that several processes share: level-triggered, reading alone, one of them woken at a time
 * (EPOLLEXCLUSIVE). */
int wtl_loop_fd_listen(wtl_loop *loop, wtl_loop_fd *h, int fd, void (*ready)(void *arg, unsigned what),
                       void *arg, wtl_err *err) WTL_MUST_USE;
/* Before the descriptor is closed, which is the caller's to do. Harmless when not registered. */
void wtl_loop_fd_off(wtl_loop_fd *h);
/* Off, and closes the descriptor, which no other process and no duplicate has: the kernel forgets it by that. Nothing when not registered. */
void wtl_loop_fd_close(wtl_loop_fd *h);

/* --- timers. Zero-initialise. */
typedef struct wtl_loop_timer {
    void (*fire)(void *arg);
    void *arg;
    /* the loop's own */
    wtl_loop *loop; /* NULL when not running */
    int64_t at;
    size_t place;
} wtl_loop_timer;
/* Fires once, at or after `at` (as wtl_loop_now tells time); a timer that runs is moved. Of two for one time, the one set first
 * fires first. WTL_NOMEM, with the timer as it was. Cheap: O(log n). */
int wtl_loop_timer_at(wtl_loop *loop, wtl_loop_timer *t, int64_t at, void (*fire)(void *arg), void *arg,
                      wtl_err *err) WTL_MUST_USE;
void wtl_loop_timer_off(wtl_loop_timer *t);

/* --- deferred calls: once, after the events of this turn, before the loop waits; what is deferred meanwhile runs in the next
 * turn, without waiting. Zero-initialise. */
typedef struct wtl_loop_later {
    void (*call)(void *arg);
    void *arg;
    /* the loop's own */
    wtl_loop *loop; /* NULL when not deferred */
    struct wtl_loop_later *next, *prev;
} wtl_loop_later;
void wtl_loop_later_on(wtl_loop *loop, wtl_loop_later *l, void (*call)(void *arg), void *arg);
void wtl_loop_later_off(wtl_loop_later *l);

/* --- calls from another thread. The node belongs to the loop until it is called. */
typedef struct wtl_loop_post {
    void (*call)(struct wtl_loop_post *self);
    struct wtl_loop_post *next; /* the loop's own */
} wtl_loop_post;
void wtl_loop_post_to(wtl_loop *loop, wtl_loop_post *node);

/* --- signals, through a signalfd; the signals are blocked for the process by the first such call. */
typedef struct wtl_loop_signal {
    wtl_loop_fd fd;
    void (*got)(void *arg, int number);
    void *arg;
} wtl_loop_signal;
/* `numbers` ends with 0. */
int wtl_loop_signal_on(wtl_loop *loop, wtl_loop_signal *h, const int *numbers,
                       void (*got)(void *arg, int number), void *arg, wtl_err *err) WTL_MUST_USE;
/* Closes the descriptor; the signals stay blocked. */
void wtl_loop_signal_off(wtl_loop_signal *h);

#endif
