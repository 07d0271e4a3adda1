/* Which of several ways of choosing is the right one here, told by what each turned away.
 *
 * Where the ways differ, one decision in twelve is made by one of them by lot, and the key that it turned away is noted: the newcomer
 * that was refused, or the entry that was evicted. If it is asked for again, that is the way's cost, the more the sooner. As the lot
 * is blind, the costs of the ways compare, whatever else is decided meanwhile; the way of the least cost for the bytes that it freed decides the rest. */
#ifndef WTL_CACHE_DUEL_H
#define WTL_CACHE_DUEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { WTL_DUEL_WAYS = 2, WTL_DUEL_SLOTS = 2048 };

/* Sixteen bytes. Callers see to it that one thread at a time uses a slot. */
typedef struct wtl_duel_slot {
    uint32_t tag; /* 0: none */
    uint32_t tick;
    uint32_t way;
    uint32_t blocks; /* of 64 bytes */
} wtl_duel_slot;

typedef struct wtl_duel {
    _Atomic uint64_t cost[WTL_DUEL_WAYS];
    _Atomic uint64_t freed[WTL_DUEL_WAYS];
    _Atomic uint32_t noted;
    _Atomic uint32_t random;
    _Atomic unsigned best;
} wtl_duel;

/* The way that decides what is not drawn. */
unsigned wtl_duel_best(const wtl_duel *d);
/* By lot: a way to be tried, or -1: this decision is the best way's. */
int wtl_duel_draw(wtl_duel *d);
/* The way turned this key away; `slot` is where the key belongs, `horizon` the ticks after which another may take its place. */
void wtl_duel_note(wtl_duel *d, wtl_duel_slot *slot, const wtl_duel_slot *what, uint32_t horizon);
/* The key is asked for. */
void wtl_duel_back(wtl_duel *d, wtl_duel_slot *slot, uint32_t tag, uint32_t now, uint64_t entries,
                   bool by_bytes);

#endif
