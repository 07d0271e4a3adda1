/* A thread's handle, and how long others must wait for it. */
#ifndef WTL_CACHE_READER_H
#define WTL_CACHE_READER_H

#include "cache/probe.h"

/* Its own thread writes it; others look at `epoch`, `open` and the counters. Zero in the child after a fork. */
enum { WTL_CACHE_READER_PLAIN = 1, WTL_CACHE_READER_FENCE };

struct wtl_cache_reader {
    _Alignas(256) _Atomic uint64_t epoch; /* in which its section began; 0: in none */
    uint32_t within;                      /* sections that the outermost holds */
    uint32_t kind; /* how it enters a section: PLAIN; FENCE; 0 in the child after a fork, not at all */
    wtl_cache *cache;
    const _Atomic uint64_t *epoch_now;
    const _Atomic uint64_t *tables; /* one word a shard */
    const wtl_probe *probe;
    const wtl_probe_secret *secret;
    unsigned shard_mask;
    uint32_t uncounted; /* a use is counted when these bits of its number are 0 */
    wtl_policy_local policy;
    _Atomic uint64_t hits, misses, expired;
    atomic_bool open;
};

static inline bool wtl_cache_reader_inside(const wtl_cache_reader *r)
{
    return atomic_load_explicit(&r->epoch, memory_order_relaxed) != 0;
}

/* Milliseconds since the cache was opened, at least WTL_ENTRY_EXPIRED + 1. */
uint64_t wtl_cache_now(const wtl_cache *c);
void wtl_cache_reader_tell(wtl_cache_reader *r);

#endif
