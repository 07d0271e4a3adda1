/* A TLS proxy under measurement: Wattle's, or one of the peers, each with one worker, the same certificate, groups and upstream. */
#ifndef WTL_BENCH_TARGET_H
#define WTL_BENCH_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/identity.h"
#include "bench/process.h"

enum wtl_target_kind {
    WTL_TARGET_WATTLE,       /* with what the peers have: two tickets, connections not logged */
    WTL_TARGET_WATTLE_OWN,   /* as it comes: its suite, one ticket, a line of log a connection */
    WTL_TARGET_NGINX,        /* its stream module */
    WTL_TARGET_HAPROXY,      /* tcp mode */
    WTL_TARGET_STUNNEL,      /* threads */
    WTL_TARGET_NGINX_WATTLE, /* nginx again, which loads Wattle's provider */
    WTL_TARGET_KINDS
};
const char *wtl_target_name(enum wtl_target_kind k); /* "nginx stream" */

/* The program of each kind, or NULL: not measured. */
typedef struct wtl_target_programs {
    const char *path[WTL_TARGET_KINDS];
} wtl_target_programs;

typedef struct wtl_target {
    enum wtl_target_kind kind;
    wtl_process process;
    uint16_t port; /* on 127.0.0.1 */
} wtl_target;

typedef struct wtl_target_place {
    const wtl_identity *identity;
    const wtl_identity_kind *cert; /* was made in it: the server's */
    uint16_t upstream;             /* the port behind the proxy */
    int cpu;                       /* or negative */
    bool dials; /* TLS to the upstream, and none from the clients, instead of the other way round */
} wtl_target_place;

/* Starts it and waits until it accepts. Its files go to the folder of the identity. WTL_IO with the last line that it wrote. */
int wtl_target_start(wtl_target *t, enum wtl_target_kind kind, const wtl_target_programs *programs,
                     const wtl_target_place *place, wtl_err *err) WTL_MUST_USE;
void wtl_target_stop(wtl_target *t);

/* The groups that all targets take, first the one that they prefer. */
#define WTL_TARGET_GROUPS "X25519MLKEM768:MLKEM768:X25519"

#endif
