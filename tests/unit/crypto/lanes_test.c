#include "unit.h"

#include <stdbool.h>

#include <openssl/evp.h>

#include "crypto/lanes.h"
#include "kernel/sha256.h"

enum { DATA = 3 << 20 };

static uint8_t *data;

static uint32_t noise(void)
{
    static uint64_t x = 88172645463325252u;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (uint32_t)(x >> 16);
}

static void expect_digest(wtl_lanes *l, enum wtl_hash h, size_t lane, const uint8_t *p, size_t n)
{
    wtl_err err = {0};
    uint8_t got[WTL_HASH_MAX], want[WTL_HASH_MAX];
    assert_good(wtl_lanes_end(l, lane, got, &err), &err);
    assert_good(wtl_hash_once(h, (wtl_bytes){p, n}, want, &err), &err);
    assert_memory_equal(got, want, wtl_hash_size(h));
}

/* Runs a test for every level of this machine, and last as the process would choose. */
static void at_every_level(void (*test)(enum wtl_hash h))
{
    for (int i = 0; i < WTL_CPU_LEVELS; i++) {
        wtl_err err = {0};
        if (!wtl_cpu_has(i))
            continue;
        assert_good(wtl_cpu_force(wtl_cpu_name(i), &err), &err);
        test(WTL_HASH_SHA256);
    }
}

static void lengths(enum wtl_hash h)
{
    wtl_err err = {0};
    AUTO(wtl_lanes) *l = NULL;
    assert_good(wtl_lanes_new(&l, h, &err), &err);
    for (size_t n = 0; n <= 300; n++) {
        wtl_bytes part[WTL_LANES_MOST];
        for (size_t i = 0; i < WTL_LANES_MOST; i++) {
            part[i] = (wtl_bytes){data + 3 * i, n + i};
            assert_good(wtl_lanes_start(l, i, &err), &err);
        }
        assert_good(wtl_lanes_add(l, part, &err), &err);
        for (size_t i = 0; i < WTL_LANES_MOST; i++)
            expect_digest(l, h, i, part[i].p, part[i].n);
    }
}

/* A message of n bytes cut at every place, in a lane of its own. */
static void splits(enum wtl_hash h)
{
    wtl_err err = {0};
    AUTO(wtl_lanes) *l = NULL;
    assert_good(wtl_lanes_new(&l, h, &err), &err);
    for (size_t n = 0; n <= 260; n += n < 140 ? 1 : 17) {
        for (size_t base = 0; base <= n; base += WTL_LANES_MOST) {
            wtl_bytes first[WTL_LANES_MOST] = {{NULL, 0}}, second[WTL_LANES_MOST] = {{NULL, 0}};
            size_t cuts = n + 1 - base < WTL_LANES_MOST ? n + 1 - base : WTL_LANES_MOST;
            for (size_t i = 0; i < cuts; i++) {
                assert_good(wtl_lanes_start(l, i, &err), &err);
                first[i] = (wtl_bytes){data + 1, base + i};
                second[i] = (wtl_bytes){data + 1 + base + i, n - base - i};
            }
            assert_good(wtl_lanes_add(l, first, &err), &err);
            assert_good(wtl_lanes_add(l, second, &err), &err);
            for (size_t i = 0; i < cuts; i++)
                expect_digest(l, h, i, data + 1, n);
        }
    }
}

/* Every number of lanes, parts of any length in any order, lanes that pause, end and begin anew. */
static void mixture(enum wtl_hash h)
{
    wtl_err err = {0};
    AUTO(wtl_lanes) *l = NULL;
    assert_good(wtl_lanes_new(&l, h, &err), &err);
    for (size_t lanes = 1; lanes <= WTL_LANES_MOST; lanes++) {
        size_t done[WTL_LANES_MOST] = {0};
        for (int turn = 0; turn < 60; turn++) {
            wtl_bytes part[WTL_LANES_MOST] = {{NULL, 0}};
            for (size_t i = 0; i < lanes; i++) {
                static const size_t limit[] = {1, 2, 64, 65, 130, 4096, 33000};
                part[i] = (wtl_bytes){data + 5 * i + done[i], noise() % limit[noise() % 7]};
                done[i] += part[i].n;
            }
            assert_good(wtl_lanes_add(l, part, &err), &err);
            size_t ends = noise() % (4 * lanes);
            if (ends >= lanes)
                continue;
            expect_digest(l, h, ends, data + 5 * ends, done[ends]);
            assert_good(wtl_lanes_start(l, ends, &err), &err);
            done[ends] = 0;
        }
        for (size_t i = 0; i < lanes; i++) {
            expect_digest(l, h, i, data + 5 * i, done[i]);
            assert_good(wtl_lanes_start(l, i, &err), &err);
        }
    }
}

/* As the tree of a container is hashed: a byte, then a mebibyte. */
static void prefixed(enum wtl_hash h)
{
    wtl_err err = {0};
    AUTO(wtl_lanes) *l = NULL;
    assert_good(wtl_lanes_new(&l, h, &err), &err);
    for (size_t lanes = 1; lanes <= WTL_LANES_MOST; lanes += 5) {
        wtl_bytes first[WTL_LANES_MOST] = {{NULL, 0}}, rest[WTL_LANES_MOST] = {{NULL, 0}};
        for (size_t i = 0; i < lanes; i++) {
            first[i] = (wtl_bytes){data + 4096 * i, 1};
            rest[i] = (wtl_bytes){data + 4096 * i + 1, (1 << 20) + 7 * i};
            assert_good(wtl_lanes_start(l, i, &err), &err);
        }
        assert_good(wtl_lanes_add(l, first, &err), &err);
        assert_good(wtl_lanes_add(l, rest, &err), &err);
        for (size_t i = 0; i < lanes; i++)
            expect_digest(l, h, i, first[i].p, 1 + rest[i].n);
    }
}

static void other_hashes(void **state)
{
    (void)state;
    for (int h = 0; h < WTL_HASH_COUNT; h++) {
        if (h != WTL_HASH_SHA256) {
            assert_int_equal(wtl_lanes_width(h), 1);
            mixture(h);
        }
    }
}

/* Before anything is forced. */
static void as_chosen(void **state)
{
    (void)state;
    wtl_err err = {0};
    static const size_t width[WTL_CPU_LEVELS] = {1, 2, 8, 16};
    size_t want = 1;
    for (int i = 0; i < WTL_CPU_LEVELS; i++) {
        if (wtl_cpu_has(i) && (i != WTL_CPU_AVX2 || want == 1))
            want = width[i];
    }
    assert_int_equal(wtl_lanes_width(WTL_HASH_SHA256), want);
    lengths(WTL_HASH_SHA256);
    prefixed(WTL_HASH_SHA256);
    assert_good(wtl_lanes_fault(&err), &err);
}

static void every_length(void **state)
{
    (void)state;
    at_every_level(lengths);
}

static void every_split(void **state)
{
    (void)state;
    at_every_level(splits);
}

static void every_mixture(void **state)
{
    (void)state;
    at_every_level(mixture);
}

static void every_prefix(void **state)
{
    (void)state;
    at_every_level(prefixed);
}

static int set_up(void **state)
{
    (void)state;
    data = malloc(DATA);
    if (data == NULL)
        return -1;
    for (size_t i = 0; i < DATA; i++)
        data[i] = (uint8_t)noise();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(data);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_chosen),     cmocka_unit_test(every_length), cmocka_unit_test(every_split),
        cmocka_unit_test(every_mixture), cmocka_unit_test(every_prefix), cmocka_unit_test(other_hashes),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
