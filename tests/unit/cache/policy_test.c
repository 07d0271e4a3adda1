#include "unit.h"

#include "cache/ghost.h"
#include "cache/learn.h"
#include "cache/policy.h"
#include "cache/sketch.h"

static void test_sketch(void **state)
{
    (void)state;
    wtl_sketch *s = aligned_alloc(64, sizeof *s);
    assert_non_null(s);
    assert_int_equal(sizeof *s, 512 * 1024);
    memset(s, 0, sizeof *s);
    for (uint64_t k = 1; k <= 1000; k++) {
        for (uint64_t i = 0; i < k % 7; i++)
            wtl_sketch_add(s, k * UINT64_C(0x9e3779b97f4a7c15), 1);
    }
    size_t exact = 0;
    for (uint64_t k = 1; k <= 1000; k++) {
        uint32_t n = wtl_sketch_count(s, k * UINT64_C(0x9e3779b97f4a7c15));
        assert_true(n >= k % 7); /* never too small */
        exact += n == k % 7;
    }
    assert_true(exact > 990);
    wtl_sketch_raise(s, 42, 100000);
    assert_int_equal(wtl_sketch_count(s, 42), UINT16_MAX);
    wtl_sketch_add(s, 42, 1);
    assert_int_equal(wtl_sketch_count(s, 42), UINT16_MAX);
    wtl_sketch_age(s);
    assert_int_equal(wtl_sketch_count(s, 42), UINT16_MAX / 2);
    free(s);
}

static void test_ghosts(void **state)
{
    (void)state;
    wtl_ghost_line line;
    memset(&line, 0, sizeof line);
    assert_null(wtl_ghost_find(&line, 1));
    for (uint64_t i = 0; i < WTL_GHOST_WAYS; i++)
        wtl_ghost_add(&line, i << 40, 100 + (uint32_t)i, (uint32_t)i, 10 * (uint32_t)i);
    for (uint64_t i = 0; i < WTL_GHOST_WAYS; i++) {
        const wtl_ghost *g = wtl_ghost_find(&line, i << 40);
        assert_non_null(g);
        assert_int_equal(g->tick, 100 + i);
        assert_int_equal(wtl_ghost_count(g), i);
        assert_int_equal(wtl_ghost_usual(g), 10 * i);
    }
    wtl_ghost_add(&line, UINT64_C(99) << 40, 200, 1000, 1023); /* the oldest makes way */
    assert_null(wtl_ghost_find(&line, 0));
    const wtl_ghost *g = wtl_ghost_find(&line, UINT64_C(99) << 40);
    assert_non_null(g);
    assert_int_equal(wtl_ghost_count(g), WTL_GHOST_COUNT_MOST);
    assert_int_equal(wtl_ghost_usual(g), 1023);
}

static void test_scales(void **state)
{
    (void)state;
    uint32_t before = 0;
    for (uint32_t t = 1; t < 100000; t++) {
        assert_true(wtl_learn_log(t) >= (t > 1 ? wtl_learn_log(t - 1) : 0));
        assert_true(wtl_learn_age(t) >= before);
        before = wtl_learn_age(t);
    }
    assert_int_equal(wtl_learn_log(1024), 10 * WTL_LEARN_FINE);
    assert_int_equal(wtl_learn_age(1024), 20);
    assert_int_equal(wtl_learn_age(1536), 21);
    assert_int_equal(wtl_learn_age(UINT32_MAX), WTL_LEARN_AGES - 1);
    assert_int_equal(wtl_learn_class_of(0, 1000), 0);
    for (uint32_t count = 1; count < 100; count++) {
        for (uint32_t usual = 0; usual < 1024; usual += 7) {
            unsigned c = wtl_learn_class_of(count, usual);
            assert_true(c > 0 && c < WTL_LEARN_CLASSES);
        }
    }
}

/* One class comes back after 100 ticks, always; another after 10,000; a third never. */
static void test_ranks(void **state)
{
    (void)state;
    wtl_learn *l = malloc(sizeof *l);
    assert_non_null(l);
    wtl_learn_init(l);
    unsigned soon = wtl_learn_class_of(2, wtl_learn_log(100));
    unsigned late = wtl_learn_class_of(2, wtl_learn_log(10000));
    for (uint32_t i = 0; i < 5000; i++) {
        l->now = 20 * i;
        wtl_learn_use(l, soon);
        wtl_learn_use(l, late);
        wtl_learn_use(l, 0);
        wtl_learn_again(l, soon, wtl_learn_age(100));
        if (i > 500)
            wtl_learn_again(l, late, wtl_learn_age(10000));
    }
    for (unsigned table = 0; table < WTL_LEARN_TABLES; table++) {
        assert_true(wtl_learn_rank(l, table, soon, 1) > 20 * wtl_learn_rank(l, table, late, 1));
        assert_true(wtl_learn_rank(l, table, soon, 90) >
                    wtl_learn_rank(l, table, soon, 10)); /* it is nearer */
        assert_true(wtl_learn_rank(l, table, soon, 300) <
                    wtl_learn_rank(l, table, soon, 10) / 3); /* it should have come */
        assert_true(wtl_learn_rank(l, table, late, 1) > 3 * wtl_learn_rank(l, table, 0, 100));
    }
    uint32_t uses = l->at[soon].uses;
    wtl_learn_forget(l, UINT32_MAX);
    assert_int_equal(l->at[soon].uses, uses);
    wtl_learn_forget(l, 1);
    assert_int_equal(l->at[soon].uses, uses / 2);
    free(l);
}

