/* Counters, gauges and histograms in memory that several processes share, and their text (Prometheus exposition format 0.0.4; OpenMetrics names and
 * base units). A program describes its metrics by a table; every combination of label values has its place from the start or is given one on first use. */
#ifndef WTL_METRIC_METRIC_H
#define WTL_METRIC_METRIC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum wtl_metric_kind {
    WTL_METRIC_COUNTER,
    WTL_METRIC_GAUGE,
    WTL_METRIC_LIVE, /* a gauge that is the sum over processes of what each has now: falls when one dies (wtl_metric_forget) */
    WTL_METRIC_HISTOGRAM /* of seconds or bytes; bounds in the table */
};
enum {
    WTL_METRIC_LABELS = 6,
    WTL_METRIC_BOUNDS = 20,
    WTL_METRIC_VALUE = 96,
    WTL_METRIC_PROCESSES = 256,
    WTL_METRIC_TABLE = 64
};

typedef struct wtl_metric_def {
    const char *name; /* "tls_handshakes_total" */
    enum wtl_metric_kind kind;
    const char *help;
    const char *unit; /* "seconds", "bytes", or NULL; the name ends with it as OpenMetrics asks */
    const char *label[WTL_METRIC_LABELS]; /* names, then NULL */
    double bound[WTL_METRIC_BOUNDS];      /* histograms: upper bounds, rising, then 0 */
} wtl_metric_def;

typedef struct wtl_metric wtl_metric;
/* `def` (n rows, borrowed) describes them. The memory is anonymous and shared with processes forked later; `series` is how many combinations of
 * label values there may be in all (what comes later is counted in wattle_metric_series_dropped_total). */
int wtl_metric_new(wtl_metric **out, const wtl_metric_def *def, size_t n, size_t series,
                   wtl_err *err) WTL_MUST_USE;
void wtl_metric_free(wtl_metric *m);
void wtl_metric_auto(wtl_metric **m);

/* Which process this is; 0 until set. `process` < WTL_METRIC_PROCESSES. No two that live at once have the same number when one of them is ever
 * forgotten. */
void wtl_metric_process(wtl_metric *m, unsigned process);
/* A process ended, however: its part of every LIVE gauge becomes 0, and a series that it was about to make is free again. */
void wtl_metric_forget(wtl_metric *m, unsigned process);

/* A series: a handle that stays valid as long as `m`; NULL (which all calls below take) when there is no more room. `values`: one text a label, in the
 * table's order; long ones are cut. Safe in any process and thread at any time; looks up by hash, so handles are kept where speed matters. */
typedef struct wtl_metric_series wtl_metric_series;
wtl_metric_series *wtl_metric_at(wtl_metric *m, size_t row, const char *const *values);

void wtl_metric_add(wtl_metric *m, wtl_metric_series *s, uint64_t by);      /* COUNTER */
void wtl_metric_live(wtl_metric *m, wtl_metric_series *s, int64_t by);      /* LIVE */
void wtl_metric_set(wtl_metric *m, wtl_metric_series *s, double value);     /* GAUGE */
void wtl_metric_observe(wtl_metric *m, wtl_metric_series *s, double value); /* HISTOGRAM */
/* GAUGE: no series of the row is shown until it is set again (certificates that are no longer in use). */
void wtl_metric_clear(wtl_metric *m, size_t row);

/* The value now: counters and gauges; histograms: the count of observations. */
double wtl_metric_value(const wtl_metric *m, const wtl_metric_series *s);

/* Appends the text: rows in the table's order, series sorted by label values, values escaped. */
int wtl_metric_text(const wtl_metric *m, wtl_buf *out, wtl_err *err) WTL_MUST_USE;

#endif
