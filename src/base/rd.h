/* A read cursor with a sticky error: parsers read as the format's schema and check once. */
#ifndef WTL_BASE_RD_H
#define WTL_BASE_RD_H

#include <stdbool.h>

#include <wattle/bytes.h>

/* After a read past the end `bad` stays set and every further read gives zero or an empty run. */
typedef struct wtl_rd {
    const uint8_t *p;
    size_t n; /* bytes left */
    bool bad;
} wtl_rd;

wtl_rd wtl_rd_of(wtl_bytes v);
uint8_t wtl_rd_u8(wtl_rd *r); /* integers are big-endian */
uint16_t wtl_rd_u16(wtl_rd *r);
uint32_t wtl_rd_u32(wtl_rd *r);
uint64_t wtl_rd_u64(wtl_rd *r);
wtl_bytes wtl_rd_take(wtl_rd *r, size_t n);      /* borrowed from the input */
void wtl_rd_copy(wtl_rd *r, void *to, size_t n); /* zeroes `to` when too little is left */
bool wtl_rd_is_zero(wtl_rd *r, size_t n);        /* takes n bytes; true when all are zero */
bool wtl_rd_done(const wtl_rd *r);               /* everything was read and nothing was missing */

#endif
