#include "bench/cacheown.h"

#include <stdlib.h>

#include "base/err.h"
#include <wattle/cache.h>

static bool huge_pages;
static const char *level = "";

bool wtl_cacheown_huge_pages(void)
{
    return huge_pages;
}

const char *wtl_cacheown_level(void)
{
    return level;
}

/* Room for all and a little more; `full`: for about as many as that, and then others have to go. */
static uint64_t capacity_for(size_t entries, size_t value_n, bool full)
{
    enum { HEADER_KEY_TABLE = 112, AMPLE = 200, LEAST = 32 << 20 };
    uint64_t tight = (uint64_t)entries * (value_n + HEADER_KEY_TABLE);
    uint64_t ample = (uint64_t)entries * (value_n + AMPLE);
    return full ? tight : ample + ample / 8 + LEAST;
}

static void *own_open(size_t entries, size_t value_n, int full)
{
    wtl_cache *c = NULL;
    wtl_cache_stats s;
    wtl_cache_options o = {.capacity = capacity_for(entries, value_n, full != 0)};
    if (wtl_cache_open(&c, &o, NULL) < 0)
        return NULL;
    wtl_cache_stats_read(c, &s);
    huge_pages = s.huge_pages;
    level = s.cpu_level;
    return c;
}

static void own_close(void *table)
{
    (void)wtl_cache_close(table, NULL); /* only handles that are open could hinder it */
}

static void *own_join(void *table)
{
    wtl_cache_reader *r = NULL;
    return wtl_cache_reader_open(&r, table, NULL) == WTL_OK ? r : NULL;
}

static void own_leave(void *handle)
{
    wtl_cache_reader_close(handle);
}

static wtl_bytes key_of(const wtl_cachepeer_key *k)
{
    return (wtl_bytes){k->at, k->n};
}

static size_t own_get(void *handle, const wtl_cachepeer_key *k, size_t n, const wtl_cachepeer_value *v)
{
    wtl_cache_reader *r = handle;
    size_t found = 0;
    uintptr_t sum = 0;
    (void)v;
    for (size_t i = 0; i < n; i++) {
        wtl_cache_ref ref;
        wtl_cache_enter(r);
        found += wtl_cache_get(r, key_of(&k[i]), &ref) == WTL_OK;
        sum += (uintptr_t)ref.value.p;
        wtl_cache_leave(r);
    }
    __asm__ volatile("" : : "r"(sum));
    return found;
}

static size_t own_grouped(void *handle, const wtl_cachepeer_key *k, size_t n, const wtl_cachepeer_value *v)
{
    wtl_cache_reader *r = handle;
    size_t found = 0;
    uintptr_t sum = 0;
    (void)v;
    for (size_t i = 0; i < n; i += WTL_CACHEPEER_GROUP) {
        size_t end = n - i < WTL_CACHEPEER_GROUP ? n : i + WTL_CACHEPEER_GROUP;
        wtl_cache_enter(r);
        for (size_t j = i; j < end; j++) {
            wtl_cache_ref ref;
            found += wtl_cache_get(r, key_of(&k[j]), &ref) == WTL_OK;
            sum += (uintptr_t)ref.value.p;
        }
        wtl_cache_leave(r);
    }
    __asm__ volatile("" : : "r"(sum));
    return found;
}

static size_t own_many(void *handle, const wtl_cachepeer_key *k, size_t n, const wtl_cachepeer_value *v)
{
    wtl_cache_reader *r = handle;
    size_t found = 0;
    (void)v;
    for (size_t i = 0; i < n; i += WTL_CACHEPEER_BATCH) {
        wtl_bytes key[WTL_CACHEPEER_BATCH];
        wtl_cache_ref ref[WTL_CACHEPEER_BATCH];
        size_t some = n - i < WTL_CACHEPEER_BATCH ? n - i : WTL_CACHEPEER_BATCH;
        for (size_t j = 0; j < some; j++)
            key[j] = key_of(&k[i + j]);
        wtl_cache_enter(r);
        int64_t got = wtl_cache_get_many(r, key, some, ref);
        wtl_cache_leave(r);
        found += got > 0 ? (size_t)got : 0;
    }
    return found;
}

static bool put(wtl_cache_reader *r, const wtl_cachepeer_key *k, const wtl_cachepeer_value *v)
{
    return wtl_cache_set(r, key_of(k), (wtl_bytes){v->p, v->n}, WTL_CACHE_TTL_DEFAULT, NULL) == WTL_OK;
}

static size_t own_mixed(void *handle, const wtl_cachepeer_key *k, size_t n, const wtl_cachepeer_value *v)
{
    wtl_cache_reader *r = handle;
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        wtl_cache_ref ref;
        if (i % 10 == 9) {
            found += put(r, &k[i], v);
            continue;
        }
        wtl_cache_enter(r);
        found += wtl_cache_get(r, key_of(&k[i]), &ref) == WTL_OK;
        wtl_cache_leave(r);
    }
    return found;
}

static size_t own_set(void *handle, const wtl_cachepeer_key *k, size_t n, const wtl_cachepeer_value *v)
{
    size_t stored = 0;
    for (size_t i = 0; i < n; i++)
        stored += put(handle, &k[i], v);
    return stored;
}

static size_t own_del(void *handle, const wtl_cachepeer_key *k, size_t n, const wtl_cachepeer_value *v)
{
    size_t gone = 0;
    (void)v;
    for (size_t i = 0; i < n; i++)
        gone += wtl_cache_del(handle, key_of(&k[i])) == WTL_OK;
    return gone;
}

static size_t own_lone(void *handle, const wtl_cachepeer_key *k, size_t n, uint64_t (*tick)(void),
                       uint32_t *ticks)
{
    wtl_cache_reader *r = handle;
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        wtl_cachepeer_key key = k[i];
        wtl_cache_ref ref;
        __asm__ volatile("" : : "r"(&key) : "memory");
        uint64_t from = tick();
        wtl_cache_enter(r);
        found += wtl_cache_get(r, key_of(&key), &ref) == WTL_OK;
        __asm__ volatile("" : : "r"(ref.value.p) : "memory");
        wtl_cache_leave(r);
        ticks[i] = (uint32_t)(tick() - from);
    }
    return found;
}

/* As header cache.h tells: the capacity, 512 KiB, 72 KiB a shard, 256 bytes a handle. */
static void own_size(void *table, uint64_t *bytes, uint64_t *entries)
{
    enum { CONSTANT = 512 << 10, A_SHARD = 72 << 10, A_HANDLE = 256, HANDLES = 128 };
    wtl_cache_stats s;
    wtl_cache_stats_read(table, &s);
    *bytes = s.capacity + CONSTANT + (uint64_t)s.shards * A_SHARD + (uint64_t)A_HANDLE * HANDLES;
    *entries = s.entries;
}

const wtl_cachepeer *wtl_cacheown_peer(void)
{
    static const wtl_cachepeer own = {
        .abi = WTL_CACHEPEER_ABI,
        .flags = WTL_CACHEPEER_WRITERS | WTL_CACHEPEER_EVICTS,
        .name = "wattle",
        .version = "",
        .note = "values stay where they are until the section ends, whatever others set or delete; uses are "
                "counted; at its capacity it evicts",
        .open = own_open,
        .close = own_close,
        .join = own_join,
        .leave = own_leave,
        .get = own_get,
        .grouped = own_grouped,
        .many = own_many,
        .mixed = own_mixed,
        .set = own_set,
        .del = own_del,
        .lone = own_lone,
        .size = own_size,
    };
    return &own;
}
