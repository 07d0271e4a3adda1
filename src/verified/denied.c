#include "verified/denied.h"

#include <stdlib.h>
#include <string.h>

typedef struct halves {
    uint64_t lo, hi;
} halves;

static halves halves_of(const uint8_t id[WTL_FINGERPRINT])
{
    halves i;
    memcpy(&i.lo, id, sizeof i.lo);
    memcpy(&i.hi, id + sizeof i.lo, sizeof i.hi);
    i.lo |= 1;
    return i;
}

int wtl_denied_init(wtl_denied *d, size_t most, wtl_err *err)
{
    size_t slots = 4;
    while (slots < 2 * most)
        slots *= 2;
    *d = (wtl_denied){.most = most, .mask = slots - 1};
    pthread_mutex_init(&d->lock, NULL);
    atomic_store(&d->state, 1);
    for (unsigned i = 0; i < 2; i++) {
        d->table[i] = calloc(slots, sizeof *d->table[i]);
        ENSURE(d->table[i] != NULL, err, WTL_NOMEM, "out of memory for %zu denied ids", most);
    }
    return WTL_OK;
}

void wtl_denied_free(wtl_denied *d)
{
    if (d->mask == 0)
        return;
    free(d->table[0]);
    free(d->table[1]);
    pthread_mutex_destroy(&d->lock);
}

void wtl_denied_adopt(wtl_denied *d)
{
    pthread_mutex_init(&d->lock, NULL);
}

/* The id's slot, or the free one where it would be. Slots are filled at most by half. */
static wtl_denied_slot *find(wtl_denied_slot *table, size_t mask, halves i)
{
    for (size_t at = i.hi & mask;; at = (at + 1) & mask) {
        uint64_t lo = atomic_load_explicit(&table[at].lo, memory_order_acquire);
        if (lo == 0 || (lo == i.lo && atomic_load_explicit(&table[at].hi, memory_order_acquire) == i.hi))
            return &table[at];
    }
}

static bool in_force(wtl_denied_slot *s, wtl_denied_now now)
{
    return now.wall < atomic_load_explicit(&s->wall, memory_order_acquire) ||
           now.ms < atomic_load_explicit(&s->ms, memory_order_acquire);
}

static void fill(wtl_denied_slot *s, halves i, int64_t wall, uint64_t ms)
{
    atomic_store_explicit(&s->hi, i.hi, memory_order_release);
    atomic_store_explicit(&s->wall, wall, memory_order_release);
    atomic_store_explicit(&s->ms, ms, memory_order_release);
    atomic_store_explicit(&s->lo, i.lo, memory_order_release);
}

/* Those in force into the other table, then to that one. A reader of two turns ago that sees any of these stores sees the turn that came
 * before them as well, since they are releases and its loads acquire. */
static void clear_away(wtl_denied *d, wtl_denied_now now)
{
    uint64_t turn = atomic_load_explicit(&d->turn, memory_order_relaxed);
    wtl_denied_slot *from = d->table[turn & 1];
    wtl_denied_slot *to = d->table[~turn & 1];
    d->used = 0;
    for (size_t i = 0; i <= d->mask; i++)
        atomic_store_explicit(&to[i].lo, 0, memory_order_release);
    for (size_t i = 0; i <= d->mask; i++) {
        halves own = {atomic_load_explicit(&from[i].lo, memory_order_relaxed),
                      atomic_load_explicit(&from[i].hi, memory_order_relaxed)};
        if (own.lo == 0 || !in_force(&from[i], now))
            continue;
        fill(find(to, d->mask, own), own, atomic_load_explicit(&from[i].wall, memory_order_relaxed),
             atomic_load_explicit(&from[i].ms, memory_order_relaxed));
        d->used++;
    }
    atomic_store(&d->turn, turn + 1);
}

static uint64_t deadline(int64_t until, wtl_denied_now now)
{
    if (until <= now.wall)
        return 0;
    uint64_t seconds = (uint64_t)until - (uint64_t)now.wall;
    return seconds > (UINT64_MAX - now.ms) / 1000 ? UINT64_MAX : now.ms + seconds * 1000;
}

static wtl_denied_slot *slot_of(wtl_denied *d, halves i)
{
    return find(d->table[atomic_load_explicit(&d->turn, memory_order_relaxed) & 1], d->mask, i);
}

static int add(wtl_denied *d, halves i, int64_t until, wtl_denied_now now)
{
    uint64_t ms = deadline(until, now);
    wtl_denied_slot *s = slot_of(d, i);
    if (atomic_load_explicit(&s->lo, memory_order_relaxed) != 0) {
        if (atomic_load_explicit(&s->wall, memory_order_relaxed) < until)
            atomic_store_explicit(&s->wall, until, memory_order_release);
        if (atomic_load_explicit(&s->ms, memory_order_relaxed) < ms)
            atomic_store_explicit(&s->ms, ms, memory_order_release);
        return WTL_OK;
    }
    if (d->used >= d->most) {
        clear_away(d, now);
        if (d->used >= d->most)
            return WTL_BUSY;
        s = slot_of(d, i);
    }
    fill(s, i, until, ms);
    d->used++;
    return WTL_OK;
}

int wtl_denied_add(wtl_denied *d, const uint8_t id[WTL_FINGERPRINT], int64_t until, wtl_denied_now now,
                   wtl_err *err)
{
    pthread_mutex_lock(&d->lock);
    int rc = add(d, halves_of(id), until, now);
    atomic_fetch_add(&d->state, 1); /* with a full fence: seen by whatever begins after the return */
    pthread_mutex_unlock(&d->lock);
    ENSURE(
        rc == WTL_OK, err, rc,
        "%zu ids are denied, and the cache's options let no more: revoke all verdicts, or deny for shorter",
        d->most);
    return WTL_OK;
}

int wtl_denied_remove(wtl_denied *d, const uint8_t id[WTL_FINGERPRINT], wtl_denied_now now)
{
    pthread_mutex_lock(&d->lock);
    wtl_denied_slot *s = slot_of(d, halves_of(id));
    bool was = atomic_load_explicit(&s->lo, memory_order_relaxed) != 0 && in_force(s, now);
    if (was) {
        atomic_store(&s->wall, INT64_MIN);
        atomic_store(&s->ms, 0);
    }
    pthread_mutex_unlock(&d->lock);
    return was ? WTL_OK : WTL_NO;
}

bool wtl_denied_has(wtl_denied *d, const uint8_t id[WTL_FINGERPRINT], wtl_denied_now now)
{
    halves i = halves_of(id);
    for (;;) {
        uint64_t turn = atomic_load_explicit(&d->turn, memory_order_acquire);
        wtl_denied_slot *s = find(d->table[turn & 1], d->mask, i);
        bool has = atomic_load_explicit(&s->lo, memory_order_acquire) != 0 && in_force(s, now);
        if (atomic_load_explicit(&d->turn, memory_order_acquire) == turn)
            return has;
    }
}
