#include "cache/shard.h"

#include <string.h>

#include "cache/limbo.h"
#include "cache/table.h"

/* What statistics look at without the lock. */
static void show(wtl_shard *s)
{
    uint64_t free = s->arena.gap_units;
    uint64_t over = 0;
    for (unsigned i = 0; i < 2; i++) {
        const wtl_pool *p = &s->pool[i];
        free += (uint64_t)(wtl_pool_cells(p) - p->used) * p->cell_units;
        over += wtl_pool_over(p);
    }
    atomic_store_explicit(&s->n.free_units, free, memory_order_relaxed);
    atomic_store_explicit(&s->n.pool_units, over, memory_order_relaxed);
}

void wtl_shard_reset(wtl_shard *s, wtl_cache *c, unsigned index)
{
    uint32_t units = (uint32_t)(c->shard_bytes / WTL_BLOCK_UNIT);
    uint32_t colour = units > 131072 ? index % WTL_PROBE_SHARDS_MOST * (64 / WTL_BLOCK_UNIT) : 0;
    s->cache = c;
    s->index = index;
    s->table = &c->tables[index];
    s->enlarge_from = 0;
    s->sample_at = 0;
    s->waiting_first = s->waiting_n = 0;
    s->waiting_blocks = s->waiting_cells[0] = s->waiting_cells[1] = 0;
    memset(&s->n, 0, sizeof s->n);
    wtl_arena_init(&s->arena, c->memory + index * c->shard_bytes, units, colour);
    wtl_pool_init(&s->pool[0], &s->arena, units, (uint32_t)wtl_entry_cell_units(WTL_ENTRY_FAR));
    wtl_pool_init(&s->pool[1], &s->arena, units, (uint32_t)wtl_entry_cell_units(WTL_ENTRY_NEAR_LONG));
    s->slack_least = s->slack_units = units / 512 > 128 ? units / 512 : 128;
    s->slack_parts = 0;
    s->waiting_most = units / 8;
    wtl_table_start(s);
    show(s);
}

void wtl_shard_lock(wtl_shard *s)
{
    pthread_mutex_lock(&s->lock);
}

void wtl_shard_unlock(wtl_shard *s)
{
    show(s);
    pthread_mutex_unlock(&s->lock);
}

static void forget_holder(wtl_shard *s, wtl_entry *e)
{
    uint32_t hold = wtl_entry_hold(e);
    atomic_store(wtl_entry_hold_at(e), hold & (WTL_BLOCK_PIN - 1));
    if ((hold & (WTL_BLOCK_RESERVED | WTL_BLOCK_DEAD)) != 0)
        wtl_limbo_free(s, e);
}

static void forget_holders(wtl_shard *s, const wtl_pool *p)
{
    for (uint32_t part = 0; part < p->parts; part++) {
        wtl_block *chunk = wtl_pool_chunk(p, part);
        uint32_t i = 0;
        wtl_entry *e;
        /* the chunk is gone when its last cell was freed */
        while (wtl_pool_chunk(p, part) != NULL && (e = wtl_pool_next(chunk, &i)) != NULL)
            forget_holder(s, e);
    }
}

void wtl_shard_adopt(wtl_shard *s, bool whole)
{
    pthread_mutex_init(&s->lock, NULL);
    if (!whole) {
        wtl_shard_reset(s, s->cache, s->index);
        return;
    }
    wtl_limbo_flush(s);
    forget_holders(s, &s->pool[0]);
    forget_holders(s, &s->pool[1]);
    atomic_store(&s->n.pinned_units, 0);
    atomic_store(&s->n.reserved_units, 0);
}

uint64_t wtl_shard_most(const wtl_shard *s)
{
    uint64_t all = s->arena.end - s->arena.first - WTL_TABLE_UNITS(WTL_TABLE_LOG2_LEAST);
    return all - s->pool[0].over_units - s->pool[1].over_units - s->pool[0].chunk_units;
}

uint64_t wtl_shard_random(wtl_shard *s)
{
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return s->random;
}
