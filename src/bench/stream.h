/* Many bytes through a proxy, over several connections at once. */
#ifndef WTL_BENCH_STREAM_H
#define WTL_BENCH_STREAM_H

#include "bench/client.h"
#include "bench/upstream.h"

typedef struct wtl_stream_plan {
    SSL_CTX *ctx; /* wtl_client_ctx; NULL: without TLS */
    uint16_t port;
    enum wtl_upstream_op op; /* WTL_UPSTREAM_TAKE: to the upstream, WTL_UPSTREAM_GIVE: from it */
    size_t connections;
    uint64_t bytes; /* through each of them */
} wtl_stream_plan;

/* From this thread; *seconds are those from the end of the last handshake to the arrival of the last byte. WTL_IO when a connection breaks off
 * or nothing moves for half a minute; WTL_FORMAT when other bytes arrive than were sent. */
int wtl_stream_run(const wtl_stream_plan *plan, double *seconds, wtl_err *err) WTL_MUST_USE;

#endif
