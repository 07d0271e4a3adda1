/* Quotas, faults, bounds. */
#include "asked.h"

#include <time.h>

/* ---- quotas */

static bool kept(const asked_cache *k, const char *tenant, unsigned i)
{
    char subject[32];
    wtl_verified_answer got;
    asked a = {0};
    snprintf(subject, sizeof subject, "%u", i);
    wtl_verified_ask ask = asked_about(subject);
    ask.tenant = asked_text(tenant);
    assert_int_equal(asked_once(k, &ask, &a, &got), 0);
    return got.from == WTL_VERIFIED_HIT;
}

static void quota_of_entries(void **state)
{
    (void)state;
    wtl_verified_options o = asked_options();
    o.tenant_entries = 10;
    asked_cache k = asked_open(&o);
    for (unsigned i = 0; i < 10; i++) {
        assert_false(kept(&k, "quiet", i));
        assert_false(kept(&k, "loud", i));
    }
    for (unsigned i = 10; i < 5000; i++)
        assert_false(kept(&k, "loud", i));
    assert_int_equal(asked_stats(&k).displaced, 4990);
    assert_int_equal(asked_stats(&k).entries, 20);
    for (unsigned i = 0; i < 10; i++) {
        assert_true(kept(&k, "quiet", i));
        assert_true(kept(&k, "loud", 4990 + i)); /* its youngest */
    }
    assert_false(kept(&k, "loud", 0));
    assert_false(kept(&k, "loud", 4990));
    assert_true(kept(&k, "loud", 4993));
    /* what has expired or was revoked counts no more */
    wtl_verified_revoke_all(k.c);
    wtl_verified_stats before = asked_stats(&k);
    for (unsigned i = 0; i < 10; i++)
        assert_false(kept(&k, "loud", i));
    for (unsigned i = 0; i < 10; i++)
        assert_true(kept(&k, "loud", i));
    asked_pass(300);
    for (unsigned i = 0; i < 10; i++)
        assert_false(kept(&k, "loud", 100 + i));
    for (unsigned i = 0; i < 10; i++)
        assert_true(kept(&k, "loud", 100 + i));
    assert_int_equal(asked_stats(&k).displaced, before.displaced);
    asked_wall = ASKED_START;
    asked_close(&k);
}

static void quota_of_bytes(void **state)
{
    (void)state;
    wtl_verified_options o = asked_options();
    o.tenant_bytes = 20000;
    asked_cache k = asked_open(&o);
    static char subject[30000];
    wtl_verified_answer got;
    asked a = {.result = ""};
    uint64_t heads = asked_stats(&k).entry_bytes + 1024; /* of chunks of cells, which are no tenant's */
    for (unsigned i = 0; i < 400; i++) {
        memset(subject, 'a' + i % 26, sizeof subject - 1);
        wtl_verified_ask ask = asked_about(subject);
        ask.tenant = asked_text(i % 2 ? "one" : "two");
        ask.subject.n = 1000 + i * 37 % 9000;
        assert_int_equal(asked_once(&k, &ask, &a, &got), 0);
        assert_true(asked_stats(&k).entry_bytes <= 40000 + heads);
    }
    assert_true(asked_stats(&k).entry_bytes > 20000);
    wtl_verified_stats before = asked_stats(&k);
    wtl_verified_ask ask = asked_about(subject);
    ask.tenant = asked_text("one");
    ask.subject.n = 21000;
    assert_int_equal(asked_once(&k, &ask, &a, &got), 0);
    assert_int_equal(asked_stats(&k).over_quota, 1);
    assert_int_equal(asked_stats(&k).entries, before.entries);
    asked_close(&k);
}

/* More tenants than there is memory to write down. */
static void many_tenants(void **state)
{
    (void)state;
    wtl_verified_options o = asked_options();
    o.capacity = WTL_VERIFIED_CAPACITY_LEAST;
    o.tenant_entries = 3;
    asked_cache k = asked_open(&o);
    for (unsigned i = 0; i < 20000; i++) {
        char tenant[16];
        snprintf(tenant, sizeof tenant, "%u", i % 5000);
        (void)kept(&k, tenant, i / 5000);
    }
    assert_true(asked_stats(&k).entries < 512 + 1);
    /* one that is asked for once may not be admitted; asked for again it is */
    unsigned asks = 0;
    while (!kept(&k, "4999", 3) && asks < 10)
        asks++;
    assert_true(asks < 10);
    asked_close(&k);
}

/* ---- faults */

