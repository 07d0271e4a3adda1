#include "metric/metric_impl.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/text.h"

/* Several processes insert at once, and any of them may be killed between two instructions. So no one ever waits for another:
 *   1. a free series is taken by compare-and-swap of its `owner`, and filled in;
 *   2. its number is put into the first empty bucket of its chain by compare-and-swap (release). Whoever finds that bucket full looks what is in it
 *      (acquire), and goes on to the next one, or, where it is the same series, gives his own back.
 * Buckets never become empty again, so that two processes that insert the same series meet in the same bucket, and there is never a second one.
 * A process that dies between 1 and 2 keeps a series that nobody sees; wtl_metric_forget gives it back. */

size_t wtl_metric_labels(const wtl_metric_def *d)
{
    size_t n = 0;
    while (n < WTL_METRIC_LABELS && d->label[n] != NULL)
        n++;
    return n;
}

size_t wtl_metric_bounds(const wtl_metric_def *d)
{
    size_t n = 0;
    while (n < WTL_METRIC_BOUNDS && (d->bound[n] != 0 || (n + 1 < WTL_METRIC_BOUNDS && d->bound[n + 1] > 0)))
        n++;
    return n;
}

static double of_bits(uint64_t bits)
{
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

static uint64_t to_bits(double d)
{
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return bits;
}

double wtl_metric_double(const _Atomic uint64_t *bits)
{
    return of_bits(atomic_load_explicit(bits, memory_order_relaxed));
}

/* [a-zA-Z_][a-zA-Z0-9_]*, and not "__", which is Prometheus' own. */
static bool is_name(const char *s)
{
    if (s == NULL || s[0] == '\0' || isdigit((unsigned char)s[0]) || strncmp(s, "__", 2) == 0)
        return false;
    for (; *s != '\0'; s++) {
        if (!(*s >= 'a' && *s <= 'z') && !(*s >= 'A' && *s <= 'Z') && !(*s >= '0' && *s <= '9') && *s != '_')
            return false;
    }
    return true;
}

/* A name carries its unit (OpenMetrics: "<name>_<unit>", before "_total"). */
static bool carries_unit(const wtl_metric_def *d)
{
    size_t n = strlen(d->name);
    if (n > 6 && strcmp(d->name + n - 6, "_total") == 0)
        n -= 6;
    size_t u = d->unit != NULL ? strlen(d->unit) : 0;
    return u == 0 || (n > u + 1 && d->name[n - u - 1] == '_' && memcmp(d->name + n - u, d->unit, u) == 0);
}

static int row_check(const wtl_metric_def *d, wtl_err *err)
{
    ENSURE(is_name(d->name) && d->help != NULL, err, WTL_BUG, "a metric has no name or help");
    ENSURE(carries_unit(d), err, WTL_BUG, "metric %s: its name does not end with its unit, %s", d->name,
           d->unit);
    size_t n = strlen(d->name);
    bool total = n > 6 && strcmp(d->name + n - 6, "_total") == 0;
    ENSURE(total == (d->kind == WTL_METRIC_COUNTER), err, WTL_BUG,
           "metric %s: counters, and they alone, end with _total", d->name);
    for (size_t i = 0; i < wtl_metric_labels(d); i++) {
        ENSURE(is_name(d->label[i]) && strcmp(d->label[i], "le") != 0, err, WTL_BUG,
               "metric %s: '%s' is no name of a label", d->name, d->label[i]);
    }
    size_t bounds = wtl_metric_bounds(d);
    ENSURE((bounds > 0) == (d->kind == WTL_METRIC_HISTOGRAM), err, WTL_BUG,
           "metric %s: histograms, and they alone, have bounds", d->name);
    for (size_t i = 1; i < bounds; i++)
        ENSURE(d->bound[i - 1] < d->bound[i], err, WTL_BUG, "metric %s: its bounds do not rise", d->name);
    return 0;
}

static size_t up_to(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

/* Sizes and the shared memory. */
static int map(wtl_metric *m, wtl_err *err)
{
    m->buckets = 4;
    while (m->buckets < 2 * m->series)
        m->buckets *= 2;
    size_t bucket_at = up_to(sizeof *m->shared, 64);
    size_t series_at = up_to(bucket_at + m->buckets * sizeof *m->bucket, 64);
    m->size = series_at + m->series * sizeof *m->first;
    void *p = mmap(NULL, m->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ENSURE(p != MAP_FAILED, err, WTL_NOMEM, "no memory for %zu metric series", m->series);
    m->shared = p;
    m->bucket = (void *)((uint8_t *)p + bucket_at);
    m->first = (void *)((uint8_t *)p + series_at);
    return 0;
}

int wtl_metric_new(wtl_metric **out, const wtl_metric_def *def, size_t n, size_t series, wtl_err *err)
{
    ENSURE(n > 0 && n <= WTL_METRIC_TABLE && series > 0 && series <= 1u << 20, err, WTL_BUG,
           "%zu metrics with %zu series are too many or none", n, series);
    for (size_t i = 0; i < n; i++) {
        TRY(row_check(&def[i], err));
        for (size_t k = 0; k < i; k++)
            ENSURE(strcmp(def[i].name, def[k].name) != 0, err, WTL_BUG, "metric %s stands twice",
                   def[i].name);
    }
    AUTO(wtl_metric) *m = calloc(1, sizeof *m);
    ENSURE(m != NULL, err, WTL_NOMEM, "out of memory");
    m->def = def;
    m->rows = n;
    m->series = series;
    TRY(map(m, err));
    *out = m;
    m = NULL;
    return 0;
}

void wtl_metric_free(wtl_metric *m)
{
    if (m != NULL && m->shared != NULL)
        munmap(m->shared, m->size);
    free(m);
}

void wtl_metric_auto(wtl_metric **m)
{
    wtl_metric_free(*m);
}

void wtl_metric_process(wtl_metric *m, unsigned process)
{
    if (process < WTL_METRIC_PROCESSES)
        m->process = process;
}

/* Whether series `i` is in a bucket. */
static bool published(const wtl_metric *m, size_t i)
{
    for (size_t k = 0; k < m->buckets; k++) {
        if (atomic_load_explicit(&m->bucket[k], memory_order_acquire) == i + 1)
            return true;
    }
    return false;
}

void wtl_metric_forget(wtl_metric *m, unsigned process)
{
    if (process >= WTL_METRIC_PROCESSES)
        return;
    for (size_t i = 0; i < m->series; i++) {
        struct wtl_metric_series *s = &m->first[i];
        uint32_t owner = atomic_load_explicit(&s->owner, memory_order_acquire);
        if (owner == process + 1 && !published(m, i))
            atomic_store_explicit(&s->owner, 0, memory_order_release);
    }
    for (size_t k = 0; k < m->buckets; k++) {
        uint32_t n = atomic_load_explicit(&m->bucket[k], memory_order_acquire);
        if (n != 0 && m->def[m->first[n - 1].row].kind == WTL_METRIC_LIVE)
            atomic_store_explicit(&m->first[n - 1].u.live[process], 0, memory_order_relaxed);
    }
}

/* What a series is found by. */
typedef struct key {
    size_t row, labels;
    uint64_t hash;
    size_t n[WTL_METRIC_LABELS]; /* lengths, each with a NUL */
    char value[WTL_METRIC_LABELS][WTL_METRIC_VALUE];
} key;

/* Valid UTF-8, cut between characters; control characters but the line feed, and what is no UTF-8, become U+FFFD. */
static size_t take_odd(char out[WTL_METRIC_VALUE], const char *in)
{
    size_t n = 0;
    size_t left = strlen(in);
    while (left > 0) {
        const uint8_t *p = (const uint8_t *)in;
        size_t len = wtl_text_utf8_len(p, left);
        size_t use = len != 0 ? len : 1;
        bool bad = len == 0 || (p[0] < 0x20 && p[0] != '\n') || p[0] == 0x7f ||
                   (len == 2 && p[0] == 0xc2 && p[1] < 0xa0);
        const char *from = bad ? "\xef\xbf\xbd" : in;
        size_t add = bad ? 3 : len;
        if (n + add >= WTL_METRIC_VALUE)
            break;
        memcpy(out + n, from, add);
        n += add;
        in += use;
        left -= use;
    }
    out[n] = '\0';
    return n + 1;
}

/* Nearly always it is short and ASCII. */
static size_t take(char out[WTL_METRIC_VALUE], const char *in)
{
    if (in == NULL)
        in = "";
    for (size_t i = 0; i < WTL_METRIC_VALUE; i++) {
        if (in[i] == '\0') {
            out[i] = '\0';
            return i + 1;
        }
        unsigned char c = (unsigned char)in[i];
        if (c < 0x20 || c >= 0x7f)
            break;
        out[i] = in[i];
    }
    return take_odd(out, in);
}

/* FNV-1a: values come from our own tables and certificates, and a chain is at most as long as the table. */
static void key_of(key *k, const wtl_metric *m, size_t row, const char *const *values)
{
    k->row = row;
    k->labels = wtl_metric_labels(&m->def[row]);
    uint64_t h = 0xcbf29ce484222325u ^ row;
    for (size_t i = 0; i < k->labels; i++) {
        k->n[i] = take(k->value[i], values[i]);
        for (size_t j = 0; j < k->n[i]; j++)
            h = (h ^ (uint8_t)k->value[i][j]) * 0x100000001b3u;
    }
    k->hash = h ^ (h >> 32);
}

static bool same(const struct wtl_metric_series *s, const key *k)
{
    if (s->hash != k->hash || s->row != k->row)
        return false;
    for (size_t i = 0; i < k->labels; i++) {
        if (memcmp(s->value[i], k->value[i], k->n[i]) != 0)
            return false;
    }
    return true;
}

/* The series' number and 1, or 0 and the bucket where it belongs, which is empty, or was. There always is one: buckets are twice as many as
 * series. */
static uint32_t find(wtl_metric *m, const key *k, size_t *bucket)
{
    size_t mask = m->buckets - 1;
    for (;; *bucket = (*bucket + 1) & mask) {
        uint32_t n = atomic_load_explicit(&m->bucket[*bucket], memory_order_acquire);
        if (n == 0 || same(&m->first[n - 1], k))
            return n;
    }
}

/* Takes a free series: its number and 1, or 0. */
static uint32_t claim(wtl_metric *m)
{
    size_t hint = atomic_load_explicit(&m->shared->hint, memory_order_relaxed);
    for (size_t i = 0; i < m->series; i++) {
        size_t at = (hint + i) % m->series;
        struct wtl_metric_series *s = &m->first[at];
        uint32_t none = 0;
        if (atomic_load_explicit(&s->owner, memory_order_relaxed) == 0 &&
            atomic_compare_exchange_strong_explicit(&s->owner, &none, m->process + 1, memory_order_acquire,
                                                    memory_order_relaxed)) {
            atomic_store_explicit(&m->shared->hint, (uint32_t)(at + 1), memory_order_relaxed);
            return (uint32_t)(at + 1);
        }
    }
    return 0;
}

/* Puts `s` into the chain from `bucket` on, or gives it back where another was quicker. */
static struct wtl_metric_series *publish(wtl_metric *m, struct wtl_metric_series *s, const key *k,
                                         size_t bucket)
{
    for (;;) {
        uint32_t none = 0;
        if (atomic_compare_exchange_strong_explicit(&m->bucket[bucket], &none, (uint32_t)(s - m->first) + 1,
                                                    memory_order_release, memory_order_relaxed)) {
            atomic_store_explicit(&s->owner, WTL_METRIC_SEEN, memory_order_relaxed);
            return s;
        }
        uint32_t other = find(m, k, &bucket);
        if (other != 0) {
            atomic_store_explicit(&s->owner, 0, memory_order_release);
            return &m->first[other - 1];
        }
    }
}

wtl_metric_series *wtl_metric_at(wtl_metric *m, size_t row, const char *const *values)
{
    if (m == NULL || row >= m->rows)
        return NULL;
    key k;
    key_of(&k, m, row, values);
    size_t bucket = k.hash & (m->buckets - 1);
    uint32_t n = find(m, &k, &bucket);
    if (n != 0)
        return &m->first[n - 1];
    n = claim(m);
    if (n == 0) {
        n = find(m, &k, &bucket); /* perhaps it was published just now, by the one who took the last place */
        if (n != 0)
            return &m->first[n - 1];
        atomic_fetch_add_explicit(&m->shared->dropped, 1, memory_order_relaxed);
        return NULL;
    }
    struct wtl_metric_series *s = &m->first[n - 1];
    s->row = (uint32_t)row;
    s->hash = k.hash;
    for (size_t i = 0; i < k.labels; i++)
        memcpy(s->value[i], k.value[i], k.n[i]);
    return publish(m, s, &k, bucket);
}

static bool is_kind(const wtl_metric *m, const wtl_metric_series *s, enum wtl_metric_kind kind)
{
    return m != NULL && s != NULL && m->def[s->row].kind == kind;
}

void wtl_metric_add(wtl_metric *m, wtl_metric_series *s, uint64_t by)
{
    if (is_kind(m, s, WTL_METRIC_COUNTER))
        atomic_fetch_add_explicit(&s->u.count, by, memory_order_relaxed);
}

void wtl_metric_live(wtl_metric *m, wtl_metric_series *s, int64_t by)
{
    if (is_kind(m, s, WTL_METRIC_LIVE))
        atomic_fetch_add_explicit(&s->u.live[m->process], by, memory_order_relaxed);
}

void wtl_metric_set(wtl_metric *m, wtl_metric_series *s, double value)
{
    if (!is_kind(m, s, WTL_METRIC_GAUGE))
        return;
    atomic_store_explicit(&s->u.gauge.bits, to_bits(value), memory_order_relaxed);
    atomic_store_explicit(&s->u.gauge.shown, 1, memory_order_release);
}

void wtl_metric_clear(wtl_metric *m, size_t row)
{
    if (m == NULL || row >= m->rows || m->def[row].kind != WTL_METRIC_GAUGE)
        return;
    for (size_t k = 0; k < m->buckets; k++) {
        uint32_t n = atomic_load_explicit(&m->bucket[k], memory_order_acquire);
        if (n != 0 && m->first[n - 1].row == row)
            atomic_store_explicit(&m->first[n - 1].u.gauge.shown, 0, memory_order_release);
    }
}

void wtl_metric_observe(wtl_metric *m, wtl_metric_series *s, double value)
{
    if (!is_kind(m, s, WTL_METRIC_HISTOGRAM) || value != value)
        return;
    const wtl_metric_def *d = &m->def[s->row];
    size_t n = wtl_metric_bounds(d);
    size_t i = 0;
    while (i < n && !(value <= d->bound[i]))
        i++;
    atomic_fetch_add_explicit(&s->u.histogram.bucket[i], 1, memory_order_relaxed);
    uint64_t old = atomic_load_explicit(&s->u.histogram.sum, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&s->u.histogram.sum, &old, to_bits(of_bits(old) + value),
                                                  memory_order_relaxed, memory_order_relaxed))
        ;
}

double wtl_metric_value(const wtl_metric *m, const wtl_metric_series *s)
{
    if (m == NULL || s == NULL)
        return 0;
    uint64_t sum = 0;
    switch (m->def[s->row].kind) {
    case WTL_METRIC_COUNTER:
        return (double)atomic_load_explicit(&s->u.count, memory_order_relaxed);
    case WTL_METRIC_GAUGE:
        return wtl_metric_double(&s->u.gauge.bits);
    case WTL_METRIC_LIVE:
        for (size_t i = 0; i < WTL_METRIC_PROCESSES; i++)
            sum += (uint64_t)atomic_load_explicit(&s->u.live[i], memory_order_relaxed);
        return (double)(int64_t)sum;
    case WTL_METRIC_HISTOGRAM:
        for (size_t i = 0; i <= WTL_METRIC_BOUNDS; i++)
            sum += atomic_load_explicit(&s->u.histogram.bucket[i], memory_order_relaxed);
        return (double)sum;
    }
    return 0;
}
