/* How often keys were seen, without the keys: four rows of 65,536 counters of 16 bits, 512 KiB whatever the cache holds. A key's
 * count is the least of its four, so never too small but for ageing and lost updates (Cormode and Muthukrishnan, "An
 * improved data stream summary: the count-min sketch", 2005). Any thread; updates that meet may lose one. */
#ifndef WTL_CACHE_SKETCH_H
#define WTL_CACHE_SKETCH_H

#include <stdatomic.h>
#include <stdint.h>

enum { WTL_SKETCH_ROWS = 4, WTL_SKETCH_COLUMNS = 65536 };

typedef struct wtl_sketch {
    _Alignas(64) _Atomic uint16_t count[WTL_SKETCH_ROWS][WTL_SKETCH_COLUMNS];
} wtl_sketch;

/* Asks for the counters of a key that will be counted soon. */
void wtl_sketch_fetch(const wtl_sketch *s, uint64_t hash);
uint32_t wtl_sketch_count(const wtl_sketch *s, uint64_t hash);
/* The key was seen `by` times more. Counters that are above its count stay. */
void wtl_sketch_add(wtl_sketch *s, uint64_t hash, uint32_t by);
/* The key was seen so many times in all, at least. */
void wtl_sketch_raise(wtl_sketch *s, uint64_t hash, uint32_t to);
/* Halves all. */
void wtl_sketch_age(wtl_sketch *s);

#endif
