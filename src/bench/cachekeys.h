/* The keys that caches are measured with, and the order in which they are asked for: the same for all. */
#ifndef WTL_BENCH_CACHEKEYS_H
#define WTL_BENCH_CACHEKEYS_H

#include <stdbool.h>

#include "base/err.h"
#include "bench/cachepeer.h"

typedef struct wtl_cachekeys {
    wtl_cachepeer_key *all;   /* n different keys of 16 to 40 random bytes */
    wtl_cachepeer_key *asked; /* n_asked of them, as requests would bring them: copies, one after the other */
    size_t n, n_asked;
} wtl_cachekeys;
void wtl_cachekeys_free(wtl_cachekeys *k);
void wtl_cachekeys_auto(wtl_cachekeys *k);

/* The same for the same numbers. `zipf`: the r-th most wanted of the n is asked for in proportion to r^-0.99, and which that is has nothing to do
 * with when it is stored; else all are asked for as often. WTL_NOMEM; WTL_USAGE without any keys. */
int wtl_cachekeys_make(wtl_cachekeys *k, size_t n, size_t n_asked, bool zipf, wtl_err *err) WTL_MUST_USE;

#endif
