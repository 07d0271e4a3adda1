#include "unit.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "metric/metric.h"

enum { REQUESTS, TEMPERATURE, OPEN, SECONDS, PLAIN, ROWS };
static const wtl_metric_def table[ROWS] = {
    [REQUESTS] = {.name = "requests_total",
                  .kind = WTL_METRIC_COUNTER,
                  .help = "Requests \"so\\far\nand on\".",
                  .label = {"method", "code"}},
    [TEMPERATURE] = {.name = "temperature_celsius",
                     .kind = WTL_METRIC_GAUGE,
                     .help = "T.",
                     .unit = "celsius",
                     .label = {"room"}},
    [OPEN] = {.name = "open_files", .kind = WTL_METRIC_LIVE, .help = "Open.", .label = {"kind"}},
    [SECONDS] = {.name = "work_duration_seconds",
                 .kind = WTL_METRIC_HISTOGRAM,
                 .help = "Work.",
                 .unit = "seconds",
                 .label = {"kind"},
                 .bound = {0.005, 0.1, 1, 10}},
    [PLAIN] = {.name = "plain_total", .kind = WTL_METRIC_COUNTER, .help = "No labels."},
};

static wtl_metric *fresh(size_t series)
{
    wtl_err err;
    wtl_metric *m = NULL;
    assert_good(wtl_metric_new(&m, table, ROWS, series, &err), &err);
    return m;
}

static wtl_metric_series *at(wtl_metric *m, size_t row, const char *a, const char *b)
{
    return wtl_metric_at(m, row, (const char *const[]){a, b});
}

static char *text_of(const wtl_metric *m, wtl_buf *b)
{
    wtl_err err;
    wtl_buf_clear(b);
    assert_good(wtl_metric_text(m, b, &err), &err);
    return wtl_buf_cstr(b);
}

static void one_of_each(void **state)
{
    (void)state;
    wtl_metric *m = fresh(16);
    AUTO(wtl_buf) b = {0};
    wtl_metric_series *get = at(m, REQUESTS, "GET", "200");
    assert_ptr_equal(get, at(m, REQUESTS, "GET", "200"));
    assert_ptr_not_equal(get, at(m, REQUESTS, "GET2", "00"));
    wtl_metric_add(m, at(m, REQUESTS, "POST", "500"), 3);
    wtl_metric_add(m, get, UINT64_C(9007199254740993));
    wtl_metric_series *gone = at(m, TEMPERATURE, "cellar", NULL), *attic = at(m, TEMPERATURE, "attic", NULL);
    wtl_metric_set(m, gone, 7);
    wtl_metric_clear(m, OPEN); /* no such gauge */
    wtl_metric_clear(m, REQUESTS);
    wtl_metric_clear(m, ROWS);
    wtl_metric_clear(NULL, TEMPERATURE);
    wtl_metric_set(m, attic, 5);
    wtl_metric_clear(m, TEMPERATURE);
    wtl_metric_set(m, attic, -0.1);
    wtl_metric_live(m, at(m, OPEN, "x", NULL), 4);
    wtl_metric_live(m, at(m, OPEN, "x", NULL), -1);
    wtl_metric_series *work = at(m, SECONDS, "a", NULL);
    for (size_t i = 0; i < 3; i++)
        wtl_metric_observe(m, work, 0.005); /* an upper bound is in its bucket */
    wtl_metric_observe(m, work, 0.0050001);
    wtl_metric_observe(m, work, 11);
    wtl_metric_observe(m, work, (double)NAN);
    wtl_metric_add(m, wtl_metric_at(m, PLAIN, NULL), 1);
    assert_string_equal(
        text_of(m, &b),
        "# HELP requests_total Requests \"so\\\\far\\nand on\".\n"
        "# TYPE requests_total counter\n"
        "requests_total{method=\"GET\",code=\"200\"} 9007199254740993\n"
        "requests_total{method=\"GET2\",code=\"00\"} 0\n"
        "requests_total{method=\"POST\",code=\"500\"} 3\n"
        "# HELP temperature_celsius T.\n"
        "# TYPE temperature_celsius gauge\n"
        "temperature_celsius{room=\"attic\"} -0.1\n"
        "# HELP open_files Open.\n"
        "# TYPE open_files gauge\n"
        "open_files{kind=\"x\"} 3\n"
        "# HELP work_duration_seconds Work.\n"
        "# TYPE work_duration_seconds histogram\n"
        "work_duration_seconds_bucket{kind=\"a\",le=\"0.005\"} 3\n"
        "work_duration_seconds_bucket{kind=\"a\",le=\"0.1\"} 4\n"
        "work_duration_seconds_bucket{kind=\"a\",le=\"1\"} 4\n"
        "work_duration_seconds_bucket{kind=\"a\",le=\"10\"} 4\n"
        "work_duration_seconds_bucket{kind=\"a\",le=\"+Inf\"} 5\n"
        "work_duration_seconds_sum{kind=\"a\"} 11.0200001\n"
        "work_duration_seconds_count{kind=\"a\"} 5\n"
        "# HELP plain_total No labels.\n"
        "# TYPE plain_total counter\n"
        "plain_total 1\n"
        "# HELP wattle_metric_series_dropped_total Lookups of series for which there was no room.\n"
        "# TYPE wattle_metric_series_dropped_total counter\n"
        "wattle_metric_series_dropped_total 0\n");
    assert_true(wtl_metric_value(m, work) == 5 && wtl_metric_value(m, attic) == -0.1);
    wtl_metric_free(m);
}

