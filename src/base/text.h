/* Text encodings, strict: one text for one value, everything else is refused. */
#ifndef WTL_BASE_TEXT_H
#define WTL_BASE_TEXT_H

#include <stdbool.h>

#include "base/buf.h"

/* Borrowed bytes of a NUL-terminated string, without the NUL. */
wtl_bytes wtl_text_of(const char *s);

bool wtl_text_eq(wtl_bytes a, const char *s);

/* RFC 4648 section 4 with padding. Decoding refuses white space, missing or surplus padding, other
 * alphabets and non-zero trailing bits (WTL_FORMAT). `out` is appended to. */
void wtl_text_b64_encode(wtl_buf *out, wtl_bytes v);
int wtl_text_b64_decode(wtl_buf *out, wtl_bytes text, wtl_err *err) WTL_MUST_USE;

/* Lower-case hexadecimal only. */
int wtl_text_hex_decode(wtl_buf *out, wtl_bytes text, wtl_err *err) WTL_MUST_USE;

/* Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, no NUL). */
bool wtl_text_is_utf8(wtl_bytes v);

/* Appends v with control characters, quotes, backslash and bytes that are not UTF-8 written as \xNN, so
 * that a name can stand in a message without writing to the terminal. */
void wtl_text_quote(wtl_buf *out, wtl_bytes v);

#endif
