/* When memory that readers may still look at can be used again.
 *
 * A section stores the epoch that it began in, by a plain store, before it looks at a table. What leaves the table is stamped with the
 * epoch after it has left; it is free when the epoch has moved on twice. The epoch moves from e to e + 1 only when no
 * section of another epoch is under way.
 *
 * Why that is enough: let a section see an entry that then leaves with stamp t. The section's epoch is at most t, since it was read
 * before. For t + 2 somebody looked at all handles while the epoch was t + 1, after a barrier in every thread of the process
 * (membarrier). Either the section's store is older than that barrier, and it is seen, and the epoch stays; or it is younger,
 * and then so are the section's loads, which see the table without the entry: the removal was older than the barrier,
 * because its thread read t after it, and before t + 1 was there. Readers' fences, where there is no membarrier, give the same order. */
#ifndef WTL_CACHE_EPOCH_H
#define WTL_CACHE_EPOCH_H

#include <pthread.h>

#include "cache/reader.h"

typedef struct wtl_epoch {
    _Alignas(64) _Atomic uint64_t now;
    _Alignas(64) pthread_mutex_t lock; /* for handles, and for who moves the epoch */
    wtl_cache_reader *readers;         /* zero in the child after a fork */
    unsigned most, used;               /* handles there is memory for; handles that were ever open */
    bool membarrier;
    bool several; /* handles were open at once, since none was */
    unsigned open;
    pthread_t owner;                               /* who opened the last handle */
    uint64_t past_misses, past_hits, past_expired; /* of handles that are closed */
} wtl_epoch;

int wtl_epoch_init(wtl_epoch *e, unsigned readers, bool no_membarrier, wtl_err *err) WTL_MUST_USE;
void wtl_epoch_free(wtl_epoch *e);
/* In the child after a fork. True when nobody but the thread that forked can have been using the cache then. */
bool wtl_epoch_reset(wtl_epoch *e);

/* A handle's place, `open` and its counters 0; NULL when there is none. */
wtl_cache_reader *wtl_epoch_join(wtl_epoch *e);
void wtl_epoch_part(wtl_epoch *e, wtl_cache_reader *r);
unsigned wtl_epoch_open(wtl_epoch *e);

/* Moves the epoch on when no reader stands in its way, or another thread does so now. */
bool wtl_epoch_advance(wtl_epoch *e);
/* The stamp for what has left the table. */
uint32_t wtl_epoch_stamp(const wtl_epoch *e);
bool wtl_epoch_over(const wtl_epoch *e, uint32_t stamp);
/* Handles whose section began before the epoch that is now. */
unsigned wtl_epoch_stalled(wtl_epoch *e);
/* Sums over handles, open and closed. */
void wtl_epoch_sum(wtl_epoch *e, wtl_cache_stats *out);

#endif
