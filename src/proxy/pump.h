/* Bytes between two ends, both ways, with back-pressure and half-close. No buffer is kept while nothing waits. */
#ifndef WTL_PROXY_PUMP_H
#define WTL_PROXY_PUMP_H

#include "proxy/end.h"
#include "proxy/worker.h"

/* From end[i] to end[1 - i]. */
typedef struct wtl_pump_way {
    uint8_t *left; /* read, but not taken by the other end; malloc'ed */
    uint32_t at, n;
    uint64_t bytes; /* read in all */
} wtl_pump_way;

/* Zero-initialise. */
typedef struct wtl_pump {
    wtl_worker *worker;
    wtl_end *end[2];
    wtl_pump_way way[2];
    void (*moved)(void *arg); /* after each turn in which bytes were read */
    /* Both ways ended (why = NULL), or one broke. Called once, from the loop; the ends are the owner's. */
    void (*done)(void *arg, const wtl_err *why);
    void *arg;
    wtl_loop_later more;
} wtl_pump;

/* Bytes that go first on a way; `p` (malloc'ed) is the pump's from now on. */
void wtl_pump_first(wtl_pump *p, int way, uint8_t *bytes, size_t n);
/* Takes over the ends' wake-ups; the first turn runs from the loop. */
void wtl_pump_start(wtl_pump *p);
/* Frees what waits. */
void wtl_pump_stop(wtl_pump *p);

#endif
