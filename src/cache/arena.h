/* A shard's memory: one piece, cut into blocks of whole units. Blocks are found by size class (two levels of bitmaps, TLSF:
 * Masmano, Ripoll, Crespo, Real: "TLSF: a new dynamic memory allocator for real-time systems", ECRTS 2004), and merge with
 * the gaps beside them when they are given back. No call fails but for want of room; none takes memory from elsewhere. */
#ifndef WTL_CACHE_ARENA_H
#define WTL_CACHE_ARENA_H

#include "cache/block.h"

enum { WTL_ARENA_ROWS = 28, WTL_ARENA_COLUMNS = 32 };
#define WTL_ARENA_NONE UINT32_MAX

typedef struct wtl_arena {
    uint8_t *base;
    uint32_t first, end; /* units: the first block, the wall */
    uint32_t gap_units;  /* in all gaps */
    uint32_t rows;
    uint32_t columns[WTL_ARENA_ROWS];
    uint32_t head[WTL_ARENA_ROWS][WTL_ARENA_COLUMNS];
} wtl_arena;

/* `units` of memory at `base` (aligned to 64) become one gap, but for `colour` units at the beginning and the wall at the end. */
void wtl_arena_init(wtl_arena *a, uint8_t *base, uint32_t units, uint32_t colour);

/* A block of so many units, its `hold` 0 and what follows `units` anything; NULL when no gap is long enough. */
wtl_block *wtl_arena_take(wtl_arena *a, uint64_t units);
/* Makes this very gap a block, as wtl_arena_take does. */
void wtl_arena_claim(wtl_arena *a, wtl_block *b);
/* Gives a block back, which becomes a gap, or a part of one. */
void wtl_arena_give(wtl_arena *a, wtl_block *b);
/* Gives back what lies after the first `keep` units. */
void wtl_arena_trim(wtl_arena *a, wtl_block *b, uint64_t keep);

static inline wtl_block *wtl_arena_at(const wtl_arena *a, uint32_t unit)
{
    return (wtl_block *)(void *)(a->base + (uint64_t)unit * WTL_BLOCK_UNIT);
}

static inline uint32_t wtl_arena_unit(const wtl_arena *a, const void *p)
{
    return (uint32_t)((uint64_t)((const uint8_t *)p - a->base) / WTL_BLOCK_UNIT);
}

/* The block behind this one. */
static inline wtl_block *wtl_arena_after(const wtl_arena *a, const wtl_block *b)
{
    return wtl_arena_at(a, wtl_arena_unit(a, b) + b->units);
}

/* The length of the gap before this block; 0: there is none. */
uint32_t wtl_arena_before(const wtl_block *b);

#endif
