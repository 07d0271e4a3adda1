/* What a hash table must do to be measured beside the cache library: a shared object that exports wtl_cachepeer_at. It brings the loops, so that each
 * table is called as a program in its language calls it; the keys, their order and the clock are the bench's. */
#ifndef WTL_BENCH_CACHEPEER_H
#define WTL_BENCH_CACHEPEER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    WTL_CACHEPEER_ABI = 1,
    WTL_CACHEPEER_KEY_MOST = 40,
    WTL_CACHEPEER_GROUP = 64,
    WTL_CACHEPEER_BATCH = 32
};

enum wtl_cachepeer_flag {
    WTL_CACHEPEER_WRITERS = 1, /* threads may set while others get; else they may only get at once */
    WTL_CACHEPEER_EVICTS = 2   /* a table opened `full` makes room by itself */
};

typedef struct wtl_cachepeer_key {
    uint8_t at[WTL_CACHEPEER_KEY_MOST];
    uint32_t n;
    uint32_t number; /* which of all keys it is */
} wtl_cachepeer_key;

typedef struct wtl_cachepeer_value {
    const uint8_t *p;
    size_t n;
} wtl_cachepeer_value;

/* Does its thing with n keys one after the other; returns how many were found, or stored. `v` is for those that set. */
typedef size_t wtl_cachepeer_fn(void *handle, const wtl_cachepeer_key *k, size_t n,
                                const wtl_cachepeer_value *v);

typedef struct wtl_cachepeer {
    uint32_t abi;
    uint32_t flags;
    const char *name;
    const char *version;
    const char *note; /* what a reader must know to compare, a sentence */
    /* A table sized for that many entries of `value_n` bytes; `full`: which then holds no more. NULL: no memory. */
    void *(*open)(size_t entries, size_t value_n, int full);
    void (*close)(void *table);
    /* A handle for the calling thread; NULL: the table is its own handle. */
    void *(*join)(void *table);
    void (*leave)(void *handle);
    wtl_cachepeer_fn *get;     /* each on its own, as safe as the table makes it */
    wtl_cachepeer_fn *grouped; /* WTL_CACHEPEER_GROUP at a time where that saves something, or NULL */
    wtl_cachepeer_fn
        *many; /* WTL_CACHEPEER_BATCH at a time with their waits for memory overlapping, or NULL */
    wtl_cachepeer_fn *mixed; /* every tenth is set, the others got */
    wtl_cachepeer_fn *set;   /* stores a copy of the value, in place of an older one */
    wtl_cachepeer_fn *del;
    /* Each get between two ticks, whose difference goes to ticks[i]; the key is in the processor's cache before. */
    size_t (*lone)(void *handle, const wtl_cachepeer_key *k, size_t n, uint64_t (*tick)(void),
                   uint32_t *ticks);
    /* Bytes that the table takes, all in all, and its entries; NULL: it takes them with malloc. */
    void (*size)(void *table, uint64_t *bytes, uint64_t *entries);
} wtl_cachepeer;

/* Table i of the object, or NULL past the last. Lives as long as the object. */
typedef const wtl_cachepeer *wtl_cachepeer_at_fn(unsigned i);

#ifdef __cplusplus
}
#endif
#endif
