#include "unit.h"

#include "kernel/choice.h"

/* A way of computing is a number here; 42 is right. */
static const int good = 42, also_good = 43, bad = 7, worse = 8;
static _Atomic int tested;

static bool is_right(const void *ops, const void *ref)
{
    tested++;
    return (*(const int *)ops == 42 || *(const int *)ops == 43) && *(const int *)ref == 42;
}

/* Some level beside plain C that this machine has, and one that it has not; WTL_CPU_AUTO where there is none. */
static enum wtl_cpu_level some_level(bool present)
{
    for (int i = WTL_CPU_REF + 1; i < WTL_CPU_LEVELS; i++) {
        if (wtl_cpu_has(i) == present)
            return i;
    }
    return WTL_CPU_AUTO;
}

#define CHOICE(name, ways) \
    wtl_choice name = WTL_CHOICE("Counting", ways, sizeof(ways) / sizeof(ways)[0], is_right)

static void best_first(void **state)
{
    (void)state;
    const wtl_choice_way ways[] = {{WTL_CPU_REF, WTL_CPU_REF, &also_good}, {WTL_CPU_REF, WTL_CPU_REF, &good}};
    CHOICE(c, ways);
    const void *ops;
    wtl_err err = {0};
    tested = 0;
    for (int i = 0; i < 3; i++) {
        assert_good(wtl_choice_pick(&c, WTL_CPU_AUTO, &ops, &err), &err);
        assert_ptr_equal(ops, &also_good);
    }
    assert_int_equal(tested, 1); /* once a process */
    assert_good(wtl_choice_fault(&c, &err), &err);
}

static void wrong_ways_are_passed_over(void **state)
{
    (void)state;
    const wtl_choice_way ways[] = {{WTL_CPU_REF, WTL_CPU_REF, &bad},
                                   {WTL_CPU_REF, WTL_CPU_REF, &worse},
                                   {WTL_CPU_REF, WTL_CPU_REF, &good}};
    CHOICE(c, ways);
    const void *ops = NULL;
    wtl_err err = {0};
    assert_good(wtl_choice_fault(&c, &err), &err); /* nothing was chosen yet */
    assert_good(wtl_choice_pick(&c, WTL_CPU_AUTO, &ops, &err), &err);
    assert_ptr_equal(ops, &good);
    for (int i = 0; i < 2; i++) {
        err = (wtl_err){0};
        assert_int_equal(wtl_choice_fault(&c, &err), WTL_BUG);
        assert_non_null(strstr(err.text, "Counting by ref computed wrongly"));
        assert_good(wtl_choice_pick(&c, WTL_CPU_AUTO, &ops, NULL), &err);
    }
    assert_int_equal(wtl_choice_fault(&c, NULL), WTL_BUG);
}

static void forced_wrong_way(void **state)
{
    (void)state;
    enum wtl_cpu_level level = some_level(true);
    if (level == WTL_CPU_AUTO)
        skip();
    const wtl_choice_way ways[] = {
        {level, level, &bad}, {level, level, &also_good}, {WTL_CPU_REF, WTL_CPU_REF, &good}};
    CHOICE(c, ways);
    const void *ops = &bad;
    wtl_err err = {0};
    for (int i = 0; i < 2; i++) {
        err = (wtl_err){0};
        assert_int_equal(wtl_choice_pick(&c, level, &ops, &err), WTL_BUG);
        assert_null(ops);
        assert_non_null(strstr(err.text, wtl_cpu_name(level)));
        assert_non_null(strstr(err.text, "computes wrongly"));
    }
    assert_good(wtl_choice_pick(&c, WTL_CPU_REF, &ops, &err), &err); /* the others are not spoiled */
    assert_ptr_equal(ops, &good);
    assert_good(wtl_choice_pick(&c, WTL_CPU_AUTO, &ops, &err), &err);
    assert_ptr_equal(ops, &also_good);
}

