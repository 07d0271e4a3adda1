/* Many connections to one server: TCP, handshake, one byte there and back, end. */
#ifndef WTL_BENCH_LOAD_H
#define WTL_BENCH_LOAD_H

#include "bench/client.h"

typedef struct wtl_load_plan {
    SSL_CTX *ctx; /* wtl_client_ctx */
    uint16_t port;
    size_t connections; /* in all */
    size_t at_once;
    SSL_SESSION *session; /* that every connection resumes, or NULL */
    bool hold;            /* all stay open until wtl_load_end */
} wtl_load_plan;

enum { WTL_LOAD_NAME = 48 };

/* Zero-initialised before; wtl_load_end gives back what is in it. */
typedef struct wtl_load {
    double *ms; /* of each connection that finished, from connect() to the end of the handshake */
    size_t n;
    double seconds;  /* all of it */
    size_t resumed;  /* handshakes that went by the session */
    uint64_t flight; /* bytes that the server sent in one of them up to its end */
    char group[WTL_LOAD_NAME], suite[WTL_LOAD_NAME];
    SSL_SESSION *session; /* of the last one, with its ticket, or NULL */
    wtl_client *held;
    size_t n_held;
} wtl_load;

/* From this thread. The first connection that fails ends it; so does half a minute in which nothing moves. */
int wtl_load_run(wtl_load *l, const wtl_load_plan *plan, wtl_err *err) WTL_MUST_USE;
void wtl_load_end(wtl_load *l);
void wtl_load_auto(wtl_load *l);

#endif
