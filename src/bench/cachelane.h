/* One table's turn: how long its operations take, thread by thread. */
#ifndef WTL_BENCH_CACHELANE_H
#define WTL_BENCH_CACHELANE_H

#include <stdbool.h>

#include "base/err.h"
#include "bench/cachekeys.h"

enum { WTL_CACHELANE_CHUNK = 1 << 14, WTL_CACHELANE_THREADS_MOST = 16 };

typedef struct wtl_cachelane {
    const wtl_cachepeer *peer;
    void *table;
    const wtl_cachekeys
        *keys; /* n_asked is a multiple of WTL_CACHELANE_CHUNK; all of them are in the table */
    wtl_cachepeer_value value; /* for what sets */
} wtl_cachelane;

/* The calling thread on a processor of its own, the who-th; not from a main thread that shall start others. False where there is one alone. */
bool wtl_cachelane_pin(unsigned who);

/* Runs `op` over all that is asked for, in `threads` threads at once, each on a processor of its own as far as there are so many and from a place
 * of its own. *rate: million keys a second, all threads together; a thread's is that of its middle chunk, by the clock on the wall,
 * while all run. WTL_BUG when a key is not found. */
int wtl_cachelane_rate(const wtl_cachelane *l, wtl_cachepeer_fn *op, unsigned threads, double *rate,
                       wtl_err *err) WTL_MUST_USE;

typedef struct wtl_cachelane_lone_times {
    double p50,
        p99; /* nanoseconds, without what the clock itself takes; within the clock's steps by interpolation */
    double
        chain; /* of one on the average, in the middle one of many runs in which each waits for the one before */
} wtl_cachelane_lone_times;

/* Looks up n of what is asked for, from the at-th on, each alone. */
int wtl_cachelane_lone(const wtl_cachelane *l, size_t at, size_t n, wtl_cachelane_lone_times *out,
                       wtl_err *err) WTL_MUST_USE;

/* What reading the clock takes there, in nanoseconds, and the least difference that it shows. */
void wtl_cachelane_clock(double *cost, double *step);

#endif
