/* The beginning of a connection: what was read of it and not yet passed on, and what comes before TLS or the first byte: a PROXY header,
 * PostgreSQL's requests. Lives until bytes flow. */
#ifndef WTL_PROXY_OPENING_H
#define WTL_PROXY_OPENING_H

#include "hello/client.h"
#include "hello/via.h"
#include "proxy/reach.h"

enum wtl_opening_step {
    WTL_OPENING_VIA,
    WTL_OPENING_POSTGRES,
    WTL_OPENING_HELLO,
    WTL_OPENING_HANDSHAKE,
    WTL_OPENING_ONWARDS, /* the other side is being dialled */
    WTL_OPENING_LINGER   /* refused: until the peer has read why */
};

typedef struct wtl_opening {
    struct wtl_opening *next;
    wtl_buf in; /* bytes read */
    size_t at;  /* and used */
    enum wtl_opening_step step;
    bool has_via;
    bool any;    /* something came */
    bool asked;  /* SSLRequest was answered */
    wtl_via via; /* without its TLVs */
    /* servers */
    wtl_buf message;
    wtl_hello_client hello;
    const wtl_targets *to;
    enum wtl_facts_reason reason; /* if the group is a classical one */
    wtl_dial dial;
    /* clients */
    wtl_reach reach;
    wtl_buf first; /* for the other side, before all else */
} wtl_opening;

/* From the worker's spare ones where there are any. */
int wtl_opening_new(wtl_opening **out, wtl_worker *worker, const wtl_service *s, wtl_err *err) WTL_MUST_USE;
void wtl_opening_free(wtl_opening *o, wtl_worker *worker);
/* At the end of a worker. */
void wtl_opening_drop_spare(wtl_worker *worker);

wtl_bytes wtl_opening_view(const wtl_opening *o);
/* Reads once from the socket. *more: something was read. WTL_IO when the peer closed. */
int wtl_opening_fill(wtl_opening *o, wtl_end *e, wtl_worker *worker, bool *more, wtl_err *err) WTL_MUST_USE;

/* Goes over what precedes TLS, or the first byte: *state WHOLE when the step after POSTGRES is reached. WTL_POLICY, after PostgreSQL's own words were sent: a client without
 * TLS where it is asked for (server). */
int wtl_opening_greet(wtl_opening *o, wtl_end *e, const wtl_service *s, enum wtl_hello_state *state,
                      wtl_err *err) WTL_MUST_USE;

#endif
