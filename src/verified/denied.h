/* The ids that are denied, each until its time: looked up without a lock, changed under one. An id is known here by a fingerprint under a
 * secret: two that met would deny one too many, never one too few. */
#ifndef WTL_VERIFIED_DENIED_H
#define WTL_VERIFIED_DENIED_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/err.h"
#include "kernel/fingerprint.h"

/* lo is 0 in a free slot, and set last. Denied while either clock is before its time. */
typedef struct wtl_denied_slot {
    _Atomic uint64_t lo, hi;
    _Atomic int64_t wall;
    _Atomic uint64_t ms;
} wtl_denied_slot;

/* Readers use table[turn & 1]. What is over is cleared away by building the other table and moving the turn on; a reader that finds
 * the turn moved afterwards begins again. */
typedef struct wtl_denied {
    pthread_mutex_t lock;
    size_t most, mask, used;
    wtl_denied_slot *table[2];
    _Alignas(64) _Atomic uint64_t turn;
    _Atomic uint64_t state; /* another after each denial; never 0 */
} wtl_denied;

typedef struct wtl_denied_now {
    int64_t wall;
    uint64_t ms;
} wtl_denied_now;

int wtl_denied_init(wtl_denied *d, size_t most, wtl_err *err) WTL_MUST_USE;
void wtl_denied_free(wtl_denied *d);
/* In a child after fork: the lock anew. What was being added then is there or not. */
void wtl_denied_adopt(wtl_denied *d);

/* WTL_BUSY when it is full of what is not over. */
int wtl_denied_add(wtl_denied *d, const uint8_t id[WTL_FINGERPRINT], int64_t until, wtl_denied_now now,
                   wtl_err *err) WTL_MUST_USE;
/* WTL_NO when it was not denied. */
int wtl_denied_remove(wtl_denied *d, const uint8_t id[WTL_FINGERPRINT], wtl_denied_now now) WTL_MUST_USE;
bool wtl_denied_has(wtl_denied *d, const uint8_t id[WTL_FINGERPRINT], wtl_denied_now now);

#endif
