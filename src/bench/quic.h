/* OpenSSL's own QUIC, both ends, to be measured beside TLS over TCP: one connection after the other, a byte there and back. */
#ifndef WTL_BENCH_QUIC_H
#define WTL_BENCH_QUIC_H

#include <stdint.h>

#include "bench/identity.h"
#include "bench/load.h"
#include "bench/process.h"

typedef struct wtl_quic {
    wtl_process process;
    uint16_t port; /* UDP, on 127.0.0.1 */
} wtl_quic;

/* A process that serves, without a provider of ours and without address validation, on processor `cpu` unless negative. */
int wtl_quic_start(wtl_quic *q, const wtl_identity *id, const wtl_identity_kind *cert, int cpu,
                   wtl_err *err) WTL_MUST_USE;
void wtl_quic_stop(wtl_quic *q);
/* Into `l` (zero-initialised): times, group and suite; our provider computes for this end. */
int wtl_quic_run(const wtl_quic *q, const char *group, const char *suite, size_t connections, wtl_load *l,
                 wtl_err *err) WTL_MUST_USE;

#endif