static void wrong_plain_c(void **state)
{
    (void)state;
    const wtl_choice_way ways[] = {{WTL_CPU_REF, WTL_CPU_REF, &bad}};
    CHOICE(c, ways);
    const void *ops = &bad;
    wtl_err err = {0};
    assert_int_equal(wtl_choice_pick(&c, WTL_CPU_AUTO, &ops, &err), WTL_BUG);
    assert_null(ops);
    assert_int_equal(err.code, WTL_BUG);
    assert_int_equal(wtl_choice_pick(&c, WTL_CPU_REF, &ops, NULL), WTL_BUG);
    assert_int_equal(wtl_choice_fault(&c, &err), WTL_BUG);
    /* No other is right when what it is compared with is not. */
    const wtl_choice_way both[] = {{WTL_CPU_REF, WTL_CPU_REF, &good}, {WTL_CPU_REF, WTL_CPU_REF, &bad}};
    CHOICE(d, both);
    assert_int_equal(wtl_choice_pick(&d, WTL_CPU_AUTO, &ops, &err), WTL_BUG);
    assert_null(ops);
}

static void missing_level(void **state)
{
    (void)state;
    enum wtl_cpu_level level = some_level(false);
    if (level == WTL_CPU_AUTO) {
        print_message("# skipped: this machine has every level\n");
        skip();
    }
    const wtl_choice_way ways[] = {
        {level, level, &also_good}, {WTL_CPU_REF, level, &also_good}, {WTL_CPU_REF, WTL_CPU_REF, &good}};
    CHOICE(c, ways);
    const void *ops = &bad;
    wtl_err err = {0};
    assert_int_equal(wtl_choice_pick(&c, level, &ops, &err), WTL_POLICY);
    assert_null(ops);
    assert_non_null(strstr(err.text, wtl_cpu_name(level)));
    assert_good(wtl_choice_pick(&c, WTL_CPU_AUTO, &ops, &err), &err);
    assert_ptr_equal(ops, &good); /* neither the level nor what a way needs beside it is here */
}

/* A level that the machine has and the choice knows no way for. */
static void level_without_a_way(void **state)
{
    (void)state;
    enum wtl_cpu_level level = some_level(true);
    if (level == WTL_CPU_AUTO)
        skip();
    const wtl_choice_way ways[] = {{WTL_CPU_REF, WTL_CPU_REF, &good}};
    CHOICE(c, ways);
    const void *ops = NULL;
    wtl_err err = {0};
    assert_good(wtl_choice_pick(&c, level, &ops, &err), &err);
    assert_ptr_equal(ops, &good);
    const wtl_choice_way wrong[] = {{WTL_CPU_REF, WTL_CPU_REF, &bad}};
    CHOICE(d, wrong);
    assert_int_equal(wtl_choice_pick(&d, level, &ops, &err), WTL_BUG);
    assert_null(ops);
}

static const wtl_choice_way shared_ways[] = {{WTL_CPU_REF, WTL_CPU_REF, &bad},
                                             {WTL_CPU_REF, WTL_CPU_REF, &good}};
static CHOICE(shared, shared_ways);

static void *pick_one(void *out)
{
    const void *ops = NULL;
    for (int i = 0; i < 100; i++) {
        if (wtl_choice_pick(&shared, WTL_CPU_AUTO, &ops, NULL) < 0 ||
            wtl_choice_fault(&shared, NULL) != WTL_BUG)
            return NULL;
    }
    *(const void **)out = ops;
    return NULL;
}

static void many_threads(void **state)
{
    (void)state;
    pthread_t thread[8];
    const void *ops[8] = {0};
    tested = 0;
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, pick_one, &ops[i]), 0);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        assert_ptr_equal(ops[i], &good);
    }
    assert_int_equal(tested, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(best_first),       cmocka_unit_test(wrong_ways_are_passed_over),
        cmocka_unit_test(forced_wrong_way), cmocka_unit_test(wrong_plain_c),
        cmocka_unit_test(missing_level),    cmocka_unit_test(level_without_a_way),
        cmocka_unit_test(many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
