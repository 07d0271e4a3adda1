/* A shard's table as its writers use it. */
#ifndef WTL_CACHE_TABLE_H
#define WTL_CACHE_TABLE_H

#include "cache/shard.h"

enum { WTL_TABLE_LOG2_LEAST = 4 };

/* Of a table's block: its header and up to where buckets may begin, and the buckets. */
#define WTL_TABLE_UNITS(log2) (2 + (UINT64_C(64) << (log2)) / WTL_BLOCK_UNIT)

/* Makes the shard's first table. */
void wtl_table_start(wtl_shard *s);

/* The slot of this key, or NULL. */
_Atomic uint64_t *wtl_table_find(const wtl_shard *s, uint64_t hash, wtl_bytes key);
/* The slot that holds this very entry. */
_Atomic uint64_t *wtl_table_slot(const wtl_shard *s, uint64_t hash, const wtl_entry *e);
/* An empty slot for this hash, or NULL. */
_Atomic uint64_t *wtl_table_empty(const wtl_shard *s, uint64_t hash);
/* Empties a slot in one of this hash's buckets by moving an entry from its first bucket to its second; NULL when none can go. Never the
 * other way: a reader looks at the first, then at the second, and must not miss it. */
_Atomic uint64_t *wtl_table_shift(const wtl_shard *s, uint64_t hash);
/* The entries of both buckets: at most 16. */
size_t wtl_table_pair(const wtl_shard *s, uint64_t hash, _Atomic uint64_t *slot[2 * WTL_PROBE_SLOTS]);
/* Asks for the buckets of a hash; without the lock. */
void wtl_table_fetch(const wtl_shard *s, uint64_t hash);
/* Ask for the memory that the next sample will look at: its buckets; then, when these are there, its entries. */
void wtl_table_ahead(wtl_shard *s);
void wtl_table_ahead_more(wtl_shard *s);
/* Up to `most` slots of entries, from a random place on; with `unpinned`, of none that is pinned. */
size_t wtl_table_sample(wtl_shard *s, _Atomic uint64_t **slot, size_t most, bool unpinned);

/* Whether so many quarters of the slots are taken. */
bool wtl_table_full(const wtl_shard *s, unsigned quarters);
/* Units of a table twice as large. */
uint64_t wtl_table_next(const wtl_shard *s);
/* Puts all entries into the larger table at `block` (wtl_table_next units), which readers then find, and retires the old one. False, and
 * nothing has changed, when they do not fit. Only after wtl_limbo_ready. */
bool wtl_table_move(wtl_shard *s, wtl_block *block);

static inline wtl_entry *wtl_table_at(const _Atomic uint64_t *slot)
{
    return wtl_probe_entry(atomic_load_explicit(slot, memory_order_relaxed));
}

static inline uint64_t wtl_table_word(const wtl_shard *s)
{
    return atomic_load_explicit(s->table, memory_order_relaxed);
}

#endif
