#include "asked.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

static void ended_well(pid_t pid)
{
    int status;
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int ask(wtl_verified_handle *h, const char *subject, asked *a, enum wtl_verified_from *from)
{
    wtl_verified_ask question = asked_about(subject);
    wtl_verified_answer got;
    question.tenant = asked_text("t");
    int rc = wtl_verified(h, &question, asked_verify, a, &got, NULL);
    *from = got.from;
    return rc;
}

/* As an exit code: what the child must be able to do. */
static int live(const asked_cache *k, bool verdicts)
{
    wtl_verified_handle *h;
    enum wtl_verified_from from;
    asked a = {.jti = "denied"};
    asked b = {0};
    if (ask(k->h, "kept", &a, &from) != WTL_USAGE)
        return 10;
    if (wtl_verified_handle_open(&h, k->c, NULL) != 0)
        return 11;
    if (ask(k->h, "kept", &a, &from) != WTL_USAGE)
        return 12;
    wtl_verified_done(k->h);
    if (ask(h, "kept", &b, &from) != 0 || from != (verdicts ? WTL_VERIFIED_HIT : WTL_VERIFIED_FRESH))
        return 13;
    if (ask(h, "named", &a, &from) != WTL_NO)
        return 14;
    for (unsigned i = 0; i < 100; i++) {
        char subject[16];
        snprintf(subject, sizeof subject, "child's %u", i);
        if (ask(h, subject, &b, &from) != 0)
            return 15;
    }
    if (wtl_verified_deny(k->c, "jti", asked_text("another"), WTL_VERIFIED_NEVER, NULL) != 0)
        return 16;
    if (ask(h, "child's 99", &b, &from) != 0 || from != WTL_VERIFIED_HIT)
        return 17;
    wtl_verified_handle_close(k->h);
    if (wtl_verified_close(k->c, NULL) != WTL_BUSY)
        return 18;
    wtl_verified_handle_close(h);
    return wtl_verified_close(k->c, NULL) == 0 ? 0 : 19;
}

static void prepare(const asked_cache *k)
{
    enum wtl_verified_from from;
    asked a = {.jti = "denied"};
    asked b = {0};
    assert_int_equal(ask(k->h, "named", &a, &from), 0);
    assert_int_equal(ask(k->h, "kept", &b, &from), 0);
    assert_int_equal(wtl_verified_deny(k->c, "jti", asked_text("denied"), WTL_VERIFIED_NEVER, NULL), 0);
}

static void alone(void **state)
{
    (void)state;
    wtl_verified_options o = asked_options();
    o.tenant_entries = 20;
    asked_cache k = asked_open(&o);
    enum wtl_verified_from from;
    asked b = {0};
    prepare(&k);
    /* in a section: the answer is still held */
    assert_int_equal(ask(k.h, "kept", &b, &from), 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(live(&k, true));
    ended_well(pid);
    assert_int_equal(ask(k.h, "kept", &b, &from), 0);
    assert_int_equal(from, WTL_VERIFIED_HIT);
    asked_close(&k);
}

static atomic_bool stop;

static void *work(void *arg)
{
    asked_cache *k = arg;
    wtl_verified_handle *h;
    enum wtl_verified_from from;
    asked a = {0};
    if (wtl_verified_handle_open(&h, k->c, NULL) != 0)
        return NULL;
    for (unsigned i = 0; !stop; i++) {
        char subject[16];
        snprintf(subject, sizeof subject, "w%u", i % 500);
        (void)ask(h, subject, &a, &from);
        if (i % 50 == 0)
            (void)wtl_verified_deny(k->c, "jti", asked_text(subject), asked_wall + 5, NULL);
    }
    wtl_verified_handle_close(h);
    return NULL;
}

static void among_others(void **state)
{
    (void)state;
#if defined(__SANITIZE_THREAD__)
    skip(); /* it does not let a child of several threads make threads or locks */
#endif
    wtl_verified_options o = asked_options();
    pthread_t t;
    o.tenant_entries = 20;
    asked_cache k = asked_open(&o);
    prepare(&k);
    stop = false;
    assert_int_equal(pthread_create(&t, NULL, work, &k), 0);
    for (unsigned i = 0; i < 20; i++) {
        wtl_verified_stats s;
        do
            wtl_verified_stats_read(k.c, &s);
        while (s.handles < 2);
        pid_t pid = fork();
        if (pid == 0)
            _exit(live(&k, false));
        ended_well(pid);
    }
    stop = true;
    pthread_join(t, NULL);
    asked_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(alone), cmocka_unit_test(among_others)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
