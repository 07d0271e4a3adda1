/* One accepted connection and the one onwards. */
#ifndef WTL_PROXY_CONN_H
#define WTL_PROXY_CONN_H

#include "proxy/opening.h"
#include "proxy/pump.h"
#include "proxy/tell.h"

typedef struct wtl_conn {
    struct wtl_conn *next, *prev;
    wtl_service *service;
    wtl_end *near;         /* accepted */
    wtl_end *far;          /* onwards; NULL until it is there */
    wtl_opening *opening;  /* NULL once bytes flow */
    wtl_target *target;    /* clients: whom `far` leads to */
    int64_t began, active; /* loop time */
    wtl_loop_timer timer;
    wtl_pump pump;
    uint64_t counted[2]; /* bytes of the pump's ways */
    wtl_tell_from from;
    bool had_ticket;
} wtl_conn;

/* Takes `fd` over, also when it fails. `at`: the peer's address, or NULL. */
int wtl_conn_new(wtl_conn **out, wtl_service *service, int fd, const struct sockaddr *at,
                 void (*wake)(void *arg), wtl_err *err) WTL_MUST_USE;
/* Ends it at once; `failed`: so that both peers see a failure. */
void wtl_conn_close(wtl_conn *c, bool failed);

/* Both ends are ready: bytes flow, those that were read and not used first; then the end is told. `first` goes before them. */
void wtl_conn_carry(wtl_conn *c, wtl_bytes first);

/* Once a PROXY header came: its address is the one that is told. */
void wtl_conn_named(wtl_conn *c);

const char *wtl_conn_peer(const wtl_conn *c, char out[WTL_TELL_TEXT]);
/* Appends a PROXY header about the accepted connection. */
int wtl_conn_via(const wtl_conn *c, wtl_buf *out, const wtl_via_tls *tls, wtl_err *err) WTL_MUST_USE;

#endif
