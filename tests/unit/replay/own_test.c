/* The cache's policy beside the others: on traces made here, and on public ones where these are at hand. What it is known to miss on the public
 * ones is in docs/measurements/cache-policies.md, and stays within what is written here. */
#include "unit.h"

#include "replay/load.h"
#include "replay/replay.h"
#include "replay/zipf.h"

#define GOAL 0.005

static uint32_t random_below(uint64_t *state, uint32_t n)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((*state >> 32) * n >> 32);
}

/* How far above the best of the others it is, of both measures the worse. */
static double over(const wtl_trace *t, double percent)
{
    double best[2] = {1, 1};
    double own[2] = {0, 0};
    wtl_err err = {0};
    for (size_t i = 0; wtl_model_at(i) != NULL; i++) {
        const wtl_model *m = wtl_model_at(i);
        if (m->ours && m != &wtl_own_model)
            continue;
        wtl_replay_result r[2];
        for (unsigned by = 0; by < 2; by++) {
            wtl_model_options o = {(uint64_t)((double)t->footprint * percent / 100), by == 1};
            assert_good(wtl_replay_run(&r[by], m, t, &o, &err), &err);
        }
        double *to = m->ours ? own : best;
        to[0] = m->ours || r[0].objects < to[0] ? r[0].objects : to[0];
        to[1] = m->ours || r[1].bytes < to[1] ? r[1].bytes : to[1];
    }
    print_message("    %g %%: objects %.4f best %.4f, bytes %.4f best %.4f\n", percent, own[0], best[0],
                  own[1], best[1]);
    return own[0] - best[0] > own[1] - best[1] ? own[0] - best[0] : own[1] - best[1];
}

static void both(wtl_trace *t, double one, double ten)
{
    double a = over(t, 1);
    double b = over(t, 10);
    wtl_trace_free(t);
    assert_true(a <= one);
    assert_true(b <= ten);
}

static void test_zipf(void **state)
{
    (void)state;
    wtl_err err = {0};
    wtl_trace t = {0};
    wtl_zipf_options z = {.skew = 1, .keys = 20000, .requests = 200000, .seed = 1};
    assert_good(wtl_zipf_make(&t, &z, &err), &err);
    both(&t, GOAL, GOAL);
}

static void test_loop(void **state)
{
    (void)state;
    wtl_trace t = {0};
    for (unsigned i = 0; i < 200000; i++)
        wtl_trace_add(&t, i % 1000, 1000);
    assert_int_equal(wtl_trace_done(&t, NULL), WTL_OK);
    both(&t, GOAL, 0.02);
}

/* Keys asked for by Zipf's law, and as often in between keys that are asked for once. */
static void test_scan(void **state)
{
    (void)state;
    wtl_trace z = {0};
    wtl_trace t = {0};
    wtl_err err = {0};
    wtl_zipf_options o = {.skew = 0.9, .keys = 5000, .requests = 60000, .seed = 5};
    assert_good(wtl_zipf_make(&z, &o, &err), &err);
    for (size_t i = 0; i < z.n; i++) {
        wtl_trace_add(&t, z.key[i], z.size[z.key[i]]);
        if (i / 5000 % 2 == 1)
            wtl_trace_add(&t, 1000000 + i, 4493);
    }
    wtl_trace_free(&z);
    assert_good(wtl_trace_done(&t, &err), &err);
    both(&t, GOAL, GOAL + 0.003);
}

/* The popular keys are others every 20,000 requests. */
static void test_shift(void **state)
{
    (void)state;
    wtl_trace z = {0};
    wtl_trace t = {0};
    wtl_err err = {0};
    wtl_zipf_options o = {.skew = 0.9, .keys = 5000, .requests = 100000, .seed = 6};
    assert_good(wtl_zipf_make(&z, &o, &err), &err);
    for (size_t i = 0; i < z.n; i++)
        wtl_trace_add(&t, z.key[i] + i / 20000 * 2500, 1000);
    wtl_trace_free(&z);
    assert_good(wtl_trace_done(&t, &err), &err);
    both(&t, GOAL, GOAL);
}

/* What was used last is used next. */
static void test_recent(void **state)
{
    (void)state;
    wtl_trace t = {0};
    uint64_t seed = 9;
    for (uint32_t i = 0; i < 100000; i++) {
        uint32_t back = random_below(&seed, 100) * random_below(&seed, 100) / 20;
        wtl_trace_add(&t, i / 2 > back ? i / 2 - back : 0, 1000);
    }
    assert_int_equal(wtl_trace_done(&t, NULL), WTL_OK);
    both(&t, GOAL, GOAL);
}

static void test_public(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        double one, ten; /* allowed */
    } trace[] = {
        {"traces/caffeine/lirs_sprite.trace.gz", GOAL, GOAL},
        {"traces/caffeine/cache2k_web07.trace.xz", GOAL, GOAL},
        {"traces/caffeine/cache2k_web12.trace.xz", GOAL, GOAL},
        {"traces/caffeine/lirs_multi1.trace.gz", GOAL, 0.025},
        {"traces/caffeine/lirs_cpp.trace.gz", GOAL, 0.015},
        {"traces/oracleGeneral/cphys.oracleGeneral.bin", GOAL, 0.07},
    };
    size_t done = 0;
    for (size_t i = 0; i < sizeof trace / sizeof trace[0]; i++) {
        wtl_trace t = {0};
        wtl_err err = {0};
        enum wtl_parse_format f;
        const char *path = unit_path("WATTLE_VECTORS", trace[i].path);
        if (path == NULL)
            continue;
        assert_true(wtl_parse_by_name(&f, path));
        int rc = wtl_load_trace(&t, path, f, &err);
        if (rc == WTL_IO) /* no xz here */
            continue;
        assert_good(rc, &err);
        print_message("  %s\n", trace[i].path);
        both(&t, trace[i].one, trace[i].ten);
        done++;
    }
    if (done == 0) {
        print_message("the public traces are not beside the project\n");
        skip();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zipf),  cmocka_unit_test(test_loop),   cmocka_unit_test(test_scan),
        cmocka_unit_test(test_shift), cmocka_unit_test(test_recent), cmocka_unit_test(test_public),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
