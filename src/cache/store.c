#include <wattle/cache.h>

#include <string.h>
#include <time.h>

#include "cache/limbo.h"
#include "cache/reader.h"
#include "cache/room.h"
#include "cache/table.h"

/* A key on its way in. */
typedef struct errand {
    wtl_cache *c;
    wtl_shard *s;
    wtl_bytes key;
    uint64_t hash;
} errand;

static errand errand_for(wtl_cache_reader *r, wtl_bytes key)
{
    errand t = {.c = r->cache, .key = key.n != 0 ? key : (wtl_bytes){(const uint8_t *)"", 0}};
    t.hash = t.c->probe->hash(&t.c->secret, t.key);
    t.s = wtl_shard_of(t.c, t.hash);
    wtl_cache_reader_tell(r);
    wtl_table_fetch(t.s, t.hash);
    return t;
}

static uint64_t expiry_for(const wtl_cache *c, uint64_t ttl_ms)
{
    if (ttl_ms == WTL_CACHE_TTL_DEFAULT)
        ttl_ms = c->ttl_ms != 0 ? c->ttl_ms : WTL_CACHE_TTL_NONE;
    if (ttl_ms > WTL_ENTRY_EXPIRY_MOST)
        return 0;
    uint64_t at = wtl_cache_now(c) + ttl_ms;
    return at <= WTL_ENTRY_EXPIRY_MOST ? at : 0;
}

static bool expired(const wtl_cache *c, const wtl_entry *e)
{
    uint64_t expiry = wtl_entry_expiry(wtl_entry_meta_of(e));
    return expiry != 0 && expiry <= wtl_cache_now(c);
}

/* A key whose entry cannot leave the table now is as good as expired. */
static void bury(wtl_entry *e)
{
    uint64_t meta = wtl_entry_meta_of(e);
    meta = wtl_entry_meta(wtl_entry_key_n(meta), WTL_ENTRY_EXPIRED, wtl_entry_shape_of(meta));
    atomic_store_explicit(&e->meta, meta, memory_order_release);
}

/* Takes the key out, whatever readers do. */
static bool remove_key(const errand *t)
{
    _Atomic uint64_t *slot = wtl_table_find(t->s, t->hash, t->key);
    if (slot == NULL)
        return false;
    wtl_entry *e = wtl_table_at(slot);
    bool lived = !expired(t->c, e);
    if (wtl_limbo_ready(t->s))
        wtl_room_unlink(t->s, slot, t->hash, lived ? WTL_POLICY_DELETED : WTL_POLICY_EXPIRED);
    else
        bury(e);
    return lived;
}

/* The header is there before the lock is given back: others walk over the cells. */
static int take(const errand *t, size_t n, uint64_t expiry, wtl_entry **out)
{
    wtl_room_need need = wtl_room_for(t->key.n, n);
    wtl_policy_item item = {.hash = t->hash, .bytes = need.units * WTL_BLOCK_UNIT};
    if (wtl_room_scarce(t->s, &need))
        wtl_table_ahead_more(t->s);
    bool known = wtl_table_find(t->s, t->hash, t->key) != NULL;
    if (!known)
        wtl_policy_fetch(t->c->policy, t->s->index, t->hash);
    int rc = wtl_room_make(t->s, &need, known ? NULL : &item, out);
    if (rc == WTL_OK) {
        wtl_entry *e = *out;
        e->value_n = (uint32_t)n;
        atomic_store_explicit(&e->mark, 0, memory_order_relaxed);
        atomic_store_explicit(&e->meta, wtl_entry_meta(t->key.n, expiry, need.shape), memory_order_relaxed);
        atomic_fetch_or(wtl_entry_hold_at(e), WTL_BLOCK_RESERVED);
        wtl_shard_add(&t->s->n.reserved_units, need.units);
    } else if (rc == WTL_NO) {
        wtl_shard_add(&t->s->n.refused, 1);
    }
    return rc;
}

