/* Ends of handshakes, put into words for the log. */
#ifndef WTL_PROXY_TELL_H
#define WTL_PROXY_TELL_H

#include "proxy/service.h"

/* Where a connection comes from, small. */
typedef struct wtl_tell_from {
    uint16_t port;
    uint8_t family; /* 4, 6, or 0: unknown, a Unix socket */
    uint8_t ip[16];
} wtl_tell_from;
enum { WTL_TELL_TEXT = 64 };
/* "192.0.2.1:4711", "[2001:db8::1]:4711", "unix". Returns `out`. */
const char *wtl_tell_from_text(char out[WTL_TELL_TEXT], const wtl_tell_from *from);
wtl_tell_from wtl_tell_from_socket(const struct sockaddr *at);

typedef struct wtl_tell {
    const char *peer;              /* address */
    const wtl_link *link;          /* of a handshake that is done; else NULL */
    const wtl_hello_client *hello; /* of a client that was refused, or NULL */
    enum wtl_facts_reason reason;  /* why, if it should be classical, or why it was not admitted */
    int64_t began;                 /* loop time */
    bool late;                     /* it ended by a deadline */
} wtl_tell;
/* `rc` and `why`: how it failed; WTL_OK and NULL. */
void wtl_tell_handshake(const wtl_service *s, const wtl_tell *t, int rc, const wtl_err *why);

#endif
