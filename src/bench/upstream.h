/* What lies behind the proxies under measurement: TCP or TLS on 127.0.0.1, served by a thread whose time is not counted. */
#ifndef WTL_BENCH_UPSTREAM_H
#define WTL_BENCH_UPSTREAM_H

#include <stdint.h>

#include "bench/identity.h"

/* A connection begins with one byte that says what it is for. */
enum wtl_upstream_op {
    WTL_UPSTREAM_ECHO = 'E', /* that byte, and all that follow, come back */
    WTL_UPSTREAM_TAKE =
        'T', /* 8 bytes follow (big-endian, a number) and so many to be thrown away; then one comes back */
    WTL_UPSTREAM_GIVE = 'G' /* 8 bytes follow; so many zeros come back */
};
enum { WTL_UPSTREAM_HEAD = 9 };

typedef struct wtl_upstream wtl_upstream;
/* On processor `cpu` unless negative. */
int wtl_upstream_start(wtl_upstream **out, int cpu, wtl_err *err) WTL_MUST_USE;
/* The same over TLS with this certificate, made in the folder of `id`, and this suite alone. */
int wtl_upstream_start_tls(wtl_upstream **out, const wtl_identity *id, const wtl_identity_kind *cert,
                           const char *suite, int cpu, wtl_err *err) WTL_MUST_USE;
uint16_t wtl_upstream_port(const wtl_upstream *u);
void wtl_upstream_stop(wtl_upstream *u); /* NULL is nothing */
void wtl_upstream_auto(wtl_upstream **u);

/* A port of 127.0.0.1 that nobody listened on a moment ago. */
int wtl_upstream_free_port(uint16_t *port, wtl_err *err) WTL_MUST_USE;

#endif
