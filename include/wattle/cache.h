/* A cache inside the process: values are read where they lie, by pointer, at a cost that does not depend on their size.
 *
 * Each thread has a handle (wtl_cache_reader). Reading happens in a section: between wtl_cache_enter and wtl_cache_leave nothing
 * that wtl_cache_get gave is changed, moved or freed, whatever other threads set, delete or evict meanwhile. A value
 * is never changed in place: setting its key again makes a new one beside it.
 *
 *     wtl_cache_enter(r);
 *     if (wtl_cache_get(r, key, &ref) == WTL_OK)
 *         use(ref.value.p, ref.value.n);
 *     wtl_cache_leave(r);          -- ref is void from here on, unless it was pinned
 *
 * Readers take no lock and never wait; they use no atomic read-modify-write. Writers lock one shard of the cache. Any number of
 * caches may be open at once; the library keeps nothing outside of them.
 *
 * A section must be short. While one thread stays in its section, memory of what was replaced, deleted or evicted since then
 * cannot be used again. At most an eighth of the capacity may wait so; then wtl_cache_set returns WTL_BUSY, nothing more is evicted, reads
 * go on, and wtl_cache_stats shows it (`waiting`, `stalled`).
 *
 * fork(): handles do not survive. In the child every call with a handle of the parent's returns WTL_USAGE, or does nothing. Bytes
 * that a section or pin of the forking thread's held stay readable there until the child opens its first handle with
 * wtl_cache_reader_open. That call makes the cache the child's own: with all entries, when no handle but the forking thread's was open;
 * else empty, since another thread may have been writing. In the child, one thread makes that call or wtl_cache_close
 * before any other uses the cache. Pins taken in the parent are void from then on. Parent and child share nothing afterwards. */
#ifndef WATTLE_CACHE_H
#define WATTLE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <wattle/bytes.h>
#include <wattle/err.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define WTL_CACHE_KEY_MOST 65536u
#define WTL_CACHE_VALUE_MOST UINT64_C(0xfffe0000)
#define WTL_CACHE_CAPACITY_LEAST UINT64_C(65536)
/* As a time to live: the cache's own default; never. */
#define WTL_CACHE_TTL_DEFAULT UINT64_C(0)
#define WTL_CACHE_TTL_NONE UINT64_MAX

typedef struct wtl_cache wtl_cache;
typedef struct wtl_cache_reader wtl_cache_reader;

/* What eviction tries to make large. */
enum wtl_cache_objective {
    WTL_CACHE_OBJECTS, /* the share of gets that find something: small entries count as much as large ones */
    WTL_CACHE_BYTES    /* the share of the bytes asked for that are found */
};

/* All zero but `capacity` is a good choice. */
typedef struct wtl_cache_options {
    /* Bytes for entries (header, key, value, rounding) and for the table that finds them, which are never exceeded. Beside
     * them a cache takes a constant 1.1 MiB for counting, 256 B a handle and 72 KiB a shard. */
    uint64_t capacity;
    /* The largest value, in bytes, at most about capacity / 2; 0: a 128th of the capacity, but at least 64 KiB and at most 1 MiB, and never above
     * an eighth. A larger one costs shards: there are capacity / (8 max_value), at least 1, at most 16, from 4 GiB on 64. */
    uint64_t max_value;
    enum wtl_cache_objective objective;
    uint64_t ttl_ms;  /* for entries that are set with WTL_CACHE_TTL_DEFAULT; 0: they do not expire */
    unsigned readers; /* handles open at once, at most 4096; 0: 128 */
    bool small_pages; /* do not ask for huge pages */
    bool lazy;        /* let pages come when they are first touched instead of at once */
    bool
        no_membarrier; /* a fence in wtl_cache_enter instead of membarrier(2); also where the system has none */
    const char
        *cpu_level; /* "ref": plain C; "aes": AES instructions; NULL: the best. For tests and measurements */
    /* Milliseconds of a clock of the caller's for times to live, from any thread, quick; NULL: CLOCK_MONOTONIC, which counts no
     * time in which the machine slept. Should it jump, entries expire early or late by the jump; nothing else follows. */
    uint64_t (*clock_ms)(void *arg);
    void *clock_arg;
    /* 32 bytes from which the table's secret keys are made; NULL: OpenSSL's random generator. For tests of what flooding
     * costs whoever knows the secret. */
    const uint8_t *seed;
} wtl_cache_options;

