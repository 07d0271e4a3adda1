/* The head of an HTTP/1.1 request (RFC 9112), strictly, as far as a small server of status pages needs it. */
#ifndef WTL_HTTP_REQUEST_H
#define WTL_HTTP_REQUEST_H

#include <stdbool.h>

#include "base/buf.h"

enum { WTL_HTTP_MOST = 8192, WTL_HTTP_PATH = 256 };

typedef struct wtl_http_request {
    char method[16];
    char path[WTL_HTTP_PATH]; /* without the query; begins with '/'; no control characters */
    wtl_bytes query;          /* borrowed; without '?' */
    bool keep_alive;
    bool head; /* HEAD */
} wtl_http_request;

enum wtl_http_state { WTL_HTTP_WHOLE, WTL_HTTP_MORE };

/* *used bytes of `in` are the head. WTL_FORMAT for anything that is not one, for a body (Content-Length other than 0, Transfer-Encoding), folded
 * lines, bare CR or LF inside, more than WTL_HTTP_MOST bytes. */
int wtl_http_request_read(wtl_http_request *r, enum wtl_http_state *state, size_t *used, wtl_bytes in,
                          wtl_err *err) WTL_MUST_USE;

#endif
