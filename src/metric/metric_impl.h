/* The memory of a set of metrics. Between metric.c and metric_text.c alone. */
#ifndef WTL_METRIC_METRIC_IMPL_H
#define WTL_METRIC_METRIC_IMPL_H

#include <stdatomic.h>

#include "metric/metric.h"

enum { WTL_METRIC_SEEN = 0x7fffffff };

/* A series. What is above `value` is written before its number is published in a bucket, and never after. */
struct wtl_metric_series {
    _Atomic uint32_t
        owner; /* 0: free; 1 + number of the process that took it; WTL_METRIC_SEEN once in a bucket */
    uint32_t row;
    uint64_t hash;
    char value[WTL_METRIC_LABELS][WTL_METRIC_VALUE];
    union {
        _Atomic uint64_t count; /* COUNTER */
        struct {
            _Atomic uint64_t bits; /* of a double */
            _Atomic uint32_t shown;
        } gauge;
        _Atomic int64_t live[WTL_METRIC_PROCESSES];
        struct {
            _Atomic uint64_t bucket[WTL_METRIC_BOUNDS + 1]; /* each by itself; the last is above all bounds */
            _Atomic uint64_t sum;                           /* bits of a double */
        } histogram;
    } u;
};

typedef struct wtl_metric_shared {
    _Atomic uint64_t dropped;
    _Atomic uint32_t hint; /* where a free series is likely */
} wtl_metric_shared;

/* Private to each process, what the pointers show is shared. */
struct wtl_metric {
    const wtl_metric_def *def;
    size_t rows, series, buckets; /* buckets: a power of two, at least twice `series` */
    size_t size;                  /* of the mapping, which begins at `shared` */
    unsigned process;
    wtl_metric_shared *shared;
    _Atomic uint32_t *bucket; /* 0, or 1 + number of a series: never changes again */
    struct wtl_metric_series *first;
};

/* Labels and bounds of a row. */
size_t wtl_metric_labels(const wtl_metric_def *d);
size_t wtl_metric_bounds(const wtl_metric_def *d);
double wtl_metric_double(const _Atomic uint64_t *bits);

#endif