static void numbers(void **state)
{
    (void)state;
    static const struct {
        double v;
        const char *text;
    } row[] = {
        {0, "0"},
        {-0.0, "0"},
        {1e6, "1000000"},
        {1795000000, "1795000000"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1e300, "1e+300"},
        {2.5e-9, "2.5e-09"},
        {(double)INFINITY, "+Inf"},
        {-(double)INFINITY, "-Inf"},
        {(double)NAN, "NaN"},
    };
    AUTO(wtl_buf) b = {0};
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        wtl_metric *m = fresh(4);
        wtl_metric_set(m, at(m, TEMPERATURE, "x", NULL), row[i].v);
        char want[100];
        snprintf(want, sizeof want, "temperature_celsius{room=\"x\"} %s\n", row[i].text);
        assert_non_null(strstr(text_of(m, &b), want));
        wtl_metric_free(m);
    }
}

/* Values that strangers chose: escaped, made valid UTF-8, cut between characters. */
static void values_are_cleaned(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } row[] = {
        {"a\"b\\c\nd", "a\\\"b\\\\c\\nd"},
        {"", ""},
        {NULL, ""},
        {"h\xc3\xb6he", "h\xc3\xb6he"},
        {"x\xff\xc3y", "x\xef\xbf\xbd\xef\xbf\xbdy"},
        {"a\x1b[31m\x7f\xc2\x9b", "a\xef\xbf\xbd[31m\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    };
    AUTO(wtl_buf) b = {0};
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        wtl_metric *m = fresh(4);
        wtl_metric_live(m, at(m, OPEN, row[i].in, NULL), 1);
        char want[200];
        snprintf(want, sizeof want, "open_files{kind=\"%s\"} 1\n", row[i].out);
        assert_non_null(strstr(text_of(m, &b), want));
        assert_ptr_equal(at(m, OPEN, row[i].in, NULL), at(m, OPEN, row[i].in, NULL));
        wtl_metric_free(m);
    }
    wtl_metric *m = fresh(4);
    char longest[200] = {0};
    memset(longest, 'x', 94);
    memcpy(longest + 94, "\xc3\xb6", 2); /* would end in the 96th byte, which is the NUL's */
    wtl_metric_live(m, at(m, OPEN, longest, NULL), 1);
    longest[94] = '\0';
    assert_ptr_equal(at(m, OPEN, longest, NULL), at(m, OPEN, longest, NULL));
    assert_true(wtl_metric_value(m, at(m, OPEN, longest, NULL)) == 1);
    memset(longest, 'y', 199);
    wtl_metric_live(m, at(m, OPEN, longest, NULL), 1);
    longest[95] = '\0';
    assert_true(wtl_metric_value(m, at(m, OPEN, longest, NULL)) == 1);
    wtl_metric_free(m);
}

static void a_full_table_says_so(void **state)
{
    (void)state;
    wtl_metric *m = fresh(5);
    AUTO(wtl_buf) b = {0};
    char name[16];
    for (unsigned i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "%u", i);
        wtl_metric_series *s = at(m, OPEN, name, NULL);
        assert_int_equal(s != NULL, i < 5);
        wtl_metric_live(m, s, 1);
        wtl_metric_add(m, s, 1);
        wtl_metric_observe(m, s, 1);
        wtl_metric_set(m, s, 1);
        assert_true(wtl_metric_value(m, s) == (i < 5 ? 1 : 0));
    }
    assert_non_null(strstr(text_of(m, &b), "wattle_metric_series_dropped_total 7\n"));
    assert_non_null(at(m, OPEN, "4", NULL)); /* what is there stays */
    assert_null(wtl_metric_at(m, ROWS, NULL));
    assert_null(wtl_metric_at(NULL, 0, NULL));
    wtl_metric_free(m);
}