/* Others' sections end soon; one's own would be waited for in vain. */
static bool worth_waiting(const wtl_cache_reader *r, const wtl_shard *s, unsigned turn)
{
    enum { TURNS = 500 };
    return !wtl_cache_reader_inside(r) && turn < TURNS && s->waiting_n > 0;
}

static void pause_briefly(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
}

static int take_patiently(const wtl_cache_reader *r, const errand *t, size_t n, uint64_t expiry,
                          wtl_entry **out)
{
    for (unsigned turn = 0;; turn++) {
        wtl_shard_lock(t->s);
        int rc = take(t, n, expiry, out);
        bool again = rc == WTL_BUSY && worth_waiting(r, t->s, turn);
        if (rc == WTL_BUSY && !again)
            wtl_shard_add(&t->s->n.busy, 1);
        wtl_shard_unlock(t->s);
        if (!again)
            return rc;
        pause_briefly();
    }
}

static int say(int rc, wtl_err *err)
{
    if (rc == WTL_NO)
        return WTL_FAIL(err, rc,
                        "the cache keeps what it has: the new entry is worth less by its admission policy");
    return WTL_FAIL(err, rc,
                    "the cache has no room: readers that stay in their sections, pins or reservations hold "
                    "it; wtl_cache_stats says "
                    "which");
}

static int check(const wtl_cache_reader *r, wtl_bytes key, uint64_t n, wtl_err *err)
{
    ENSURE(r->cache != NULL, err, WTL_USAGE,
           "this handle is closed, or belongs to the process that this one was forked from");
    ENSURE(key.n <= WTL_CACHE_KEY_MOST, err, WTL_POLICY,
           "a key of %zu bytes is too long for a cache: the longest has %u", key.n, WTL_CACHE_KEY_MOST);
    ENSURE(n <= r->cache->max_value &&
               wtl_entry_block_units(WTL_ENTRY_FAR, key.n, n) <= wtl_shard_most(r->cache->shards),
           err, WTL_POLICY, "a value of %llu bytes is too large for this cache: the largest has %llu",
           (unsigned long long)n, (unsigned long long)r->cache->max_value);
    return WTL_OK;
}

static int reserve(wtl_cache_reader *r, const errand *t, size_t n, uint64_t ttl_ms, wtl_cache_room *room)
{
    wtl_entry *e;
    TRY(take_patiently(r, t, n, expiry_for(t->c, ttl_ms), &e));
    memcpy((uint8_t *)(uintptr_t)wtl_entry_key(e).p, t->key.p, t->key.n);
    *room = (wtl_cache_room){.value = (uint8_t *)(uintptr_t)wtl_entry_value(e).p, .n = n, .entry = e};
    return WTL_OK;
}

int wtl_cache_reserve(wtl_cache_reader *r, wtl_bytes key, size_t n, uint64_t ttl_ms, wtl_cache_room *room,
                      wtl_err *err)
{
    *room = (wtl_cache_room){0};
    TRY(check(r, key, n, err));
    errand t = errand_for(r, key);
    int rc = reserve(r, &t, n, ttl_ms, room);
    return rc < 0 ? say(rc, err) : rc;
}

static void give_up(wtl_shard *s, wtl_entry *e)
{
    wtl_shard_add(&s->n.reserved_units, -wtl_entry_units(e));
    wtl_limbo_free(s, e);
}

static wtl_policy_item item_of(const wtl_entry *e, uint64_t hash)
{
    return (wtl_policy_item){.hash = hash,
                             .bytes = wtl_entry_units(e) * WTL_BLOCK_UNIT,
                             .mark = atomic_load_explicit(&e->mark, memory_order_relaxed)};
}

static void publish(const errand *t, _Atomic uint64_t *slot, wtl_entry *e, const uint64_t *old_mark)
{
    wtl_policy_item item = item_of(e, t->hash);
    atomic_store_explicit(&e->mark, wtl_policy_enter(t->c->policy, t->s->index, &item, old_mark),
                          memory_order_relaxed);
    atomic_fetch_xor(wtl_entry_hold_at(e), WTL_BLOCK_RESERVED | WTL_BLOCK_LINKED);
    wtl_shard_add(&t->s->n.reserved_units, -wtl_entry_units(e));
    wtl_shard_add(&t->s->n.entry_units, wtl_entry_units(e));
    wtl_shard_add(&t->s->n.sets, 1);
    atomic_store_explicit(slot, wtl_probe_slot(t->hash, e), memory_order_release);
}

