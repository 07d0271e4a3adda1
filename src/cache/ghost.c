#include "cache/ghost.h"

#include <stddef.h>

static uint16_t tag_of(uint64_t hash)
{
    uint16_t tag = (uint16_t)((hash * UINT64_C(0xd6e8feb86659fd93)) >> 48);
    return tag != 0 ? tag : 1;
}

wtl_ghost *wtl_ghost_find(wtl_ghost_line *line, uint64_t hash)
{
    uint16_t tag = tag_of(hash);
    for (unsigned i = 0; i < WTL_GHOST_WAYS; i++) {
        if (line->way[i].tag == tag)
            return &line->way[i];
    }
    return NULL;
}

void wtl_ghost_add(wtl_ghost_line *line, uint64_t hash, uint32_t tick, uint32_t count, uint32_t usual)
{
    wtl_ghost *oldest = &line->way[0];
    for (unsigned i = 0; i < WTL_GHOST_WAYS && oldest->tag != 0; i++) {
        wtl_ghost *g = &line->way[i];
        if (g->tag == 0 || tick - g->tick > tick - oldest->tick)
            oldest = g;
    }
    count = count < WTL_GHOST_COUNT_MOST ? count : WTL_GHOST_COUNT_MOST;
    *oldest = (wtl_ghost){
        .tick = tick, .tag = tag_of(hash), .usual = (uint16_t)(count << 10 | (usual & 1023))};
}
