/* What a TLS handshake costs the server: Wattle's proxy beside others', in turn, over key exchanges and kinds of certificate. */
#ifndef WTL_BENCH_HANDSHAKE_H
#define WTL_BENCH_HANDSHAKE_H

#include <stdbool.h>

#include "bench/load.h"
#include "bench/target.h"
#include "bench/version.h"

typedef struct wtl_handshake_row {
    const char *server;      /* static */
    const char *exchange;    /* group; static */
    const char *certificate; /* static */
    char suite[WTL_LOAD_NAME];
    double
        full_us; /* processor time of the server for one full handshake, with all that the connection needs; medians */
    double resumed_us; /* the same for one that goes by a ticket; 0 = not measured */
    double
        p50_ms; /* one connection at a time, those of all rounds: from connect() to the end of the handshake at the client */
    double p99_ms;
    double per_second;     /* `at_once` connections at a time, by the clock on the wall; 0 = not measured */
    uint64_t flight;       /* bytes that the server sends up to the end of its handshake; 0 = not measured */
    double nginx, haproxy; /* full_us over that of the same row's peer; 0 = none */
    double goal;           /* what both are to be at the most; 0 = none set */
} wtl_handshake_row;

typedef struct wtl_handshakes {
    wtl_handshake_row *row;
    size_t n;
    bool pinned;                                      /* servers and clients ran on processors of their own */
    char version[WTL_TARGET_KINDS][WTL_VERSION_ROOM]; /* of each program that ran, else "" */
} wtl_handshakes;
void wtl_handshakes_free(wtl_handshakes *h);
void wtl_handshakes_auto(wtl_handshakes *h);

typedef struct wtl_handshake_plan {
    wtl_target_programs programs;
    bool library; /* rows of the library alone, by OpenSSL's code and by ours, in memory */
    bool quic;    /* a row of OpenSSL's QUIC */
    const char *exchange, *certificate; /* the one of each to run, or NULL */
    const char *suite;                  /* that clients offer where it is to be the same for all */
    unsigned rounds;
    size_t connections; /* a round */
    size_t at_once;
    void (*step)(void *arg, const char *certificate, const char *exchange, unsigned round); /* may be NULL */
    void *arg;
} wtl_handshake_plan;

/* Name of exchange i, or NULL past the end. */
const char *wtl_handshake_exchange_at(size_t i);

/* Fills `h` (zero-initialised). One server of each kind runs at a time, all with the same certificate; a first round is not counted. */
int wtl_handshake_run(wtl_handshakes *h, const wtl_handshake_plan *plan, wtl_err *err) WTL_MUST_USE;

#endif
