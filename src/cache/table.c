#include "cache/table.h"

#include <string.h>

#include "cache/limbo.h"

/* Buckets begin at the first cache line that begins behind the block's header. */
static uint64_t word_of(const wtl_block *block, unsigned log2)
{
    return (((uint64_t)(uintptr_t)wtl_block_bytes(block) + 63) & ~UINT64_C(63)) + log2;
}

static void fresh(wtl_block *block, unsigned log2)
{
    atomic_fetch_or(&block->hold, WTL_BLOCK_TABLE);
    wtl_probe_bucket *b = wtl_probe_buckets(word_of(block, log2));
    for (uint64_t i = 0; i < UINT64_C(1) << log2; i++) {
        for (unsigned k = 0; k < WTL_PROBE_SLOTS; k++)
            atomic_store_explicit(&b[i].slot[k], 0, memory_order_relaxed);
    }
}

static void show(wtl_shard *s, const wtl_block *block, unsigned log2)
{
    s->table_at = wtl_arena_unit(&s->arena, block);
    wtl_shard_add(&s->n.table_units, block->units);
    atomic_store_explicit(s->table, word_of(block, log2), memory_order_release);
}

void wtl_table_start(wtl_shard *s)
{
    wtl_block *block = wtl_arena_take(&s->arena, WTL_TABLE_UNITS(WTL_TABLE_LOG2_LEAST));
    fresh(block, WTL_TABLE_LOG2_LEAST);
    show(s, block, WTL_TABLE_LOG2_LEAST);
}

static wtl_probe_bucket *bucket(uint64_t word, uint64_t hash, bool second)
{
    uint64_t mask = wtl_probe_mask(word);
    return &wtl_probe_buckets(word)[second ? wtl_probe_second(hash, mask) : wtl_probe_first(hash, mask)];
}

static bool same(const wtl_entry *e, wtl_bytes key)
{
    wtl_bytes has = wtl_entry_key(e);
    return has.n == key.n && (key.n == 0 || memcmp(has.p, key.p, key.n) == 0);
}

static _Atomic uint64_t *find_in(wtl_probe_bucket *b, uint64_t hash, wtl_bytes key)
{
    for (unsigned k = 0; k < WTL_PROBE_SLOTS; k++) {
        uint64_t has = atomic_load_explicit(&b->slot[k], memory_order_relaxed);
        if (has != 0 && (has ^ hash << 48) >> 48 == 0 && same(wtl_probe_entry(has), key))
            return &b->slot[k];
    }
    return NULL;
}

_Atomic uint64_t *wtl_table_find(const wtl_shard *s, uint64_t hash, wtl_bytes key)
{
    uint64_t word = wtl_table_word(s);
    wtl_probe_bucket *second = bucket(word, hash, true);
    __builtin_prefetch(second);
    _Atomic uint64_t *slot = find_in(bucket(word, hash, false), hash, key);
    return slot != NULL ? slot : find_in(second, hash, key);
}

static _Atomic uint64_t *holding_in(wtl_probe_bucket *b, uint64_t what)
{
    for (unsigned k = 0; k < WTL_PROBE_SLOTS; k++) {
        if (atomic_load_explicit(&b->slot[k], memory_order_relaxed) == what)
            return &b->slot[k];
    }
    return NULL;
}

static _Atomic uint64_t *holding(uint64_t word, uint64_t hash, uint64_t what)
{
    _Atomic uint64_t *slot = holding_in(bucket(word, hash, false), what);
    return slot != NULL ? slot : holding_in(bucket(word, hash, true), what);
}

_Atomic uint64_t *wtl_table_slot(const wtl_shard *s, uint64_t hash, const wtl_entry *e)
{
    return holding(wtl_table_word(s), hash, wtl_probe_slot(hash, e));
}

_Atomic uint64_t *wtl_table_empty(const wtl_shard *s, uint64_t hash)
{
    return holding(wtl_table_word(s), hash, 0);
}

static bool shifted(const wtl_shard *s, uint64_t word, wtl_probe_bucket *b, _Atomic uint64_t *slot)
{
    uint64_t hash = s->cache->probe->hash(&s->cache->secret, wtl_entry_key(wtl_table_at(slot)));
    if (bucket(word, hash, false) != b)
        return false;
    wtl_probe_bucket *to = bucket(word, hash, true);
    for (unsigned k = 0; k < WTL_PROBE_SLOTS; k++) {
        if (atomic_load_explicit(&to->slot[k], memory_order_relaxed) != 0)
            continue;
        atomic_store_explicit(&to->slot[k], atomic_load_explicit(slot, memory_order_relaxed),
                              memory_order_release);
        atomic_store_explicit(slot, 0, memory_order_release);
        return true;
    }
    return false;
}

static _Atomic uint64_t *shift(const wtl_shard *s, uint64_t word, uint64_t hash)
{
    for (unsigned i = 0; i < 2 * WTL_PROBE_SLOTS; i++) {
        wtl_probe_bucket *b = bucket(word, hash, i >= WTL_PROBE_SLOTS);
        _Atomic uint64_t *slot = &b->slot[i % WTL_PROBE_SLOTS];
        if (shifted(s, word, b, slot))
            return slot;
    }
    return NULL;
}

