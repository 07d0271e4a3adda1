/* One end of a connection: a non-blocking socket in the loop, plain or under TLS. Readiness comes as edges and is remembered here. */
#ifndef WTL_PROXY_END_H
#define WTL_PROXY_END_H

#include "loop/loop.h"
#include "tls/link.h"

typedef struct wtl_end {
    wtl_loop_fd on;
    wtl_link *link;          /* owned; NULL: plain */
    void (*wake)(void *arg); /* something changed; the owner may be exchanged at any time */
    void *arg;
    bool readable, writable; /* as far as is known */
    bool gone;               /* the system says that both directions are closed, or failed */
    bool last;               /* the socket's end waits behind what it has to be read */
    bool eof;                /* the peer will send no more, properly */
    bool shut;               /* the peer was told that no more will come */
    bool unflushed;          /* the link has bytes that wait for the socket; or `shut` is not through yet */
    bool stuck;              /* the link must write before it can read */
} wtl_end;

/* Owns `fd` from now on, also when it fails. */
int wtl_end_new(wtl_end **out, wtl_loop *loop, int fd, void (*wake)(void *arg), void *arg,
                wtl_err *err) WTL_MUST_USE;
/* Closes. What is in the socket's buffer is still sent. */
void wtl_end_free(wtl_end *e);
/* Closes so that the peer sees a failure (RST): for bytes that will never come. */
void wtl_end_abort(wtl_end *e);

/* Puts it under TLS; owns `link` from now on. */
void wtl_end_link(wtl_end *e, wtl_link *link);

/* WTL_IO: the connection failed, as the system knows without a read. */
int wtl_end_check(wtl_end *e, wtl_err *err) WTL_MUST_USE;

/* Whether a read may give something. */
bool wtl_end_can_read(const wtl_end *e);

/* *got = 0: nothing now, or `eof`. WTL_IO, WTL_FORMAT: the connection is broken, or was cut under TLS. */
int wtl_end_read(wtl_end *e, uint8_t *to, size_t n, size_t *got, wtl_err *err) WTL_MUST_USE;
/* *put < n: the rest when it is writable again. */
int wtl_end_write(wtl_end *e, const uint8_t *from, size_t n, size_t *put, wtl_err *err) WTL_MUST_USE;
/* Sends what waits in the link. */
int wtl_end_flush(wtl_end *e, wtl_err *err) WTL_MUST_USE;
/* Tells the peer that no more will come (close_notify and FIN, or FIN). Where the socket is full, wtl_end_flush goes on with it. */
int wtl_end_shut(wtl_end *e, wtl_err *err) WTL_MUST_USE;

/* Goes on with the link's handshake, as wtl_link_handshake; *done says whether it is at its end. */
int wtl_end_handshake(wtl_end *e, bool *done, wtl_err *err) WTL_MUST_USE;

/* Reads the socket itself, below TLS: the beginnings of connections. As wtl_end_read. */
int wtl_end_recv(wtl_end *e, uint8_t *to, size_t n, size_t *got, wtl_err *err) WTL_MUST_USE;
/* Writes a few bytes to the socket itself, all of them or WTL_IO: what fits any new connection's buffer. */
int wtl_end_send(wtl_end *e, wtl_bytes v, wtl_err *err) WTL_MUST_USE;

#endif