static void kinds_are_kept_apart(void **state)
{
    (void)state;
    wtl_metric *m = fresh(5);
    wtl_metric_series *s = at(m, REQUESTS, "a", "b");
    wtl_metric_set(m, s, 5);
    wtl_metric_live(m, s, 5);
    wtl_metric_observe(m, s, 5);
    assert_true(wtl_metric_value(m, s) == 0);
    wtl_metric_free(m);
}

static void bad_tables(void **state)
{
    (void)state;
    static const wtl_metric_def bad[] = {
        {.name = "1a", .kind = WTL_METRIC_GAUGE, .help = ""},
        {.name = "a-b", .kind = WTL_METRIC_GAUGE, .help = ""},
        {.name = "__a", .kind = WTL_METRIC_GAUGE, .help = ""},
        {.name = "a", .kind = WTL_METRIC_GAUGE},
        {.name = "a", .kind = WTL_METRIC_COUNTER, .help = ""},
        {.name = "a_total", .kind = WTL_METRIC_GAUGE, .help = ""},
        {.name = "a_total", .kind = WTL_METRIC_COUNTER, .unit = "bytes", .help = ""},
        {.name = "bytes_total", .kind = WTL_METRIC_COUNTER, .unit = "bytes", .help = ""},
        {.name = "a", .kind = WTL_METRIC_GAUGE, .help = "", .label = {"le"}},
        {.name = "a", .kind = WTL_METRIC_GAUGE, .help = "", .label = {"b", ""}},
        {.name = "a", .kind = WTL_METRIC_HISTOGRAM, .help = ""},
        {.name = "a", .kind = WTL_METRIC_HISTOGRAM, .help = "", .bound = {1, 1}},
        {.name = "a", .kind = WTL_METRIC_GAUGE, .help = "", .bound = {1, 2}},
    };
    wtl_err err;
    wtl_metric *m = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(wtl_metric_new(&m, &bad[i], 1, 4, &err), WTL_BUG);
    const wtl_metric_def twice[2] = {table[0], table[0]};
    assert_int_equal(wtl_metric_new(&m, twice, 2, 4, &err), WTL_BUG);
    assert_int_equal(wtl_metric_new(&m, table, 0, 4, &err), WTL_BUG);
    assert_int_equal(wtl_metric_new(&m, table, ROWS, 0, &err), WTL_BUG);
    assert_null(m);
}

/* What every worker does: finds the same series as all others at the same time, and some of its own. */
static void work(wtl_metric *m, unsigned self, unsigned turns, unsigned names)
{
    char name[32];
    for (unsigned i = 0; i < turns; i++) {
        snprintf(name, sizeof name, "n%u", i % names);
        wtl_metric_add(m, at(m, REQUESTS, name, "all"), 1);
        wtl_metric_observe(m, at(m, SECONDS, name, NULL), 0.5);
        wtl_metric_live(m, at(m, OPEN, "all", NULL), 1);
    }
    snprintf(name, sizeof name, "own%u", self);
    wtl_metric_add(m, at(m, REQUESTS, name, "own"), self);
}

static void check_totals(wtl_metric *m, unsigned workers, unsigned turns, unsigned names)
{
    char name[32];
    for (unsigned i = 0; i < names; i++) {
        snprintf(name, sizeof name, "n%u", i);
        assert_true(wtl_metric_value(m, at(m, REQUESTS, name, "all")) == workers * (turns / names));
        assert_true(wtl_metric_value(m, at(m, SECONDS, name, NULL)) == workers * (turns / names));
    }
    AUTO(wtl_buf) b = {0};
    char want[100];
    snprintf(want, sizeof want, "work_duration_seconds_sum{kind=\"n0\"} %u\n", workers * (turns / names) / 2);
    assert_non_null(strstr(text_of(m, &b), want));
    assert_true(wtl_metric_value(m, at(m, OPEN, "all", NULL)) == workers * turns);
    for (unsigned i = 1; i <= workers; i++) {
        snprintf(name, sizeof name, "own%u", i);
        assert_true(wtl_metric_value(m, at(m, REQUESTS, name, "own")) == i);
    }
}

static pid_t start(void (*fn)(wtl_metric *m, unsigned self), wtl_metric *m, unsigned self)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        wtl_metric_process(m, self);
        fn(m, self);
        _exit(0);
    }
    return pid;
}

enum { WORKERS = 12, TURNS = 8000, NAMES = 40 };
static void in_process(wtl_metric *m, unsigned self)
{
    work(m, self, TURNS, NAMES);
}

