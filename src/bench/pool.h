/* All measurements of one thing from several rounds, for the parts of them that lie below a bound. */
#ifndef WTL_BENCH_POOL_H
#define WTL_BENCH_POOL_H

#include <stddef.h>

#include "base/err.h"

/* Zero = none yet. */
typedef struct wtl_pool {
    double *v;
    size_t n, room;
} wtl_pool;
void wtl_pool_free(wtl_pool *p);
void wtl_pool_auto(wtl_pool *p);

int wtl_pool_add(wtl_pool *p, const double *v, size_t n, wtl_err *err) WTL_MUST_USE;
/* The least of them that the q-th part (0 to 1) of all do not exceed (nearest rank); 0 without any. Sorts them. */
double wtl_pool_quantile(wtl_pool *p, double q);

#endif
