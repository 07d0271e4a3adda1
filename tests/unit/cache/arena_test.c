#include "unit.h"

#include <stdbool.h>

#include "cache/arena.h"

enum { UNITS = 5000, BLOCKS = 600, ROUNDS = 200000 };

static struct {
    wtl_block *e;
    uint32_t units;
} held[BLOCKS];

static uint32_t random32(uint32_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 17;
    *x ^= *x << 5;
    return *x;
}

static uint32_t length(const wtl_block *e)
{
    if ((wtl_block_hold(e) & WTL_BLOCK_FREE) != 0)
        return e->units;
    for (size_t i = 0; i < BLOCKS; i++) {
        if (held[i].e == e) {
            assert_int_equal(e->units, held[i].units);
            return held[i].units;
        }
    }
    fail_msg("a block that nobody holds");
    return 0;
}

/* Every unit belongs to one block; gaps do not touch, know their length at both ends, and the block after them knows. */
static void whole(const wtl_arena *a)
{
    uint32_t gaps = 0;
    bool before = false;
    uint32_t at = a->first;
    while (at < a->end) {
        const wtl_block *e = wtl_arena_at(a, at);
        bool gap = (wtl_block_hold(e) & WTL_BLOCK_FREE) != 0;
        assert_true(!(before && gap));
        assert_int_equal((wtl_block_hold(e) & WTL_BLOCK_AFTER_GAP) != 0, before);
        uint32_t n = length(e);
        if (gap) {
            uint32_t end;
            memcpy(&end, (const uint8_t *)e + (size_t)n * WTL_BLOCK_UNIT - sizeof end, sizeof end);
            assert_int_equal(end, n);
            gaps += n;
        }
        before = gap;
        at += n;
    }
    assert_int_equal(at, a->end);
    assert_int_equal(gaps, a->gap_units);
}

static void put(size_t i, wtl_block *e, uint32_t units)
{
    held[i].e = e;
    held[i].units = units;
    memset(wtl_block_bytes(e), (int)i, (size_t)units * WTL_BLOCK_UNIT - WTL_BLOCK_HEAD);
}

static void intact(size_t i)
{
    for (size_t k = 0; k < (size_t)held[i].units * WTL_BLOCK_UNIT - WTL_BLOCK_HEAD; k++)
        assert_int_equal(wtl_block_bytes(held[i].e)[k], (uint8_t)i);
}

static void take_and_give(void **state)
{
    (void)state;
    uint8_t *memory = aligned_alloc(64, UNITS * WTL_BLOCK_UNIT);
    wtl_arena a;
    uint32_t x = 1;
    wtl_arena_init(&a, memory, UNITS, 3);
    for (unsigned round = 0; round < ROUNDS; round++) {
        size_t i = random32(&x) % BLOCKS;
        uint32_t units = 1 + (random32(&x) % 8 == 0 ? random32(&x) % 300 : random32(&x) % 20);
        if (held[i].e == NULL) {
            wtl_block *e = wtl_arena_take(&a, units);
            if (e != NULL)
                put(i, e, units);
        } else if (random32(&x) % 4 == 0) {
            uint32_t keep = 1 + random32(&x) % held[i].units;
            wtl_arena_trim(&a, held[i].e, keep);
            held[i].units = keep;
        } else {
            intact(i);
            wtl_arena_give(&a, held[i].e);
            held[i].e = NULL;
        }
        if (round % 512 == 0)
            whole(&a);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        if (held[i].e != NULL)
            wtl_arena_give(&a, held[i].e);
        held[i].e = NULL;
    }
    whole(&a);
    assert_int_equal(a.gap_units, UNITS - 1 - 3);
    wtl_block *all = wtl_arena_take(&a, a.gap_units);
    assert_non_null(all);
    assert_null(wtl_arena_take(&a, 1));
    held[0].e = all;
    held[0].units = UNITS - 1 - 3;
    whole(&a);
    wtl_arena_give(&a, all);
    assert_null(wtl_arena_take(&a, UNITS));
    wtl_arena_claim(&a, all);
    assert_int_equal(a.gap_units, 0);
    held[0].e = NULL;
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(take_and_give)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
