#include "unit.h"

#include <string.h>

#include "bench/cachekeys.h"

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, WTL_CACHEPEER_KEY_MOST);
}

static void keys_differ(void **state)
{
    enum { N = 20000 };
    AUTO(wtl_cachekeys) k = {0};
    size_t length[WTL_CACHEPEER_KEY_MOST + 1] = {0};
    (void)state;
    assert_int_equal(wtl_cachekeys_make(&k, N, 1, false, NULL), WTL_OK);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(k.all[i].number, i);
        assert_in_range(k.all[i].n, 16, WTL_CACHEPEER_KEY_MOST);
        length[k.all[i].n]++;
    }
    for (size_t n = 16; n <= WTL_CACHEPEER_KEY_MOST; n++)
        assert_in_range(length[n], N / 25 / 2, N / 25 * 2);
    qsort(k.all, N, sizeof *k.all, by_bytes);
    for (size_t i = 1; i < N; i++)
        assert_int_not_equal(by_bytes(&k.all[i - 1], &k.all[i]), 0);
}

static void the_same_again(void **state)
{
    AUTO(wtl_cachekeys) a = {0};
    AUTO(wtl_cachekeys) b = {0};
    (void)state;
    assert_int_equal(wtl_cachekeys_make(&a, 1000, 5000, true, NULL), WTL_OK);
    assert_int_equal(wtl_cachekeys_make(&b, 1000, 5000, true, NULL), WTL_OK);
    assert_memory_equal(a.all, b.all, 1000 * sizeof *a.all);
    assert_memory_equal(a.asked, b.asked, 5000 * sizeof *a.asked);
}

static int downwards(const void *a, const void *b)
{
    size_t x = *(const size_t *)a;
    size_t y = *(const size_t *)b;
    return (x < y) - (x > y);
}

enum { FEW = 1000, MANY = 400000 };

/* How often each of FEW keys is asked for, the most wanted first. */
static void counted(size_t times[FEW], bool zipf)
{
    AUTO(wtl_cachekeys) k = {0};
    memset(times, 0, FEW * sizeof *times);
    assert_int_equal(wtl_cachekeys_make(&k, FEW, MANY, zipf, NULL), WTL_OK);
    for (size_t i = 0; i < MANY; i++) {
        assert_memory_equal(&k.asked[i], &k.all[k.asked[i].number], sizeof *k.asked);
        times[k.asked[i].number]++;
    }
    qsort(times, FEW, sizeof *times, downwards);
}

static void uniform(void **state)
{
    size_t times[FEW];
    (void)state;
    counted(times, false);
    assert_in_range(times[0], MANY / FEW, 2 * MANY / FEW);
    assert_in_range(times[FEW - 1], MANY / FEW / 2, MANY / FEW);
}

/* sum of r^-0.99 over 1 to 1000 is 7.7290; so 0.12938 for the first, 2^-0.99 and 10^-0.99 of that for the second and tenth. */
static void zipf(void **state)
{
    size_t times[FEW];
    (void)state;
    counted(times, true);
    assert_in_range(times[0], MANY * 0.127, MANY * 0.132);
    assert_in_range(times[1], MANY * 0.0636, MANY * 0.0667);
    assert_in_range(times[9], MANY * 0.0126, MANY * 0.0139);
    assert_in_range(times[499], MANY * 0.00021, MANY * 0.00034);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_differ),
        cmocka_unit_test(the_same_again),
        cmocka_unit_test(uniform),
        cmocka_unit_test(zipf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
