#include "unit.h"

#include <stdbool.h>

#include "cache/pool.h"

enum { UNITS = 60000, CELLS = 3000, ROUNDS = 200000 };

static wtl_entry *held[CELLS];

static uint32_t random32(uint32_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 17;
    *x ^= *x << 5;
    return *x;
}

static void put(wtl_pool *p, size_t i)
{
    held[i] = wtl_pool_take(p);
    if (held[i] == NULL)
        return;
    assert_int_equal((uintptr_t)held[i] % 64, 0);
    memset(held[i]->key, (int)i, p->cell_units * WTL_BLOCK_UNIT - WTL_ENTRY_HEAD);
}

static void remove_one(wtl_pool *p, size_t i)
{
    for (size_t k = 0; k < p->cell_units * WTL_BLOCK_UNIT - WTL_ENTRY_HEAD; k++)
        assert_int_equal(((const uint8_t *)held[i])[WTL_ENTRY_HEAD + k], (uint8_t)i);
    wtl_pool_give(p, held[i]);
    held[i] = NULL;
}

/* The chunks' own count of what is used, by walking over them. */
static uint32_t walked(const wtl_pool *p)
{
    uint32_t n = 0;
    for (uint32_t part = 0; part < p->parts; part++) {
        uint32_t i = 0;
        wtl_block *chunk = wtl_pool_chunk(p, part);
        while (chunk != NULL && wtl_pool_next(chunk, &i) != NULL)
            n++;
    }
    return n;
}

static void cells_of(uint32_t cell_units)
{
    uint8_t *memory = aligned_alloc(64, (size_t)UNITS * WTL_BLOCK_UNIT);
    wtl_arena a;
    wtl_pool p;
    uint32_t x = 7;
    uint32_t n = 0;
    wtl_arena_init(&a, memory, UNITS, 1);
    wtl_pool_init(&p, &a, UNITS, cell_units);
    uint32_t gaps = a.gap_units;
    for (unsigned round = 0; round < ROUNDS; round++) {
        size_t i = random32(&x) % CELLS;
        n -= held[i] != NULL;
        if (held[i] != NULL)
            remove_one(&p, i);
        else
            put(&p, i);
        n += held[i] != NULL;
        assert_int_equal(p.used, n);
        if (round % 4096 == 0)
            assert_int_equal(walked(&p), n);
    }
    for (size_t i = 0; i < CELLS; i++) {
        if (held[i] != NULL)
            remove_one(&p, i);
    }
    assert_int_equal(p.chunks, 0);
    assert_int_equal(p.ready, 0);
    assert_int_equal(a.gap_units, gaps);
    free(memory);
}

static void short_and_long(void **state)
{
    (void)state;
    cells_of(2);
    cells_of(4);
}

/* When most cells are free, one chunk is retired: nothing more is taken from it, and it goes with its last cell. */
static void retires(void **state)
{
    (void)state;
    uint8_t *memory = aligned_alloc(64, (size_t)UNITS * WTL_BLOCK_UNIT);
    wtl_arena a;
    wtl_pool p;
    wtl_arena_init(&a, memory, UNITS, 0);
    wtl_pool_init(&p, &a, UNITS, 2);
    for (size_t i = 0; i < CELLS; i++)
        put(&p, i);
    assert_null(wtl_pool_retiring(&p));
    for (size_t i = 0; i < CELLS; i++) {
        if (i % 3 != 0)
            remove_one(&p, i);
    }
    wtl_block *chunk = wtl_pool_retiring(&p);
    assert_non_null(chunk);
    assert_ptr_equal(wtl_pool_retiring(&p), chunk);
    uint32_t chunks = p.chunks;
    for (size_t i = 0; i < CELLS; i++) {
        if (held[i] != NULL && (uint8_t *)held[i] > (uint8_t *)chunk &&
            (uint8_t *)held[i] < (uint8_t *)chunk + p.chunk_units * WTL_BLOCK_UNIT)
            remove_one(&p, i);
    }
    assert_int_equal(p.chunks, chunks - 1);
    assert_int_equal(p.closing, WTL_ARENA_NONE);
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(short_and_long), cmocka_unit_test(retires)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
