/* Which entries stay: counting what is asked for, and choosing among candidates that the cache has sampled.
 *
 * The cache calls. It holds the shard's lock in every call that names a shard, so that state of one shard needs nothing more; what
 * shards share is relaxed atomics. Reads call wtl_policy_hit without a lock. */
#ifndef WTL_CACHE_POLICY_H
#define WTL_CACHE_POLICY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

typedef struct wtl_policy wtl_policy;

/* Eight bytes of the policy's in each entry's first line. Readers store into it plainly, so an update may be lost; none is torn.
 * From the low end: 32 bits tick of the last counted use, 16 bits count of uses after the first, 16 bits the usual gap
 * between them: log2 of ticks, in steps of 1/32. */
typedef _Atomic uint64_t wtl_policy_mark;

enum { WTL_POLICY_TOLD = 32 };

/* The policy's part of a handle: no other thread looks at it. */
typedef struct wtl_policy_local {
    uint32_t tick;   /* the cache's tick as this thread knows it */
    uint32_t unsent; /* gets since it was told last, about: its callers tell in time by it */
    uint32_t nth;    /* the handle's hits when it was told last */
    uint32_t gets;   /* and its gets */
    int32_t fresh;   /* ticks in which an entry that is used often need not be counted again */
    uint32_t few;    /* uses that are counted one by one */
    uint32_t calm;   /* times it was told since it heard that entries come or go */
    uint32_t moved;
    uint32_t told_n;
    uint32_t told[WTL_POLICY_TOLD]; /* uses to be learnt from */
    wtl_policy *policy;
} wtl_policy_local;

/* `calm` goes up to this, and then what is counted decides nothing. */
enum { WTL_POLICY_CALM = 16 };

/* An entry, as the policy sees it. */
typedef struct wtl_policy_item {
    uint64_t hash;  /* of the key, under the cache's secret; 0 in candidates: it would have to be computed */
    uint64_t bytes; /* that it takes up, all in all */
    uint64_t mark;
} wtl_policy_item;

enum wtl_policy_why { WTL_POLICY_EVICTED, WTL_POLICY_REPLACED, WTL_POLICY_DELETED, WTL_POLICY_EXPIRED };
enum {
    WTL_POLICY_FRESH = 8,
    WTL_POLICY_KEPT = 4,
    WTL_POLICY_RECENT = 4,
    WTL_POLICY_SAMPLE = 16,
    WTL_POLICY_REFUSE = -1
};

typedef struct wtl_policy_options {
    uint64_t capacity; /* of the cache */
    unsigned shards;
    bool by_bytes; /* the objective is bytes found, not objects found */
} wtl_policy_options;

int wtl_policy_new(wtl_policy **out, const wtl_policy_options *o, wtl_err *err) WTL_MUST_USE;
void wtl_policy_free(wtl_policy *p);

/* Time as the policy counts it: gets and sets, in any thread, told in batches; but it stands still while nothing is evicted, since
 * nothing is chosen then. */
uint32_t wtl_policy_tick(const wtl_policy *p);
void wtl_policy_start(wtl_policy *p, wtl_policy_local *l);
/* Adds what a handle has not told yet, and tells it the time. Called every WTL_POLICY_BATCH gets, and before an entry is put in. */
enum { WTL_POLICY_BATCH = 256, WTL_POLICY_ONE_BY_ONE = 8 };
/* `hits` and `gets` are the handle's so far. */
void wtl_policy_tell(wtl_policy *p, wtl_policy_local *l, uint64_t hits, uint64_t gets);

#define WTL_POLICY_COUNT(mark) ((uint32_t)((mark) >> 32) & 0xffff)
#define WTL_POLICY_TICK(mark) ((uint32_t)(mark))
#define WTL_POLICY_USUAL(mark) ((uint32_t)((mark) >> 48))
#define WTL_POLICY_MARK(tick, count, usual) \
    ((uint64_t)(usual) << 48 | (uint64_t)(count) << 32 | (uint32_t)(tick))

/* Counts a use in the mark; `old` is what was loaded from it. */
__attribute__((cold)) void wtl_policy_use(wtl_policy_local *l, wtl_policy_mark *m, uint64_t old,
                                          uint32_t now);

/* A get found the entry; `nth` is how many hits the handle had with it. A use is counted in the entry itself, whose line the get has read already. The first eight are counted one by one,
 * then those that come after a while: the line of a hot entry stays shared between the processors' caches. */
static inline void wtl_policy_hit(wtl_policy_local *l, wtl_policy_mark *m, uint64_t nth)
{
    uint64_t old = atomic_load_explicit(m, memory_order_relaxed);
    uint32_t now = l->tick + (uint32_t)nth - l->nth;
    int32_t age = (int32_t)(now - WTL_POLICY_TICK(old)); /* negative: another thread's tick was ahead */
    if (__builtin_expect(age >= l->fresh || WTL_POLICY_COUNT(old) < l->few, 0))
        wtl_policy_use(l, m, old, now);
}

/* Asks for what the policy knows of a key that will be put in soon. */
void wtl_policy_fetch(const wtl_policy *p, unsigned shard, uint64_t hash);

/* The first mark of an entry that has been put into the table; `old` is the mark of what it replaced, or NULL. */
uint64_t wtl_policy_enter(wtl_policy *p, unsigned shard, const wtl_policy_item *newcomer,
                          const uint64_t *old);

/* Which of the candidates to keep in mind: those that come next. */
typedef struct wtl_policy_kept {
    uint8_t at[WTL_POLICY_KEPT];
    size_t n;
} wtl_policy_kept;

/* Of n candidates (1 to WTL_POLICY_SAMPLE: the entries that were kept in mind, the newest of the shard, and others at random) the index of the one
 * to be removed for the newcomer, or WTL_POLICY_REFUSE: nothing is removed, and the newcomer is not let in. Called again until there
 * is room; `newcomer` is NULL when there is no entry to be weighed (a larger table, room in advance), and then refusing is not among the
 * answers. `kept` may be NULL. */
int wtl_policy_choose(wtl_policy *p, unsigned shard, const wtl_policy_item *newcomer,
                      const wtl_policy_item *candidate, size_t n, wtl_policy_kept *kept);

/* An entry has left the table. */
void wtl_policy_left(wtl_policy *p, unsigned shard, const wtl_policy_item *item, enum wtl_policy_why why);

#endif
