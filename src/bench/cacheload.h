/* The tables that the cache library is measured beside, from shared objects. */
#ifndef WTL_BENCH_CACHELOAD_H
#define WTL_BENCH_CACHELOAD_H

#include "base/err.h"
#include "bench/cachepeer.h"

enum { WTL_CACHELOAD_MOST = 8 };

/* Zero = none. */
typedef struct wtl_cacheload {
    const wtl_cachepeer *peer[WTL_CACHELOAD_MOST];
    void *object[WTL_CACHELOAD_MOST];
    size_t n, n_objects;
} wtl_cacheload;
void wtl_cacheload_free(wtl_cacheload *l);
void wtl_cacheload_auto(wtl_cacheload *l);

/* Adds a table of this program. WTL_USAGE when there are too many. */
int wtl_cacheload_add(wtl_cacheload *l, const wtl_cachepeer *p, wtl_err *err) WTL_MUST_USE;
/* Adds all of an object, whose code then runs in this process. `path` has a '/'. WTL_USAGE for what is no such object. */
int wtl_cacheload_file(wtl_cacheload *l, const char *path, wtl_err *err) WTL_MUST_USE;

#endif
