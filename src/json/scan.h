/* Large values of a JSON text in place, without a tree of the whole: one value is cut out and looked at by itself,
 * and what is left is parsed as ever. Everything is still judged by the strict parser; this only says where
 * values begin and end. */
#ifndef WTL_JSON_SCAN_H
#define WTL_JSON_SCAN_H

#include <stdbool.h>

#include "json/json.h"

/* The value of the member path[0] of the object `text`, of path[1] in that, and so on to the NULL: its bytes within
 * `text`, brackets or quotes included. The first one of that name, written without escapes; {NULL, 0} when
 * there is none or an object on the way is visibly broken. A value with nested ones is delimited by counting brackets, in
 * constant memory; it is not checked otherwise. */
wtl_bytes wtl_scan_find(wtl_bytes text, const char *const *path);

/* Parses `text` with `stand_in` in the place of `span` (which lies within it): the rest is judged as strictly as
 * wtl_json_parse does it. */
int wtl_scan_parse_rest(json_t **out, wtl_bytes text, wtl_bytes span, const char *stand_in, const char *what,
                        wtl_err *err) WTL_MUST_USE;

/* The elements of an array one after another. Begin with `rest` = the array's text, brackets included, as
 * wtl_scan_find gives it. */
typedef struct wtl_scan {
    wtl_bytes rest;
    bool begun;
} wtl_scan;

/* *element = the next one, unchecked, or {NULL, 0} after the last. WTL_FORMAT when the text is not '[', values with single
 * commas between them, ']'. */
int wtl_scan_next(wtl_scan *s, wtl_bytes *element, const char *what, wtl_err *err) WTL_MUST_USE;

#endif
