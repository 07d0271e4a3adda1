/* Accepts a service's connections. */
#ifndef WTL_PROXY_LISTENER_H
#define WTL_PROXY_LISTENER_H

#include "proxy/service.h"

/* Zero-initialise. */
typedef struct wtl_listener {
    wtl_service *service;
    int fd; /* listening; borrowed */
    void (*accepted)(wtl_service *s, int fd, const struct sockaddr *at);
    /* its own */
    wtl_loop_fd on;
    wtl_loop_timer pause;
    bool running;
    int64_t told; /* loop time of the last word about a lack of descriptors; 0: none yet */
} wtl_listener;

int wtl_listener_start(wtl_listener *l, wtl_err *err) WTL_MUST_USE;
void wtl_listener_stop(wtl_listener *l);
/* A connection ended: accepts again, when it had stopped for too many. */
void wtl_listener_room(wtl_listener *l);

#endif