static void test_choice(void **state)
{
    (void)state;
    wtl_policy *p = NULL;
    wtl_err err = {0};
    wtl_policy_options o = {.capacity = 1 << 20, .shards = 4};
    assert_good(wtl_policy_new(&p, &o, &err), &err);
    wtl_policy_item item[WTL_POLICY_SAMPLE];
    for (size_t i = 0; i < WTL_POLICY_SAMPLE; i++)
        item[i] = (wtl_policy_item){.bytes = 64 * (1 + i), .mark = WTL_POLICY_MARK(0, 0, 0)};
    wtl_policy_kept kept;
    /* of equals the largest goes first; the next ones are kept in mind */
    assert_int_equal(wtl_policy_choose(p, 3, NULL, item, WTL_POLICY_SAMPLE, &kept), WTL_POLICY_SAMPLE - 1);
    assert_int_equal(kept.n, WTL_POLICY_KEPT);
    for (size_t i = 0; i < kept.n; i++)
        assert_int_equal(kept.at[i], WTL_POLICY_SAMPLE - 2 - i);
    assert_int_equal(wtl_policy_choose(p, 0, NULL, item, 1, &kept), 0);
    assert_int_equal(kept.n, 0);
    /* while nobody asks for anything, all come in; then, what is large and new does not come in for what is small */
    wtl_policy_local l;
    wtl_policy_start(p, &l);
    wtl_policy_item newcomer = {.hash = 77, .bytes = 1 << 16};
    assert_int_equal(wtl_policy_choose(p, 0, &newcomer, item, 4, NULL), 3);
    wtl_policy_tell(p, &l, 0, 1);
    assert_int_equal(wtl_policy_choose(p, 0, &newcomer, item, 4, NULL), WTL_POLICY_REFUSE);
    wtl_policy_tell(p, &l, 0, 2);
    newcomer.bytes = 64;
    newcomer.hash = 78;
    assert_int_equal(wtl_policy_choose(p, 0, &newcomer, item, 4, NULL), 3);
    wtl_policy_free(p);
    wtl_policy_free(NULL);
}

/* Uses are counted one by one at first, then when some time has passed. */
static void test_uses(void **state)
{
    (void)state;
    wtl_policy *p = NULL;
    wtl_policy_local l;
    wtl_policy_options o = {.capacity = 1 << 20, .shards = 1};
    assert_int_equal(wtl_policy_new(&p, &o, NULL), WTL_OK);
    wtl_policy_start(p, &l);
    wtl_policy_item item = {.hash = 5, .bytes = 64};
    for (uint64_t i = 0; i < 16000; i++) {
        item.hash = i * UINT64_C(0x9e3779b97f4a7c15);
        (void)wtl_policy_enter(p, 0, &item, NULL);
    }
    wtl_policy_mark m = 0;
    uint64_t hits = 0;
    wtl_policy_tell(p, &l, hits, hits);
    for (; hits < 8; hits++)
        wtl_policy_hit(&l, &m, hits + 1);
    assert_int_equal(WTL_POLICY_COUNT(m), 8);
    for (; hits < 200; hits++)
        wtl_policy_hit(&l, &m, hits + 1);
    assert_int_equal(WTL_POLICY_COUNT(m), 8); /* 16,000 entries: not again within 1,000 ticks */
    wtl_policy_tell(p, &l, hits, hits + 2000);
    wtl_policy_hit(&l, &m, ++hits);
    assert_int_equal(WTL_POLICY_COUNT(m), 9);
    assert_int_equal(WTL_POLICY_TICK(m), wtl_policy_tick(p) + 1);
    for (unsigned i = 0; i < 2 * WTL_POLICY_CALM; i++)
        wtl_policy_tell(p, &l, hits, hits + 2000);
    assert_int_equal(l.calm, WTL_POLICY_CALM);
    uint32_t tick = wtl_policy_tick(p);
    wtl_policy_tell(p, &l, hits, hits + 9000); /* time stands still while nothing comes or goes */
    assert_int_equal(wtl_policy_tick(p), tick);
    wtl_policy_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sketch), cmocka_unit_test(test_ghosts), cmocka_unit_test(test_scales),
        cmocka_unit_test(test_ranks),  cmocka_unit_test(test_choice), cmocka_unit_test(test_uses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
