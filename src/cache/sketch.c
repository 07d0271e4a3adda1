#include "cache/sketch.h"

static unsigned column(uint64_t hash, unsigned row)
{
    static const uint64_t odd[WTL_SKETCH_ROWS] = {UINT64_C(0x9e3779b97f4a7c15), UINT64_C(0xc2b2ae3d27d4eb4f),
                                                  UINT64_C(0x165667b19e3779f9), UINT64_C(0xd6e8feb86659fd93)};
    return (unsigned)((hash * odd[row]) >> 48);
}

static uint32_t at(const _Atomic uint16_t *c)
{
    return atomic_load_explicit(c, memory_order_relaxed);
}

void wtl_sketch_fetch(const wtl_sketch *s, uint64_t hash)
{
    for (unsigned row = 0; row < WTL_SKETCH_ROWS; row++)
        __builtin_prefetch((const void *)&s->count[row][column(hash, row)], 1);
}

uint32_t wtl_sketch_count(const wtl_sketch *s, uint64_t hash)
{
    uint32_t least = UINT16_MAX;
    for (unsigned row = 0; row < WTL_SKETCH_ROWS; row++) {
        uint32_t n = at(&s->count[row][column(hash, row)]);
        least = n < least ? n : least;
    }
    return least;
}

void wtl_sketch_raise(wtl_sketch *s, uint64_t hash, uint32_t to)
{
    to = to < UINT16_MAX ? to : UINT16_MAX;
    for (unsigned row = 0; row < WTL_SKETCH_ROWS; row++) {
        _Atomic uint16_t *c = &s->count[row][column(hash, row)];
        if (at(c) < to)
            atomic_store_explicit(c, (uint16_t)to, memory_order_relaxed);
    }
}

void wtl_sketch_add(wtl_sketch *s, uint64_t hash, uint32_t by)
{
    wtl_sketch_raise(s, hash, wtl_sketch_count(s, hash) + by);
}

void wtl_sketch_age(wtl_sketch *s)
{
    for (unsigned row = 0; row < WTL_SKETCH_ROWS; row++) {
        for (unsigned i = 0; i < WTL_SKETCH_COLUMNS; i++) {
            _Atomic uint16_t *c = &s->count[row][i];
            atomic_store_explicit(c, (uint16_t)(at(c) / 2), memory_order_relaxed);
        }
    }
}
