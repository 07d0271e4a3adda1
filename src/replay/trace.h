/* A trace: which keys were asked for, in order, and how large each is. */
#ifndef WTL_REPLAY_TRACE_H
#define WTL_REPLAY_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Zero-initialise. Keys are numbered 0, 1, ... as they first appear; a key keeps the size of its first request. */
typedef struct wtl_trace {
    uint32_t *key; /* of each request */
    size_t n;
    uint32_t *size; /* of each key, at least 1 */
    uint32_t keys;
    uint64_t footprint; /* bytes of all keys */
    uint64_t asked;     /* bytes of all requests */
    uint32_t largest;
    /* Its own: while it is built. */
    uint64_t *id;
    uint32_t *slot;
    size_t key_room, size_room, slots;
    bool bad;
} wtl_trace;

enum { WTL_TRACE_SIZE_MOST = 1 << 30, WTL_TRACE_REQUESTS_MOST = 1 << 30 };

/* A request of the key that the trace's maker calls `id`; size 0 counts as 1. What goes wrong is told at the end. */
void wtl_trace_add(wtl_trace *t, uint64_t id, uint32_t size);
/* After the last request: WTL_NOMEM, WTL_FORMAT for a trace without requests or with more than the limits allow. */
int wtl_trace_done(wtl_trace *t, wtl_err *err) WTL_MUST_USE;
void wtl_trace_free(wtl_trace *t); /* leaves an empty one */
void wtl_trace_auto(wtl_trace *t);

#endif
