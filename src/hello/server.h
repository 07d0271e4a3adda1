/* A ServerHello or HelloRetryRequest (RFC 8446 section 4.1.3): what the two sides agreed on, in clear on the wire. */
#ifndef WTL_HELLO_SERVER_H
#define WTL_HELLO_SERVER_H

#include "hello/client.h"

typedef struct wtl_hello_server {
    bool retry;       /* a HelloRetryRequest */
    uint16_t version; /* 0x0304, or what an older server says */
    uint16_t cipher;
    uint16_t group; /* of key_share; 0 when there is none (TLS 1.2, or PSK alone) */
    bool psk;       /* resumes */
} wtl_hello_server;

/* As wtl_hello_client_read, but *used ends with the message: before TLS 1.3 others may follow it in its record. An alert
 * instead of it is WTL_NO with the alert's name. */
int wtl_hello_server_read(wtl_hello_server *h, enum wtl_hello_state *state, size_t *used, wtl_buf *message,
                          wtl_bytes in, wtl_err *err) WTL_MUST_USE;

#endif
