/* What stands around the proxies under measurement: a folder with their files, what lies behind them, and who runs on which processor. */
#ifndef WTL_BENCH_GROUND_H
#define WTL_BENCH_GROUND_H

#include <stdbool.h>

#include "bench/identity.h"
#include "bench/upstream.h"

typedef struct wtl_ground {
    wtl_identity identity;
    wtl_upstream *upstream;
    int our_cpu, server_cpu, upstream_cpu; /* negative: not pinned */
    bool pinned;
} wtl_ground;

/* Zero-initialised before. Binds this thread, where there are two processors or more: servers have the second one for themselves, this
 * thread the first, and the upstream the third or else the first too. Close it also after a failure. */
int wtl_ground_open(wtl_ground *g, wtl_err *err) WTL_MUST_USE;
void wtl_ground_close(wtl_ground *g);

#endif
