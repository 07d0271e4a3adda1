/* The get, for the files probe_<level>.c, which say #define WTL_PROBE_IMPL and have before that
 *   static inline uint64_t probe_hash(const wtl_probe_secret *, wtl_bytes)
 *   static inline uint32_t probe_match(const wtl_probe_bucket *, uint64_t hash)   bit i: slot i has the tag, perhaps empty
 *   static inline bool probe_in_line(size_t n)                                    for which lengths the next is
 *   static inline bool probe_same_line(const wtl_entry *, wtl_bytes key)          for keys of equal length, calling nothing
 */
#ifdef WTL_PROBE_IMPL
#include <string.h>

#include "cache/reader.h"

enum { PROBE_BATCH = 32 };
#define PROBE_INLINE static inline __attribute__((always_inline))

static inline void probe_count(_Atomic uint64_t *n, uint64_t by)
{
    atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + by, memory_order_relaxed);
}

PROBE_INLINE bool probe_same(const wtl_entry *e, wtl_bytes key, bool line)
{
    return line ? probe_same_line(e, key) : key.n == 0 || memcmp(wtl_entry_key(e).p, key.p, key.n) == 0;
}

PROBE_INLINE wtl_entry *probe_look(const wtl_probe_bucket *b, uint64_t hash, wtl_bytes key, bool line)
{
    for (uint32_t bits = probe_match(b, hash); bits != 0; bits &= bits - 1) {
        uint64_t slot = atomic_load_explicit(&b->slot[__builtin_ctz(bits)], memory_order_acquire);
        wtl_entry *e = wtl_probe_entry(slot);
        if (e != NULL && wtl_entry_key_n(wtl_entry_meta_of(e)) == key.n && probe_same(e, key, line))
            return e;
    }
    return NULL;
}

PROBE_INLINE wtl_entry *probe_find(const wtl_cache_reader *r, uint64_t hash, wtl_bytes key, bool line)
{
    uint64_t word = atomic_load_explicit(&r->tables[wtl_probe_shard(hash, r->shard_mask)],
                                         memory_order_acquire);
    const wtl_probe_bucket *b = wtl_probe_buckets(word);
    uint64_t mask = wtl_probe_mask(word);
    wtl_entry *e = probe_look(&b[wtl_probe_first(hash, mask)], hash, key, line);
    if (__builtin_expect(e == NULL, 0))
        e = probe_look(&b[wtl_probe_second(hash, mask)], hash, key, line);
    return e;
}

PROBE_INLINE void probe_refer(wtl_entry *e, uint64_t meta, wtl_cache_ref *ref)
{
    ref->value = (wtl_bytes){wtl_entry_value_at(e, meta), e->value_n};
    ref->entry = e;
}

PROBE_INLINE void probe_use(wtl_cache_reader *r, wtl_entry *e, uint64_t nth)
{
    if (__builtin_expect((nth & r->uncounted) == 0, 0))
        wtl_policy_hit(&r->policy, &e->mark, nth);
}

static bool probe_expired(wtl_cache_reader *r, uint64_t meta)
{
    if (wtl_entry_expiry(meta) == 0 || wtl_entry_expiry(meta) > wtl_cache_now(r->cache))
        return false;
    probe_count(&r->expired, 1);
    return true;
}

/* All that is not the common get: a key that is absent, in its second bucket, expiring, or long. */
__attribute__((noinline)) static int probe_get_other(wtl_cache_reader *r, wtl_bytes key, wtl_cache_ref *ref)
{
    *ref = (wtl_cache_ref){{NULL, 0}, NULL};
    if (key.n > WTL_CACHE_KEY_MOST)
        return WTL_USAGE;
    uint64_t hash = probe_hash(r->secret, key);
    wtl_entry *e = probe_in_line(key.n) ? probe_find(r, hash, key, true) : probe_find(r, hash, key, false);
    if (++r->policy.unsent >= WTL_POLICY_BATCH)
        wtl_cache_reader_tell(r);
    if (e == NULL || probe_expired(r, wtl_entry_meta_of(e))) {
        probe_count(&r->misses, 1);
        return WTL_NO;
    }
    probe_count(&r->hits, 1);
    probe_use(r, e, atomic_load_explicit(&r->hits, memory_order_relaxed));
    probe_refer(e, wtl_entry_meta_of(e), ref);
    return WTL_OK;
}

/* The end of a get that counts. */
__attribute__((noinline)) static int probe_count_use(wtl_cache_reader *r, wtl_entry *e, uint64_t nth)
{
    wtl_policy_hit(&r->policy, &e->mark, nth);
    if (nth % WTL_POLICY_BATCH == 0) {
        r->policy.unsent += WTL_POLICY_BATCH;
        wtl_cache_reader_tell(r);
    }
    return WTL_OK;
}

/* The common get: a key that lies in the first slot of its first bucket that has its tag, and does not expire. It is short, and without a
 * call but at its end, so that the processor has the next ones under way while this one waits for memory. */
