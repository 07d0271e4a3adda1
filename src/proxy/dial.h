/* A connection to the first of some addresses that answers. */
#ifndef WTL_PROXY_DIAL_H
#define WTL_PROXY_DIAL_H

#include "proxy/end.h"
#include "proxy/service.h"

/* Zero-initialise. */
typedef struct wtl_dial {
    wtl_service *service;
    const wtl_targets *to;
    bool bytes_wait; /* something will be sent as soon as the connection is there */
    /* `end` is the receiver's; NULL when no address answered, and then `why` says the last one's reason. May free the dial. */
    void (*done)(void *arg, wtl_end *end, wtl_target *target, const wtl_err *why);
    void *arg;
    /* its own */
    wtl_end *end;
    wtl_loop_timer timer;
    uint64_t tried; /* bit i: address i */
    size_t at;
} wtl_dial;

/* `done` is never called from within. WTL_IO, WTL_NOMEM: no address could be tried. */
int wtl_dial_start(wtl_dial *d, wtl_err *err) WTL_MUST_USE;
/* Gives up, silently. Harmless when it is not under way. */
void wtl_dial_stop(wtl_dial *d);

#endif
