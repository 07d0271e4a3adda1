/* Verifications under way, so that many who ask the same at once wait for one. */
#ifndef WTL_VERIFIED_FLIGHT_H
#define WTL_VERIFIED_FLIGHT_H

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

#include "base/buf.h"
#include "verified/record.h"

enum { WTL_FLIGHT_STRIPES = 64 };

/* What is verified; the bytes belong to the one that leads, until it ends the flight. */
typedef struct wtl_flight_subject {
    uint8_t print[WTL_FINGERPRINT];
    wtl_bytes scope, subject;
    uint64_t epoch;
} wtl_flight_subject;

typedef struct wtl_flight {
    struct wtl_flight *next;
    wtl_flight_subject of;
    pthread_cond_t ended;
    unsigned waiting;
    bool done, good;
    wtl_record record; /* when good: the verdict and its result */
    wtl_buf result;
} wtl_flight;

typedef struct wtl_flights {
    struct {
        pthread_mutex_t lock;
        wtl_flight *first;
    } stripe[WTL_FLIGHT_STRIPES];
} wtl_flights;

void wtl_flights_init(wtl_flights *all);
void wtl_flights_free(wtl_flights *all);

enum wtl_flight_role {
    WTL_FLIGHT_LEAD, /* verify, then wtl_flight_end. *f may be NULL when there was no memory: nobody waits then */
    WTL_FLIGHT_GOOD,  /* another's verdict is in *f: wtl_flight_drop it */
    WTL_FLIGHT_AGAIN, /* another had none: join again */
    WTL_FLIGHT_ALONE  /* it takes too long: verify for yourself */
};
/* Waits at most until `limit` (CLOCK_MONOTONIC). Those whose bytes or epoch differ have nothing to do with one another. */
enum wtl_flight_role wtl_flight_join(wtl_flights *all, const wtl_flight_subject *of,
                                     const struct timespec *limit, wtl_flight **f);
/* With record NULL: there is no verdict. NULL is allowed for f. */
void wtl_flight_end(wtl_flights *all, wtl_flight *f, const wtl_record *record, wtl_bytes result);
void wtl_flight_drop(wtl_flights *all, wtl_flight *f);

#endif
