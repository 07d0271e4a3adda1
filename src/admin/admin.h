/* A small HTTP server of status pages over a loop: /metrics, /healthz and what else its owner names. */
#ifndef WTL_ADMIN_ADMIN_H
#define WTL_ADMIN_ADMIN_H

#include "base/buf.h"
#include "loop/loop.h"

/* Appends the body; *status is 200 on entry. A failure is answered with 500 and its sentence. Never frees the server. */
typedef int wtl_admin_fn(void *arg, wtl_buf *body, int *status, wtl_err *err);
typedef struct wtl_admin_page {
    const char *path; /* "/metrics" */
    const char *type; /* "text/plain; version=0.0.4; charset=utf-8" */
    wtl_admin_fn *write;
    void *arg;
} wtl_admin_page;

typedef struct wtl_admin wtl_admin;
/* Serves `pages` (borrowed) on a listening socket (TCP or UNIX), which stays the caller's and is made non-blocking. GET and
 * HEAD alone; keep-alive; at most 64 connections, the idlest is closed for a new one; a request must come within 5 seconds, and
 * of a response something must be taken every 10. */
int wtl_admin_new(wtl_admin **out, wtl_loop *loop, int listener, const wtl_admin_page *pages, size_t n,
                  wtl_err *err) WTL_MUST_USE;
void wtl_admin_free(wtl_admin *a);

#endif
