/* Four threads use the library at once, each on files of its own, all with the same keys. The thread sanitizer watches. */
#include "api.h"

#include <pthread.h>

enum { THREADS = 4, ROUNDS = 3 };

static wtl_key *signer;
static wtl_key *alice;
static wtl_jwks *set;

typedef struct worker {
    unsigned who;
    int rc;
    wtl_err err;
} worker;

static int one_round(const api_names *p, wtl_err *err)
{
    wtl_key *own = NULL;
    uint8_t id[WTL_KEY_ID];
    int rc = api_key(&own, "signer.pub");
    if (rc == 0)
        rc = wtl_key_id(signer, id, err);
    if (rc == 0)
        rc = api_sign(p, signer, err);
    if (rc == 0)
        rc = api_verify(p, own, err);
    if (rc == 0)
        rc = api_seal(p, alice, signer, err);
    if (rc == 0)
        rc = api_open(p, alice, own, err);
    for (unsigned i = 0; rc == 0 && i < 20; i++)
        rc = api_token(set, signer, err);
    wtl_key_free(own);
    return rc;
}

static void *work(void *arg)
{
    worker *w = arg;
    api_names p;
    w->rc = api_names_of(&p, w->who);
    for (unsigned i = 0; w->rc == 0 && i < ROUNDS; i++)
        w->rc = one_round(&p, &w->err);
    return NULL;
}

static void all_at_once(void **state)
{
    (void)state;
    pthread_t thread[THREADS];
    worker w[THREADS] = {0};

    assert_int_equal(api_key(&signer, "signer.key"), 0);
    assert_int_equal(api_key(&alice, "alice.key"), 0);
    assert_int_equal(api_set(&set, NULL), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        w[i].who = i;
        assert_int_equal(pthread_create(&thread[i], NULL, work, &w[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    for (unsigned i = 0; i < THREADS; i++)
        assert_good(w[i].rc, &w[i].err);
    wtl_key_free(signer);
    wtl_key_free(alice);
    wtl_jwks_free(set);
}

static void *parse_only(void *arg)
{
    wtl_key *k = NULL;
    *(int *)arg = api_key(&k, "alice.key");
    wtl_key_free(k);
    return NULL;
}

/* The library's first use, by all of them. */
static void start_at_once(void **state)
{
    (void)state;
    pthread_t thread[THREADS];
    int rc[THREADS];
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, parse_only, &rc[i]), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        assert_int_equal(rc[i], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(start_at_once), cmocka_unit_test(all_at_once)};
    return cmocka_run_group_tests(tests, api_setup, api_teardown);
}
