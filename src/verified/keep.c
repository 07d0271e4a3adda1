#include "verified/keep.h"

#include <string.h>

/* What the cache takes for a value beside it: a cell, a block's head, and rounding (docs/design/cache.md). */
enum { CELL = 64, HEAD = 16, UNIT = 32 };

static wtl_bytes key_of(const uint8_t print[WTL_FINGERPRINT])
{
    return (wtl_bytes){print, WTL_FINGERPRINT};
}

static uint8_t *put(uint8_t *at, const void *p, size_t n)
{
    if (n != 0)
        memcpy(at, p, n);
    return at + n;
}

static int store(wtl_verified_handle *h, wtl_cache_reader *r, uint64_t left)
{
    wtl_cache_room room;
    size_t n = (size_t)wtl_record_size(&h->record);
    int rc = wtl_cache_reserve(r, key_of(h->of.print), n, left, &room, NULL);
    if (rc < 0)
        return rc;
    uint8_t *at = put(room.value, &h->record, sizeof h->record);
    at = put(at, h->of.scope.p, h->of.scope.n);
    at = put(at, h->of.subject.p, h->of.subject.n);
    put(at, h->result.p, h->result.n);
    return wtl_cache_commit(r, &room, n, NULL);
}

static void count(wtl_verified_handle *h, int rc, enum wtl_verified_counter good)
{
    wtl_verified_add(h,
                     rc == WTL_OK       ? good
                     : rc == WTL_NO     ? WTL_COUNT_not_admitted
                     : rc == WTL_POLICY ? WTL_COUNT_too_large
                                        : WTL_COUNT_no_room,
                     1);
}

/* Removes what the ledger struck off, unless something newer lies under the key. */
static void displace(wtl_verified_handle *h, const wtl_ledger_item *victim)
{
    wtl_cache_ref ref;
    uint64_t serial = 0;
    wtl_cache_enter(h->yes);
    bool there = wtl_cache_get(h->yes, key_of(victim->key), &ref) == WTL_OK;
    if (there)
        memcpy(&serial, ref.value.p + offsetof(wtl_record, serial), sizeof serial);
    wtl_cache_leave(h->yes);
    if (there && serial == victim->serial && wtl_cache_del(h->yes, key_of(victim->key)) == WTL_OK)
        wtl_verified_add(h, WTL_COUNT_displaced, 1);
}

static int enter(wtl_verified_handle *h, const uint8_t tenant[WTL_FINGERPRINT], uint64_t size)
{
    wtl_ledger_item item = {
        .serial = h->record.serial, .deadline = h->record.deadline, .epoch = h->record.epoch, .bytes = size};
    wtl_ledger_item victim;
    memcpy(item.key, h->of.print, sizeof item.key);
    for (;;) {
        int rc = wtl_ledger_enter(h->c->ledger, tenant, &item, h->now.ms, h->record.epoch, &victim);
        if (rc != 1)
            return rc;
        displace(h, &victim);
    }
}

static void keep_yes(wtl_verified_handle *h, uint64_t left)
{
    wtl_verified_cache *c = h->c;
    uint8_t tenant[WTL_FINGERPRINT];
    uint64_t size = CELL + (HEAD + wtl_record_size(&h->record) + UNIT - 1) / UNIT * UNIT;
    if (c->ledger != NULL) {
        wtl_verified_id_of(c, "", h->ask->tenant, tenant);
        int rc = enter(h, tenant, size);
        if (rc < 0) {
            wtl_verified_add(h, rc == WTL_POLICY ? WTL_COUNT_over_quota : WTL_COUNT_no_room, 1);
            return;
        }
    }
    int rc = store(h, h->yes, left);
    if (c->ledger != NULL)
        wtl_ledger_settle(c->ledger, tenant, h->record.serial, rc == WTL_OK);
    count(h, rc, WTL_COUNT_kept);
}

void wtl_keep(wtl_verified_handle *h)
{
    wtl_verified_cache *c = h->c;
    wtl_record *r = &h->record;
    wtl_denied_now now = h->now;
    if (r->until <= now.wall || r->deadline <= now.ms ||
        r->epoch != atomic_load_explicit(&c->epoch, memory_order_acquire))
        return;
    if (wtl_record_size(r) > c->o.largest) {
        wtl_verified_add(h, WTL_COUNT_too_large, 1);
        return;
    }
    r->serial = atomic_fetch_add_explicit(&c->serial, 1, memory_order_relaxed);
    if (r->yes)
        keep_yes(h, r->deadline - now.ms);
    else if (c->no != NULL &&
             wtl_gate_again(&c->gate, h->of.print, now.ms, (uint32_t)c->o.negative_window_ms))
        count(h, store(h, h->no, r->deadline - now.ms), WTL_COUNT_negatives_kept);
    else if (c->no != NULL)
        wtl_verified_add(h, WTL_COUNT_not_admitted, 1);
}
