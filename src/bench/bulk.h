/* What bytes cost a TLS proxy: Wattle's beside others', in turn, over cipher suites and both directions. */
#ifndef WTL_BENCH_BULK_H
#define WTL_BENCH_BULK_H

#include <stdbool.h>

#include "bench/target.h"
#include "bench/version.h"

typedef struct wtl_bulk_row {
    const char *server;  /* static */
    const char *side;    /* "server" or "client": which end of TLS the proxy is; static */
    const char *suite;   /* static */
    const char *work;    /* "decrypt" or "encrypt": what the proxy does with the bytes; static */
    double cpu_s_per_gb; /* its processor time for 10^9 bytes of payload; medians */
    double gb_per_core;  /* one over that: what a core that does nothing else carries in a second */
    double gb_per_s;     /* by the clock on the wall, the proxy on one core */
    double busy;         /* which part of that time the proxy was running: near 1, it was the limit */
    double nginx;        /* gb_per_core over that of nginx in the same row; 0 = none */
    double goal;         /* what that is to be at the least; 0 = none set */
} wtl_bulk_row;

typedef struct wtl_bulks {
    wtl_bulk_row *row;
    size_t n;
    bool pinned;                                      /* proxies ran on a processor of their own */
    char version[WTL_TARGET_KINDS][WTL_VERSION_ROOM]; /* of each program that ran, else "" */
} wtl_bulks;
void wtl_bulks_free(wtl_bulks *b);
void wtl_bulks_auto(wtl_bulks *b);

typedef struct wtl_bulk_plan {
    wtl_target_programs programs;    /* WTL_TARGET_WATTLE_OWN is not measured */
    const char *suite, *work, *side; /* the one of each to run, or NULL */
    unsigned rounds;
    size_t connections;
    uint64_t bytes; /* a turn, over all connections */
    void (*step)(void *arg, const char *side, const char *suite, const char *work,
                 unsigned round); /* may be NULL */
    void *arg;
} wtl_bulk_plan;

/* Name of suite, work and side i, or NULL past the end. */
const char *wtl_bulk_suite_at(size_t i);
const char *wtl_bulk_work_at(size_t i);
const char *wtl_bulk_side_at(size_t i);

/* Fills `out` (zero-initialised). A first round, of a quarter of the bytes, is not counted. */
int wtl_bulk_run(wtl_bulks *out, const wtl_bulk_plan *plan, wtl_err *err) WTL_MUST_USE;

#endif
