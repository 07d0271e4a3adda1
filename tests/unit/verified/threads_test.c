/* Threads that ask at once: one verification for all, and histories in which no verdict outlives what took it back. */
#include "asked.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>

enum { THREADS = 6 };

static wtl_verified_cache *cache;

/* ---- one verification for all */

static atomic_uint calls, begun, ended_good, joined, failing;
static atomic_uint release_at; /* callbacks return when so many have begun */

static int slowly(void *arg, const wtl_verified_ask *ask, int64_t now, wtl_verified_verdict *v, wtl_err *err)
{
    (void)arg, (void)now;
    calls++;
    begun++;
    while (begun < release_at)
        sched_yield();
    for (unsigned i = 0; i < 2000; i++)
        sched_yield(); /* so that the others are waiting, most times */
    if (failing > 0) {
        failing--;
        return WTL_IO;
    }
    v->yes = true;
    return wtl_verified_result(v, ask->subject, err);
}

static void *ask_once(void *arg)
{
    (void)arg;
    wtl_verified_handle *h;
    wtl_verified_answer got;
    wtl_verified_ask ask = asked_about("the same");
    if (wtl_verified_handle_open(&h, cache, NULL) != 0)
        return NULL;
    int rc = wtl_verified(h, &ask, slowly, NULL, &got, NULL);
    if (rc == 0 && got.result.n == 8 && memcmp(got.result.p, "the same", 8) == 0)
        ended_good++;
    if (rc == 0 && got.from == WTL_VERIFIED_JOINED)
        joined++;
    wtl_verified_handle_close(h);
    return NULL;
}

static void run(void *(*work)(void *), unsigned n)
{
    pthread_t t[THREADS];
    for (unsigned i = 0; i < n; i++)
        assert_int_equal(pthread_create(&t[i], NULL, work, (void *)(uintptr_t)i), 0);
    for (unsigned i = 0; i < n; i++)
        pthread_join(t[i], NULL);
}

static void open_cache(uint64_t wait_ms, uint64_t capacity)
{
    wtl_verified_options o = asked_options();
    o.wait_ms = wait_ms;
    o.capacity = capacity;
    calls = begun = ended_good = joined = failing = release_at = 0;
    assert_int_equal(wtl_verified_open(&cache, &o, NULL), 0);
}

static void close_cache(void)
{
    assert_int_equal(wtl_verified_close(cache, NULL), 0);
}

static void one_for_all(void **state)
{
    (void)state;
    unsigned waited = 0;
    for (unsigned round = 0; round < 30; round++) {
        open_cache(600000, 1 << 20);
        run(ask_once, THREADS);
        assert_int_equal(calls, 1);
        assert_int_equal(ended_good, THREADS);
        waited += joined;
        close_cache();
    }
    print_message("%u of %u waited for another's\n", waited, 30 * (THREADS - 1));
}

/* A leader without a verdict: the others do not take its failure for theirs, and try one by one. */
static void one_that_fails(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 30; round++) {
        open_cache(600000, 1 << 20);
        failing = 3;
        run(ask_once, THREADS);
        assert_int_equal(calls, 4);
        assert_int_equal(ended_good, THREADS - 3);
        close_cache();
    }
}

/* A leader that does not return until another has begun: whoever waits gives up and verifies. */
static void one_that_hangs(void **state)
{
    (void)state;
    open_cache(20, 1 << 20);
    release_at = 2;
    run(ask_once, 2);
    assert_int_equal(calls, 2);
    assert_int_equal(ended_good, 2);
    wtl_verified_stats s;
    wtl_verified_stats_read(cache, &s);
    assert_int_equal(s.gave_up, 1);
    close_cache();
}

/* ---- histories */

enum { TOKENS = 400 };
static atomic_uint denied_to;   /* ids below are denied, and the calls returned */
static atomic_uint truth, told; /* the callbacks' generation; the one that revoke_all returned for */
static atomic_bool over, wrong;
static atomic_uint yes, no;

static int with_id(void *arg, const wtl_verified_ask *ask, int64_t now, wtl_verified_verdict *v, wtl_err *err)
{
    unsigned generation = truth;
    (void)arg, (void)now;
    v->yes = true;
    int rc = wtl_verified_id(v, "jti", ask->subject, err);
    return rc != 0 ? rc : wtl_verified_result(v, (wtl_bytes){(uint8_t *)&generation, sizeof generation}, err);
}

static void token(char out[16], unsigned i)
{
    snprintf(out, 16, "token %u", i);
}

/* What was denied, or revoked, before the call began must not say yes. */
static void *ask_on(void *arg)
{
    wtl_verified_handle *h;
    uint32_t x = (uint32_t)(uintptr_t)arg + 1;
    if (wtl_verified_handle_open(&h, cache, NULL) != 0)
        return NULL;
    while (!over) {
        char subject[16];
        wtl_verified_answer got;
        x = x * 1664525 + 1013904223;
        token(subject, (x >> 10) % TOKENS);
        wtl_verified_ask ask = asked_about(subject);
        unsigned denied_before = denied_to;
        unsigned told_before = told;
        int rc = wtl_verified(h, &ask, with_id, NULL, &got, NULL);
        unsigned generation = 0;
        if (rc == 0) {
            memcpy(&generation, got.result.p, sizeof generation);
            yes++;
        } else {
            no++;
        }
        if (rc == 0 && ((x >> 10) % TOKENS < denied_before || generation < told_before))
            wrong = true;
        if (rc != 0 && (rc != WTL_NO || got.why != WTL_VERIFIED_DENIED))
            wrong = true;
        wtl_verified_done(h);
    }
    wtl_verified_handle_close(h);
    return NULL;
}

