/* Connections of services that accept TLS: hello, policy, handshake, the way onwards. */
#ifndef WTL_PROXY_INBOUND_H
#define WTL_PROXY_INBOUND_H

#include "proxy/conn.h"

/* Takes over an accepted descriptor; `at` its peer. */
void wtl_inbound_begin(wtl_service *s, int fd, const struct sockaddr *at);

#endif
