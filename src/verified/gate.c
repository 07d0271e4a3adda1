#include "verified/gate.h"

#include <string.h>

bool wtl_gate_again(wtl_gate *g, const uint8_t print[WTL_FINGERPRINT], uint64_t ms, uint32_t window)
{
    uint64_t lo;
    uint64_t hi;
    memcpy(&lo, print, sizeof lo);
    memcpy(&hi, print + sizeof lo, sizeof hi);
    uint64_t tag = (lo | 1) << 32; /* never an empty slot's */
    _Atomic uint64_t *slot = &g->slot[hi % WTL_GATE_SLOTS];
    uint64_t old = atomic_load_explicit(slot, memory_order_relaxed);
    atomic_store_explicit(slot, tag | (uint32_t)ms, memory_order_relaxed);
    return (old ^ tag) >> 32 == 0 && (uint32_t)ms - (uint32_t)old <= window;
}
