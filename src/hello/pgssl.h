/* PostgreSQL's request for TLS, sent before it (PostgreSQL manual, "Message Formats": SSLRequest, GSSENCRequest, CancelRequest). */
#ifndef WTL_HELLO_PGSSL_H
#define WTL_HELLO_PGSSL_H

#include "hello/client.h"

enum wtl_pgssl_said {
    WTL_PGSSL_REQUEST, /* SSLRequest: to be answered 'S' */
    WTL_PGSSL_GSS,     /* GSSENCRequest: to be answered 'N'; another request follows */
    WTL_PGSSL_TLS,     /* a ClientHello at once (direct TLS, PostgreSQL 17) */
    WTL_PGSSL_PLAIN    /* a StartupMessage or CancelRequest without TLS */
};
extern const uint8_t wtl_pgssl_request[8]; /* what a client sends */

/* Of the first bytes of a client, all that came; *used is 8 for REQUEST and GSS, else 0. State as in wtl_hello_client_read.
 * WTL_FORMAT for what no PostgreSQL client begins with, and for bytes behind REQUEST or GSS: a client waits for the answer, what came before it is
 * not the client's. */
int wtl_pgssl_read(enum wtl_pgssl_said *said, enum wtl_hello_state *state, size_t *used, wtl_bytes in,
                   wtl_err *err) WTL_MUST_USE;

#endif
