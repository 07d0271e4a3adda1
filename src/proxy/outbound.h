/* Connections of services that make TLS for those who speak plainly. */
#ifndef WTL_PROXY_OUTBOUND_H
#define WTL_PROXY_OUTBOUND_H

#include "proxy/conn.h"

/* Takes over an accepted descriptor; `at` its peer. */
void wtl_outbound_begin(wtl_service *s, int fd, const struct sockaddr *at);

#endif
