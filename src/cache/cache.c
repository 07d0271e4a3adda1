#include <wattle/cache.h>

#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "cache/limbo.h"
#include "cache/shard.h"

#define MIB (UINT64_C(1) << 20)
#define HUGE_PAGE (2 * MIB)

enum { READERS = 128, READERS_MOST = 4096, SEED = 32 };

static uint64_t clock_now(const wtl_cache *c)
{
    if (c->clock_ms != NULL)
        return c->clock_ms(c->clock_arg);
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint64_t wtl_cache_now(const wtl_cache *c)
{
    uint64_t now = clock_now(c);
    return (now > c->clock_start ? now - c->clock_start : 0) + WTL_ENTRY_EXPIRED + 1;
}

/* The secret from the seed by SHAKE256, so that one seed gives one cache. */
static int make_secret(wtl_cache *c, const uint8_t *seed, wtl_err *err)
{
    uint8_t own[SEED];
    if (seed == NULL && RAND_priv_bytes(own, sizeof own) != 1)
        return WTL_FAIL_OSSL(err, WTL_BUG, "cannot have random bytes for a cache's table");
    EVP_MD *shake = EVP_MD_fetch(NULL, "SHAKE256", NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = shake != NULL && ctx != NULL && EVP_DigestInit_ex2(ctx, shake, NULL) == 1 &&
                EVP_DigestUpdate(ctx, seed != NULL ? seed : own, SEED) == 1 &&
                EVP_DigestFinalXOF(ctx, (uint8_t *)&c->secret, sizeof c->secret) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_MD_free(shake);
    OPENSSL_cleanse(own, sizeof own);
    if (!good)
        return WTL_FAIL_OSSL(err, WTL_NOMEM, "cannot make a cache's secret");
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned k = 1; k < 4; k++)
            memcpy(c->secret.round[i] + 16 * k, c->secret.round[i], 16);
    }
    return WTL_OK;
}

/* Large enough for whatever post-quantum cryptography makes, small enough for 16 shards from 8 MiB on. */
static uint64_t usual_most(uint64_t capacity)
{
    uint64_t n = capacity / 128 > 65536 ? capacity / 128 : 65536;
    n = n < capacity / 8 ? n : capacity / 8;
    return n < MIB ? n : MIB;
}

static unsigned shards_for(uint64_t capacity, uint64_t max_value)
{
    uint64_t n = capacity / (8 * max_value);
    uint64_t most = capacity >= 4096 * MIB ? WTL_PROBE_SHARDS_MOST : 16;
    unsigned power = 1;
    while (power < most && 2 * (uint64_t)power <= n)
        power *= 2;
    return power;
}

static int take_options(wtl_cache *c, const wtl_cache_options *o, wtl_err *err)
{
    uint64_t max = o->max_value != 0 ? o->max_value : usual_most(o->capacity);
    ENSURE(o->capacity >= WTL_CACHE_CAPACITY_LEAST && o->capacity <= UINT64_C(1) << 46, err, WTL_USAGE,
           "a cache's capacity of %llu bytes is out of bounds: it is 64 KiB to 64 TiB",
           (unsigned long long)o->capacity);
    ENSURE(
        max <= WTL_CACHE_VALUE_MOST && max <= o->capacity / 2, err, WTL_USAGE,
        "a cache of %llu bytes cannot hold values of %llu: the largest is half the capacity, and below 4 GiB",
        (unsigned long long)o->capacity, (unsigned long long)max);
    ENSURE(o->readers <= READERS_MOST, err, WTL_USAGE, "a cache has at most %d handles", READERS_MOST);
    ENSURE(o->objective == WTL_CACHE_OBJECTS || o->objective == WTL_CACHE_BYTES, err, WTL_USAGE,
           "a cache's objective is objects or bytes");
    c->max_value = max;
    c->ttl_ms = o->ttl_ms;
    c->clock_ms = o->clock_ms;
    c->clock_arg = o->clock_arg;
    c->n_shards = shards_for(o->capacity, max);
    c->shard_bytes = o->capacity / c->n_shards / 64 * 64;
    ENSURE(c->shard_bytes / WTL_BLOCK_UNIT <= INT32_MAX, err, WTL_USAGE,
           "a cache's shards would be above 64 GiB");
    return WTL_OK;
}

static uint64_t mapped(const wtl_cache *c)
{
    return c->n_shards * c->shard_bytes + HUGE_PAGE;
}

/* Where `memory` begins in its mapping is a matter of huge pages; the mapping's own beginning is not kept but found again. */
static uint8_t *mapping_of(const wtl_cache *c)
{
    return c->memory - c->memory_at;
}

static int map_memory(wtl_cache *c, const wtl_cache_options *o, wtl_err *err)
{
    uint64_t n = mapped(c);
    void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return WTL_FAIL_SYS(err, WTL_NOMEM, errno, "cannot have %llu bytes of memory for a cache",
                            (unsigned long long)n);
    c->memory_at = -(uintptr_t)p & (HUGE_PAGE - 1);
    c->memory = (uint8_t *)p + c->memory_at;
    c->huge_pages = !o->small_pages && madvise(c->memory, n - c->memory_at, MADV_HUGEPAGE) == 0;
    if (o->lazy)
        return WTL_OK;
    /* older systems have no such call: then pages come when they are touched */
    if (madvise(c->memory, c->n_shards * c->shard_bytes, MADV_POPULATE_WRITE) < 0 && errno == ENOMEM)
        return WTL_FAIL_SYS(err, WTL_NOMEM, errno, "cannot fill %llu bytes of memory for a cache",
                            (unsigned long long)n);
    return WTL_OK;
}

