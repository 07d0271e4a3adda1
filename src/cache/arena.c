#include "cache/arena.h"

#include <string.h>

enum { LOOK = 8 }; /* gaps of the very class that are tried for length */

static unsigned log2_of(uint32_t n)
{
    return 31 - (unsigned)__builtin_clz(n);
}

/* Lengths below 32 have a class each, others one of 32 between two powers of two. */
static void class_of(uint32_t units, unsigned *row, unsigned *column)
{
    if (units < WTL_ARENA_COLUMNS) {
        *row = 0;
        *column = units;
        return;
    }
    unsigned top = log2_of(units);
    *row = top - 4;
    *column = units >> (top - 5) & (WTL_ARENA_COLUMNS - 1);
}

static void mark_length(wtl_arena *a, uint32_t unit, uint32_t units)
{
    wtl_arena_at(a, unit)->units = units;
    memcpy(a->base + (uint64_t)(unit + units) * WTL_BLOCK_UNIT - sizeof units, &units, sizeof units);
}

static void put(wtl_arena *a, uint32_t unit, uint32_t units)
{
    unsigned row;
    unsigned column;
    class_of(units, &row, &column);
    wtl_block *g = wtl_arena_at(a, unit);
    uint32_t next = a->head[row][column];
    atomic_store_explicit(&g->hold, WTL_BLOCK_FREE, memory_order_relaxed);
    mark_length(a, unit, units);
    g->next = next;
    g->prev = WTL_ARENA_NONE;
    if (next != WTL_ARENA_NONE)
        wtl_arena_at(a, next)->prev = unit;
    a->head[row][column] = unit;
    a->columns[row] |= UINT32_C(1) << column;
    a->rows |= UINT32_C(1) << row;
    atomic_fetch_or_explicit(&wtl_arena_at(a, unit + units)->hold, WTL_BLOCK_AFTER_GAP, memory_order_relaxed);
    a->gap_units += units;
}

/* Takes a gap out of its list; the block after it still believes in it. */
static void pull(wtl_arena *a, uint32_t unit)
{
    unsigned row;
    unsigned column;
    wtl_block *g = wtl_arena_at(a, unit);
    class_of(g->units, &row, &column);
    if (g->next != WTL_ARENA_NONE)
        wtl_arena_at(a, g->next)->prev = g->prev;
    if (g->prev != WTL_ARENA_NONE)
        wtl_arena_at(a, g->prev)->next = g->next;
    else
        a->head[row][column] = g->next;
    if (a->head[row][column] == WTL_ARENA_NONE) {
        a->columns[row] &= ~(UINT32_C(1) << column);
        if (a->columns[row] == 0)
            a->rows &= ~(UINT32_C(1) << row);
    }
    a->gap_units -= g->units;
}

void wtl_arena_init(wtl_arena *a, uint8_t *base, uint32_t units, uint32_t colour)
{
    memset(a, 0, sizeof *a);
    memset(a->head, 0xff, sizeof a->head);
    a->base = base;
    a->first = colour;
    a->end = units - 1;
    wtl_block *wall = wtl_arena_at(a, a->end);
    atomic_store_explicit(&wall->hold, WTL_BLOCK_TABLE, memory_order_relaxed);
    wall->units = 0;
    put(a, a->first, a->end - a->first);
}

/* A gap of this very class may be long enough or not; all of a higher class are. */
static uint32_t search(const wtl_arena *a, uint32_t units)
{
    unsigned row;
    unsigned column;
    class_of(units, &row, &column);
    uint32_t at = a->head[row][column];
    for (unsigned i = 0; i < LOOK && at != WTL_ARENA_NONE; i++, at = wtl_arena_at(a, at)->next) {
        if (wtl_arena_at(a, at)->units >= units)
            return at;
    }
    uint32_t columns = a->columns[row] & (uint32_t)(UINT64_C(0xfffffffe) << column);
    if (columns == 0) {
        uint32_t rows = a->rows & (uint32_t)(UINT64_C(0xfffffffe) << row);
        if (rows == 0)
            return WTL_ARENA_NONE;
        row = (unsigned)__builtin_ctz(rows);
        columns = a->columns[row];
    }
    return a->head[row][__builtin_ctz(columns)];
}

void wtl_arena_claim(wtl_arena *a, wtl_block *b)
{
    pull(a, wtl_arena_unit(a, b));
    atomic_fetch_and_explicit(&wtl_arena_after(a, b)->hold, ~(uint32_t)WTL_BLOCK_AFTER_GAP,
                              memory_order_relaxed);
    atomic_store_explicit(&b->hold, 0, memory_order_relaxed);
}

wtl_block *wtl_arena_take(wtl_arena *a, uint64_t units)
{
    if (units > a->gap_units)
        return NULL;
    uint32_t need = (uint32_t)units;
    uint32_t at = search(a, need);
    if (at == WTL_ARENA_NONE)
        return NULL;
    wtl_block *b = wtl_arena_at(a, at);
    uint32_t has = b->units;
    if (has == need) {
        wtl_arena_claim(a, b);
        return b;
    }
    pull(a, at);
    put(a, at + need, has - need);
    b->units = need;
    atomic_store_explicit(&b->hold, 0, memory_order_relaxed);
    return b;
}

uint32_t wtl_arena_before(const wtl_block *b)
{
    uint32_t units = 0;
    if ((wtl_block_hold(b) & WTL_BLOCK_AFTER_GAP) != 0)
        memcpy(&units, (const uint8_t *)b - sizeof units, sizeof units);
    return units;
}

void wtl_arena_give(wtl_arena *a, wtl_block *b)
{
    uint32_t at = wtl_arena_unit(a, b);
    uint32_t n = b->units;
    uint32_t before = wtl_arena_before(b);
    const wtl_block *after = wtl_arena_after(a, b);
    if (before != 0) {
        at -= before;
        n += before;
        pull(a, at);
    }
    if ((wtl_block_hold(after) & WTL_BLOCK_FREE) != 0) {
        pull(a, wtl_arena_unit(a, after));
        n += after->units;
    }
    put(a, at, n);
}

void wtl_arena_trim(wtl_arena *a, wtl_block *b, uint64_t keep)
{
    if (keep == b->units)
        return;
    wtl_block *rest = wtl_arena_at(a, wtl_arena_unit(a, b) + (uint32_t)keep);
    rest->units = b->units - (uint32_t)keep;
    atomic_store_explicit(&rest->hold, 0, memory_order_relaxed);
    b->units = (uint32_t)keep;
    wtl_arena_give(a, rest);
}
