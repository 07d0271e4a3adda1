#include "bench/race.h"

#include <stdlib.h>
#include <time.h>

/* This thread's time on a processor: what others run meanwhile does not count. */
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int timed(const wtl_race_lane *l, size_t times, double *seconds, wtl_err *err)
{
    double from = now();
    TRY(l->run(l->arg, times, err));
    *seconds = now() - from;
    return WTL_OK;
}

/* How often it runs in a round: enough to fill the time. Also warms it up. */
static int find_times(const wtl_race_lane *l, const wtl_race_plan *plan, size_t *times, wtl_err *err)
{
    double took = 0;
    size_t n = 1;
    for (;; n *= 4) {
        TRY(timed(l, n, &took, err));
        if (took >= plan->seconds / 8 || n >= (size_t)1 << 24)
            break;
    }
    double want = took > 0 ? (double)n * plan->seconds / took : (double)n;
    double least = (double)plan->least / plan->rounds;
    *times = (size_t)(want > least ? want : least) + 1;
    return WTL_OK;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double middle(double *v, size_t n)
{
    qsort(v, n, sizeof *v, ascending);
    return n % 2 == 1 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static double average(const double *v, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += v[i];
    return sum / (double)n;
}

int wtl_race_run(wtl_race_lane *lanes, size_t n, const wtl_race_plan *plan, wtl_err *err)
{
    static _Thread_local double us[WTL_RACE_LANES_MOST][WTL_RACE_ROUNDS_MOST];
    size_t times[WTL_RACE_LANES_MOST];
    ENSURE(n <= WTL_RACE_LANES_MOST && plan->rounds >= 1 && plan->rounds <= WTL_RACE_ROUNDS_MOST, err,
           WTL_USAGE, "a measurement has 1 to %d rounds", (int)WTL_RACE_ROUNDS_MOST);
    for (size_t i = 0; i < n; i++)
        TRY(find_times(&lanes[i], plan, &times[i], err));
    for (size_t r = 0; r < plan->rounds; r++) {
        for (size_t i = 0; i < n; i++) {
            double took = 0;
            TRY(timed(&lanes[i], times[i], &took, err));
            us[i][r] = took * 1e6 / (double)times[i];
        }
    }
    for (size_t i = 0; i < n; i++)
        lanes[i].us = plan->mean ? average(us[i], plan->rounds) : middle(us[i], plan->rounds);
    return WTL_OK;
}
