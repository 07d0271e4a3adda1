#include "bench/cachegoal.h"

#include <string.h>

enum { LITTLE = 64, TOKEN = 4493 };

/* The goal's figure, or a negative one when a row or a peer is missing. */
typedef double measure(const wtl_cachelib *c, const wtl_cacheload *tables, size_t keys);

static double value_of(const wtl_cachelib *c, enum wtl_cachecell_what w, size_t keys, size_t table)
{
    const wtl_cachelib_row *r = wtl_cachelib_find(c, WTL_CACHELIB_KEYS, w, keys, LITTLE, false);
    return r != NULL && r->of[table] > 0 ? r->of[table] : -1;
}

/* The least that a table has whose name begins so. */
static double least_of(const wtl_cachelib *c, const wtl_cacheload *tables, enum wtl_cachecell_what w,
                       size_t keys, const char *name)
{
    double least = -1;
    for (size_t i = 1; i < tables->n; i++) {
        double v = strncmp(tables->peer[i]->name, name, strlen(name)) == 0 ? value_of(c, w, keys, i) : -1;
        if (v > 0 && (least < 0 || v < least))
            least = v;
    }
    return least;
}

static double over(double peer, double own)
{
    return peer > 0 && own > 0 ? peer / own : -1;
}

static double measure_GET(const wtl_cachelib *c, const wtl_cacheload *tables, size_t keys)
{
    (void)tables;
    return value_of(c, WTL_CACHECELL_GET, keys, 0);
}

static double measure_DASHMAP(const wtl_cachelib *c, const wtl_cacheload *tables, size_t keys)
{
    return over(least_of(c, tables, WTL_CACHECELL_GET, keys, "DashMap"), measure_GET(c, tables, keys));
}

static double measure_ABSEIL(const wtl_cachelib *c, const wtl_cacheload *tables, size_t keys)
{
    for (size_t i = 1; i < tables->n; i++) {
        if (strcmp(tables->peer[i]->name, "abseil") == 0)
            return over(value_of(c, WTL_CACHECELL_GET, keys, i), measure_GET(c, tables, keys));
    }
    return -1;
}

static double measure_ABSEIL_FAST(const wtl_cachelib *c, const wtl_cacheload *tables, size_t keys)
{
    return over(least_of(c, tables, WTL_CACHECELL_GET, keys, "abseil"), measure_GET(c, tables, keys));
}

static double measure_LONE(const wtl_cachelib *c, const wtl_cacheload *tables, size_t keys)
{
    double dashmap = least_of(c, tables, WTL_CACHECELL_LONE_P50, keys, "DashMap");
    double abseil = least_of(c, tables, WTL_CACHECELL_LONE_P50, keys, "abseil");
    double own = value_of(c, WTL_CACHECELL_LONE_P50, keys, 0);
    return dashmap > 0 && abseil > 0 ? over(own, dashmap < abseil ? dashmap : abseil) : -1;
}

static double measure_SIZES(const wtl_cachelib *c, const wtl_cacheload *tables, size_t keys)
{
    double least = 0;
    double most = 0;
    size_t size;
    (void)tables;
    for (size_t i = 0; (size = wtl_cachelib_value_at(i)) != 0; i++) {
        const wtl_cachelib_row *r = wtl_cachelib_find(c, WTL_CACHELIB_SIZES, WTL_CACHECELL_GET, keys, size,
                                                      false);
        double v = r != NULL ? r->of[0] : 0;
        if (v <= 0)
            return -1;
        least = least == 0 || v < least ? v : least;
        most = v > most ? v : most;
    }
    return most - least;
}

static double measure_MANY(const wtl_cachelib *c, const wtl_cacheload *tables, size_t keys)
{
    (void)tables;
    return over(1e3, value_of(c, WTL_CACHECELL_MANY, keys, 0));
}

static double measure_THREADS(const wtl_cachelib *c, const wtl_cacheload *tables, size_t keys)
{
    (void)tables;
    return value_of(c, WTL_CACHECELL_SCALE, keys, 0);
}

/* Of the row of sets there is one, whatever its number of entries. */
static double set_of(const wtl_cachelib *c, enum wtl_cachecell_what w)
{
    for (size_t i = 0; i < c->n; i++) {
        if (c->row[i].part == WTL_CACHELIB_SETS && c->row[i].what == w && c->row[i].value_n == TOKEN &&
            c->row[i].of[0] > 0)
            return c->row[i].of[0];
    }
    return -1;
}

#define SET_MEASURE(name, what)                                                                   \
    static double measure_##name(const wtl_cachelib *c, const wtl_cacheload *tables, size_t keys) \
    {                                                                                             \
        (void)tables;                                                                             \
        (void)keys;                                                                               \
        return set_of(c, what);                                                                   \
    }
SET_MEASURE(SET_NEW, WTL_CACHECELL_SET_NEW)
SET_MEASURE(SET_OVER, WTL_CACHECELL_SET_OVER)
SET_MEASURE(SET_EVICT, WTL_CACHECELL_SET_EVICT)
SET_MEASURE(MEMORY, WTL_CACHECELL_MEMORY)

enum { LESS, MORE };
static const struct {
    measure *of;
    size_t keys;
    int more;
    double limit;
    const char *text;
} goals[] = {
#define GOAL(kind, keys, more, limit, text) {measure_##kind, keys, more, limit, text},
#include "bench/cachelib_goals.def"
#undef GOAL
};

void wtl_cachegoal_judge(wtl_cachelib *c, const wtl_cacheload *tables)
{
    c->goals = 0;
    for (size_t i = 0; i < sizeof goals / sizeof goals[0] && c->goals < WTL_CACHELIB_GOALS_MOST; i++) {
        double got = goals[i].of(c, tables, goals[i].keys);
        if (got < 0)
            continue;
        bool more = goals[i].more == MORE;
        c->goal[c->goals++] = (wtl_cachelib_goal){.text = goals[i].text,
                                                  .keys = goals[i].keys,
                                                  .limit = goals[i].limit,
                                                  .got = got,
                                                  .more = more,
                                                  .met = more ? got >= goals[i].limit
                                                              : got <= goals[i].limit};
    }
}
