#include "cache/pool.h"

#include <string.h>

/* At the beginning of a chunk. It is in the list of the open when it is not closed and has a free cell. */
typedef struct chunk {
    wtl_block block;
    uint32_t used;
    uint32_t fresh; /* cells from here on were never used */
    uint32_t free;  /* a list of those that were */
    uint32_t closed;
    wtl_pool *pool;
} chunk;

enum { PRELUDE = 3 }; /* units, from a chunk's beginning to its first cell at the most */

#define FREE_CELL UINT64_MAX /* as an entry's `meta`, which none has */

static chunk *chunk_at(const wtl_pool *p, uint32_t unit)
{
    return (chunk *)(void *)wtl_arena_at(p->arena, unit);
}

static uint32_t unit_of(const wtl_pool *p, const chunk *c)
{
    return wtl_arena_unit(p->arena, c);
}

static uint8_t *cells_of(const chunk *c)
{
    uintptr_t after = (uintptr_t)(c + 1);
    return (uint8_t *)((after + 63) & ~(uintptr_t)63);
}

static wtl_entry *cell_at(const wtl_pool *p, const chunk *c, uint32_t i)
{
    return (wtl_entry *)(void *)(cells_of(c) + (size_t)i * p->cell_units * WTL_BLOCK_UNIT);
}

static uint32_t cells_for(uint32_t units, uint32_t cell_units)
{
    uint32_t cells = units / WTL_POOL_PART / cell_units;
    return cells < WTL_POOL_LEAST ? WTL_POOL_LEAST : cells < WTL_POOL_MOST ? cells : WTL_POOL_MOST;
}

void wtl_pool_init(wtl_pool *p, wtl_arena *a, uint32_t units, uint32_t cell_units)
{
    memset(p, 0, sizeof *p);
    p->arena = a;
    p->cell_units = cell_units;
    p->chunk_cells = cells_for(units, cell_units);
    p->chunk_units = p->chunk_cells * cell_units + PRELUDE;
    p->parts = units / p->chunk_units + 1;
    p->open = p->closing = WTL_ARENA_NONE;
    size_t n = p->parts * sizeof *p->begins;
    wtl_block *b = wtl_arena_take(a, (WTL_BLOCK_HEAD + n + WTL_BLOCK_UNIT - 1) / WTL_BLOCK_UNIT);
    atomic_fetch_or(&b->hold, WTL_BLOCK_TABLE);
    p->begins = (uint32_t *)(void *)wtl_block_bytes(b);
    p->over_units = b->units;
    memset(p->begins, 0xff, n);
}

static void enlist(wtl_pool *p, chunk *c)
{
    c->block.next = p->open;
    c->block.prev = WTL_ARENA_NONE;
    if (p->open != WTL_ARENA_NONE)
        chunk_at(p, p->open)->block.prev = unit_of(p, c);
    p->open = unit_of(p, c);
}

static void delist(wtl_pool *p, const chunk *c)
{
    if (c->block.next != WTL_ARENA_NONE)
        chunk_at(p, c->block.next)->block.prev = c->block.prev;
    if (c->block.prev != WTL_ARENA_NONE)
        chunk_at(p, c->block.prev)->block.next = c->block.next;
    else
        p->open = c->block.next;
}

static bool listed(const wtl_pool *p, const chunk *c)
{
    return c->closed == 0 && c->used < p->chunk_cells;
}

void wtl_pool_enlarge(wtl_pool *p, wtl_block *b)
{
    chunk *c = (chunk *)(void *)b;
    atomic_fetch_or(&b->hold, WTL_BLOCK_CHUNK);
    c->used = c->fresh = c->closed = 0;
    c->free = WTL_ARENA_NONE;
    c->pool = p;
    p->begins[unit_of(p, c) / p->chunk_units] = unit_of(p, c);
    p->chunks++;
    p->ready += p->chunk_cells;
    enlist(p, c);
}

static void give_back(wtl_pool *p, chunk *c)
{
    p->begins[unit_of(p, c) / p->chunk_units] = WTL_ARENA_NONE;
    p->chunks--;
    if (p->closing == unit_of(p, c))
        p->closing = WTL_ARENA_NONE;
    wtl_arena_give(p->arena, &c->block);
}

