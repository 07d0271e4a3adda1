#include "unit.h"

#include "container/hashtree.h"

enum { MOST = 130 };

/* RFC 6962 section 2.1 as it is written, by recursion. */
static void recursive(const uint8_t *leaf, size_t n, uint8_t out[32])
{
    if (n == 1) {
        memcpy(out, leaf, 32);
        return;
    }
    size_t k = 1;
    while (2 * k < n)
        k *= 2;
    uint8_t msg[65] = {1};
    recursive(leaf, k, msg + 1);
    recursive(leaf + 32 * k, n - k, msg + 33);
    assert_int_equal(wtl_hash_once(WTL_HASH_SHA256, (wtl_bytes){msg, sizeof msg}, out, NULL), 0);
}

static void roots_are_those_of_the_rfc(void **state)
{
    (void)state;
    static uint8_t table[MOST * 32];
    for (size_t i = 0; i < sizeof table; i++)
        table[i] = (uint8_t)(i * 7 + i / 32);
    for (size_t n = 1; n <= MOST; n++) {
        uint8_t want[32];
        uint8_t got[32];
        recursive(table, n, want);
        assert_int_equal(wtl_hashtree_root((wtl_bytes){table, 32 * n}, got, NULL), 0);
        assert_memory_equal(got, want, 32);
    }
}

static void every_leaf_matters(void **state)
{
    (void)state;
    uint8_t table[7 * 32] = {0};
    uint8_t root[32];
    uint8_t other[32];
    assert_int_equal(wtl_hashtree_root((wtl_bytes){table, sizeof table}, root, NULL), 0);
    for (size_t i = 0; i < sizeof table; i++) {
        table[i] ^= 1;
        assert_int_equal(wtl_hashtree_root((wtl_bytes){table, sizeof table}, other, NULL), 0);
        assert_memory_not_equal(root, other, 32);
        table[i] ^= 1;
    }
}

static void broken_tables_are_refused(void **state)
{
    (void)state;
    uint8_t table[64] = {0};
    uint8_t root[32];
    assert_int_equal(wtl_hashtree_root((wtl_bytes){table, 0}, root, NULL), WTL_BUG);
    assert_int_equal(wtl_hashtree_root((wtl_bytes){table, 33}, root, NULL), WTL_BUG);
}

static void leaves_are_counted(void **state)
{
    (void)state;
    static const struct {
        uint64_t plain;
        uint64_t leaves;
    } rows[] = {{0, 2},
                {16383, 2},
                {16384, 2},
                {1048575, 2},
                {1048576, 3},
                {1048577, 3},
                {2 * 1048576 - 1, 3},
                {2 * 1048576, 4},
                {1ull << 40, 2 + (1ull << 20)}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_true(wtl_hashtree_leaves(wtl_chunked_sealed_size(rows[i].plain)) == rows[i].leaves);
}

static void a_leaf_is_prefixed(void **state)
{
    (void)state;
    AUTO(wtl_hasher) *h = NULL;
    assert_int_equal(wtl_hasher_new(&h, WTL_HASH_SHA256, NULL), 0);
    uint8_t got[32];
    uint8_t want[32];
    for (unsigned again = 0; again < 2; again++) {
        assert_int_equal(wtl_hashtree_leaf(h, (wtl_bytes){(const uint8_t *)"abc", 3}, got, NULL), 0);
        assert_int_equal(wtl_hash_once(WTL_HASH_SHA256, (wtl_bytes){(const uint8_t *)"\0abc", 4}, want, NULL),
                         0);
        assert_memory_equal(got, want, 32);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_are_those_of_the_rfc), cmocka_unit_test(every_leaf_matters),
        cmocka_unit_test(broken_tables_are_refused),  cmocka_unit_test(leaves_are_counted),
        cmocka_unit_test(a_leaf_is_prefixed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
