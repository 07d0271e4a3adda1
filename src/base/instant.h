/* Points in time as text. */
#ifndef WTL_BASE_INSTANT_H
#define WTL_BASE_INSTANT_H

#include <stdint.h>

#include "base/err.h"

enum { WTL_INSTANT_TEXT = 21 };

/* RFC 3339 in UTC to the second, in this one form: 2026-11-21T00:00:00Z, years 1970 to 9999, no leap second.
 * *seconds since 1970-01-01. WTL_FORMAT. */
int wtl_instant_parse(int64_t *seconds, const char *text, wtl_err *err) WTL_MUST_USE;

/* The same text; "?" outside those years. Returns `out`. */
const char *wtl_instant_write(char out[WTL_INSTANT_TEXT], int64_t seconds);

#endif
