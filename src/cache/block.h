/* A piece of a shard's memory, as the arena cuts it: values, tables, chunks of cells, and gaps. */
#ifndef WTL_CACHE_BLOCK_H
#define WTL_CACHE_BLOCK_H

#include <stdatomic.h>
#include <stdint.h>

enum { WTL_BLOCK_UNIT = 32, WTL_BLOCK_HEAD = 16 };

/* In `hold`. A block with none of FREE, LINKED, RESERVED, DEAD, TABLE and CHUNK waits for readers to leave. */
enum {
    WTL_BLOCK_FREE = 1,      /* a gap */
    WTL_BLOCK_AFTER_GAP = 2, /* the block before this one is a gap, and its last four bytes are its length */
    WTL_BLOCK_LINKED = 4,    /* its entry is in the table */
    WTL_BLOCK_RESERVED = 8,  /* being filled by whoever reserved it */
    WTL_BLOCK_DEAD = 16,     /* no reader can see it any more; pins alone keep it */
    WTL_BLOCK_TABLE = 32,    /* a table, or the wall at the end */
    WTL_BLOCK_CHUNK = 64,    /* cells for entries */
    WTL_BLOCK_PIN = 256,     /* one pin; the bits from here on count them */
    WTL_BLOCK_PINS_MOST = 1 << 20
};

typedef struct wtl_block {
    _Atomic uint32_t hold;
    uint32_t units; /* its length */
    union {
        uint32_t next; /* of gaps, or of chunks, in their list */
        uint32_t
            entry; /* of a value: where its entry is, in units from the beginning of the shard's memory */
    };
    uint32_t prev;
} wtl_block;

static inline uint8_t *wtl_block_bytes(const wtl_block *b)
{
    return (uint8_t *)(uintptr_t)(b + 1);
}

static inline uint32_t wtl_block_hold(const wtl_block *b)
{
    return atomic_load_explicit(&b->hold, memory_order_relaxed);
}

#endif