static void deny_all(void)
{
    for (unsigned i = 0; i < TOKENS; i++) {
        char id[16];
        token(id, i);
        if (wtl_verified_deny(cache, "jti", asked_text(id), ASKED_START + 1000, NULL) != 0)
            wrong = true;
        denied_to = i + 1;
        for (unsigned n = 0; n < 20; n++)
            sched_yield();
    }
}

static void revoke_often(void)
{
    for (unsigned i = 1; i <= 300; i++) {
        truth = i;
        wtl_verified_revoke_all(cache);
        told = i;
        for (unsigned n = 0; n < 20; n++)
            sched_yield();
    }
}

static void history(uint64_t capacity)
{
    pthread_t t[THREADS];
    open_cache(600000, capacity);
    denied_to = truth = told = 0;
    over = wrong = false;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&t[i], NULL, ask_on, (void *)(uintptr_t)i), 0);
    revoke_often();
    unsigned before = yes;
    while (yes < before + 1000)
        sched_yield();
    deny_all();
    before = no;
    while (no < before + 1000)
        sched_yield();
    over = true;
    for (unsigned i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    assert_false(wrong);
    wtl_verified_stats s;
    wtl_verified_stats_read(cache, &s);
    assert_true(s.hits > 0 && s.denied > 0);
    assert_int_equal(s.asks, yes + no);
    yes = no = 0;
    close_cache();
}

static void seen_by_all(void **state)
{
    (void)state;
    history(4 << 20);
    history(WTL_VERIFIED_CAPACITY_LEAST); /* with evictions */
}

/* Denials that come and go, so that they are cleared away under readers; one stays. */
static void *look_at_one(void *arg)
{
    (void)arg;
    wtl_verified_handle *h;
    wtl_verified_ask ask = asked_about("one");
    wtl_verified_answer got;
    if (wtl_verified_handle_open(&h, cache, NULL) != 0)
        return NULL;
    while (!over) {
        if (wtl_verified(h, &ask, with_id, NULL, &got, NULL) != WTL_NO)
            wrong = true;
        wtl_verified_done(h);
    }
    wtl_verified_handle_close(h);
    return NULL;
}

static void cleared_under_readers(void **state)
{
    (void)state;
    wtl_verified_options o = asked_options();
    pthread_t t[2];
    o.denied = 8;
    over = wrong = false;
    assert_int_equal(wtl_verified_open(&cache, &o, NULL), 0);
    assert_int_equal(wtl_verified_deny(cache, "jti", asked_text("one"), WTL_VERIFIED_NEVER, NULL), 0);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&t[i], NULL, look_at_one, NULL), 0);
    for (unsigned i = 0; i < 20000; i++) {
        char id[16];
        token(id, i);
        if (wtl_verified_deny(cache, "jti", asked_text(id), asked_wall + 1, NULL) != 0)
            wrong = true;
        if (i % 3 == 0)
            asked_pass(1);
    }
    over = true;
    for (unsigned i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    assert_false(wrong);
    asked_wall = ASKED_START;
    close_cache();
}

/* Tenants above their quotas, from several threads. */
static void *fill_quota(void *arg)
{
    wtl_verified_handle *h;
    char tenant[16];
    snprintf(tenant, sizeof tenant, "%u", (unsigned)(uintptr_t)arg % 2);
    if (wtl_verified_handle_open(&h, cache, NULL) != 0)
        return NULL;
    for (unsigned i = 0; i < 3000; i++) {
        char subject[16];
        wtl_verified_answer got;
        token(subject, i);
        wtl_verified_ask ask = asked_about(subject);
        ask.tenant = asked_text(tenant);
        if (wtl_verified(h, &ask, with_id, NULL, &got, NULL) != 0)
            wrong = true;
        wtl_verified_done(h);
    }
    wtl_verified_handle_close(h);
    return NULL;
}

static int nobody(void *arg, const wtl_verified_ask *ask, int64_t now, wtl_verified_verdict *v, wtl_err *err)
{
    (void)arg;
    (void)ask;
    (void)now;
    (void)v;
    (void)err;
    return WTL_BUSY;
}

/* Of the verdicts that fill_quota asked for, those that are still kept. The statistics count besides what was removed while a reader
 * was held up, and lies there expired. */
static unsigned still_kept(void)
{
    wtl_verified_handle *h;
    unsigned n = 0;
    assert_int_equal(wtl_verified_handle_open(&h, cache, NULL), 0);
    for (unsigned i = 0; i < 2 * 3000; i++) {
        char subject[16];
        wtl_verified_answer got;
        token(subject, i / 2);
        wtl_verified_ask ask = asked_about(subject);
        ask.tenant = asked_text(i % 2 ? "1" : "0");
        n += wtl_verified(h, &ask, nobody, NULL, &got, NULL) == 0;
        wtl_verified_done(h);
    }
    wtl_verified_handle_close(h);
    return n;
}

static void quotas_in_threads(void **state)
{
    (void)state;
    wtl_verified_options o = asked_options();
    o.tenant_entries = 50;
    wrong = false;
    assert_int_equal(wtl_verified_open(&cache, &o, NULL), 0);
    run(fill_quota, 4);
    assert_false(wrong);
    unsigned kept = still_kept();
    assert_true(kept <= 100 && kept >= 50);
    close_cache();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_for_all),           cmocka_unit_test(one_that_fails),
        cmocka_unit_test(one_that_hangs),        cmocka_unit_test(seen_by_all),
        cmocka_unit_test(cleared_under_readers), cmocka_unit_test(quotas_in_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
