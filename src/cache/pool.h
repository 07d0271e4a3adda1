/* Cells of one length for entries, side by side, so that what gets read lies on few pages, whatever the values' sizes. Cells come in
 * chunks that the arena gives, and that it has back when all their cells are free. */
#ifndef WTL_CACHE_POOL_H
#define WTL_CACHE_POOL_H

#include "cache/arena.h"
#include "cache/entry.h"

/* Cells of a chunk: a 1,024th of the memory, within these bounds. */
enum { WTL_POOL_PART = 1024, WTL_POOL_LEAST = 8, WTL_POOL_MOST = 512 };

typedef struct wtl_pool {
    wtl_arena *arena;
    uint32_t cell_units, chunk_cells, chunk_units;
    uint32_t chunks;
    uint32_t over_units; /* that the pool itself takes up */
    uint32_t used;       /* cells */
    uint32_t ready;      /* cells that are free in chunks that are open */
    uint32_t open;       /* the first chunk of those with free cells */
    uint32_t closing;    /* the chunk that was retired last, while it is there */
    uint32_t walked;     /* so many cells of it have been looked at */
    uint32_t parts;
    uint32_t *
        begins; /* in the arena: which chunk begins in each part of the memory, as long as a chunk; at most one does */
} wtl_pool;

/* Over an arena of so many units, nearly all free. */
void wtl_pool_init(wtl_pool *p, wtl_arena *a, uint32_t units, uint32_t cell_units);

/* A cell, its contents anything; NULL when no chunk has one and none can be had. */
wtl_entry *wtl_pool_take(wtl_pool *p);
/* Makes a chunk of a block of chunk_units. */
void wtl_pool_enlarge(wtl_pool *p, wtl_block *b);
void wtl_pool_give(wtl_pool *p, wtl_entry *e);

/* Nothing is taken from a chunk b that is closed. */
void wtl_pool_close(wtl_block *b);
void wtl_pool_reopen(wtl_block *b);
/* The chunk that is being emptied because too many cells are free, or NULL. */
wtl_block *wtl_pool_retiring(wtl_pool *p);
/* The chunk that begins in a part, or NULL. */
wtl_block *wtl_pool_chunk(const wtl_pool *p, uint32_t part);
/* The next cell of the chunk b that is used, from *i on, which moves behind it; NULL: no more. */
wtl_entry *wtl_pool_next(wtl_block *b, uint32_t *i);

/* Units of its memory that are no cells. */
static inline uint64_t wtl_pool_over(const wtl_pool *p)
{
    return p->over_units + (uint64_t)p->chunks * (p->chunk_units - p->chunk_cells * p->cell_units);
}

static inline uint32_t wtl_pool_cells(const wtl_pool *p)
{
    return p->chunks * p->chunk_cells;
}

#endif