static int make_shards(wtl_cache *c, wtl_err *err)
{
    c->shards = aligned_alloc(64, c->n_shards * sizeof *c->shards);
    ENSURE(c->shards != NULL, err, WTL_NOMEM, "out of memory for a cache's shards");
    for (unsigned i = 0; i < c->n_shards; i++) {
        memcpy(&c->shards[i].random, c->secret.lane + 8 * (i % 8), 8);
        c->shards[i].random = (c->shards[i].random ^ i) | 1;
        pthread_mutex_init(&c->shards[i].lock, NULL);
        wtl_shard_reset(&c->shards[i], c, i);
    }
    return WTL_OK;
}

static void free_all(wtl_cache *c)
{
    for (unsigned i = 0; c->shards != NULL && i < c->n_shards; i++)
        pthread_mutex_destroy(&c->shards[i].lock);
    free(c->shards);
    if (c->memory != NULL)
        munmap(mapping_of(c), mapped(c));
    wtl_policy_free(c->policy);
    wtl_epoch_free(&c->epoch);
    OPENSSL_cleanse(&c->secret, sizeof c->secret);
    free(c);
}

static int fill(wtl_cache *c, const wtl_cache_options *o, wtl_err *err)
{
    TRY(take_options(c, o, err));
    TRY(wtl_probe_choose(&c->probe, o->cpu_level, err));
    TRY(make_secret(c, o->seed, err));
    TRY(wtl_epoch_init(&c->epoch, o->readers != 0 ? o->readers : READERS, o->no_membarrier, err));
    wtl_policy_options p = {o->capacity, c->n_shards, o->objective == WTL_CACHE_BYTES};
    TRY(wtl_policy_new(&c->policy, &p, err));
    TRY(map_memory(c, o, err));
    c->clock_start = clock_now(c);
    c->pid = getpid();
    return make_shards(c, err);
}

int wtl_cache_open(wtl_cache **out, const wtl_cache_options *o, wtl_err *err)
{
    *out = NULL;
    wtl_cache *c = aligned_alloc(64, sizeof *c);
    ENSURE(c != NULL, err, WTL_NOMEM, "out of memory for a cache");
    memset(c, 0, sizeof *c);
    int rc = fill(c, o, err);
    if (rc < 0) {
        free_all(c);
        return rc;
    }
    *out = c;
    return WTL_OK;
}

void wtl_cache_adopt(wtl_cache *c)
{
    pid_t pid = getpid();
    if (c->pid == pid)
        return;
    bool whole = wtl_epoch_reset(&c->epoch);
    for (unsigned i = 0; i < c->n_shards; i++)
        wtl_shard_adopt(&c->shards[i], whole);
    atomic_store(&c->pins, 0);
    c->pid = pid;
}

int wtl_cache_close(wtl_cache *c, wtl_err *err)
{
    if (c == NULL)
        return WTL_OK;
    wtl_cache_adopt(c);
    uint64_t reserved = 0;
    for (unsigned i = 0; i < c->n_shards; i++)
        reserved += wtl_shard_got(&c->shards[i].n.reserved_units);
    ENSURE(wtl_epoch_open(&c->epoch) == 0, err, WTL_BUSY,
           "a cache cannot be closed while handles of it are open");
    ENSURE(atomic_load(&c->pins) == 0, err, WTL_BUSY,
           "a cache cannot be closed while entries of it are pinned");
    ENSURE(reserved == 0, err, WTL_BUSY, "a cache cannot be closed while room in it is reserved");
    free_all(c);
    return WTL_OK;
}

static void sum(const wtl_shard *s, wtl_cache_stats *out)
{
    const wtl_shard_counts *n = &s->n;
    out->sets += wtl_shard_got(&n->sets);
    out->replaced += wtl_shard_got(&n->replaced);
    out->dels += wtl_shard_got(&n->dels);
    out->evicted += wtl_shard_got(&n->evicted);
    out->expired += wtl_shard_got(&n->expired);
    out->refused += wtl_shard_got(&n->refused);
    out->busy += wtl_shard_got(&n->busy);
    out->entries += wtl_shard_got(&n->entries);
    out->entry_bytes += WTL_BLOCK_UNIT * (wtl_shard_got(&n->entry_units) + wtl_shard_got(&n->pool_units));
    out->table_bytes += WTL_BLOCK_UNIT * wtl_shard_got(&n->table_units);
    out->waiting += WTL_BLOCK_UNIT * wtl_shard_got(&n->waiting_units);
    out->pinned += WTL_BLOCK_UNIT * wtl_shard_got(&n->pinned_units);
    out->reserved += WTL_BLOCK_UNIT * wtl_shard_got(&n->reserved_units);
    out->free_bytes += WTL_BLOCK_UNIT * wtl_shard_got(&n->free_units);
}

void wtl_cache_stats_read(wtl_cache *c, wtl_cache_stats *out)
{
    memset(out, 0, sizeof *out);
    wtl_epoch_sum(&c->epoch, out);
    for (unsigned i = 0; i < c->n_shards; i++)
        sum(&c->shards[i], out);
    out->capacity = c->n_shards * c->shard_bytes;
    out->stalled = wtl_epoch_stalled(&c->epoch);
    out->shards = c->n_shards;
    out->readers = wtl_epoch_open(&c->epoch);
    out->huge_pages = c->huge_pages;
    out->membarrier = c->epoch.membarrier;
    out->cpu_level = c->probe->name;
}
