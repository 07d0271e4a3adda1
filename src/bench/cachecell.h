/* One cell of the comparison: all tables over the same keys, in turn, in a process of its own, which begins with an empty heap. */
#ifndef WTL_BENCH_CACHECELL_H
#define WTL_BENCH_CACHECELL_H

#include <stdbool.h>

#include "base/err.h"
#include "bench/cacheload.h"

enum wtl_cachecell_what {
    WTL_CACHECELL_GET,
    WTL_CACHECELL_GROUPED,
    WTL_CACHECELL_MANY,
    WTL_CACHECELL_MIXED,
    WTL_CACHECELL_GET_2,
    WTL_CACHECELL_SCALE,
    WTL_CACHECELL_MIXED_2,
    WTL_CACHECELL_MIXED_SCALE,
    WTL_CACHECELL_LONE_P50,
    WTL_CACHECELL_LONE_P99,
    WTL_CACHECELL_LONE_CHAIN,
    WTL_CACHECELL_SET_NEW,
    WTL_CACHECELL_SET_OVER,
    WTL_CACHECELL_SET_EVICT,
    WTL_CACHECELL_MEMORY,
    WTL_CACHECELL_WHATS
};

typedef struct wtl_cachecell_kind {
    const char *name;
    const char *unit; /* "ns" for one; "M/s": million a second, all threads; "x"; "B" */
    unsigned threads;
} wtl_cachecell_kind;
const wtl_cachecell_kind *wtl_cachecell_kind_of(enum wtl_cachecell_what w);

enum { WTL_CACHECELL_VALUES_MOST = 8, WTL_CACHECELL_LEVEL = 16 };

typedef struct wtl_cachecell_plan {
    const wtl_cacheload *tables; /* the first is the cache library's */
    size_t keys;
    const size_t *value_n; /* sizes of value, which take turns too: each table is there once for each */
    size_t values;         /* 1 to WTL_CACHECELL_VALUES_MOST; of sets 1 */
    bool zipf;
    bool brief;      /* gets of one thread and lone ones alone */
    unsigned rounds; /* 1 to WTL_MEDIAN_MOST */
    size_t asked,
        lone; /* gets a turn, a multiple of WTL_CACHELANE_CHUNK; lone gets a turn, at most as many */
    void (*step)(void *arg, const char *table, size_t keys, size_t value_n, bool zipf,
                 unsigned round); /* may be NULL */
    void *arg;
} wtl_cachecell_plan;

typedef struct wtl_cachecell {
    double of[WTL_CACHECELL_VALUES_MOST][WTL_CACHECELL_WHATS]
             [WTL_CACHELOAD_MOST];   /* medians of the rounds; 0 = not measured */
    bool pinned, huge_pages;         /* threads had processors of their own; the cache had huge pages */
    char level[WTL_CACHECELL_LEVEL]; /* how the cache hashes */
    double clock_cost, clock_step;   /* of lone gets, ns; the cost is taken off */
} wtl_cachecell;

/* Bytes of memory that the cell needs, about. */
uint64_t wtl_cachecell_needs(const wtl_cachecell_plan *plan, bool sets);

/* Gets of keys that are there. */
int wtl_cachecell_gets(wtl_cachecell *out, const wtl_cachecell_plan *plan, wtl_err *err) WTL_MUST_USE;
/* Sets of as many keys as the plan says, one table at a time: into an empty one, over what is there, and into a full one. */
int wtl_cachecell_sets(wtl_cachecell *out, const wtl_cachecell_plan *plan, wtl_err *err) WTL_MUST_USE;

#endif
