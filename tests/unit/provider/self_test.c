/* OSSL_PROVIDER_self_test: with the kernels of every level, at any time. */
#include "world.h"

static void every_level(void **state)
{
    (void)state;
    static const char *const levels[] = {"auto", "ref", "shani", "avx2", "avx512"};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        world w = {.lib = OSSL_LIB_CTX_new()};
        w.deflt = OSSL_PROVIDER_load(w.lib, "default");
        w.wattle = world_load(w.lib, i % 2 == 0 ? WORLD_BUILTIN : WORLD_MODULE, "cpu", levels[i]);
        if (w.wattle == NULL)
            print_message("%s: not on this machine\n", levels[i]);
        else
            assert_int_equal(OSSL_PROVIDER_self_test(w.wattle), 1);
        ERR_clear_error();
        world_close(&w);
    }
}

/* It is a test of its own: nothing of it is counted as the program's work, and it can be had at any time. */
static void beside_the_work(void **state)
{
    (void)state;
    world w;
    world_open(&w, WORLD_BUILTIN);
    EVP_PKEY *key = world_seeded(&w, "ML-DSA-65", 1);
    uint64_t made = world_count(&w, "mldsa-keygen");
    for (int i = 0; i < 3; i++)
        assert_int_equal(OSSL_PROVIDER_self_test(w.wattle), 1);
    assert_int_equal(world_count(&w, "mldsa-keygen"), made);
    assert_int_equal(world_count(&w, "mldsa-sign"), 0);
    EVP_PKEY_free(key);
    world_close(&w);
}

int main(void)
{
    unsetenv("WATTLE_CPU");
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_level), cmocka_unit_test(beside_the_work)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
