/* "HOST:PORT", "[IPV6]:PORT", "*:PORT", "unix:PATH". */
#ifndef WTL_PROXYCONF_ADDRESS_H
#define WTL_PROXYCONF_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

typedef struct wtl_address {
    char host[256]; /* name or number; "" for "*"; the path for unix */
    uint16_t port;
    bool is_unix;
} wtl_address;
/* WTL_USAGE; port 0 is one that the system chooses, for listening. Numbers are looked at, names are not looked up. */
int wtl_address_parse(wtl_address *a, const char *text, wtl_err *err) WTL_MUST_USE;

/* "*", 0.0.0.0 and [::]. */
bool wtl_address_is_any(const wtl_address *a);
/* Whether two sockets could not listen on both. */
bool wtl_address_same(const wtl_address *a, const wtl_address *b);

/* Whether the first n characters of `text` are a host name: labels of letters, digits, - and _ with dots between. */
bool wtl_address_is_name(const char *text, size_t n);

#endif
