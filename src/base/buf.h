/* An owned, growing run of bytes with a sticky error, and the write side of the wire formats. */
#ifndef WTL_BASE_BUF_H
#define WTL_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>

#include "base/err.h"
#include <wattle/bytes.h>

/* Zero-initialise; free with wtl_buf_free or AUTO(wtl_buf). After an allocation failed `bad` stays set,
 * writes do nothing, and wtl_buf_check says so once at the end. */
typedef struct wtl_buf {
    uint8_t *p;
    size_t n;   /* bytes written */
    size_t cap; /* bytes allocated */
    bool bad;
} wtl_buf;

void wtl_buf_free(wtl_buf *b); /* leaves an empty, usable buffer */
void wtl_buf_auto(wtl_buf *b);
void wtl_buf_clear(wtl_buf *b); /* length 0, memory kept */

/* Appends. Integers are big-endian. */
void wtl_buf_add(wtl_buf *b, const void *p, size_t n);
void wtl_buf_bytes(wtl_buf *b, wtl_bytes v);
void wtl_buf_str(wtl_buf *b, const char *s); /* without the NUL */
void wtl_buf_u8(wtl_buf *b, uint8_t v);
void wtl_buf_u16(wtl_buf *b, uint16_t v);
void wtl_buf_u32(wtl_buf *b, uint32_t v);
void wtl_buf_u64(wtl_buf *b, uint64_t v);
void wtl_buf_zero(wtl_buf *b, size_t n);
void wtl_buf_fmt(wtl_buf *b, const char *fmt, ...) WTL_PRINTF(2, 3);
void wtl_buf_vfmt(wtl_buf *b, const char *fmt, va_list ap) WTL_PRINTF(2, 0);
void wtl_buf_hex(wtl_buf *b, wtl_bytes v); /* lower-case hexadecimal of v */

/* Memory for n more bytes and no more than that, so that a large text of known size costs its size; the length stays. */
void wtl_buf_reserve(wtl_buf *b, size_t n);

/* Room for n more bytes at the end, already counted in b->n; NULL when memory ran out. */
uint8_t *wtl_buf_grow(wtl_buf *b, size_t n);

/* 0, or WTL_NOMEM when any write failed. */
int wtl_buf_check(const wtl_buf *b, wtl_err *err) WTL_MUST_USE;

/* What was written so far; valid until the next write. */
wtl_bytes wtl_buf_view(const wtl_buf *b);

/* NUL-terminates (the NUL is not counted) and returns the text, or NULL when memory ran out. */
char *wtl_buf_cstr(wtl_buf *b);

#endif
