/* Strict JSON on top of jansson: no duplicate keys, no trailing text, no NUL in strings, bounded depth. */
#ifndef WTL_JSON_JSON_H
#define WTL_JSON_JSON_H

#include <jansson.h>

#include "base/buf.h"

void json_t_auto(json_t **j);

/* *out belongs to the caller (json_decref). WTL_FORMAT with line and column; `what` names the document. */
int wtl_json_parse(json_t **out, wtl_bytes text, const char *what, wtl_err *err) WTL_MUST_USE;

/* WTL_FORMAT unless `j` is an object whose keys are all in the NULL-terminated list `allowed`. */
int wtl_json_only_keys(const json_t *j, const char *what, const char *const *allowed,
                       wtl_err *err) WTL_MUST_USE;

/* Members by type; WTL_FORMAT, naming `what` and key, when missing or of another type. Borrowed. */
int wtl_json_get_object(const json_t *j, const char *what, const char *key, json_t **out,
                        wtl_err *err) WTL_MUST_USE;
int wtl_json_get_array(const json_t *j, const char *what, const char *key, json_t **out,
                       wtl_err *err) WTL_MUST_USE;
int wtl_json_get_string(const json_t *j, const char *what, const char *key, const char **out,
                        wtl_err *err) WTL_MUST_USE;

/* How many of jansson's allocations failed in this thread since the first call of this function or of one above.
 * A document that was put together while the number grew may lack something. */
size_t wtl_json_lost(void);

/* Compact UTF-8 text in insertion order, appended; `pretty` indents by two. */
int wtl_json_write(const json_t *j, bool pretty, wtl_buf *out, wtl_err *err) WTL_MUST_USE;

#endif