/* Opens an empty cache. The caller owns *out. Errors: WTL_USAGE for options out of bounds, WTL_NOMEM, WTL_POLICY for a cpu_level
 * that the machine lacks. */
int wtl_cache_open(wtl_cache **out, const wtl_cache_options *o, wtl_err *err);

/* Frees everything. WTL_BUSY, and nothing is freed, while handles are open, pins are held or reservations are neither committed nor
 * dropped (in a child after fork, those of the parent do not count). NULL is allowed. */
int wtl_cache_close(wtl_cache *c, wtl_err *err);

/* A handle for the calling thread; one thread at a time may use it. WTL_BUSY when as many as the options say are open. */
int wtl_cache_reader_open(wtl_cache_reader **out, wtl_cache *c, wtl_err *err);
/* Gives the handle back, leaving its sections. NULL is allowed. */
void wtl_cache_reader_close(wtl_cache_reader *r);
/* The cache of the handle; NULL for a parent's handle after fork. */
wtl_cache *wtl_cache_reader_cache(const wtl_cache_reader *r);

/* Begins and ends a read section. Sections nest; the outermost counts. */
void wtl_cache_enter(wtl_cache_reader *r);
void wtl_cache_leave(wtl_cache_reader *r);

/* A value found. Borrowed: valid until the handle's outermost section ends, or while it is pinned. */
typedef struct wtl_cache_ref {
    wtl_bytes value;   /* p is never NULL in a ref that was filled in, n may be 0 */
    const void *entry; /* the cache's own */
} wtl_cache_ref;

/* Looks a key up, comparing it in full. WTL_OK; WTL_NO when it is absent or expired (ref is zeroed); WTL_USAGE outside a section, for
 * a key above WTL_CACHE_KEY_MOST, or for a parent's handle. There is no sentence: WTL_NO is no failure. */
int wtl_cache_get(wtl_cache_reader *r, wtl_bytes key, wtl_cache_ref *ref);

/* The same for n keys, overlapping their waits for memory. refs[i].entry is NULL where key i is not found. Returns how many were
 * found, or WTL_USAGE as above (all refs zeroed). */
int64_t wtl_cache_get_many(wtl_cache_reader *r, const wtl_bytes *keys, size_t n, wtl_cache_ref *refs);

/* The key of what was found; valid as long as the value. */
wtl_bytes wtl_cache_ref_key(const wtl_cache_ref *ref);
/* Milliseconds until it expires (0: it has), WTL_CACHE_TTL_NONE when it does not. */
uint64_t wtl_cache_ref_ttl(const wtl_cache_reader *r, const wtl_cache_ref *ref);

/* Keeps a reference beyond its section. Only inside the section that found it, or while another pin holds it. Whoever pins gives it
 * back with wtl_cache_unpin, once for each pin, from any thread, without a section. What is pinned may be deleted or
 * replaced meanwhile (the pinned bytes stay), is not chosen for eviction, and counts towards the capacity: with everything pinned,
 * wtl_cache_set returns WTL_BUSY. At most 2^20 pins on one entry: WTL_BUSY. */
int wtl_cache_pin(wtl_cache_reader *r, const wtl_cache_ref *ref);
void wtl_cache_unpin(wtl_cache *c, const wtl_cache_ref *ref);

