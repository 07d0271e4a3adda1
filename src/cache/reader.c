#include "cache/reader.h"

#include <string.h>

#include "cache/limbo.h"
#include "cache/shard.h"

/* While uses decide nothing, most gets do not look at the entry's count: a guess about what is in memory would cost them more, when it is
 * wrong, than all their instructions. */
enum { ONE_IN = 16 };

int wtl_cache_reader_open(wtl_cache_reader **out, wtl_cache *c, wtl_err *err)
{
    *out = NULL;
    wtl_cache_adopt(c);
    wtl_cache_reader *r = wtl_epoch_join(&c->epoch);
    ENSURE(r != NULL, err, WTL_BUSY,
           "all %u handles of this cache are open; its options say how many there are", c->epoch.most);
    r->within = 0;
    r->kind = c->epoch.membarrier ? WTL_CACHE_READER_PLAIN : WTL_CACHE_READER_FENCE;
    r->epoch_now = &c->epoch.now;
    r->tables = c->tables;
    r->probe = c->probe;
    r->secret = &c->secret;
    r->shard_mask = c->n_shards - 1;
    r->uncounted = 0;
    wtl_policy_start(c->policy, &r->policy);
    r->cache = c;
    *out = r;
    return WTL_OK;
}

void wtl_cache_reader_close(wtl_cache_reader *r)
{
    if (r == NULL || r->cache == NULL)
        return;
    wtl_cache_reader_tell(r);
    wtl_epoch_part(&r->cache->epoch, r);
}

wtl_cache *wtl_cache_reader_cache(const wtl_cache_reader *r)
{
    return r->cache;
}

void wtl_cache_reader_tell(wtl_cache_reader *r)
{
    uint64_t hits = atomic_load_explicit(&r->hits, memory_order_relaxed);
    uint64_t misses = atomic_load_explicit(&r->misses, memory_order_relaxed);
    wtl_policy_tell(r->cache->policy, &r->policy, hits, hits + misses);
    r->uncounted = r->policy.calm < WTL_POLICY_CALM ? 0 : ONE_IN - 1;
}

__attribute__((noinline)) static void enter_other(wtl_cache_reader *r)
{
    if (r->kind == 0)
        return;
    if (wtl_cache_reader_inside(r)) {
        r->within++;
        return;
    }
    atomic_store_explicit(&r->epoch, atomic_load_explicit(r->epoch_now, memory_order_relaxed),
                          memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
}

/* Few instructions and one store, here and in leaving: a processor that waits for memory looks ahead as many gets as fit into its
 * queues. */
void wtl_cache_enter(wtl_cache_reader *r)
{
    if (__builtin_expect(r->kind != WTL_CACHE_READER_PLAIN || wtl_cache_reader_inside(r), 0)) {
        enter_other(r);
        return;
    }
    atomic_store_explicit(&r->epoch, atomic_load_explicit(r->epoch_now, memory_order_relaxed),
                          memory_order_relaxed);
    /* membarrier does for the processor what this does for the compiler */
    atomic_signal_fence(memory_order_seq_cst);
}

void wtl_cache_leave(wtl_cache_reader *r)
{
    if (__builtin_expect(r->within != 0, 0))
        r->within--;
    else
        atomic_store_explicit(&r->epoch, 0, memory_order_release);
}

int wtl_cache_get(wtl_cache_reader *r, wtl_bytes key, wtl_cache_ref *ref)
{
    if (__builtin_expect(wtl_cache_reader_inside(r), 1))
        return r->probe->get(r, key, ref);
    *ref = (wtl_cache_ref){{NULL, 0}, NULL};
    return WTL_USAGE;
}

int64_t wtl_cache_get_many(wtl_cache_reader *r, const wtl_bytes *keys, size_t n, wtl_cache_ref *refs)
{
    bool good = wtl_cache_reader_inside(r);
    for (size_t i = 0; i < n && good; i++)
        good = keys[i].n <= WTL_CACHE_KEY_MOST;
    if (!good) {
        memset(refs, 0, n * sizeof *refs);
        return WTL_USAGE;
    }
    return r->probe->get_many(r, keys, n, refs);
}

wtl_bytes wtl_cache_ref_key(const wtl_cache_ref *ref)
{
    return wtl_entry_key(ref->entry);
}

uint64_t wtl_cache_ref_ttl(const wtl_cache_reader *r, const wtl_cache_ref *ref)
{
    uint64_t expiry = wtl_entry_expiry(wtl_entry_meta_of(ref->entry));
    if (expiry == 0 || r->cache == NULL)
        return expiry == 0 ? WTL_CACHE_TTL_NONE : 0;
    uint64_t now = wtl_cache_now(r->cache);
    return expiry > now ? expiry - now : 0;
}

static wtl_entry *entry_of(wtl_cache *c, const wtl_cache_ref *ref)
{
    return (wtl_entry *)(void *)(c->memory + ((const uint8_t *)ref->entry - c->memory));
}

int wtl_cache_pin(wtl_cache_reader *r, const wtl_cache_ref *ref)
{
    if (r->cache == NULL || ref->entry == NULL)
        return WTL_USAGE;
    wtl_entry *e = entry_of(r->cache, ref);
    if (wtl_entry_hold(e) / WTL_BLOCK_PIN >= WTL_BLOCK_PINS_MOST)
        return WTL_BUSY;
    atomic_fetch_add(wtl_entry_hold_at(e), WTL_BLOCK_PIN);
    atomic_fetch_add(&r->cache->pins, 1);
    return WTL_OK;
}

void wtl_cache_unpin(wtl_cache *c, const wtl_cache_ref *ref)
{
    wtl_entry *e = entry_of(c, ref);
    wtl_shard *s = wtl_shard_at(c, e);
    uint32_t left = atomic_fetch_sub(wtl_entry_hold_at(e), WTL_BLOCK_PIN) - WTL_BLOCK_PIN;
    if ((left & WTL_BLOCK_DEAD) != 0 && left < WTL_BLOCK_PIN) {
        wtl_shard_lock(s);
        wtl_limbo_unpinned(s, e);
        wtl_shard_unlock(s);
    }
    atomic_fetch_sub(&c->pins, 1);
}
