/* Places to connect to, with their addresses looked up once. */
#ifndef WTL_PROXY_TARGET_H
#define WTL_PROXY_TARGET_H

#include <sys/socket.h>
#include <sys/un.h>

#include "proxy/resume.h"
#include "tls/ctx.h"

/* All addresses of one list of targets. */
enum { WTL_TARGET_ADDRESSES = 64 };

typedef struct wtl_target_address {
    union {
        struct sockaddr any;
        struct sockaddr_storage ip;
        struct sockaddr_un local;
    } at;
    socklen_t n;
    unsigned failed;    /* times in a row */
    int64_t down_until; /* loop time: others are tried before it until then */
} wtl_target_address;

typedef struct wtl_target {
    char *text; /* as it was configured: "db.example.org:5432" */
    char *host; /* name or number; "" for a Unix socket */
    wtl_target_address *address;
    size_t n;
    wtl_ctx *ctx;      /* services that make TLS: how to speak to it; owned */
    wtl_resume resume; /* and sessions to go on with */
} wtl_target;

typedef struct wtl_targets {
    wtl_target *target;
    size_t n;
    size_t n_addresses; /* in all */
} wtl_targets;

/* Looks the name up, which may take as long as the system's resolver takes. WTL_USAGE for what is no address, WTL_IO for a name that has none. */
int wtl_targets_add(wtl_targets *t, const char *text, wtl_err *err) WTL_MUST_USE;
void wtl_targets_free(wtl_targets *t);

/* Address i of all, and whose it is. */
wtl_target_address *wtl_targets_at(const wtl_targets *t, size_t i, wtl_target **whose);

#endif
