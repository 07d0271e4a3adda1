/* A response of HTTP/1.1 (RFC 9110, RFC 9112), as a small server of status pages writes it. */
#ifndef WTL_HTTP_RESPONSE_H
#define WTL_HTTP_RESPONSE_H

#include <stdbool.h>

#include "base/buf.h"

/* Appends a whole response: status line, Content-Type, Content-Length, Cache-Control: no-store, with 405 Allow: GET, HEAD,
 * Connection, and the body unless `head`. */
void wtl_http_response_write(wtl_buf *out, int status, const char *type, wtl_bytes body, bool keep_alive,
                             bool head);

#endif
