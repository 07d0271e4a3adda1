/* The cache library beside other hash tables, in one process: keys, threads and sizes of value, in turn. */
#ifndef WTL_BENCH_CACHELIB_H
#define WTL_BENCH_CACHELIB_H

#include <stdbool.h>

#include "base/err.h"
#include "bench/cachecell.h"

enum wtl_cachelib_part {
    WTL_CACHELIB_KEYS,  /* by number of keys */
    WTL_CACHELIB_SIZES, /* by size of value */
    WTL_CACHELIB_SETS
};
const char *wtl_cachelib_part_name(enum wtl_cachelib_part p); /* "keys", "sizes", "sets" */

typedef struct wtl_cachelib_row {
    enum wtl_cachelib_part part;
    enum wtl_cachecell_what what;
    size_t keys, value_n;
    bool zipf;
    double of
        [WTL_CACHELOAD_MOST]; /* by the place of the table in the plan; medians of the rounds; 0 = not measured */
} wtl_cachelib_row;

typedef struct wtl_cachelib_goal {
    const char *text; /* static */
    size_t keys;      /* 0: does not matter */
    double limit, got;
    bool more; /* at the least, else at the most */
    bool met;
} wtl_cachelib_goal;

enum { WTL_CACHELIB_GOALS_MOST = 32 };

typedef struct wtl_cachelib {
    wtl_cachelib_row *row;
    size_t n, room;
    wtl_cachelib_goal
        goal[WTL_CACHELIB_GOALS_MOST]; /* those that the rows decide, once they are judged (cachegoal.h) */
    size_t goals;
    bool pinned;                     /* threads ran on processors of their own */
    bool huge_pages;                 /* the cache had them */
    char level[WTL_CACHECELL_LEVEL]; /* how the cache hashes, "vaes" */
    double clock_cost, clock_step;   /* of lone gets, ns; the cost is not in the rows */
} wtl_cachelib;
void wtl_cachelib_free(wtl_cachelib *c);
void wtl_cachelib_auto(wtl_cachelib *c);

typedef struct wtl_cachelib_plan {
    const wtl_cacheload *tables; /* the first is the cache library's */
    size_t keys, value_n; /* the one number of keys and size of value to run; 0: those of the lists below */
    bool parts[WTL_CACHELIB_SETS + 1]; /* which to run */
    unsigned rounds;                   /* in which the tables take turns; 1 to WTL_MEDIAN_MOST */
    size_t asked;                      /* gets a turn and thread, a multiple of WTL_CACHELANE_CHUNK */
    size_t lone;                       /* lone gets a turn, at most `asked` */
    size_t stored;                     /* entries that are set in a turn, where `keys` is 0 */
    void (*step)(void *arg, const char *table, size_t keys, size_t value_n, bool zipf, unsigned round);
    void (*left_out)(void *arg,
                     const char *sentence); /* what this machine has no memory for; either may be NULL */
    void *arg;
} wtl_cachelib_plan;

/* Number of keys i and size of value i that are measured, or 0 past the end. */
size_t wtl_cachelib_keys_at(size_t i);
size_t wtl_cachelib_value_at(size_t i);

/* Fills `out` (zero-initialised). Each cell of tables runs in a process of its own, which begins with an empty heap. */
int wtl_cachelib_run(wtl_cachelib *out, const wtl_cachelib_plan *plan, wtl_err *err) WTL_MUST_USE;

/* The row, or NULL. */
const wtl_cachelib_row *wtl_cachelib_find(const wtl_cachelib *c, enum wtl_cachelib_part part,
                                          enum wtl_cachecell_what w, size_t keys, size_t value_n, bool zipf);

#endif
