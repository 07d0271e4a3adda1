#include "unit.h"

#include "bench/median.h"
#include "bench/pool.h"

static void the_middle(void **state)
{
    (void)state;
    wtl_median m = {0};
    assert_true(wtl_median_of(&m) == 0);
    wtl_median_add(&m, 7);
    assert_true(wtl_median_of(&m) == 7);
    wtl_median_add(&m, 1);
    assert_true(wtl_median_of(&m) == 4);
    wtl_median_add(&m, 100);
    assert_true(wtl_median_of(&m) == 7);
    wtl_median_add(&m, -5);
    assert_true(wtl_median_of(&m) == 4);
}

static void no_more_than_there_is_room_for(void **state)
{
    (void)state;
    wtl_median m = {0};
    for (int i = 0; i < 3 * WTL_MEDIAN_MOST; i++)
        wtl_median_add(&m, i < WTL_MEDIAN_MOST ? 1 : 1000);
    assert_int_equal(m.n, WTL_MEDIAN_MOST);
    assert_true(wtl_median_of(&m) == 1);
}

static void ranks(void **state)
{
    (void)state;
    AUTO(wtl_pool) p = {0};
    assert_true(wtl_pool_quantile(&p, 0.5) == 0);
    assert_int_equal(wtl_pool_add(&p, NULL, 0, NULL), WTL_OK);
    for (int i = 100; i >= 1; i--) {
        double v = i;
        assert_int_equal(wtl_pool_add(&p, &v, 1, NULL), WTL_OK);
    }
    assert_true(wtl_pool_quantile(&p, 0) == 1);
    assert_true(wtl_pool_quantile(&p, 0.5) == 50);
    assert_true(wtl_pool_quantile(&p, 0.99) == 99);
    assert_true(wtl_pool_quantile(&p, 0.991) == 100);
    assert_true(wtl_pool_quantile(&p, 1) == 100);
    double more[] = {0.5, 1000};
    assert_int_equal(wtl_pool_add(&p, more, 2, NULL), WTL_OK);
    assert_true(wtl_pool_quantile(&p, 0) == 0.5);
    assert_true(wtl_pool_quantile(&p, 1) == 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_middle),
        cmocka_unit_test(no_more_than_there_is_room_for),
        cmocka_unit_test(ranks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
