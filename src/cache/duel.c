#include "cache/duel.h"

enum {
    SHARE = 12,   /* one decision in so many is drawn */
    MEMORY = 128, /* keys turned away after which those before weigh half */
    VALUE = 65536 /* what a key costs that comes back at once */
};

/* How much less a way must cost than the one that decides, to take its place. */
#define CLEARLY 0.9

static uint64_t got(const _Atomic uint64_t *n)
{
    return atomic_load_explicit(n, memory_order_relaxed);
}

static void set(_Atomic uint64_t *n, uint64_t v)
{
    atomic_store_explicit(n, v, memory_order_relaxed);
}

static uint32_t random_of(wtl_duel *d)
{
    uint32_t r = atomic_load_explicit(&d->random, memory_order_relaxed) + 0x9e3779b9U;
    atomic_store_explicit(&d->random, r, memory_order_relaxed);
    r = (r ^ r >> 16) * 0x85ebca6bU;
    r = (r ^ r >> 13) * 0xc2b2ae35U;
    return r ^ r >> 16;
}

int wtl_duel_draw(wtl_duel *d)
{
    uint32_t r = random_of(d);
    return r % SHARE != 0 ? -1 : (int)(r / SHARE % WTL_DUEL_WAYS);
}

unsigned wtl_duel_best(const wtl_duel *d)
{
    return atomic_load_explicit(&d->best, memory_order_relaxed);
}

/* What a way's decisions cost for each block that they freed. One that freed an average key's room and cost it dearly is taken for granted. */
static double rate(const wtl_duel *d, unsigned way, double blocks, bool by_bytes)
{
    return ((double)got(&d->cost[way]) + VALUE * (by_bytes ? blocks : 1)) /
           ((double)got(&d->freed[way]) + blocks);
}

static void decide(wtl_duel *d, bool by_bytes)
{
    uint32_t noted = atomic_load_explicit(&d->noted, memory_order_relaxed);
    double blocks = (double)(got(&d->freed[0]) + got(&d->freed[1]) + 1) / (noted + 1.0);
    unsigned best = wtl_duel_best(d);
    unsigned other = 1 - best;
    if (rate(d, other, blocks, by_bytes) < rate(d, best, blocks, by_bytes) * CLEARLY)
        atomic_store_explicit(&d->best, other, memory_order_relaxed);
}

static void forget(wtl_duel *d)
{
    if (atomic_fetch_add_explicit(&d->noted, 1, memory_order_relaxed) < MEMORY)
        return;
    atomic_store_explicit(&d->noted, MEMORY / 2, memory_order_relaxed);
    for (unsigned way = 0; way < WTL_DUEL_WAYS; way++) {
        set(&d->cost[way], got(&d->cost[way]) / 2);
        set(&d->freed[way], got(&d->freed[way]) / 2);
    }
}

void wtl_duel_note(wtl_duel *d, wtl_duel_slot *slot, const wtl_duel_slot *what, uint32_t horizon)
{
    if (slot->tag != 0 && what->tick - slot->tick < horizon)
        return;
    *slot = *what;
    set(&d->freed[what->way], got(&d->freed[what->way]) + what->blocks);
    forget(d);
}

void wtl_duel_back(wtl_duel *d, wtl_duel_slot *slot, uint32_t tag, uint32_t now, uint64_t entries,
                   bool by_bytes)
{
    if (slot->tag != tag)
        return;
    uint32_t gap = now - slot->tick;
    uint64_t cost = entries * VALUE / (entries + gap + 1) * (by_bytes ? slot->blocks : 1);
    set(&d->cost[slot->way], got(&d->cost[slot->way]) + cost);
    slot->tag = 0;
    decide(d, by_bytes);
}
