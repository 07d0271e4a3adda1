/* What a get reads of an entry: one cache line, in a cell among others, whatever the size of the value. A small value follows its key in
 * the cell (`near`); any other lies in a block elsewhere. Cell and block belong together from the reservation to the end; what moves is
 * copied with both. */
#ifndef WTL_CACHE_ENTRY_H
#define WTL_CACHE_ENTRY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "cache/block.h"
#include "cache/policy.h"
#include <wattle/bytes.h>

enum { WTL_ENTRY_HEAD = 24, WTL_ENTRY_LINE = 40, WTL_ENTRY_CELL = 64, WTL_ENTRY_NEAR_MOST = 128 };

/* Far: one cell and a block. Near: a cell of 64 bytes, or one of 128. */
enum wtl_entry_shape { WTL_ENTRY_FAR, WTL_ENTRY_NEAR, WTL_ENTRY_NEAR_LONG };

typedef struct wtl_entry {
    /* Of a far one: its block, so many units from here, as a signed number. Of a near one: `hold`, as a block has it. */
    _Alignas(64) _Atomic uint32_t block_or_hold;
    uint32_t value_n;
    wtl_policy_mark mark;
    _Atomic uint64_t
        meta; /* from the low end: 17 bits length of the key, 40 bits when it expires (0: never) in the cache's ms, 2 bits shape */
    uint8_t key[WTL_ENTRY_LINE]; /* of a far one, a longer key lies in the block, before the value */
} wtl_entry;

#define WTL_ENTRY_EXPIRY_MOST ((UINT64_C(1) << 40) - 1)
/* The time before all times: what expires then is expired always. */
#define WTL_ENTRY_EXPIRED UINT64_C(1)

static inline uint32_t wtl_entry_key_n(uint64_t meta)
{
    return (uint32_t)meta & 0x1ffff;
}

static inline uint64_t wtl_entry_expiry(uint64_t meta)
{
    return meta >> 17 & WTL_ENTRY_EXPIRY_MOST;
}

static inline enum wtl_entry_shape wtl_entry_shape_of(uint64_t meta)
{
    return (enum wtl_entry_shape)(meta >> 57 & 3);
}

/* Whether it never expires and its key has this length. */
static inline bool wtl_entry_plain(uint64_t meta, uint64_t key_n)
{
    return (meta & ((UINT64_C(1) << 57) - 1)) == key_n;
}

static inline uint64_t wtl_entry_meta(uint64_t key_n, uint64_t expiry, enum wtl_entry_shape shape)
{
    return (uint64_t)shape << 57 | expiry << 17 | key_n;
}

static inline enum wtl_entry_shape wtl_entry_fit(uint64_t key_n, uint64_t value_n)
{
    uint64_t n = WTL_ENTRY_HEAD + key_n + value_n;
    return n > WTL_ENTRY_NEAR_MOST ? WTL_ENTRY_FAR
           : n > WTL_ENTRY_CELL    ? WTL_ENTRY_NEAR_LONG
                                   : WTL_ENTRY_NEAR;
}

static inline uint64_t wtl_entry_cell_units(enum wtl_entry_shape shape)
{
    return (shape == WTL_ENTRY_NEAR_LONG ? 2 : 1) * WTL_ENTRY_CELL / WTL_BLOCK_UNIT;
}

/* Bytes of a far entry's key that lie in the block. */
static inline uint64_t wtl_entry_apart(uint64_t key_n)
{
    return key_n <= WTL_ENTRY_LINE ? 0 : key_n;
}

/* The length of the block, 0: it has none. */
static inline uint64_t wtl_entry_block_units(enum wtl_entry_shape shape, uint64_t key_n, uint64_t value_n)
{
    if (shape != WTL_ENTRY_FAR)
        return 0;
    return (WTL_BLOCK_HEAD + wtl_entry_apart(key_n) + value_n + WTL_BLOCK_UNIT - 1) / WTL_BLOCK_UNIT;
}

static inline uint64_t wtl_entry_meta_of(const wtl_entry *e)
{
    return atomic_load_explicit(&e->meta, memory_order_relaxed);
}

static inline enum wtl_entry_shape wtl_entry_has(const wtl_entry *e)
{
    return wtl_entry_shape_of(wtl_entry_meta_of(e));
}

/* Of the cell and the block. */
static inline uint64_t wtl_entry_units(const wtl_entry *e)
{
    uint64_t meta = wtl_entry_meta_of(e);
    enum wtl_entry_shape shape = wtl_entry_shape_of(meta);
    return wtl_entry_cell_units(shape) + wtl_entry_block_units(shape, wtl_entry_key_n(meta), e->value_n);
}

/* Bytes from a far entry to its block. */
static inline uintptr_t wtl_entry_to_block(const wtl_entry *e)
{
    int32_t units = (int32_t)atomic_load_explicit(&e->block_or_hold, memory_order_relaxed);
    return (uintptr_t)((intptr_t)units * WTL_BLOCK_UNIT);
}

static inline wtl_block *wtl_entry_block(const wtl_entry *e)
{
    return (wtl_block *)((uintptr_t)e + wtl_entry_to_block(e));
}

static inline const uint8_t *wtl_entry_key_at(const wtl_entry *e, uint64_t meta)
{
    bool apart = wtl_entry_shape_of(meta) == WTL_ENTRY_FAR && wtl_entry_key_n(meta) > WTL_ENTRY_LINE;
    return apart ? wtl_block_bytes(wtl_entry_block(e)) : e->key;
}

static inline const uint8_t *wtl_entry_value_at(const wtl_entry *e, uint64_t meta)
{
    uint64_t key_n = wtl_entry_key_n(meta);
    if (wtl_entry_shape_of(meta) != WTL_ENTRY_FAR)
        return e->key + key_n;
    return wtl_block_bytes(wtl_entry_block(e)) + wtl_entry_apart(key_n);
}

static inline wtl_bytes wtl_entry_key(const wtl_entry *e)
{
    uint64_t meta = wtl_entry_meta_of(e);
    return (wtl_bytes){wtl_entry_key_at(e, meta), wtl_entry_key_n(meta)};
}

static inline wtl_bytes wtl_entry_value(const wtl_entry *e)
{
    return (wtl_bytes){wtl_entry_value_at(e, wtl_entry_meta_of(e)), e->value_n};
}

/* Where its flags and pins are. */
static inline _Atomic uint32_t *wtl_entry_hold_at(wtl_entry *e)
{
    return wtl_entry_has(e) == WTL_ENTRY_FAR ? &wtl_entry_block(e)->hold : &e->block_or_hold;
}

static inline uint32_t wtl_entry_hold(wtl_entry *e)
{
    return atomic_load_explicit(wtl_entry_hold_at(e), memory_order_relaxed);
}

#endif
