/* The way from a key to its entry: keyed hash, two buckets, eight tags compared at once, the key compared in full. Each
 * way of computing it has the whole get in one file, so that nothing is called in between.
 *
 * The hash is of this process alone: ways give different values, and a cache keeps to one. */
#ifndef WTL_CACHE_PROBE_H
#define WTL_CACHE_PROBE_H

#include "cache/entry.h"
#include "kernel/cpu.h"
#include <wattle/cache.h>

/* Eight slots, each a 16-bit tag above a 48-bit address; 0: empty. Of the hash, from the low end: 16 bits tag, 26 bits first
 * bucket, 16 bits way to the second, 6 bits shard. */
enum { WTL_PROBE_SLOTS = 8, WTL_PROBE_SHARDS_MOST = 64, WTL_PROBE_LOG2_MOST = 26 };

typedef struct wtl_probe_bucket {
    _Atomic uint64_t slot[WTL_PROBE_SLOTS];
} wtl_probe_bucket;

/* All drawn at random: each of the 4 rounds has its key four times, once a lane. */
typedef struct wtl_probe_secret {
    _Alignas(64) uint8_t lane[64];
    uint8_t round[4][64];
    uint8_t last[2][16];
} wtl_probe_secret;

typedef struct wtl_probe {
    const char *name;
    enum wtl_cpu_level level;
    uint64_t (*hash)(const wtl_probe_secret *s, wtl_bytes key);
    /* As wtl_cache_get and wtl_cache_get_many, inside a section, for keys that are not too long. */
    int (*get)(wtl_cache_reader *r, wtl_bytes key, wtl_cache_ref *ref);
    int64_t (*get_many)(wtl_cache_reader *r, const wtl_bytes *keys, size_t n, wtl_cache_ref *refs);
} wtl_probe;

/* SipHash-2-4 and plain C; AES-NI and AVX2; VAES and AVX-512. NULL where the compiler has no such code. */
const wtl_probe *wtl_probe_ref(void);
const wtl_probe *wtl_probe_aes(void);
const wtl_probe *wtl_probe_vaes(void);

/* The way of this name, or for NULL the best that the machine has and wtl_cpu_forced lets. */
int wtl_probe_choose(const wtl_probe **out, const char *name, wtl_err *err) WTL_MUST_USE;

/* Both buckets of a hash in a table of mask + 1 buckets (a power of two, at least 2). They differ. */
static inline uint64_t wtl_probe_first(uint64_t hash, uint64_t mask)
{
    return hash >> 16 & mask;
}

static inline uint64_t wtl_probe_second(uint64_t hash, uint64_t mask)
{
    return ((hash >> 16) ^ (hash >> 42 & 0xffff) ^ (~hash >> 42 & 1)) & mask;
}

static inline uint64_t wtl_probe_slot(uint64_t hash, const wtl_entry *e)
{
    return hash << 48 | (uint64_t)(uintptr_t)e;
}

static inline wtl_entry *wtl_probe_entry(uint64_t slot)
{
    return (wtl_entry *)(uintptr_t)(slot & UINT64_C(0xffffffffffff));
}

static inline unsigned wtl_probe_shard(uint64_t hash, unsigned mask)
{
    return (unsigned)(hash >> 58) & mask;
}

/* A table as readers find it: the address of its buckets, aligned to 64, and in the six low bits log2 of how many they are. */
static inline wtl_probe_bucket *wtl_probe_buckets(uint64_t word)
{
    return (wtl_probe_bucket *)(uintptr_t)(word & ~UINT64_C(63));
}

static inline uint64_t wtl_probe_mask(uint64_t word)
{
    return (UINT64_C(1) << (word & 63)) - 1;
}

#endif
