/* Several ways to compute one thing: the best that the machine has and that passes its test. */
#ifndef WTL_KERNEL_CHOICE_H
#define WTL_KERNEL_CHOICE_H

#include <pthread.h>
#include <stddef.h>

#include "kernel/cpu.h"

/* A way needs `level` and also `also` (repeat the level when nothing more). `ops` is the noun's table of functions. */
typedef struct wtl_choice_way {
    enum wtl_cpu_level level, also;
    const void *ops;
} wtl_choice_way;

/* Static storage, made with WTL_CHOICE. Ways stand best first; the last is plain C, which every machine has. */
typedef struct wtl_choice {
    const char *what; /* for messages: "Keccak" */
    const wtl_choice_way *ways;
    size_t n;
    /* Known answers, and the same results as `ref` (which may be ops itself). */
    bool (*right)(const void *ops, const void *ref);
    pthread_mutex_t lock;
    struct {
        bool done;
        int rc;
        const wtl_choice_way *way, *fault;
    } made[WTL_CPU_LEVELS + 1]; /* for each level, and last for the best */
} wtl_choice;
#define WTL_CHOICE(what, ways, n, right)                 \
    {                                                    \
        what, ways, n, right, PTHREAD_MUTEX_INITIALIZER, \
        {{0}}                                            \
    }

/* The ops of the level, or with WTL_CPU_AUTO of the best way; tested once a process, by any thread. A level that
 * the machine lacks is WTL_POLICY. A level that it has and this choice has no way for (as `shani` for Keccak) gets plain
 * C. A way that fails its test is passed over for the next when the level is WTL_CPU_AUTO, and wtl_choice_fault says
 * so; when it was asked for, or plain C itself fails, that is WTL_BUG. */
int wtl_choice_pick(wtl_choice *c, enum wtl_cpu_level level, const void **ops, wtl_err *err) WTL_MUST_USE;

/* WTL_BUG, with a sentence to be shown, when this process passed over a way that computed wrongly. */
int wtl_choice_fault(wtl_choice *c, wtl_err *err) WTL_MUST_USE;

#endif