wtl_entry *wtl_pool_take(wtl_pool *p)
{
    if (p->open == WTL_ARENA_NONE) {
        wtl_block *b = wtl_arena_take(p->arena, p->chunk_units);
        if (b == NULL)
            return NULL;
        wtl_pool_enlarge(p, b);
    }
    chunk *c = chunk_at(p, p->open);
    wtl_entry *e;
    if (c->free != WTL_ARENA_NONE) {
        e = cell_at(p, c, c->free);
        c->free = e->value_n;
    } else {
        e = cell_at(p, c, c->fresh++);
    }
    atomic_store_explicit(&e->meta, 0, memory_order_relaxed);
    c->used++;
    p->used++;
    p->ready--;
    if (!listed(p, c))
        delist(p, c);
    return e;
}

/* No two chunks begin in one part, since none is shorter than a part is. */
static chunk *chunk_of(const wtl_pool *p, const wtl_entry *e)
{
    uint32_t unit = wtl_arena_unit(p->arena, e);
    uint32_t at = p->begins[unit / p->chunk_units];
    if (at > unit) /* or none */
        at = p->begins[unit / p->chunk_units - 1];
    return chunk_at(p, at);
}

void wtl_pool_give(wtl_pool *p, wtl_entry *e)
{
    chunk *c = chunk_of(p, e);
    bool was = listed(p, c);
    atomic_store_explicit(&e->meta, FREE_CELL, memory_order_relaxed);
    e->value_n = c->free;
    c->free = (uint32_t)((size_t)((uint8_t *)e - cells_of(c)) / (p->cell_units * WTL_BLOCK_UNIT));
    c->used--;
    p->used--;
    p->ready += c->closed == 0;
    if (c->used == 0) {
        p->ready -= c->closed == 0 ? p->chunk_cells : 0;
        if (was)
            delist(p, c);
        give_back(p, c);
    } else if (!was && listed(p, c)) {
        enlist(p, c);
    }
}

void wtl_pool_close(wtl_block *b)
{
    chunk *c = (chunk *)(void *)b;
    wtl_pool *p = c->pool;
    if (c->closed != 0)
        return;
    if (listed(p, c))
        delist(p, c);
    c->closed = 1;
    p->ready -= p->chunk_cells - c->used;
}

void wtl_pool_reopen(wtl_block *b)
{
    chunk *c = (chunk *)(void *)b;
    wtl_pool *p = c->pool;
    if (c->closed == 0)
        return;
    c->closed = 0;
    p->ready += p->chunk_cells - c->used;
    if (listed(p, c))
        enlist(p, c);
}

static chunk *emptiest(const wtl_pool *p)
{
    chunk *best = NULL;
    for (uint32_t at = p->open; at != WTL_ARENA_NONE; at = chunk_at(p, at)->block.next) {
        if (best == NULL || chunk_at(p, at)->used < best->used)
            best = chunk_at(p, at);
    }
    return best;
}

wtl_block *wtl_pool_retiring(wtl_pool *p)
{
    uint32_t cells = wtl_pool_cells(p);
    if (p->closing == WTL_ARENA_NONE && cells - p->used > cells / 4 + 2 * p->chunk_cells) {
        chunk *c = emptiest(p);
        if (c == NULL)
            return NULL;
        wtl_pool_close(&c->block);
        p->closing = unit_of(p, c);
        p->walked = 0;
    }
    return p->closing != WTL_ARENA_NONE ? wtl_arena_at(p->arena, p->closing) : NULL;
}

wtl_block *wtl_pool_chunk(const wtl_pool *p, uint32_t part)
{
    return p->begins[part] != WTL_ARENA_NONE ? wtl_arena_at(p->arena, p->begins[part]) : NULL;
}

wtl_entry *wtl_pool_next(wtl_block *b, uint32_t *i)
{
    chunk *c = (chunk *)(void *)b;
    while (*i < c->fresh) {
        wtl_entry *e = cell_at(c->pool, c, (*i)++);
        if (wtl_entry_meta_of(e) != FREE_CELL)
            return e;
    }
    return NULL;
}
