#include "unit.h"

#include "kernel/cpu.h"
#include "kernel/sha256.h"

static void plain_is_everywhere(void **state)
{
    (void)state;
    assert_true(wtl_cpu_has(WTL_CPU_REF));
    assert_int_equal(wtl_cpu_forced(), WTL_CPU_AUTO);
}

/* What the kernel tells of the processor leaves out what the system does not save; it never has less than we find. */
static void no_more_than_the_system_says(void **state)
{
    (void)state;
    static const char *const flag[WTL_CPU_LEVELS] = {NULL, " sha_ni", " avx2", " avx512bw"};
    FILE *f = fopen("/proc/cpuinfo", "r");
    if (f == NULL)
        skip();
    char line[8192];
    while (fgets(line, sizeof line, f) != NULL && strncmp(line, "flags", 5) != 0)
        continue;
    fclose(f);
    if (strncmp(line, "flags", 5) != 0)
        skip();
    for (int i = 1; i < WTL_CPU_LEVELS; i++)
        assert_int_equal(wtl_cpu_has(i), strstr(line, flag[i]) != NULL);
}

/* The features beside the levels: every flag that their files are compiled for, and those of what they build on. */
static void features_with_all_their_flags(void **state)
{
    (void)state;
    static const char *const adx[] = {" bmi1 ", " bmi2 ", " adx "};
    static const char *const ice[] = {" avx512f ",    " avx512bw ",   " avx512vl ",     " avx512dq ",
                                      " avx512ifma ", " avx512vbmi ", " avx512_vbmi2 ", " bmi1 ",
                                      " bmi2 ",       " adx "};
    FILE *f = fopen("/proc/cpuinfo", "r");
    if (f == NULL)
        skip();
    char line[8192];
    while (fgets(line, sizeof line, f) != NULL && strncmp(line, "flags", 5) != 0)
        continue;
    fclose(f);
    if (strncmp(line, "flags", 5) != 0)
        skip();
    line[strcspn(line, "\n")] = ' ';
    bool all = true;
    for (size_t i = 0; i < sizeof adx / sizeof adx[0]; i++)
        all = all && strstr(line, adx[i]) != NULL;
    assert_int_equal(wtl_cpu_has(WTL_CPU_ADX), all);
    all = true;
    for (size_t i = 0; i < sizeof ice / sizeof ice[0]; i++)
        all = all && strstr(line, ice[i]) != NULL;
    assert_int_equal(wtl_cpu_has(WTL_CPU_ICE), all);
    assert_true(!wtl_cpu_has(WTL_CPU_ICE) || (wtl_cpu_has(WTL_CPU_AVX512) && wtl_cpu_has(WTL_CPU_ADX)));
    assert_string_equal(wtl_cpu_name(WTL_CPU_ADX), "adx");
    assert_string_equal(wtl_cpu_name(WTL_CPU_ICE), "ice");
}

static void forcing(void **state)
{
    (void)state;
    wtl_err err = {0};
    static const char *const unknown[] = {"",     "AVX2", "avx", "avx512 ", "ref,avx2",
                                          "auto", "0",    "adx", "ice"};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_int_equal(wtl_cpu_force(unknown[i], &err), WTL_USAGE);
        assert_non_null(strstr(err.text, "ref, shani, avx2 or avx512"));
        assert_int_equal(wtl_cpu_forced(), WTL_CPU_AUTO);
    }
    for (int i = WTL_CPU_LEVELS - 1; i >= 0; i--) {
        enum wtl_cpu_level before = wtl_cpu_forced();
        int rc = wtl_cpu_force(wtl_cpu_name(i), &err);
        const wtl_sha256_plan *plan;
        if (!wtl_cpu_has(i)) {
            assert_int_equal(rc, WTL_POLICY);
            assert_int_equal(wtl_cpu_forced(), before);
            continue;
        }
        assert_good(rc, &err);
        assert_int_equal(wtl_cpu_forced(), i);
        assert_good(wtl_sha256_pick(&plan, &err), &err);
        assert_int_equal(wtl_sha256_level(plan), i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_is_everywhere),
        cmocka_unit_test(no_more_than_the_system_says),
        cmocka_unit_test(features_with_all_their_flags),
        cmocka_unit_test(forcing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
