/* Binding one socket to an address of the configuration. */
#ifndef WTL_PROXYD_BIND_H
#define WTL_PROXYD_BIND_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/err.h"

typedef struct wtl_bind_to {
    struct sockaddr_storage at;
    socklen_t n;
} wtl_bind_to;

/* The address as numbers; of a name, the first. "*" is all addresses of IPv6 and IPv4, or of IPv4 where there is no IPv6. WTL_USAGE, WTL_IO. */
int wtl_bind_resolve(wtl_bind_to *to, const char *address, wtl_err *err) WTL_MUST_USE;
bool wtl_bind_is_unix(const wtl_bind_to *to);
/* Port 0. */
bool wtl_bind_is_any(const wtl_bind_to *to);

/* A TCP socket, bound, not listening; `shared`: SO_REUSEPORT. WTL_BUSY, WTL_IO, naming `address`. */
int wtl_bind_tcp(int *fd, const wtl_bind_to *to, bool shared, const char *address, wtl_err *err) WTL_MUST_USE;
/* A Unix socket; its file gets `mode` less nothing. A stale file is replaced. */
int wtl_bind_unix(int *fd, const wtl_bind_to *to, unsigned mode, const char *address,
                  wtl_err *err) WTL_MUST_USE;
/* Connections may come. */
int wtl_bind_listen(int fd, const char *address, wtl_err *err) WTL_MUST_USE;

/* What it is bound to: "127.0.0.1:8443", "[::]:8443", "unix:PATH"; *to, when given, is that address. */
void wtl_bind_show(int fd, char *out, size_t n, wtl_bind_to *to);

#endif
