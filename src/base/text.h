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

/* RFC 4648 section 5 without padding (RFC 7515 section 2): canonical, as strict as the above. */
void wtl_text_b64url_encode(wtl_buf *out, wtl_bytes v);
int wtl_text_b64url_decode(wtl_buf *out, wtl_bytes text, wtl_err *err) WTL_MUST_USE;

/* The same between places of a known size, for secrets. Encoding writes wtl_text_b64url_size(v.n) characters and no
 * NUL. Decoding gives exactly n bytes, or WTL_FORMAT and zeros; the error shows nothing of the text. */
size_t wtl_text_b64url_size(size_t n);
void wtl_text_b64url_put(uint8_t *to, wtl_bytes v);
int wtl_text_b64url_take(uint8_t *to, size_t n, wtl_bytes text, wtl_err *err) WTL_MUST_USE;

/* One digit of base64 whose last two digits are d62 and d63 ('+' '/' or '-' '_'), in time that does not depend on it:
 * its value, or one of 64 and more for a character that is no digit; and the character of a value below 64. */
uint32_t wtl_text_b64_digit_value(uint8_t c, char d62, char d63);
uint8_t wtl_text_b64_digit(uint32_t v, char d62, char d63);

/* Lower-case hexadecimal only. */
int wtl_text_hex_decode(wtl_buf *out, wtl_bytes text, wtl_err *err) WTL_MUST_USE;

/* Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, no NUL). */
bool wtl_text_is_utf8(wtl_bytes v);

/* Length of the character in UTF-8 (RFC 3629 section 4) at p, where n > 0 bytes are; 0 when there is none, or a NUL. */
size_t wtl_text_utf8_len(const uint8_t *p, size_t n);

/* Appends v with control characters, quotes, backslash and bytes that are not UTF-8 written as \xNN, so
 * that a name can stand in a message without writing to the terminal. */
void wtl_text_quote(wtl_buf *out, wtl_bytes v);

#endif
