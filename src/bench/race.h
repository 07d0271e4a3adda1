/* Timing several ways to do one thing against each other: in turn, many rounds, so that a machine that grows slow for a
 * while grows slow for all of them. */
#ifndef WTL_BENCH_RACE_H
#define WTL_BENCH_RACE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Does its thing `times` times. */
typedef int wtl_race_fn(void *arg, size_t times, wtl_err *err);

typedef struct wtl_race_lane {
    wtl_race_fn *run;
    void *arg;
    double
        us; /* set: microseconds of processor time for one, the median of the rounds, or the mean when that was asked for */
} wtl_race_lane;

typedef struct wtl_race_plan {
    unsigned rounds; /* at least 1 */
    double seconds;  /* that one lane takes in one round, about */
    bool mean;       /* the mean over all: for what takes a random number of attempts, as ML-DSA signing */
    size_t least;    /* times a lane runs in all rounds together, at the least; 0 = 1 */
} wtl_race_plan;

enum { WTL_RACE_LANES_MOST = 4, WTL_RACE_ROUNDS_MOST = 1001 };

/* A first round is run and not counted. Stops at the first failure. */
int wtl_race_run(wtl_race_lane *lanes, size_t n, const wtl_race_plan *plan, wtl_err *err) WTL_MUST_USE;

#endif
