/* What the cache library is to reach, held against the rows. */
#ifndef WTL_BENCH_CACHEGOAL_H
#define WTL_BENCH_CACHEGOAL_H

#include "bench/cachelib.h"

/* Sets `goal` and `goals` from the rows, of tables in the order of `tables`. */
void wtl_cachegoal_judge(wtl_cachelib *c, const wtl_cacheload *tables);

#endif
