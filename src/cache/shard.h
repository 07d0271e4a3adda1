/* A shard: a part of the keys, by their hash, with its own lock, memory and table. All of limbo.h, table.h and room.h wants the lock
 * held. */
#ifndef WTL_CACHE_SHARD_H
#define WTL_CACHE_SHARD_H

#include <sys/types.h>

#include "cache/epoch.h"
#include "cache/pool.h"

enum { WTL_SHARD_LIMBO = 8192 };

/* Of what has left the table and waits for readers: where it lies, and in which epoch it left. */
typedef struct wtl_shard_waiting {
    uint32_t unit, stamp;
} wtl_shard_waiting;

/* Slots whose entries may soon have to go, with what they held: void when it is not the same any more, or the table is not. */
typedef struct wtl_shard_watched {
    _Atomic uint64_t *slot[WTL_POLICY_KEPT + WTL_POLICY_RECENT];
    uint64_t held[WTL_POLICY_KEPT + WTL_POLICY_RECENT];
    uint64_t table;
    unsigned recent; /* how many entries were put in; they take turns behind those that are kept in mind */
} wtl_shard_watched;

/* Changed with the lock, read without. */
typedef struct wtl_shard_counts {
    _Atomic uint64_t sets, replaced, dels, evicted, expired, refused, busy;
    _Atomic uint64_t entries, entry_units, table_units, waiting_units, pinned_units, reserved_units,
        free_units, pool_units;
} wtl_shard_counts;

typedef struct wtl_shard {
    _Alignas(64) pthread_mutex_t lock;
    unsigned index;
    wtl_cache *cache;
    _Atomic uint64_t *table; /* the word that readers load */
    uint64_t random;
    uint64_t sample_at;   /* the bucket where the next sample begins */
    uint64_t slack_units; /* that eviction keeps free, or waiting, in advance: */
    uint64_t slack_parts; /* they in 4,096ths, while what is free is in pieces */
    uint64_t slack_least;
    uint64_t waiting_most; /* units */
    uint64_t enlarge_from; /* entries, before which another try to enlarge the table is of no use */
    uint32_t waiting_first, waiting_n;
    uint64_t waiting_blocks;   /* units, without cells */
    uint32_t waiting_cells[2]; /* of each pool */
    uint32_t table_at;         /* the table's block, units */
    wtl_shard_counts n;
    wtl_shard_watched watched;
    wtl_arena arena;
    wtl_pool pool[2]; /* of short cells and of long ones */
    wtl_shard_waiting waiting[WTL_SHARD_LIMBO];
} wtl_shard;

struct wtl_cache {
    _Alignas(64) _Atomic uint64_t tables[WTL_PROBE_SHARDS_MOST];
    wtl_probe_secret secret;
    const wtl_probe *probe;
    wtl_policy *policy;
    wtl_shard *shards;
    unsigned n_shards;
    bool huge_pages;
    pid_t pid;
    uint8_t *memory;  /* the shards', side by side */
    size_t memory_at; /* bytes into its mapping */
    uint64_t shard_bytes, max_value, ttl_ms;
    uint64_t (*clock_ms)(void *arg);
    void *clock_arg;
    uint64_t clock_start;
    _Atomic uint64_t pins;
    wtl_epoch epoch;
};

static inline void wtl_shard_add(_Atomic uint64_t *n, uint64_t by)
{
    atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + by, memory_order_relaxed);
}

static inline uint64_t wtl_shard_got(const _Atomic uint64_t *n)
{
    return atomic_load_explicit(n, memory_order_relaxed);
}

/* In a child after a fork: makes the cache the child's own. Else nothing. */
void wtl_cache_adopt(wtl_cache *c);

/* Empties the shard: all its memory is a gap but for a small table. Errors: none for shards of 64 KiB and more. */
void wtl_shard_reset(wtl_shard *s, wtl_cache *c, unsigned index);
void wtl_shard_lock(wtl_shard *s);
void wtl_shard_unlock(wtl_shard *s);
/* In the child after a fork: with `whole`, what readers, pins or reservations of the parent's held is free; else all is. */
void wtl_shard_adopt(wtl_shard *s, bool whole);

static inline wtl_shard *wtl_shard_of(wtl_cache *c, uint64_t hash)
{
    return &c->shards[wtl_probe_shard(hash, c->n_shards - 1)];
}

/* The shard in whose memory this lies. */
static inline wtl_shard *wtl_shard_at(wtl_cache *c, const void *p)
{
    return &c->shards[(uint64_t)((const uint8_t *)p - c->memory) / c->shard_bytes];
}

static inline unsigned wtl_shard_pool(enum wtl_entry_shape shape)
{
    return shape == WTL_ENTRY_NEAR_LONG;
}

/* Units that one entry's block could have at most. */
uint64_t wtl_shard_most(const wtl_shard *s);
uint64_t wtl_shard_random(wtl_shard *s);

#endif