static void no_verdict(void **state)
{
    (void)state;
    const wtl_verified_options o = asked_options();
    asked_cache k = asked_open(&o);
    static const int codes[] = {WTL_USAGE, WTL_IO, WTL_FORMAT, WTL_POLICY, WTL_BUSY, WTL_BUG, WTL_NOMEM};
    wtl_verified_ask ask = asked_about("x");
    wtl_verified_answer got;
    wtl_err err = {0};
    asked a = {0};
    for (unsigned i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        a.rc = codes[i];
        assert_int_equal(wtl_verified(k.h, &ask, asked_verify, &a, &got, &err), codes[i]);
        assert_string_equal(err.text, "the callback's own sentence");
        assert_null(got.text);
        assert_null(got.result.p);
        assert_int_equal(a.calls, i + 1);
    }
    a.rc = 0;
    assert_int_equal(asked_once(&k, &ask, &a, &got), 0);
    assert_int_equal(got.from, WTL_VERIFIED_FRESH);
    assert_int_equal(asked_stats(&k).failed, sizeof codes / sizeof codes[0]);
    asked_close(&k);
}

static void larger_than_the_cache(void **state)
{
    (void)state;
    wtl_verified_options o = asked_options();
    o.capacity = WTL_VERIFIED_CAPACITY_LEAST;
    asked_cache k = asked_open(&o);
    static char subject[1 << 20];
    wtl_verified_answer got;
    asked a = {.result = "r"};
    memset(subject, 'x', sizeof subject);
    wtl_verified_ask ask = asked_about("");
    ask.subject.p = (const uint8_t *)subject;
    unsigned large = 0;
    for (ask.subject.n = 1; ask.subject.n <= sizeof subject; ask.subject.n *= 2) {
        for (unsigned i = 0; i < 3; i++) {
            assert_int_equal(wtl_verified(k.h, &ask, asked_verify, &a, &got, NULL), 0);
            assert_int_equal(got.result.n, 1);
            large += ask.subject.n > WTL_VERIFIED_CAPACITY_LEAST;
        }
    }
    assert_true(asked_stats(&k).too_large >= large);
    /* and a result that is */
    static char result[300000];
    memset(result, 'r', sizeof result - 1);
    a.result = result;
    ask = asked_about("y");
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(wtl_verified(k.h, &ask, asked_verify, &a, &got, NULL), 0);
        assert_int_equal(got.result.n, sizeof result - 1);
    }
    asked_close(&k);
}

/* Many more than fit: each answer is right, whatever was evicted. */
static void evicted(void **state)
{
    (void)state;
    wtl_verified_options o = asked_options();
    o.capacity = 1 << 20;
    asked_cache k = asked_open(&o);
    static char subject[4824];
    wtl_verified_answer got;
    asked a = {0};
    uint32_t x = 1;
    memset(subject, 's', sizeof subject - 1);
    for (unsigned i = 0; i < 20000; i++) {
        x = x * 1664525 + 1013904223;
        unsigned n = (x >> 16) % 1000 * ((x >> 8) % 1000) / 1000;
        snprintf(subject + 3000, 20, "%019u", n);
        subject[3019] = 's';
        wtl_verified_ask ask = asked_about(subject);
        assert_int_equal(wtl_verified(k.h, &ask, asked_verify, &a, &got, NULL), 0);
        assert_memory_equal(got.result.p, subject, sizeof subject - 1);
    }
    assert_true(asked_stats(&k).hits > 1000);
    assert_true(asked_stats(&k).entry_bytes <= 1 << 20);
    asked_close(&k);
}

static void ask_within(void *arg)
{
    asked_cache *k = arg;
    wtl_verified_ask ask = asked_about("within");
    wtl_verified_answer got;
    asked a = {0};
    assert_int_equal(wtl_verified(k->h, &ask, asked_verify, &a, &got, NULL), WTL_USAGE);
    wtl_verified_handle *own;
    assert_int_equal(wtl_verified_handle_open(&own, k->c, NULL), 0);
    assert_int_equal(wtl_verified(own, &ask, asked_verify, &a, &got, NULL), 0);
    wtl_verified_handle_close(own);
}

static int too_many_ids(void *arg, const wtl_verified_ask *ask, int64_t now, wtl_verified_verdict *v,
                        wtl_err *err)
{
    (void)arg, (void)ask, (void)now;
    for (unsigned i = 0; i < WTL_VERIFIED_IDS; i++)
        assert_int_equal(wtl_verified_id(v, "id", asked_text("v"), err), 0);
    return wtl_verified_id(v, "id", asked_text("v"), err);
}

