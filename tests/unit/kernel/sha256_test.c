#include "unit.h"

#include <pthread.h>
#include <stdbool.h>

#include <openssl/evp.h>

#include "kernel/sha256_impl.h"

enum { BLOCK = WTL_SHA256_BLOCK, MOST = WTL_SHA256_LANES_MOST, DATA = 1 << 20 };

static uint8_t *data;

static uint32_t noise(void)
{
    static uint64_t x = 88172645463325252u;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (uint32_t)(x >> 16);
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

/* The chaining value after whole blocks, by OpenSSL: with the padding of just that length it gives the digest. */
static void finish_and_compare(const wtl_sha256_plan *plan, wtl_sha256_lane *lane, const uint8_t *from,
                               size_t blocks)
{
    uint8_t pad[BLOCK] = {0x80}, digest[32], got[32];
    for (int i = 0; i < 8; i++)
        pad[BLOCK - 1 - i] = (uint8_t)((uint64_t)blocks * BLOCK * 8 >> 8 * i);
    lane->p = pad;
    lane->blocks = 1;
    wtl_sha256_run(plan, lane, 1);
    for (int i = 0; i < 32; i++)
        got[i] = (uint8_t)(lane->state[i / 4] >> (24 - i % 4 * 8));
    assert_int_equal(EVP_Digest(from, blocks * BLOCK, digest, NULL, EVP_sha256(), NULL), 1);
    assert_memory_equal(got, digest, 32);
}

static void one_run(const wtl_sha256_plan *plan, size_t n, size_t longest)
{
    wtl_sha256_lane lane[MOST];
    const uint8_t *from[MOST];
    size_t blocks[MOST];
    for (size_t i = 0; i < n; i++) {
        blocks[i] = noise() % (longest + 1);
        from[i] = data + noise() % (DATA - longest * BLOCK);
        lane[i] = (wtl_sha256_lane){.p = from[i], .blocks = blocks[i]};
        wtl_sha256_start(lane[i].state);
    }
    wtl_sha256_run(plan, lane, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(lane[i].blocks, 0);
        assert_ptr_equal(lane[i].p, from[i] + blocks[i] * BLOCK);
        finish_and_compare(plan, &lane[i], from[i], blocks[i]);
    }
}

static void every_level(void **state)
{
    (void)state;
    for (int level = 0; level < WTL_CPU_LEVELS; level++) {
        wtl_err err = {0};
        const wtl_sha256_plan *plan;
        int rc = wtl_sha256_pick_level(&plan, level, &err);
        if (!wtl_cpu_has(level)) {
            assert_int_equal(rc, WTL_POLICY);
            assert_null(plan);
            print_message("[  SKIPPED ] %s: not on this machine\n", wtl_cpu_name(level));
            continue;
        }
        assert_good(rc, &err);
        assert_int_equal(wtl_sha256_level(plan), level);
        for (size_t n = 0; n <= MOST; n++) {
            for (int times = 0; times < 20; times++)
                one_run(plan, n, 9);
            one_run(plan, n, 300);
            one_run(plan, n, 1500);
        }
    }
}

/* The functions themselves, also those that no plan of this machine has. */
static void every_function(void **state)
{
    (void)state;
    static const struct {
        enum wtl_cpu_level level;
        wtl_sha256_step step;
    } all[] = {
        {WTL_CPU_REF, {wtl_sha256_ref_x1, 1, 1}},
#if defined(__x86_64__)
        {WTL_CPU_SHANI, {wtl_sha256_shani_x1, 1, 1}}, {WTL_CPU_SHANI, {wtl_sha256_shani_x2, 2, 1}},
        {WTL_CPU_AVX2, {wtl_sha256_avx2_x8, 8, 1}},   {WTL_CPU_AVX512, {wtl_sha256_avx512_x16, 16, 1}},
#endif
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (!wtl_cpu_has(all[i].level))
            continue;
        wtl_err err = {0};
        const wtl_sha256_plan plan = {all[i].level, all[i].level, all[i].step.width, {all[i].step}};
        assert_good(wtl_sha256_check(&plan, &err), &err);
        for (size_t n = 1; n <= MOST; n++) {
            one_run(&plan, n, 3);
            one_run(&plan, n, 40);
        }
    }
}

/* A message that ends where the memory ends: nothing behind it is read (the sanitizer build sees it). */
static void no_byte_too_many(void **state)
{
    (void)state;
    for (int level = 0; level < WTL_CPU_LEVELS; level++) {
        const wtl_sha256_plan *plan;
        if (wtl_sha256_pick_level(&plan, level, NULL) < 0)
            continue;
        uint8_t *exact[MOST];
        wtl_sha256_lane lane[MOST];
        for (size_t i = 0; i < MOST; i++) {
            size_t blocks = 1 + i % 4;
            exact[i] = malloc(blocks * BLOCK);
            memcpy(exact[i], data + i, blocks * BLOCK);
            lane[i] = (wtl_sha256_lane){.p = exact[i], .blocks = blocks};
            wtl_sha256_start(lane[i].state);
        }
        wtl_sha256_run(plan, lane, MOST);
        for (size_t i = 0; i < MOST; i++) {
            finish_and_compare(plan, &lane[i], exact[i], 1 + i % 4);
            free(exact[i]);
        }
    }
}

static size_t calls;

/* Right for the first blocks only: what a broken unit may look like. */
static void wrong_x1(uint32_t *const s[], const uint8_t *const p[], size_t blocks)
{
    wtl_sha256_ref_x1(s, p, blocks);
    if (blocks > 3)
        s[0][7] ^= 1u << 31;
    calls++;
}

static void wrong_plans(void **state)
{
    (void)state;
    wtl_err err = {0};
    static const wtl_sha256_plan plans[] = {
        {WTL_CPU_REF, WTL_CPU_REF, 1, {{wrong_x1, 1, 1}}},
        {WTL_CPU_REF, WTL_CPU_REF, 1, {{wtl_sha256_ref_x1, 1, 1}}},
    };
    assert_int_equal(wtl_sha256_check(&plans[0], &err), WTL_BUG);
    assert_true(calls > 0);
    assert_non_null(strstr(err.text, "computes wrongly"));
    assert_good(wtl_sha256_check(&plans[1], &err), &err);

    const wtl_sha256_plan *out, *fault;
    assert_good(wtl_sha256_choose(&out, &fault, plans, 2, WTL_CPU_AUTO, &err), &err);
    assert_ptr_equal(out, &plans[1]);
    assert_ptr_equal(fault, &plans[0]);
    assert_int_equal(wtl_sha256_choose(&out, &fault, plans, 2, WTL_CPU_REF, &err), WTL_BUG);
    assert_null(out);
    assert_int_equal(wtl_sha256_choose(&out, &fault, plans, 1, WTL_CPU_AUTO, &err), WTL_BUG);
    assert_null(out);
    assert_int_equal(wtl_sha256_choose(&out, &fault, plans, 0, WTL_CPU_AUTO, &err), WTL_POLICY);
    assert_good(wtl_sha256_fault(&err), &err);
}

static void *pick_one(void *arg)
{
    wtl_err err = {0};
    if (wtl_sha256_pick(arg, &err) < 0)
        *(const wtl_sha256_plan **)arg = NULL;
    return NULL;
}

static void many_threads_pick(void **state)
{
    (void)state;
    pthread_t thread[8];
    const wtl_sha256_plan *plan[8];
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, pick_one, &plan[i]), 0);
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    for (int i = 0; i < 8; i++) {
        assert_non_null(plan[i]);
        assert_ptr_equal(plan[i], plan[0]);
    }
    assert_true(wtl_sha256_width(plan[0]) >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_threads_pick), cmocka_unit_test(every_level), cmocka_unit_test(every_function),
        cmocka_unit_test(no_byte_too_many),  cmocka_unit_test(wrong_plans),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
