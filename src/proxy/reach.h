/* A TLS connection to a service's peer, made ready: dialled, asked for as the protocol wants it, handshake done, policy and pins kept. */
#ifndef WTL_PROXY_REACH_H
#define WTL_PROXY_REACH_H

#include "proxy/dial.h"

/* Zero-initialise. */
typedef struct wtl_reach {
    wtl_service *service;
    wtl_bytes first; /* sent before all else, or empty; borrowed */
    /* As in wtl_dial. */
    void (*done)(void *arg, wtl_end *end, wtl_target *target, const wtl_err *why);
    void *arg;
    /* its own */
    wtl_dial dial;
    wtl_end *end;
    wtl_target *target;
    wtl_loop_timer timer;
    int64_t began;
    bool sent;      /* `first` */
    bool asked;     /* SSLRequest was sent */
    bool agreed;    /* and answered */
    bool classical; /* the second, weaker attempt */
} wtl_reach;

/* `done` is never called from within. */
int wtl_reach_start(wtl_reach *r, wtl_err *err) WTL_MUST_USE;
void wtl_reach_stop(wtl_reach *r);

#endif