static int replace(const errand *t, _Atomic uint64_t *slot, wtl_entry *e)
{
    wtl_entry *old = wtl_table_at(slot);
    if (!wtl_limbo_ready(t->s))
        return WTL_BUSY;
    wtl_policy_item left = item_of(old, t->hash);
    publish(t, slot, e, &left.mark);
    wtl_shard_add(&t->s->n.replaced, 1);
    wtl_shard_add(&t->s->n.entry_units, -wtl_entry_units(old));
    wtl_limbo_add(t->s, old);
    wtl_policy_left(t->c->policy, t->s->index, &left, WTL_POLICY_REPLACED);
    return WTL_OK;
}

static int link_entry(const errand *t, wtl_entry *e)
{
    _Atomic uint64_t *slot = wtl_table_find(t->s, t->hash, t->key);
    if (slot != NULL)
        return replace(t, slot, e);
    slot = wtl_room_slot(t->s, t->hash);
    if (slot == NULL)
        return WTL_BUSY;
    publish(t, slot, e, NULL);
    wtl_room_watch(t->s, slot);
    wtl_shard_add(&t->s->n.entries, 1);
    return WTL_OK;
}

static void shorten(const errand *t, wtl_entry *e, size_t n)
{
    uint64_t had = wtl_entry_units(e);
    e->value_n = (uint32_t)n;
    if (wtl_entry_has(e) == WTL_ENTRY_FAR)
        wtl_arena_trim(&t->s->arena, wtl_entry_block(e), wtl_entry_block_units(WTL_ENTRY_FAR, t->key.n, n));
    wtl_shard_add(&t->s->n.reserved_units, wtl_entry_units(e) - had);
}

/* Publishes it; or frees it, and the key is absent. */
static int commit(const wtl_cache_reader *r, const errand *t, wtl_entry *e, size_t n)
{
    int rc = WTL_BUSY;
    for (unsigned turn = 0;; turn++) {
        wtl_shard_lock(t->s);
        if (turn == 0)
            shorten(t, e, n);
        rc = link_entry(t, e);
        if (rc == WTL_OK || !worth_waiting(r, t->s, turn))
            break;
        wtl_shard_unlock(t->s);
        pause_briefly();
    }
    if (rc < 0) {
        wtl_shard_add(&t->s->n.busy, 1);
        give_up(t->s, e);
        remove_key(t);
    }
    if (wtl_room_scarce(t->s, &(wtl_room_need){0}))
        wtl_table_ahead(t->s);
    wtl_shard_unlock(t->s);
    return rc;
}

int wtl_cache_commit(wtl_cache_reader *r, wtl_cache_room *room, size_t n, wtl_err *err)
{
    wtl_cache_room given = *room;
    *room = (wtl_cache_room){0};
    ENSURE(r->cache != NULL && given.entry != NULL && n <= given.n, err, WTL_USAGE,
           "there is no reservation of so many bytes to commit");
    wtl_entry *e = given.entry;
    errand t = errand_for(r, wtl_entry_key(e));
    int rc = commit(r, &t, e, n);
    return rc < 0 ? say(rc, err) : rc;
}

void wtl_cache_drop(wtl_cache_reader *r, wtl_cache_room *room)
{
    wtl_cache_room given = *room;
    *room = (wtl_cache_room){0};
    if (r->cache == NULL || given.entry == NULL)
        return;
    wtl_shard *s = wtl_shard_at(r->cache, given.entry);
    wtl_shard_lock(s);
    give_up(s, given.entry);
    wtl_shard_unlock(s);
}

static void drop_key(const errand *t)
{
    wtl_shard_lock(t->s);
    remove_key(t);
    wtl_shard_unlock(t->s);
}

