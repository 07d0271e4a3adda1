/* One connection of the load: a non-blocking socket to 127.0.0.1, and OpenSSL's client over it. */
#ifndef WTL_BENCH_CLIENT_H
#define WTL_BENCH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "base/err.h"

/* What the clients of one row offer: one group, and one suite or OpenSSL's own list (NULL). Peers' certificates are not held against
 * authorities; their signatures are checked, as always. Our provider computes. */
int wtl_client_ctx(SSL_CTX **out, const char *group, const char *suite, wtl_err *err) WTL_MUST_USE;

typedef struct wtl_client {
    int fd;   /* -1: none */
    SSL *ssl; /* NULL: without TLS */
} wtl_client;

/* Each returns 1 when done, 0 when the socket must be waited for, or an error. Without `ctx` the connection is plain TCP, and its handshake is that of TCP. */
int wtl_client_open(wtl_client *c, SSL_CTX *ctx, uint16_t port, SSL_SESSION *session,
                    wtl_err *err) WTL_MUST_USE;
int wtl_client_handshake(wtl_client *c, wtl_err *err) WTL_MUST_USE;
/* *n bytes at the most; *n is what was done. WTL_IO when the server ends the connection. */
int wtl_client_write(wtl_client *c, const uint8_t *from, size_t *n, wtl_err *err) WTL_MUST_USE;
int wtl_client_read(wtl_client *c, uint8_t *to, size_t *n, wtl_err *err) WTL_MUST_USE;
/* Takes leave of the server, without waiting for him. */
void wtl_client_close(wtl_client *c);

#endif
