#include "unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "tls/heap.h"

enum { BLOCKS = 600, ROUNDS = 200 };

static bool installed;

/* Sizes of all kinds, filled to the last byte; nobody's bytes change until they are given back, whoever gives. */
static void *churn(void *arg)
{
    static const size_t sizes[] = {1,    8,    15,   16,   17,   24,    100,   1000,  1023,  1024,
                                   1025, 1279, 1280, 1281, 4000, 16700, 20479, 20480, 20481, 70000};
    uint8_t *p[BLOCKS] = {NULL};
    size_t n[BLOCKS] = {0};
    unsigned x = (unsigned)(uintptr_t)arg | 1;
    for (int i = 0; i < ROUNDS * BLOCKS; i++) {
        x = x * 1664525 + 1013904223;
        size_t k = (x >> 8) % BLOCKS;
        for (size_t at = 0; at < n[k]; at += n[k] < 64 ? 1 : n[k] / 7)
            assert_int_equal(p[k][at], (uint8_t)k);
        if (p[k] != NULL && x >> 30 == 0) {
            OPENSSL_free(p[k]);
            p[k] = NULL;
            n[k] = 0;
            continue;
        }
        size_t want = sizes[(x >> 20) % (sizeof sizes / sizeof sizes[0])];
        uint8_t *q = p[k] != NULL ? OPENSSL_realloc(p[k], want)
                     : x & 64     ? OPENSSL_malloc(want)
                                  : OPENSSL_zalloc(want);
        assert_non_null(q);
        p[k] = q;
        n[k] = want;
        memset(q, (int)k, want);
    }
    for (int k = 0; k < BLOCKS; k++)
        OPENSSL_free(p[k]);
    return NULL;
}

static void blocks_are_apart(void **state)
{
    (void)state;
    churn((void *)1);
    pthread_t t[3];
    for (uintptr_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&t[i], NULL, churn, (void *)(i + 2)), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
}

static void zero_is_zero(void **state)
{
    (void)state;
    for (size_t n = 1; n < 3000; n += 13) {
        uint8_t *p = OPENSSL_malloc(n);
        assert_non_null(p);
        memset(p, 0xff, n);
        OPENSSL_free(p);
        p = OPENSSL_zalloc(n);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(p[i], 0);
        OPENSSL_free(p);
    }
    assert_null(OPENSSL_realloc(OPENSSL_malloc(5), 0));
    OPENSSL_free(NULL);
}

/* What was freed is what is given next. */
static void blocks_come_back(void **state)
{
    (void)state;
    if (!installed)
        skip();
    void *a = OPENSSL_malloc(500);
    void *was = a;
    OPENSSL_free(a);
    void *b = OPENSSL_malloc(499);
    assert_ptr_equal(b, was);
    OPENSSL_free(b);
}

static void once_is_enough(void **state)
{
    (void)state;
    assert_int_equal(wtl_heap_install(), installed);
}

int main(void)
{
    installed = wtl_heap_install();
    const struct CMUnitTest tests[] = {cmocka_unit_test(blocks_are_apart), cmocka_unit_test(zero_is_zero),
                                       cmocka_unit_test(blocks_come_back), cmocka_unit_test(once_is_enough)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
