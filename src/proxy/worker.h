/* What all services of a worker process share. */
#ifndef WTL_PROXY_WORKER_H
#define WTL_PROXY_WORKER_H

#include "proxy/proxy.h"
#include "tls/link.h"

enum { WTL_WORKER_SCRATCH = 256 * 1024 };

typedef struct wtl_worker {
    const wtl_proxy_env *env;
    wtl_loop *loop;
    wtl_link_pool *links;
    uint8_t *scratch;          /* WTL_WORKER_SCRATCH bytes: nothing in it outlives a call from the loop */
    struct wtl_opening *spare; /* opening.h */
    size_t n_spare;
} wtl_worker;

#endif
