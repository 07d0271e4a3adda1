#include "base/rd.h"

#include <string.h>

wtl_rd wtl_rd_of(wtl_bytes v)
{
    return (wtl_rd){v.p, v.n, false};
}

wtl_bytes wtl_rd_take(wtl_rd *r, size_t n)
{
    if (r->bad || n > r->n) {
        r->bad = true;
        return (wtl_bytes){NULL, 0};
    }
    wtl_bytes v = {r->p, n};
    if (n > 0)
        r->p += n;
    r->n -= n;
    return v;
}

static uint64_t take_be(wtl_rd *r, size_t n)
{
    wtl_bytes v = wtl_rd_take(r, n);
    uint64_t x = 0;
    for (size_t i = 0; i < v.n; i++)
        x = x << 8 | v.p[i];
    return x;
}

uint8_t wtl_rd_u8(wtl_rd *r)
{
    return (uint8_t)take_be(r, 1);
}

uint16_t wtl_rd_u16(wtl_rd *r)
{
    return (uint16_t)take_be(r, 2);
}

uint32_t wtl_rd_u32(wtl_rd *r)
{
    return (uint32_t)take_be(r, 4);
}

uint64_t wtl_rd_u64(wtl_rd *r)
{
    return take_be(r, 8);
}

void wtl_rd_copy(wtl_rd *r, void *to, size_t n)
{
    wtl_bytes v = wtl_rd_take(r, n);
    if (v.n == n && n > 0)
        memcpy(to, v.p, n);
    else
        memset(to, 0, n);
}

bool wtl_rd_is_zero(wtl_rd *r, size_t n)
{
    wtl_bytes v = wtl_rd_take(r, n);
    uint8_t any = 0;
    for (size_t i = 0; i < v.n; i++)
        any |= v.p[i];
    return !r->bad && any == 0;
}

bool wtl_rd_done(const wtl_rd *r)
{
    return !r->bad && r->n == 0;
}