_Atomic uint64_t *wtl_table_shift(const wtl_shard *s, uint64_t hash)
{
    return shift(s, wtl_table_word(s), hash);
}

size_t wtl_table_pair(const wtl_shard *s, uint64_t hash, _Atomic uint64_t *slot[2 * WTL_PROBE_SLOTS])
{
    size_t n = 0;
    for (unsigned i = 0; i < 2 * WTL_PROBE_SLOTS; i++) {
        _Atomic uint64_t *one =
            &bucket(wtl_table_word(s), hash, i >= WTL_PROBE_SLOTS)->slot[i % WTL_PROBE_SLOTS];
        if (wtl_table_at(one) != NULL)
            slot[n++] = one;
    }
    return n;
}

static void fetch(wtl_probe_bucket *b)
{
    for (unsigned k = 0; k < WTL_PROBE_SLOTS; k++)
        __builtin_prefetch(wtl_table_at(&b->slot[k]));
}

void wtl_table_fetch(const wtl_shard *s, uint64_t hash)
{
    uint64_t word = atomic_load_explicit(s->table, memory_order_relaxed);
    __builtin_prefetch(bucket(word, hash, false));
    __builtin_prefetch(bucket(word, hash, true));
}

void wtl_table_ahead(wtl_shard *s)
{
    enum { BUCKETS = 4 };
    uint64_t word = wtl_table_word(s);
    for (unsigned i = 0; i < BUCKETS; i++)
        __builtin_prefetch(&wtl_probe_buckets(word)[(s->sample_at + i) & wtl_probe_mask(word)]);
}

void wtl_table_ahead_more(wtl_shard *s)
{
    enum { BUCKETS = 3 };
    uint64_t word = wtl_table_word(s);
    for (unsigned i = 0; i < BUCKETS; i++)
        fetch(&wtl_probe_buckets(word)[(s->sample_at + i) & wtl_probe_mask(word)]);
}

size_t wtl_table_sample(wtl_shard *s, _Atomic uint64_t **slot, size_t most, bool unpinned)
{
    uint64_t word = wtl_table_word(s);
    uint64_t mask = wtl_probe_mask(word);
    uint64_t at = s->sample_at;
    size_t n = 0;
    for (uint64_t i = 0; i <= mask && n < most; i++, at++) {
        wtl_probe_bucket *b = &wtl_probe_buckets(word)[at & mask];
        for (unsigned k = 0; k < WTL_PROBE_SLOTS && n < most; k++) {
            wtl_entry *e = wtl_table_at(&b->slot[k]);
            if (e == NULL || (unpinned && wtl_entry_hold(e) >= WTL_BLOCK_PIN))
                continue;
            __builtin_prefetch(e);
            slot[n++] = &b->slot[k];
        }
    }
    s->sample_at = wtl_shard_random(s) >> 16;
    return n;
}

bool wtl_table_full(const wtl_shard *s, unsigned quarters)
{
    uint64_t slots = (wtl_probe_mask(wtl_table_word(s)) + 1) * WTL_PROBE_SLOTS;
    return wtl_shard_got(&s->n.entries) >= slots / 4 * quarters;
}

uint64_t wtl_table_next(const wtl_shard *s)
{
    return WTL_TABLE_UNITS((wtl_table_word(s) & 63) + 1);
}

static bool carry(const wtl_shard *s, uint64_t to, wtl_probe_bucket *b)
{
    for (unsigned k = 0; k < WTL_PROBE_SLOTS; k++) {
        wtl_entry *e = wtl_table_at(&b->slot[k]);
        if (e == NULL)
            continue;
        uint64_t hash = s->cache->probe->hash(&s->cache->secret, wtl_entry_key(e));
        _Atomic uint64_t *slot = holding(to, hash, 0);
        if (slot == NULL)
            slot = shift(s, to, hash);
        if (slot == NULL)
            return false;
        atomic_store_explicit(slot, wtl_probe_slot(hash, e), memory_order_relaxed);
    }
    return true;
}

bool wtl_table_move(wtl_shard *s, wtl_block *block)
{
    enum { AHEAD = 4 };
    uint64_t word = wtl_table_word(s);
    uint64_t mask = wtl_probe_mask(word);
    wtl_probe_bucket *b = wtl_probe_buckets(word);
    unsigned log2 = (unsigned)(word & 63) + 1;
    uint64_t to = word_of(block, log2);
    fresh(block, log2);
    for (uint64_t i = 0; i <= mask; i++) {
        if (i + AHEAD <= mask)
            fetch(&b[i + AHEAD]);
        if (!carry(s, to, &b[i]))
            return false;
    }
    wtl_block *old = wtl_arena_at(&s->arena, s->table_at);
    wtl_shard_add(&s->n.table_units, -(uint64_t)old->units);
    show(s, block, log2);
    wtl_limbo_add_table(s, old);
    return true;
}
