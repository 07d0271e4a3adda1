/* One question over HTTP to a control socket. */
#ifndef WTL_PROXYD_ASK_H
#define WTL_PROXYD_ASK_H

#include "json/json.h"

/* GET `page` at the Unix socket `path`; *out, the answer, belongs to the caller. Waits at most some seconds. WTL_BUSY when nobody answers, WTL_FORMAT, WTL_USAGE. */
int wtl_ask_json(json_t **out, const char *path, const char *page, wtl_err *err) WTL_MUST_USE;

#endif