static int probe_get(wtl_cache_reader *r, wtl_bytes key, wtl_cache_ref *ref)
{
    if (__builtin_expect(!probe_in_line(key.n), 0))
        return probe_get_other(r, key, ref);
    uint64_t hash = probe_hash(r->secret, key);
    uint64_t word = atomic_load_explicit(&r->tables[wtl_probe_shard(hash, r->shard_mask)],
                                         memory_order_acquire);
    const wtl_probe_bucket *b = &wtl_probe_buckets(word)[wtl_probe_first(hash, wtl_probe_mask(word))];
    uint32_t bits = probe_match(b, hash);
    if (__builtin_expect(bits == 0, 0))
        return probe_get_other(r, key, ref);
    wtl_entry *e = wtl_probe_entry(atomic_load_explicit(&b->slot[__builtin_ctz(bits)], memory_order_acquire));
    if (__builtin_expect(e == NULL, 0))
        return probe_get_other(r, key, ref);
    uint64_t meta = wtl_entry_meta_of(e);
    if (__builtin_expect(!wtl_entry_plain(meta, key.n) || !probe_same_line(e, key), 0))
        return probe_get_other(r, key, ref);
    uint64_t nth = atomic_load_explicit(&r->hits, memory_order_relaxed) + 1;
    atomic_store_explicit(&r->hits, nth, memory_order_relaxed);
    bool far = wtl_entry_shape_of(meta) == WTL_ENTRY_FAR;
    const uint8_t *value = __builtin_expect_with_probability(far, 1, 0.5)
                               ? wtl_block_bytes(wtl_entry_block(e))
                               : e->key + key.n;
    ref->value = (wtl_bytes){value, e->value_n};
    ref->entry = e;
    return __builtin_expect((nth & r->uncounted) != 0, 1) ? WTL_OK : probe_count_use(r, e, nth);
}

/* The first entry whose tag matches is fetched before the keys are compared; it nearly always is the one. */
static inline void probe_fetch_entry(const wtl_probe_bucket *b, uint64_t hash)
{
    uint32_t bits = probe_match(b, hash);
    if (bits != 0)
        __builtin_prefetch(
            wtl_probe_entry(atomic_load_explicit(&b->slot[__builtin_ctz(bits)], memory_order_relaxed)));
}

static size_t probe_batch(wtl_cache_reader *r, const wtl_bytes *keys, size_t n, wtl_cache_ref *refs)
{
    uint64_t hash[PROBE_BATCH];
    const wtl_probe_bucket *first[PROBE_BATCH];
    size_t found = 0;
    uint64_t nth = atomic_load_explicit(&r->hits, memory_order_relaxed);
    for (size_t i = 0; i < n; i++) {
        hash[i] = probe_hash(r->secret, keys[i]);
        uint64_t word = atomic_load_explicit(&r->tables[wtl_probe_shard(hash[i], r->shard_mask)],
                                             memory_order_acquire);
        first[i] = &wtl_probe_buckets(word)[wtl_probe_first(hash[i], wtl_probe_mask(word))];
        __builtin_prefetch(first[i]);
    }
    for (size_t i = 0; i < n; i++)
        probe_fetch_entry(first[i], hash[i]);
    for (size_t i = 0; i < n; i++) {
        /* the table may be another by now; what it holds is found anew */
        bool line = probe_in_line(keys[i].n);
        wtl_entry *e = line ? probe_look(first[i], hash[i], keys[i], true)
                            : probe_find(r, hash[i], keys[i], false);
        if (e == NULL && line)
            e = probe_find(r, hash[i], keys[i], true);
        refs[i] = (wtl_cache_ref){{NULL, 0}, NULL};
        if (e == NULL || (__builtin_expect(wtl_entry_expiry(wtl_entry_meta_of(e)) != 0, 0) &&
                          probe_expired(r, wtl_entry_meta_of(e))))
            continue;
        probe_use(r, e, nth + found++);
        probe_refer(e, wtl_entry_meta_of(e), &refs[i]);
    }
    return found;
}

static int64_t probe_get_many(wtl_cache_reader *r, const wtl_bytes *keys, size_t n, wtl_cache_ref *refs)
{
    size_t all = 0;
    for (size_t i = 0; i < n; i += PROBE_BATCH) {
        size_t part = n - i < PROBE_BATCH ? n - i : PROBE_BATCH;
        size_t found = probe_batch(r, keys + i, part, refs + i);
        probe_count(&r->hits, found);
        probe_count(&r->misses, part - found);
        all += found;
    }
    r->policy.unsent += (uint32_t)n;
    if (r->policy.unsent >= WTL_POLICY_BATCH)
        wtl_cache_reader_tell(r);
    return (int64_t)all;
}

static uint64_t probe_hash_of(const wtl_probe_secret *s, wtl_bytes key)
{
    return probe_hash(s, key);
}
#endif
