/* A TLS 1.3 client on blocking sockets, for peers of this folder that make load: one connection at a time, many threads. */
#ifndef TESTS_DAEMON_CLIENT_H
#define TESTS_DAEMON_CLIENT_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CLIENT_PATIENCE = 30 }; /* seconds for anything */

/* With `ca` the server must be "localhost" by it; NULL: nothing is checked. Sessions that come are kept, a few. */
SSL_CTX *client_context(const char *ca, const char *groups);
/* The kept sessions go too. */
void client_close(SSL_CTX *ctx);
/* To a port of 127.0.0.1; -1: refused. */
int client_dial(unsigned port);
/* Dials and shakes hands; NULL when it fails. `resume`: with a kept session, where there is one. */
SSL *client_open(SSL_CTX *ctx, unsigned port, bool resume);
/* n bytes go out and come back the same. */
bool client_echo(SSL *ssl, size_t n, unsigned seed);
/* One byte, there and back. */
bool client_ping(SSL *ssl);
void client_fill(uint8_t *p, size_t n, unsigned seed);
/* close_notify, and waits for the other's; true when it came. */
bool client_end(SSL *ssl);
/* RST. */
void client_reset(SSL *ssl);
void client_reset_fd(int fd);
/* Closes as if the process had died. */
void client_cut(SSL *ssl);

int64_t client_now(void); /* monotonic nanoseconds */
void client_sleep_until(int64_t at);

#endif
