#include "metric/metric_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const type_name[] = {
    [WTL_METRIC_COUNTER] = "counter",
    [WTL_METRIC_GAUGE] = "gauge",
    [WTL_METRIC_LIVE] = "gauge",
    [WTL_METRIC_HISTOGRAM] = "histogram",
};

/* Prometheus, "Exposition formats", text format details: backslash and line feed are escaped in help, double quotes in values of labels too. */
static void add_escaped(wtl_buf *out, const char *s, bool quotes)
{
    for (; *s != '\0'; s++) {
        if (*s == '\n')
            wtl_buf_str(out, "\\n");
        else if (*s == '\\' || (*s == '"' && quotes))
            wtl_buf_add(out, (const char[]){'\\', *s}, 2);
        else
            wtl_buf_u8(out, (uint8_t)*s);
    }
}

enum { NUMBER = 40 };

/* The shortest decimal that is read as the same double; whole numbers without an exponent. */
static const char *number(char out[NUMBER], double v)
{
    if (v - v != 0) { /* not finite */
        snprintf(out, NUMBER, "%s", v != v ? "NaN" : v > 0 ? "+Inf" : "-Inf");
    } else if (v < 1e15 && v > -1e15 && v == (double)(int64_t)v) {
        snprintf(out, NUMBER, "%.0f", v + 0.0);
    } else {
        for (int digits = 1; digits <= 17; digits++) {
            snprintf(out, NUMBER, "%.*g", digits, v);
            if (strtod(out, NULL) == v)
                break;
        }
    }
    return out;
}

static void add_double(wtl_buf *out, double v)
{
    char text[NUMBER];
    wtl_buf_str(out, number(text, v));
}

/* {a="b",c="d"}, with le where it is asked for; nothing where there are no labels. */
static void add_labels(wtl_buf *out, const wtl_metric_def *d, const wtl_metric_series *s, const char *le)
{
    size_t n = wtl_metric_labels(d);
    if (n == 0 && le == NULL)
        return;
    for (size_t i = 0; i < n; i++) {
        wtl_buf_fmt(out, "%c%s=\"", i == 0 ? '{' : ',', d->label[i]);
        add_escaped(out, s->value[i], true);
        wtl_buf_u8(out, '"');
    }
    if (le != NULL)
        wtl_buf_fmt(out, "%cle=\"%s\"", n == 0 ? '{' : ',', le);
    wtl_buf_u8(out, '}');
}

/* Buckets are added up here, so that the last one and _count agree whatever is observed meanwhile. */
static void add_histogram(wtl_buf *out, const wtl_metric_def *d, const wtl_metric_series *s)
{
    size_t n = wtl_metric_bounds(d);
    uint64_t sum = 0;
    for (size_t i = 0; i <= n; i++) {
        sum += atomic_load_explicit(&s->u.histogram.bucket[i], memory_order_relaxed);
        wtl_buf_fmt(out, "%s_bucket", d->name);
        char le[NUMBER] = "+Inf";
        add_labels(out, d, s, i < n ? number(le, d->bound[i]) : le);
        wtl_buf_fmt(out, " %" PRIu64 "\n", sum);
    }
    wtl_buf_fmt(out, "%s_sum", d->name);
    add_labels(out, d, s, NULL);
    wtl_buf_u8(out, ' ');
    add_double(out, wtl_metric_double(&s->u.histogram.sum));
    wtl_buf_fmt(out, "\n%s_count", d->name);
    add_labels(out, d, s, NULL);
    wtl_buf_fmt(out, " %" PRIu64 "\n", sum);
}

static void add_series(wtl_buf *out, const wtl_metric *m, const wtl_metric_series *s)
{
    const wtl_metric_def *d = &m->def[s->row];
    if (d->kind == WTL_METRIC_HISTOGRAM) {
        add_histogram(out, d, s);
        return;
    }
    wtl_buf_str(out, d->name);
    add_labels(out, d, s, NULL);
    wtl_buf_u8(out, ' ');
    if (d->kind == WTL_METRIC_COUNTER) /* beyond 2^53 a double would skip numbers */
        wtl_buf_fmt(out, "%" PRIu64, atomic_load_explicit(&s->u.count, memory_order_relaxed));
    else
        add_double(out, wtl_metric_value(m, s));
    wtl_buf_u8(out, '\n');
}

static void add_head(wtl_buf *out, const char *name, const char *help, enum wtl_metric_kind kind)
{
    wtl_buf_fmt(out, "# HELP %s ", name);
    add_escaped(out, help, false);
    wtl_buf_fmt(out, "\n# TYPE %s %s\n", name, type_name[kind]);
}

static bool is_shown(const wtl_metric *m, const wtl_metric_series *s)
{
    return m->def[s->row].kind != WTL_METRIC_GAUGE ||
           atomic_load_explicit(&s->u.gauge.shown, memory_order_acquire) != 0;
}

static int by_labels(const void *a, const void *b)
{
    const wtl_metric_series *x = *(const wtl_metric_series *const *)a;
    const wtl_metric_series *y = *(const wtl_metric_series *const *)b;
    if (x->row != y->row)
        return x->row < y->row ? -1 : 1;
    for (size_t i = 0; i < WTL_METRIC_LABELS; i++) {
        int c = strcmp(x->value[i], y->value[i]);
        if (c != 0)
            return c;
    }
    return 0;
}

/* All that are to be shown, in order; what is inserted meanwhile comes next time. */
static size_t gather(const wtl_metric *m, const wtl_metric_series **list)
{
    size_t n = 0;
    for (size_t i = 0; i < m->buckets && n < m->series; i++) {
        uint32_t k = atomic_load_explicit(&m->bucket[i], memory_order_acquire);
        if (k != 0 && is_shown(m, &m->first[k - 1]))
            list[n++] = &m->first[k - 1];
    }
    qsort(list, n, sizeof *list, by_labels);
    return n;
}

int wtl_metric_text(const wtl_metric *m, wtl_buf *out, wtl_err *err)
{
    const wtl_metric_series **list = calloc(m->series, sizeof(const wtl_metric_series *));
    ENSURE(list != NULL, err, WTL_NOMEM, "out of memory");
    size_t n = gather(m, list);
    size_t start = out->n;
    for (size_t i = 0; i < n; i++) {
        const wtl_metric_def *d = &m->def[list[i]->row];
        if (i == 0 || list[i]->row != list[i - 1]->row)
            add_head(out, d->name, d->help, d->kind);
        add_series(out, m, list[i]);
    }
    free(list);
    static const char dropped[] = "wattle_metric_series_dropped_total";
    add_head(out, dropped, "Lookups of series for which there was no room.", WTL_METRIC_COUNTER);
    wtl_buf_fmt(out, "%s %" PRIu64 "\n", dropped,
                atomic_load_explicit(&m->shared->dropped, memory_order_relaxed));
    int rc = wtl_buf_check(out, err);
    if (rc < 0)
        out->n = start;
    return rc;
}
