#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void wtl_buf_free(wtl_buf *b)
{
    free(b->p);
    *b = (wtl_buf){0};
}

void wtl_buf_auto(wtl_buf *b)
{
    wtl_buf_free(b);
}

void wtl_buf_clear(wtl_buf *b)
{
    b->n = 0;
}

static bool reserve(wtl_buf *b, size_t more)
{
    if (b->bad)
        return false;
    if (more <= b->cap - b->n)
        return true;
    size_t want = b->n + more;
    size_t cap = b->cap < 64 ? 64 : b->cap;
    while (cap < want && cap <= SIZE_MAX / 2)
        cap *= 2;
    uint8_t *p = want < b->n || cap < want ? NULL : realloc(b->p, cap);
    if (p == NULL) {
        b->bad = true;
        return false;
    }
    b->p = p;
    b->cap = cap;
    return true;
}

void wtl_buf_reserve(wtl_buf *b, size_t n)
{
    if (b->bad || n <= b->cap - b->n)
        return;
    uint8_t *p = n <= SIZE_MAX - b->n ? realloc(b->p, b->n + n) : NULL;
    if (p == NULL) {
        b->bad = true;
        return;
    }
    b->p = p;
    b->cap = b->n + n;
}

uint8_t *wtl_buf_grow(wtl_buf *b, size_t n)
{
    /* Room for nothing is a pointer too: NULL means that memory ran out. */
    if (!reserve(b, n > 0 ? n : 1))
        return NULL;
    uint8_t *p = b->p + b->n;
    b->n += n;
    return p;
}

void wtl_buf_add(wtl_buf *b, const void *p, size_t n)
{
    if (n == 0)
        return;
    uint8_t *to = wtl_buf_grow(b, n);
    if (to != NULL)
        memcpy(to, p, n);
}

void wtl_buf_bytes(wtl_buf *b, wtl_bytes v)
{
    wtl_buf_add(b, v.p, v.n);
}

void wtl_buf_str(wtl_buf *b, const char *s)
{
    wtl_buf_add(b, s, strlen(s));
}

static void add_be(wtl_buf *b, uint64_t v, unsigned n)
{
    uint8_t be[8];
    for (unsigned i = 0; i < n; i++)
        be[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
    wtl_buf_add(b, be, n);
}

void wtl_buf_u8(wtl_buf *b, uint8_t v)
{
    add_be(b, v, 1);
}

void wtl_buf_u16(wtl_buf *b, uint16_t v)
{
    add_be(b, v, 2);
}

void wtl_buf_u32(wtl_buf *b, uint32_t v)
{
    add_be(b, v, 4);
}

void wtl_buf_u64(wtl_buf *b, uint64_t v)
{
    add_be(b, v, 8);
}

void wtl_buf_zero(wtl_buf *b, size_t n)
{
    uint8_t *p = n > 0 ? wtl_buf_grow(b, n) : NULL;
    if (p != NULL)
        memset(p, 0, n);
}

void wtl_buf_vfmt(wtl_buf *b, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    if (n >= 0 && reserve(b, (size_t)n + 1)) {
        vsnprintf((char *)b->p + b->n, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

void wtl_buf_fmt(wtl_buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    wtl_buf_vfmt(b, fmt, ap);
    va_end(ap);
}

void wtl_buf_hex(wtl_buf *b, wtl_bytes v)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t *to = v.n <= SIZE_MAX / 2 ? wtl_buf_grow(b, 2 * v.n) : NULL;
    for (size_t i = 0; to != NULL && i < v.n; i++) {
        to[2 * i] = (uint8_t)digits[v.p[i] >> 4];
        to[2 * i + 1] = (uint8_t)digits[v.p[i] & 15];
    }
}

int wtl_buf_check(const wtl_buf *b, wtl_err *err)
{
    ENSURE(!b->bad, err, WTL_NOMEM, "out of memory");
    return WTL_OK;
}

wtl_bytes wtl_buf_view(const wtl_buf *b)
{
    return (wtl_bytes){b->p, b->n};
}

char *wtl_buf_cstr(wtl_buf *b)
{
    if (!reserve(b, 1))
        return NULL;
    b->p[b->n] = 0;
    return (char *)b->p;
}
