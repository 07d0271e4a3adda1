#include "unit.h"

#include <string.h>

#include "bench/cachegoal.h"
#include "bench/cacheplot.h"

static const wtl_cachepeer own = {.name = "wattle"};
static const wtl_cachepeer dashmap = {.name = "DashMap + aHash"};
static const wtl_cachepeer plain = {.name = "abseil"};
static const wtl_cachepeer fast = {.name = "abseil, <AES> hash"};

static const wtl_cacheload all = {.peer = {&own, &dashmap, &plain, &fast}, .n = 4};
static const wtl_cacheload alone = {.peer = {&own}, .n = 1};

static const wtl_cachelib_goal *goal_of(const wtl_cachelib *c, const char *text, size_t keys)
{
    for (size_t i = 0; i < c->goals; i++) {
        if (strstr(c->goal[i].text, text) != NULL && c->goal[i].keys == keys)
            return &c->goal[i];
    }
    return NULL;
}

static void near(double got, double wanted)
{
    assert_true(got > wanted - 1e-9 && got < wanted + 1e-9);
}

static void gets(void **state)
{
    wtl_cachelib_row rows[] = {
        {WTL_CACHELIB_KEYS, WTL_CACHECELL_GET, 100000, 64, false, {30, 60, 50, 33}},
        {WTL_CACHELIB_KEYS, WTL_CACHECELL_GET, 100000, 64, true, {10, 10, 10, 10}},
        {WTL_CACHELIB_KEYS, WTL_CACHECELL_LONE_P50, 100000, 64, false, {50, 60, 45, 48}},
        {WTL_CACHELIB_KEYS, WTL_CACHECELL_SCALE, 100000, 64, false, {1.9, 1, 2, 2}},
        {WTL_CACHELIB_KEYS, WTL_CACHECELL_MANY, 1000000, 64, false, {40, 0, 90, 80}},
    };
    wtl_cachelib c = {.row = rows, .n = sizeof rows / sizeof rows[0]};
    (void)state;
    wtl_cachegoal_judge(&c, &all);
    assert_int_equal(c.goals, 7);
    const wtl_cachelib_goal *g = goal_of(&c, "ns a get", 100000);
    assert_true(g != NULL && g->met && !g->more);
    near(g->got, 30);
    g = goal_of(&c, "DashMap + aHash", 100000);
    assert_true(g != NULL && g->met && g->more);
    near(g->got, 2);
    g = goal_of(&c, "as fast as abseil", 100000);
    assert_true(g != NULL && g->met);
    near(g->got, 50.0 / 30);
    g = goal_of(&c, "of two hashes", 100000);
    assert_true(g != NULL && g->met);
    near(g->got, 1.1);
    g = goal_of(&c, "lone get", 100000);
    assert_true(g != NULL && !g->met);
    near(g->got, 50.0 / 45);
    g = goal_of(&c, "by two", 100000);
    assert_true(g != NULL && g->met);
    g = goal_of(&c, "get_many", 1000000);
    assert_true(g != NULL && !g->met);
    near(g->got, 25);
    wtl_cachegoal_judge(&c, &alone);
    assert_int_equal(c.goals, 3);
    assert_null(goal_of(&c, "lone get", 100000));
}

static void sizes_and_sets(void **state)
{
    wtl_cachelib_row rows[12];
    size_t n = 0;
    size_t size;
    (void)state;
    memset(rows, 0, sizeof rows);
    for (size_t i = 0; (size = wtl_cachelib_value_at(i)) != 0; i++) {
        rows[n++] = (wtl_cachelib_row){WTL_CACHELIB_SIZES,          WTL_CACHECELL_GET, 10000, size, false,
                                       {18 + 0.125 * (double)i, 20}};
    }
    assert_int_equal(n, 7);
    rows[n++] = (wtl_cachelib_row){WTL_CACHELIB_SETS, WTL_CACHECELL_SET_EVICT, 777, 4493, false, {601}};
    rows[n++] = (wtl_cachelib_row){WTL_CACHELIB_SETS, WTL_CACHECELL_MEMORY, 777, 4493, false, {4620}};
    rows[n++] = (wtl_cachelib_row){WTL_CACHELIB_SETS, WTL_CACHECELL_SET_NEW, 777, 64, false, {1}};
    wtl_cachelib c = {.row = rows, .n = n};
    wtl_cachegoal_judge(&c, &alone);
    assert_int_equal(c.goals, 3);
    const wtl_cachelib_goal *g = goal_of(&c, "value sizes", 10000);
    assert_true(g != NULL && g->met);
    near(g->got, 0.75);
    g = goal_of(&c, "evicts", 0);
    assert_true(g != NULL && !g->met);
    g = goal_of(&c, "full cache", 0);
    assert_true(g != NULL && g->met);
    c.n--, c.row++; /* a size is missing */
    wtl_cachegoal_judge(&c, &alone);
    assert_null(goal_of(&c, "value sizes", 10000));
}

static void pictures(void **state)
{
    wtl_cachelib_row rows[] = {{WTL_CACHELIB_KEYS, WTL_CACHECELL_GET, 100000, 64, false, {30, 0, 50, 33}}};
    wtl_cachelib c = {.row = rows, .n = 1};
    AUTO(wtl_buf) svg = {0};
    (void)state;
    assert_true(wtl_cacheplot_has(&c, 0));
    assert_false(wtl_cacheplot_has(&c, 1));
    assert_int_equal(wtl_cacheplot_svg(&c, &all, 0, "a <machine>", &svg, NULL), WTL_OK);
    const char *text = wtl_buf_cstr(&svg);
    assert_non_null(strstr(text, "a &lt;machine&gt;"));
    assert_non_null(strstr(text, "abseil, &lt;AES&gt; hash"));
    assert_non_null(strstr(text, "100000 keys, uniform"));
    size_t bars = 0;
    for (const char *at = text; (at = strstr(at, "<rect x=\"190\"")) != NULL; at++)
        bars++;
    assert_int_equal(bars, 3);
    assert_null(wtl_cacheplot_file(4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gets),
        cmocka_unit_test(sizes_and_sets),
        cmocka_unit_test(pictures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
