#include "unit.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "work/line.h"

enum { SLOTS = 5, ITEMS = 150 };

typedef struct run {
    uint64_t total;
    uint64_t made;
    uint64_t slot[SLOTS];
    uint64_t out[ITEMS];
    size_t n_out;
    uint64_t fill_fails; /* UINT64_MAX = never */
    uint64_t work_fails;
    uint64_t work_fails_too;
    uint64_t drain_fails;
    atomic_int inside_fill;
    atomic_int inside_drain;
} run;

static int fill(void *arg, size_t slot, bool *end, wtl_err *err)
{
    run *r = arg;
    assert_int_equal(atomic_fetch_add(&r->inside_fill, 1), 0);
    int rc = WTL_OK;
    if (r->made == r->fill_fails)
        rc = WTL_FAIL(err, WTL_IO, "fill %d", (int)r->made);
    else if (r->made == r->total)
        *end = true;
    else
        r->slot[slot] = r->made++;
    atomic_fetch_sub(&r->inside_fill, 1);
    return rc;
}

static int work(void *arg, size_t slot, wtl_err *err)
{
    run *r = arg;
    uint64_t item = r->slot[slot];
    for (uint64_t i = 0; i < item % 7; i++)
        sched_yield();
    if (item == r->work_fails || item == r->work_fails_too)
        return WTL_FAIL(err, WTL_NO, "work %d", (int)item);
    r->slot[slot] = item * 2;
    return WTL_OK;
}

static int drain(void *arg, size_t slot, wtl_err *err)
{
    run *r = arg;
    assert_int_equal(atomic_fetch_add(&r->inside_drain, 1), 0);
    if (r->n_out == r->drain_fails)
        return WTL_FAIL(err, WTL_IO, "drain %d", (int)r->n_out);
    r->out[r->n_out++] = r->slot[slot];
    atomic_fetch_sub(&r->inside_drain, 1);
    return WTL_OK;
}

static run fresh(uint64_t total)
{
    return (run){.total = total,
                 .fill_fails = UINT64_MAX,
                 .work_fails = UINT64_MAX,
                 .work_fails_too = UINT64_MAX,
                 .drain_fails = UINT64_MAX};
}

static int go(run *r, unsigned threads, size_t slots, wtl_err *err)
{
    wtl_line l = {.arg = r, .slots = slots, .threads = threads, .fill = fill, .work = work, .drain = drain};
    return wtl_line_run(&l, err);
}

static void check_out(const run *r, size_t n)
{
    assert_int_equal(r->n_out, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(r->out[i], 2 * i);
}

static void test_order(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 8; threads++) {
        for (size_t slots = 1; slots <= SLOTS; slots++) {
            run r = fresh(ITEMS);
            assert_int_equal(go(&r, threads, slots, NULL), WTL_OK);
            check_out(&r, ITEMS);
        }
    }
}

static void test_nothing(void **state)
{
    (void)state;
    run r = fresh(0);
    assert_int_equal(go(&r, 3, SLOTS, NULL), WTL_OK);
    check_out(&r, 0);
}

static void test_failures(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 4; threads++) {
        wtl_err err = {0};
        run r = fresh(ITEMS);
        r.fill_fails = 17;
        assert_int_equal(go(&r, threads, SLOTS, &err), WTL_IO);
        assert_string_equal(err.text, "fill 17");
        check_out(&r, 17);
        r = fresh(ITEMS);
        r.work_fails = 43;
        r.work_fails_too = 41;
        assert_int_equal(go(&r, threads, SLOTS, &err), WTL_NO);
        assert_string_equal(err.text, "work 41");
        check_out(&r, 41);
        r = fresh(ITEMS);
        r.drain_fails = 5;
        assert_int_equal(go(&r, threads, SLOTS, &err), WTL_IO);
        assert_string_equal(err.text, "drain 5");
        check_out(&r, 5);
    }
}

static void test_threads(void **state)
{
    (void)state;
    assert_int_equal(wtl_line_threads(3), 3);
    assert_true(wtl_line_threads(0) >= 1);
    assert_int_equal(wtl_line_threads(100000), WTL_LINE_THREADS_MOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
