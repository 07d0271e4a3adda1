/* One service while it runs: what its connections need to know, and what is counted of them. */
#ifndef WTL_PROXY_SERVICE_H
#define WTL_PROXY_SERVICE_H

#include "proxy/target.h"
#include "proxy/worker.h"

typedef struct wtl_service_route {
    char *name; /* "db.example.org" or "*.example.org" */
    wtl_targets to;
} wtl_service_route;

/* A certificate in use, for those who ask. */
typedef struct wtl_service_cred {
    char *path;
    wtl_cred *cred;
} wtl_service_cred;

typedef struct wtl_service {
    wtl_worker *worker;
    char *name;
    char *listen;
    bool server;
    bool accept_proxy, send_proxy, postgres;
    bool alpn_own; /* a list of protocols was given; else http/1.1 or the client's first is taken */
    int64_t handshake_timeout, connect_timeout, idle_timeout; /* nanoseconds; idle 0: never */
    size_t most;                                              /* connections */
    size_t pool_size;
    int64_t pool_idle;
    char *alpn; /* for those who ask */

    wtl_policy policy;
    bool classical_by_policy; /* it allows no post-quantum group at all */
    wtl_ctx *ctx;             /* servers */
    wtl_ticket *ticket;
    wtl_service_cred *cred;
    size_t n_creds;
    wtl_targets to; /* may be empty for a server that has routes */
    wtl_service_route *route;
    size_t n_routes;
    struct wtl_pool *pool; /* clients; or NULL */

    struct wtl_conn *conns; /* all that live */
    size_t n_conns;
    void (*freed)(void *arg); /* a connection ended */
    void *arg;

    wtl_metric_series *accepted, *live, *bytes[2], *pooled; /* bytes: from the TLS side, to it */
    uint64_t uncounted[2];
    wtl_loop_timer count;

    wtl_loop_timer expiry; /* expiry.h */
    int64_t expiry_said;
} wtl_service;

/* Everything is read, looked up and made. */
int wtl_service_init(wtl_service *s, wtl_worker *worker, const wtl_proxyconf_service *conf,
                     wtl_err *err) WTL_MUST_USE;
/* After its connections. */
void wtl_service_end(wtl_service *s);

/* Where connections for this server name ("" without one) go; NULL: nowhere. */
const wtl_targets *wtl_service_to(const wtl_service *s, const char *name);

/* Application bytes passed on; they reach the counters within a second. */
void wtl_service_count(wtl_service *s, uint64_t in, uint64_t out);

#endif
