/* Canonical JSON, the JSON Canonicalization Scheme of RFC 8785: one value, one text. */
#ifndef WTL_JSON_CANON_H
#define WTL_JSON_CANON_H

#include "json/json.h"

/* Appends the canonical text of `j` (any value): no white space, members sorted by the UTF-16 code units of their
 * names (section 3.2.3), strings with the shortest escapes (3.2.2.2), numbers as ECMAScript writes them (3.2.2.3).
 * WTL_FORMAT for what has no canonical text: integers beyond +-(2^53 - 1), which readers with doubles would change,
 * infinities and NaN, strings that are not UTF-8 (lone surrogates are none), more than 2,048 levels. `out` keeps
 * its length on failure. */
int wtl_canon_write(const json_t *j, wtl_buf *out, wtl_err *err) WTL_MUST_USE;

#endif
