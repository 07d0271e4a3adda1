/* The cache library as what is measured beside its peers. */
#ifndef WTL_BENCH_CACHEOWN_H
#define WTL_BENCH_CACHEOWN_H

#include <stdbool.h>

#include "bench/cachepeer.h"

const wtl_cachepeer *wtl_cacheown_peer(void);

/* What the last table that this process opened says of itself: huge pages, and how its keys are hashed ("vaes"). */
bool wtl_cacheown_huge_pages(void);
const char *wtl_cacheown_level(void);

#endif
