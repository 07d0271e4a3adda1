/* The middle of several measurements. */
#ifndef WTL_BENCH_MEDIAN_H
#define WTL_BENCH_MEDIAN_H

#include <stddef.h>

enum { WTL_MEDIAN_MOST = 101 };

/* Measurements of one thing; zero = none yet. Those after the WTL_MEDIAN_MOST-th are not taken. */
typedef struct wtl_median {
    double v[WTL_MEDIAN_MOST];
    size_t n;
} wtl_median;
void wtl_median_add(wtl_median *m, double v);
/* Sorts them; 0 without any. */
double wtl_median_of(wtl_median *m);

#endif