/* Stores a copy of the value under the key, replacing what was there. ttl_ms: milliseconds to live, at least 1, or one of the two
 * constants above; times beyond 34 years are none. The handle need not be in a section, and better is not: what a section of one's own
 * holds cannot be reused meanwhile. Errors: WTL_POLICY when the value is above max_value or the key above
 * WTL_CACHE_KEY_MOST; WTL_NO when the admission policy did not let a new key in (an entry that is replaced is never refused); WTL_BUSY
 * when no memory can be had because of pins, or readers that stay in sections (after waiting for them up to 50 ms).
 * After an error other than WTL_USAGE the key is absent: an older value never outlives a failed set. */
int wtl_cache_set(wtl_cache_reader *r, wtl_bytes key, wtl_bytes value, uint64_t ttl_ms, wtl_err *err);

/* The same without a second copy: the caller fills `value` in place, then commits or drops it. Until then nobody else sees it, and
 * what is stored under the key is unchanged. Any number may be open; each counts towards the capacity. */
typedef struct wtl_cache_room {
    uint8_t *value; /* aligned as bytes are; its old contents are anything */
    size_t n;
    void *entry; /* the cache's own */
} wtl_cache_room;
/* Errors as for wtl_cache_set, but that the key keeps what it has. `room` is zeroed on failure. */
int wtl_cache_reserve(wtl_cache_reader *r, wtl_bytes key, size_t n, uint64_t ttl_ms, wtl_cache_room *room,
                      wtl_err *err);
/* Publishes the first n bytes (n <= room->n) under the key. `room` is zeroed, whatever comes back. WTL_BUSY, and the key is
 * absent, when the table that finds entries could not take it. */
int wtl_cache_commit(wtl_cache_reader *r, wtl_cache_room *room, size_t n, wtl_err *err);
void wtl_cache_drop(wtl_cache_reader *r, wtl_cache_room *room);

/* Removes a key. WTL_OK when it was there, WTL_NO when not (or expired), WTL_USAGE. When it returns, no get that begins later finds the
 * old value, in any thread. */
int wtl_cache_del(wtl_cache_reader *r, wtl_bytes key);

/* Removes everything that is in the cache when the call begins. */
int wtl_cache_clear(wtl_cache_reader *r);

/* Calls `each` for every entry that lives, in no order, inside sections of its own; ref and key are valid during the call, which may
 * pin, set and delete. What other threads set or delete meanwhile may be seen or not; and while keys are set that the cache does not have
 * yet, an entry in their way may, rarely, be seen twice or not at all. A value other than 0 from `each` ends the walk and is
 * returned. */
int wtl_cache_foreach(wtl_cache_reader *r, int (*each)(void *arg, wtl_bytes key, const wtl_cache_ref *ref),
                      void *arg);

/* Sums over handles and shards, taken without stopping anybody: each number is right at some moment of the call. */
typedef struct wtl_cache_stats {
    uint64_t gets, hits;           /* keys asked for, keys found */
    uint64_t sets, replaced, dels; /* stored; of these over an older value; removed by del or clear */
    uint64_t evicted, expired;     /* removed for room; found past their time */
    uint64_t refused, busy;        /* sets that ended in WTL_NO and in WTL_BUSY */
    uint64_t entries;              /* in the table now */
    uint64_t entry_bytes;          /* they with header, key and rounding */
    uint64_t table_bytes;          /* the tables that find them */
    uint64_t waiting;              /* bytes that are in no table any more and wait for readers to leave */
    uint64_t pinned;               /* bytes that only pins still hold */
    uint64_t reserved;             /* bytes of reservations */
    uint64_t free_bytes;           /* of the capacity */
    uint64_t capacity;             /* as used: the option, rounded down to whole shards */
    uint64_t stalled;              /* handles in a section that the cache waits for */
    unsigned shards, readers;      /* shards; handles open */
    bool huge_pages;               /* asked for and not refused */
    bool membarrier;               /* used, instead of fences in readers */
    const char *cpu_level;         /* "vaes", "aes" or "ref" */
} wtl_cache_stats;
void wtl_cache_stats_read(wtl_cache *c, wtl_cache_stats *out);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
