/* Threads that share a key, that make their own, and that are busy while another loads and unloads the provider. */
#include "world.h"

#include <pthread.h>

enum { THREADS = 6, ROUNDS = 12 };

typedef struct job {
    const worlds *both;
    EVP_PKEY *shared;
    bool good;
} job;

static void *use_shared(void *arg)
{
    job *j = arg;
    recipe plain = {0};
    uint8_t sig[4627];
    size_t n;
    wtl_bytes msg = {(const uint8_t *)"shared", 6};
    j->good = true;
    for (int i = 0; i < ROUNDS; i++) {
        EVP_PKEY *copy = EVP_PKEY_dup(j->shared);
        j->good = j->good && copy != NULL &&
                  world_sign(&j->both->ours, j->shared, "ML-DSA-65", &plain, msg, sig, &n) == 1 &&
                  world_verify(&j->both->ours, copy, "ML-DSA-65", &plain, msg, sig, n) == 1;
        EVP_PKEY_free(copy);
    }
    return NULL;
}

static void *use_own(void *arg)
{
    job *j = arg;
    recipe plain = {0};
    uint8_t sig[4627];
    size_t n;
    wtl_bytes msg = {(const uint8_t *)"own", 3};
    j->good = true;
    for (int i = 0; i < ROUNDS; i++) {
        EVP_PKEY *key = EVP_PKEY_Q_keygen(j->both->ours.lib, NULL, "ML-DSA-44");
        j->good = j->good && key != NULL &&
                  world_sign(&j->both->ours, key, "ML-DSA-44", &plain, msg, sig, &n) == 1 &&
                  world_verify(&j->both->ours, key, "ML-DSA-44", &plain, msg, sig, n) == 1;
        EVP_PKEY_free(key);
    }
    return NULL;
}

/* A context of its own for each round: start and end beside the others' work. */
static void *come_and_go(void *arg)
{
    job *j = arg;
    j->good = true;
    for (int i = 0; i < 3; i++) {
        world w;
        world_open(&w, i % 2 == 0 ? WORLD_MODULE : WORLD_BUILTIN);
        EVP_PKEY *key = world_seeded(&w, "ML-DSA-44", (uint8_t)i);
        j->good = j->good && key != NULL;
        EVP_PKEY_free(key);
        world_close(&w);
    }
    return NULL;
}

static void at_once(void **state)
{
    const worlds *b = *state;
    void *(*const work[])(void *) = {use_shared, use_own, come_and_go};
    uint64_t before = world_count(&b->ours, "mldsa-sign");
    EVP_PKEY *shared = world_seeded(&b->ours, "ML-DSA-65", 0x31);
    pthread_t thread[THREADS];
    job jobs[THREADS];
    for (int i = 0; i < THREADS; i++) {
        jobs[i] = (job){b, shared, false};
        assert_int_equal(pthread_create(&thread[i], NULL, work[i % 3], &jobs[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        assert_true(jobs[i].good);
    }
    assert_int_equal(world_count(&b->ours, "mldsa-sign") - before, (THREADS / 3) * 2 * ROUNDS);
    EVP_PKEY_free(shared);
}

int main(void)
{
    unsetenv("WATTLE_CPU");
    const struct CMUnitTest tests[] = {cmocka_unit_test(at_once)};
    return cmocka_run_group_tests(tests, worlds_open, worlds_close);
}
