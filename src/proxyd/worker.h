/* A worker process: reads certificates and private keys, gives up everything but its connections, and serves them on one core. */
#ifndef WTL_PROXYD_WORKER_H
#define WTL_PROXYD_WORKER_H

#include <stdbool.h>

#include "proxyconf/proxyconf.h"
#include "proxyd/board.h"

typedef struct wtl_worker_plan {
    const wtl_proxyconf *conf;
    wtl_board *board;
    int listener[WTL_PROXYCONF_SERVICES]; /* one a service */
    int channel;
    int log;
    unsigned slot; /* on the board */
    bool first;    /* puts up what the services are, and says what one worker is enough to say */
} wtl_worker_plan;

/* In a child of wtl_child_fork: the whole life of the process. The exit code. */
int wtl_worker_run(const wtl_worker_plan *plan);

/* What --log-level says, as enum wtl_event_level. */
int wtl_worker_level(const wtl_proxyconf *conf);

#endif
