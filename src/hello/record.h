/* A handshake message put together from TLS records (RFC 8446 section 5.1), for ClientHello and ServerHello. */
#ifndef WTL_HELLO_RECORD_H
#define WTL_HELLO_RECORD_H

#include "hello/client.h"

/* Which message, and who sends it. */
typedef struct wtl_record_of {
    const char *who;  /* "the client" */
    const char *name; /* "ClientHello" */
    uint8_t type;     /* of the handshake message */
    uint32_t least;   /* bytes that its body has at least */
    bool alone;       /* its last record may hold nothing else */
} wtl_record_of;

/* As wtl_hello_client_read. While more is needed `message` also carries, at its end, the place in `in` that was come to. *left:
 * bytes of the last record after the message; *used ends with the message. */
int wtl_record_gather(const wtl_record_of *of, enum wtl_hello_state *state, size_t *used, size_t *left,
                      wtl_buf *message, wtl_bytes in, wtl_err *err) WTL_MUST_USE;

/* The body of a gathered message. */
wtl_bytes wtl_record_body(const wtl_buf *message);

#endif
