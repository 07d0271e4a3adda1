/* The admin child: tells strangers and operators how the proxy does. It has no keys, no files, and opens no connections. */
#ifndef WTL_PROXYD_CLERK_H
#define WTL_PROXYD_CLERK_H

#include "proxyd/board.h"

typedef struct wtl_clerk_plan {
    wtl_board *board;
    int metrics, control; /* listening sockets, or -1 */
    int channel;
    const char *user; /* or NULL */
} wtl_clerk_plan;

/* In a child of wtl_child_fork: the whole life of the process. The exit code. */
int wtl_clerk_run(const wtl_clerk_plan *plan);

#endif
