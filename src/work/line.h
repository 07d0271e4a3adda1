/* Work that comes in order, is done by many threads, and leaves in order: read, transform, write. */
#ifndef WTL_WORK_LINE_H
#define WTL_WORK_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { WTL_LINE_SLOTS_MOST = 64, WTL_LINE_THREADS_MOST = 64 };

/* Items are numbered from 0 in the order in which `fill` makes them; item i is kept in slot i mod `slots`, which
 * holds it from its fill to the end of its drain. */
typedef struct wtl_line {
    void *arg;
    size_t slots;     /* items under way at once, 1 to WTL_LINE_SLOTS_MOST */
    unsigned threads; /* the caller's among them; 1 = everything in the caller's */
    /* Makes the next item, one call at a time, on any thread. Sets *end, making none, when there are no more. */
    int (*fill)(void *arg, size_t slot, bool *end, wtl_err *err);
    /* Does an item's work; calls for different slots run at the same time. */
    int (*work)(void *arg, size_t slot, wtl_err *err);
    /* Takes the item away, in order, one call at a time, always on the caller's thread. */
    int (*drain)(void *arg, size_t slot, wtl_err *err);
} wtl_line;

/* Runs until the last item was drained or a call failed. Items before the failing one are drained, it and those
 * after it are not; of several failures the one of the lowest item is returned, so that the outcome does
 * not depend on the number of threads. No thread outlives the call. When the system gives fewer threads the
 * work is done by those that there are. */
int wtl_line_run(const wtl_line *l, wtl_err *err) WTL_MUST_USE;

/* `wish`, or for 0 the processors that this process may run on; 1 to WTL_LINE_THREADS_MOST. */
unsigned wtl_line_threads(unsigned wish);

#endif
