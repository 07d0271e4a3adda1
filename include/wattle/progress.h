/* How long work tells its caller how far it is. */
#ifndef WATTLE_PROGRESS_H
#define WATTLE_PROGRESS_H

#include <stdint.h>

/* `step` is called now and then, from the calling thread, with the bytes done and the bytes in all
 * (0 when unknown); NULL = silent. It must be quick. */
typedef struct wtl_progress {
    void (*step)(void *arg, uint64_t done, uint64_t total);
    void *arg;
} wtl_progress;

#endif
