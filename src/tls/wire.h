/* The socket under a link: what was received and not yet decrypted, what was encrypted and not yet sent. Used inside this room. */
#ifndef WTL_TLS_WIRE_H
#define WTL_TLS_WIRE_H

#include <openssl/types.h>

#include "base/buf.h"

enum {
    WTL_WIRE_IN = 256 * 1024,         /* received at once */
    WTL_WIRE_OUT = (256 + 24) * 1024, /* sent at once: 256 KiB in records, and a few small ones */
    WTL_WIRE_PIECE = 256 * 1024,      /* plain bytes that make one send, */
    WTL_WIRE_PIECE_SLOW =
        64 * 1024, /* and after a send that the socket did not take whole: what is left over is kept */
    WTL_WIRE_RECORD = 16384 + 256 + 5 + 8, /* a record fits */
    WTL_WIRE_WAIT =
        512 * 1024 /* with more than this unsent, the TLS library has to wait with its own messages too */
};

/* Scratch of one thread. In use from wtl_wire_enter to wtl_wire_leave, by one wire. */
typedef struct wtl_wire_pool wtl_wire_pool;
int wtl_wire_pool_new(wtl_wire_pool **out, wtl_err *err) WTL_MUST_USE;
void wtl_wire_pool_free(wtl_wire_pool *p);

/* Bytes of p from `at`; exactly as many are allocated as were left over. */
typedef struct wtl_wire_rest {
    uint8_t *p;
    uint32_t n, at;
} wtl_wire_rest;

typedef struct wtl_wire {
    wtl_wire_pool *pool;
    int fd;
    int recv_errno, send_errno; /* the connection is lost, by this */
    wtl_wire_rest in, out;
    uint32_t piece; /* WTL_WIRE_PIECE or WTL_WIRE_PIECE_SLOW */
    bool eof;
    bool edges, dry, last; /* wtl_link_edge */
    bool more;             /* what is sent may wait for what follows it, in one packet */
} wtl_wire;

/* `before` is copied. */
int wtl_wire_open(wtl_wire *w, wtl_wire_pool *pool, int fd, wtl_bytes before, wtl_err *err) WTL_MUST_USE;
void wtl_wire_close(wtl_wire *w);
/* A BIO that reads and writes the wire, which it borrows and BIO_get_data gives; or NULL. */
BIO *wtl_wire_bio(wtl_wire *w);

/* Between these two the BIO works. `want`: plain bytes that the caller has room for, so that not much more is received. */
void wtl_wire_enter(wtl_wire *w, size_t want);
/* From here to wtl_wire_leave the socket is not asked for more: what came is enough. */
void wtl_wire_enough(wtl_wire *w);
/* Sends what was written, and keeps what the socket does not take and what was not read. WTL_NOMEM. */
int wtl_wire_leave(wtl_wire *w, wtl_err *err) WTL_MUST_USE;
/* Within enter and leave: sends what was written; WTL_NOMEM. */
int wtl_wire_push(wtl_wire *w, wtl_err *err) WTL_MUST_USE;

/* Unsent bytes; received bytes that nobody read. */
bool wtl_wire_waits(const wtl_wire *w);
bool wtl_wire_holds(const wtl_wire *w);

#endif
