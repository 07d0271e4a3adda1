#include "cache/limbo.h"

#define TABLE (UINT32_C(1) << 31) /* in a waiting one's unit */

void wtl_limbo_free(wtl_shard *s, wtl_entry *e)
{
    enum wtl_entry_shape shape = wtl_entry_has(e);
    if (shape == WTL_ENTRY_FAR)
        wtl_arena_give(&s->arena, wtl_entry_block(e));
    wtl_pool_give(&s->pool[wtl_shard_pool(shape)], e);
}

/* Pins that came while it waited keep it; none can come later, for no section sees it. */
static void release(wtl_shard *s, wtl_entry *e)
{
    enum wtl_entry_shape shape = wtl_entry_has(e);
    uint64_t units = wtl_entry_units(e);
    wtl_shard_add(&s->n.waiting_units, -units);
    s->waiting_blocks -= units - wtl_entry_cell_units(shape);
    s->waiting_cells[wtl_shard_pool(shape)]--;
    uint32_t was = atomic_fetch_or(wtl_entry_hold_at(e), WTL_BLOCK_DEAD);
    if (was >= WTL_BLOCK_PIN)
        wtl_shard_add(&s->n.pinned_units, units);
    else
        wtl_limbo_free(s, e);
}

static void release_table(wtl_shard *s, wtl_block *table)
{
    wtl_shard_add(&s->n.waiting_units, -(uint64_t)table->units);
    s->waiting_blocks -= table->units;
    wtl_arena_give(&s->arena, table);
}

static void pop(wtl_shard *s)
{
    uint32_t unit = s->waiting[s->waiting_first].unit;
    s->waiting_first = (s->waiting_first + 1) % WTL_SHARD_LIMBO;
    s->waiting_n--;
    wtl_block *b = wtl_arena_at(&s->arena, unit & ~TABLE);
    if ((unit & TABLE) != 0)
        release_table(s, b);
    else
        release(s, (wtl_entry *)(void *)b);
}

void wtl_limbo_sweep(wtl_shard *s)
{
    while (s->waiting_n > 0 && wtl_epoch_over(&s->cache->epoch, s->waiting[s->waiting_first].stamp))
        pop(s);
}

void wtl_limbo_flush(wtl_shard *s)
{
    while (s->waiting_n > 0)
        pop(s);
}

bool wtl_limbo_drain(wtl_shard *s)
{
    enum { EPOCHS = 2, TRIES = 4 };
    for (unsigned i = 0; i < TRIES && s->waiting_n > 0; i++) {
        if (!wtl_epoch_advance(&s->cache->epoch))
            break;
        if (i + 1 >= EPOCHS)
            wtl_limbo_sweep(s);
    }
    wtl_limbo_sweep(s);
    return s->waiting_n == 0;
}

static bool has_room(const wtl_shard *s)
{
    return s->waiting_n < WTL_SHARD_LIMBO && wtl_shard_got(&s->n.waiting_units) < s->waiting_most;
}

bool wtl_limbo_ready(wtl_shard *s)
{
    if (has_room(s))
        return true;
    wtl_limbo_sweep(s);
    if (!has_room(s))
        wtl_limbo_drain(s);
    return has_room(s);
}

static void add(wtl_shard *s, const void *what, uint32_t kind, uint64_t units)
{
    wtl_shard_waiting *w = &s->waiting[(s->waiting_first + s->waiting_n) % WTL_SHARD_LIMBO];
    w->unit = wtl_arena_unit(&s->arena, what) | kind;
    w->stamp = wtl_epoch_stamp(&s->cache->epoch);
    s->waiting_n++;
    wtl_shard_add(&s->n.waiting_units, units);
}

void wtl_limbo_add(wtl_shard *s, wtl_entry *e)
{
    enum wtl_entry_shape shape = wtl_entry_has(e);
    uint64_t units = wtl_entry_units(e);
    atomic_fetch_and(wtl_entry_hold_at(e), ~(uint32_t)WTL_BLOCK_LINKED);
    s->waiting_blocks += units - wtl_entry_cell_units(shape);
    s->waiting_cells[wtl_shard_pool(shape)]++;
    if (shape == WTL_ENTRY_FAR) /* which will be looked at when it is freed */
        __builtin_prefetch(wtl_arena_after(&s->arena, wtl_entry_block(e)), 1);
    add(s, e, 0, units);
}

void wtl_limbo_add_table(wtl_shard *s, wtl_block *table)
{
    s->waiting_blocks += table->units;
    add(s, table, TABLE, table->units);
}

void wtl_limbo_unpinned(wtl_shard *s, wtl_entry *e)
{
    wtl_shard_add(&s->n.pinned_units, -wtl_entry_units(e));
    wtl_limbo_free(s, e);
}