int wtl_cache_set(wtl_cache_reader *r, wtl_bytes key, wtl_bytes value, uint64_t ttl_ms, wtl_err *err)
{
    wtl_cache_room room;
    int rc = check(r, key, value.n, err);
    if (rc == WTL_USAGE || (rc < 0 && key.n > WTL_CACHE_KEY_MOST))
        return rc;
    errand t = errand_for(r, key);
    if (rc < 0) {
        drop_key(&t);
        return rc;
    }
    rc = reserve(r, &t, value.n, ttl_ms, &room);
    if (rc == WTL_OK) {
        if (value.n != 0)
            memcpy(room.value, value.p, value.n);
        rc = commit(r, &t, room.entry, value.n);
    }
    if (rc == WTL_OK)
        return rc;
    drop_key(&t);
    return say(rc, err);
}

int wtl_cache_del(wtl_cache_reader *r, wtl_bytes key)
{
    if (r->cache == NULL || key.n > WTL_CACHE_KEY_MOST)
        return WTL_USAGE;
    errand t = errand_for(r, key);
    wtl_shard_lock(t.s);
    bool lived = remove_key(&t);
    if (lived)
        wtl_shard_add(&t.s->n.dels, 1);
    wtl_shard_unlock(t.s);
    return lived ? WTL_OK : WTL_NO;
}

static void empty_bucket(wtl_shard *s, wtl_probe_bucket *b)
{
    for (unsigned k = 0; k < WTL_PROBE_SLOTS; k++) {
        wtl_entry *e = wtl_table_at(&b->slot[k]);
        if (e == NULL)
            continue;
        bool lived = !expired(s->cache, e);
        if (lived)
            wtl_shard_add(&s->n.dels, 1);
        if (wtl_limbo_ready(s))
            wtl_room_unlink(s, &b->slot[k], s->cache->probe->hash(&s->cache->secret, wtl_entry_key(e)),
                            lived ? WTL_POLICY_DELETED : WTL_POLICY_EXPIRED);
        else
            bury(e);
    }
}

int wtl_cache_clear(wtl_cache_reader *r)
{
    if (r->cache == NULL)
        return WTL_USAGE;
    for (unsigned i = 0; i < r->cache->n_shards; i++) {
        wtl_shard *s = &r->cache->shards[i];
        wtl_shard_lock(s);
        uint64_t word = wtl_table_word(s);
        for (uint64_t b = 0; b <= wtl_probe_mask(word); b++)
            empty_bucket(s, &wtl_probe_buckets(word)[b]);
        wtl_shard_unlock(s);
    }
    return WTL_OK;
}

/* The table as it is found stays whole while the section lasts, also when another takes its place. */
static int each_of(wtl_cache_reader *r, uint64_t word, int (*each)(void *, wtl_bytes, const wtl_cache_ref *),
                   void *arg)
{
    uint64_t slots = (wtl_probe_mask(word) + 1) * WTL_PROBE_SLOTS;
    for (uint64_t i = 0; i < slots; i++) {
        const wtl_probe_bucket *b = &wtl_probe_buckets(word)[i / WTL_PROBE_SLOTS];
        const wtl_entry *e = wtl_probe_entry(
            atomic_load_explicit(&b->slot[i % WTL_PROBE_SLOTS], memory_order_acquire));
        if (e == NULL || expired(r->cache, e))
            continue;
        wtl_cache_ref ref = {wtl_entry_value(e), e};
        int rc = each(arg, wtl_entry_key(e), &ref);
        if (rc != 0)
            return rc;
    }
    return 0;
}

int wtl_cache_foreach(wtl_cache_reader *r, int (*each)(void *arg, wtl_bytes key, const wtl_cache_ref *ref),
                      void *arg)
{
    if (r->cache == NULL)
        return WTL_USAGE;
    int rc = 0;
    for (unsigned i = 0; i < r->cache->n_shards && rc == 0; i++) {
        wtl_cache_enter(r);
        rc = each_of(r, atomic_load_explicit(&r->tables[i], memory_order_acquire), each, arg);
        wtl_cache_leave(r);
    }
    return rc;
}