static void misused(void **state)
{
    (void)state;
    wtl_verified_options o = asked_options();
    asked_cache k = asked_open(&o);
    wtl_verified_answer got;
    wtl_err err = {0};
    asked a = {.meanwhile = ask_within, .arg = &k};
    wtl_verified_ask ask = asked_about("x");
    assert_int_equal(asked_once(&k, &ask, &a, &got), 0);
    assert_int_equal(wtl_verified_close(k.c, &err), WTL_BUSY);
    ask = asked_about("y");
    assert_int_equal(wtl_verified(k.h, &ask, too_many_ids, NULL, &got, &err), WTL_USAGE);
    ask.kind = NULL;
    assert_int_equal(wtl_verified(k.h, &ask, asked_verify, &a, &got, &err), WTL_USAGE);
    static uint8_t policy[WTL_VERIFIED_SCOPE_MOST];
    ask = asked_about("x");
    a.meanwhile = NULL;
    for (ask.policy = (wtl_bytes){policy, WTL_VERIFIED_SCOPE_MOST - 60}; ask.policy.n <= sizeof policy;
         ask.policy.n++) {
        size_t all = strlen(ask.kind) + strlen(ask.algorithm) + ask.key.n + ask.policy.n;
        assert_int_equal(wtl_verified(k.h, &ask, asked_verify, &a, &got, &err),
                         all <= WTL_VERIFIED_SCOPE_MOST ? 0 : WTL_USAGE);
    }
    asked_close(&k);
    const wtl_verified_options good = o;
#define REFUSED(member, value)                                          \
    do {                                                                \
        o = good;                                                       \
        o.member = (value);                                             \
        err.text[0] = '\0';                                             \
        assert_int_equal(wtl_verified_open(&k.c, &o, &err), WTL_USAGE); \
        assert_null(k.c);                                               \
        assert_int_not_equal(err.text[0], '\0');                        \
    } while (0)
    REFUSED(capacity, WTL_VERIFIED_CAPACITY_LEAST - 1);
    REFUSED(capacity, UINT64_MAX);
    REFUSED(largest, 3 << 20);
    REFUSED(ttl_most_ms, UINT64_MAX);
    REFUSED(negative_ttl_ms, UINT64_MAX);
    REFUSED(negative_window_ms, UINT64_MAX);
    REFUSED(wait_ms, UINT64_MAX);
    REFUSED(negative_percent, 51);
    REFUSED(denied, (1u << 22) + 1);
    REFUSED(handles, 4097);
    REFUSED(cpu_level, "none");
    wtl_verified_handle_close(NULL);
    assert_int_equal(wtl_verified_close(NULL, NULL), 0);
    o = good;
    o.handles = 2;
    k = asked_open(&o);
    wtl_verified_handle *second, *third;
    assert_int_equal(wtl_verified_handle_open(&second, k.c, NULL), 0);
    assert_int_equal(wtl_verified_handle_open(&third, k.c, NULL), WTL_BUSY);
    assert_null(third);
    wtl_verified_handle_close(second);
    assert_int_equal(asked_stats(&k).handles, 1);
    asked_close(&k);
}

/* With the clocks and the levels that a program has. */
static void as_it_is_used(void **state)
{
    (void)state;
    static const char *const levels[] = {NULL, "ref", "avx2", "avx512"};
    for (unsigned i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        wtl_verified_options o = {.capacity = 1 << 20, .cpu_level = levels[i]};
        wtl_verified_cache *c;
        wtl_verified_handle *h;
        wtl_verified_answer got;
        asked a = {.result = "r"};
        wtl_verified_ask ask = asked_about("subject");
        int rc = wtl_verified_open(&c, &o, NULL);
        if (rc == WTL_POLICY)
            continue;
        assert_int_equal(rc, 0);
        assert_int_equal(wtl_verified_handle_open(&h, c, NULL), 0);
        for (unsigned n = 0; n < 3; n++) {
            assert_int_equal(wtl_verified(h, &ask, asked_verify, &a, &got, NULL), 0);
            assert_true(got.until > time(NULL) + 290 && got.until < time(NULL) + 301);
        }
        assert_int_equal(a.calls, 1);
        wtl_verified_handle_close(h);
        assert_int_equal(wtl_verified_close(c, NULL), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quota_of_entries),
        cmocka_unit_test(quota_of_bytes),
        cmocka_unit_test(many_tenants),
        cmocka_unit_test(no_verdict),
        cmocka_unit_test(larger_than_the_cache),
        cmocka_unit_test(evicted),
        cmocka_unit_test(misused),
        cmocka_unit_test(as_it_is_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
