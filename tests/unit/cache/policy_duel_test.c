/* The duel between two ways of choosing, and what the sketch says of keys that no ghost knows. */
#include "unit.h"

#include "cache/duel.h"
#include "cache/policy.h"

static void test_lot(void **state)
{
    (void)state;
    wtl_duel d = {0};
    size_t drawn[WTL_DUEL_WAYS] = {0};
    size_t none = 0;
    for (size_t i = 0; i < 120000; i++) {
        int way = wtl_duel_draw(&d);
        assert_in_range(way + 1, 0, WTL_DUEL_WAYS);
        if (way < 0)
            none++;
        else
            drawn[way]++;
    }
    assert_in_range(none, 109000, 111000);
    assert_in_range(drawn[0], 4500, 5500);
    assert_in_range(drawn[1], 4500, 5500);
}

/* Keys that `bad` turned away come back soon, those that the other did come late: the other decides. Then it is the other way round. */
static void turn_away(wtl_duel *d, unsigned bad, uint32_t *tick, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        wtl_duel_slot slot = {0};
        wtl_duel_slot what = {.tag = 7, .tick = *tick, .way = i % 2, .blocks = 1};
        wtl_duel_note(d, &slot, &what, 1000);
        assert_int_equal(slot.tag, 7);
        wtl_duel_back(d, &slot, 8, *tick + 1, 100, false); /* another key */
        assert_int_equal(slot.tag, 7);
        *tick += i % 2 == bad ? 10 : 2000;
        wtl_duel_back(d, &slot, 7, *tick, 100, false);
        assert_int_equal(slot.tag, 0);
    }
}

static void test_duel(void **state)
{
    (void)state;
    wtl_duel d = {0};
    uint32_t tick = UINT32_MAX - 5000; /* it runs over */
    assert_int_equal(wtl_duel_best(&d), 0);
    turn_away(&d, 0, &tick, 64);
    assert_int_equal(wtl_duel_best(&d), 1);
    turn_away(&d, 1, &tick, 1000);
    assert_int_equal(wtl_duel_best(&d), 0);
    turn_away(&d, 0, &tick, 1000);
    assert_int_equal(wtl_duel_best(&d), 1);
}

/* What frees more for the same cost is better; when bytes are to be found, what is large costs more. */
static void test_bytes(void **state)
{
    (void)state;
    for (int by_bytes = 0; by_bytes < 2; by_bytes++) {
        wtl_duel d = {0};
        for (unsigned i = 0; i < 100; i++) {
            wtl_duel_slot slot = {0};
            wtl_duel_slot what = {.tag = 1, .tick = i, .way = i % 2, .blocks = i % 2 == 1 ? 64 : 1};
            wtl_duel_note(&d, &slot, &what, 1000);
            wtl_duel_back(&d, &slot, 1, i + (i % 2 == 1 ? 100 : 20), 100, by_bytes != 0);
        }
        assert_int_equal(wtl_duel_best(&d), 1);
    }
}

static void test_slot(void **state)
{
    (void)state;
    wtl_duel d = {0};
    wtl_duel_slot slot = {0};
    wtl_duel_slot first = {.tag = 1, .tick = 100, .way = 0, .blocks = 1};
    wtl_duel_slot second = {.tag = 3, .tick = 600, .way = 1, .blocks = 1};
    wtl_duel_note(&d, &slot, &first, 1000);
    wtl_duel_note(&d, &slot, &second, 1000); /* the first may come back yet */
    assert_int_equal(slot.tag, 1);
    second.tick = 1100;
    wtl_duel_note(&d, &slot, &second, 1000);
    assert_int_equal(slot.tag, 3);
}

/* A key that was put in again and again, and then enough others for all ghosts: it is known still how often. */
static void test_beyond_ghosts(void **state)
{
    (void)state;
    wtl_policy *p = NULL;
    wtl_policy_local l;
    wtl_policy_options o = {.capacity = 1 << 20, .shards = 1};
    assert_int_equal(wtl_policy_new(&p, &o, NULL), WTL_OK);
    wtl_policy_start(p, &l);
    wtl_policy_item often = {.hash = UINT64_C(0x123456789abcdef1), .bytes = 64};
    for (uint64_t i = 1; i <= 120000; i++) {
        wtl_policy_tell(p, &l, 0, i);
        wtl_policy_item other = {.hash = i * UINT64_C(0x9e3779b97f4a7c15), .bytes = 64};
        other.mark = wtl_policy_enter(p, 0, &other, NULL);
        wtl_policy_left(p, 0, &other, WTL_POLICY_EVICTED);
        if (i % 1000 == 0 && i <= 30000) {
            often.mark = wtl_policy_enter(p, 0, &often, NULL);
            wtl_policy_left(p, 0, &often, WTL_POLICY_DELETED); /* leaves no ghost */
        }
    }
    uint64_t mark = wtl_policy_enter(p, 0, &often, NULL);
    assert_in_range(WTL_POLICY_COUNT(mark), 20, 40);
    assert_in_range(WTL_POLICY_USUAL(mark), 11 * 32, 13 * 32); /* some 120,000 ticks by 30 */
    size_t known = 0;
    for (uint64_t i = 1; i <= 1000; i++) {
        wtl_policy_item once = {.hash = i * UINT64_C(0xd1342543de82ef95) + 99, .bytes = 64};
        known += WTL_POLICY_COUNT(wtl_policy_enter(p, 0, &once, NULL)) != 0;
    }
    print_message("  %zu of 1000 new keys taken for others\n", known);
    assert_true(known < 100);
    wtl_policy_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lot),  cmocka_unit_test(test_duel),          cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_slot), cmocka_unit_test(test_beyond_ghosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