/* Exactly as many series as they need: where one were taken twice, there would be none for the last. */
static void many_processes(void **state)
{
    (void)state;
    wtl_metric *m = fresh(2 * NAMES + WORKERS + 1);
    pid_t pid[WORKERS];
    for (unsigned i = 0; i < WORKERS; i++)
        pid[i] = start(in_process, m, i + 1);
    for (unsigned i = 0; i < WORKERS; i++) {
        int status;
        assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
        assert_int_equal(status, 0);
    }
    check_totals(m, WORKERS, TURNS, NAMES);
    for (unsigned i = 0; i < WORKERS; i++) {
        wtl_metric_forget(m, i + 1);
        assert_true(wtl_metric_value(m, at(m, OPEN, "all", NULL)) == (WORKERS - 1 - i) * TURNS);
    }
    wtl_metric_forget(m, WTL_METRIC_PROCESSES);
    wtl_metric_free(m);
}

static void *in_thread(void *m)
{
    static _Atomic unsigned number;
    work(m, ++number, TURNS, NAMES);
    AUTO(wtl_buf) b = {0};
    text_of(m, &b);
    return NULL;
}

static void many_threads(void **state)
{
    (void)state;
    wtl_metric *m = fresh(2 * NAMES + 6 + 1);
    pthread_t thread[6];
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, in_thread, m), 0);
    for (size_t i = 0; i < 6; i++)
        pthread_join(thread[i], NULL);
    check_totals(m, 6, TURNS, NAMES);
    wtl_metric_free(m);
}

/* Makes series until it is killed: some that others make as well, some of its own. */
static void insert_for_ever(wtl_metric *m, unsigned self)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    for (unsigned i = (unsigned)t.tv_nsec % 700;; i = (i + 1) % 700) {
        char name[32];
        snprintf(name, sizeof name, "%u", i);
        at(m, REQUESTS, name, "shared");
        if (i < 300) {
            snprintf(name, sizeof name, "%u of %u", i, self);
            at(m, REQUESTS, name, "own");
        }
    }
}

/* Processes die anywhere in an insertion; nobody waits for them, and once they are forgotten every series can be had. */
static void killed_while_inserting(void **state)
{
    (void)state;
    for (unsigned turn = 0; turn < 40; turn++) {
        enum { SERIES = 1500, KILLED = 4 };
        wtl_metric *m = fresh(SERIES);
        pid_t pid[KILLED];
        for (unsigned i = 0; i < KILLED; i++)
            pid[i] = start(insert_for_ever, m, i + 1);
        for (unsigned i = 0; i < KILLED; i++) {
            nanosleep(&(struct timespec){.tv_nsec = 50000 + (turn * 37 + i * 11) % 41 * 20000}, NULL);
            kill(pid[i], SIGKILL);
            int status;
            assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
            assert_true(WIFSIGNALED(status));
            wtl_metric_forget(m, i + 1);
        }
        AUTO(wtl_buf) b = {0};
        for (unsigned i = 0; i < SERIES; i++) {
            char name[32];
            snprintf(name, sizeof name, "fill %u", i);
            at(m, OPEN, name, NULL);
        }
        size_t lines = 0;
        for (const char *p = text_of(m, &b); (p = strchr(p, '\n')) != NULL; p++)
            lines += p[1] != '#' && p[1] != '\0';
        assert_int_equal(lines, SERIES + 1); /* and the one of dropped series */
        wtl_metric_free(m);
    }
}

/* Text is whole and its numbers fit one another while others count. */
static void read_while_written(void **state)
{
    (void)state;
    wtl_metric *m = fresh(1000);
    pid_t pid = start(insert_for_ever, m, 1), other = start(in_process, m, 2);
    AUTO(wtl_buf) b = {0};
    for (size_t i = 0; i < 200; i++) {
        const char *text = text_of(m, &b), *inf = strstr(text, "kind=\"n0\",le=\"+Inf\"} ");
        const char *count = strstr(text, "work_duration_seconds_count{kind=\"n0\"} ");
        if (inf != NULL && count != NULL)
            assert_int_equal(strtoul(strchr(inf, '}') + 1, NULL, 10),
                             strtoul(strchr(count, '}') + 1, NULL, 10));
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    waitpid(other, NULL, 0);
    wtl_metric_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_of_each),
        cmocka_unit_test(numbers),
        cmocka_unit_test(values_are_cleaned),
        cmocka_unit_test(a_full_table_says_so),
        cmocka_unit_test(kinds_are_kept_apart),
        cmocka_unit_test(bad_tables),
        cmocka_unit_test(many_processes),
        cmocka_unit_test(many_threads),
        cmocka_unit_test(killed_while_inserting),
        cmocka_unit_test(read_while_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
