/* Keys that are not there any more, or were not let in: when they were used last and how often before. Eight bytes each, a cache line of eight
 * for keys whose hashes meet there; the one that was used longest ago makes way. A key is known by 16 bits of its hash beside its line's
 * number, so that one in some ten thousand is mistaken for another. Callers see to it that one thread at a time uses a line. */
#ifndef WTL_CACHE_GHOST_H
#define WTL_CACHE_GHOST_H

#include <stdbool.h>
#include <stdint.h>

enum { WTL_GHOST_WAYS = 8, WTL_GHOST_COUNT_MOST = 63 };

typedef struct wtl_ghost {
    uint32_t tick;
    uint16_t tag;   /* 0: none */
    uint16_t usual; /* 6 bits count, 10 bits usual gap */
} wtl_ghost;

typedef struct wtl_ghost_line {
    _Alignas(64) wtl_ghost way[WTL_GHOST_WAYS];
} wtl_ghost_line;

/* Where the key is, or NULL. */
wtl_ghost *wtl_ghost_find(wtl_ghost_line *line, uint64_t hash);
/* Notes the key, which is not in the line. */
void wtl_ghost_add(wtl_ghost_line *line, uint64_t hash, uint32_t tick, uint32_t count, uint32_t usual);

static inline uint32_t wtl_ghost_count(const wtl_ghost *g)
{
    return g->usual >> 10;
}

static inline uint32_t wtl_ghost_usual(const wtl_ghost *g)
{
    return g->usual & 1023;
}

#endif
