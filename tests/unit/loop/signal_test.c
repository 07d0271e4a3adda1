#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "loop/loop.h"

struct world {
    wtl_loop *loop;
    wtl_loop_signal *h;
    int got[16];
    size_t n, wanted;
    void (*then)(struct world *w);
    wtl_err err;
};

static const int both[] = {SIGUSR1, SIGUSR2, 0};

static void got(void *arg, int number)
{
    struct world *w = arg;
    assert_true(w->n < 16);
    w->got[w->n++] = number;
    if (w->then != NULL)
        w->then(w);
    if (w->n >= w->wanted)
        wtl_loop_stop(w->loop);
}

static void open_world(struct world *w, size_t wanted)
{
    *w = (struct world){.wanted = wanted, .h = calloc(1, sizeof(wtl_loop_signal))};
    assert_non_null(w->h);
    assert_good(wtl_loop_new(&w->loop, &w->err), &w->err);
    assert_good(wtl_loop_signal_on(w->loop, w->h, both, got, w, &w->err), &w->err);
}

static void close_world(struct world *w)
{
    if (w->h != NULL)
        wtl_loop_signal_off(w->h);
    free(w->h);
    wtl_loop_free(w->loop);
    /* What no one took stays pending, blocked: the next test begins without. */
    struct timespec none = {0};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    while (sigtimedwait(&set, NULL, &none) > 0)
        continue;
}

static void run(struct world *w)
{
    assert_good(wtl_loop_run(w->loop, &w->err), &w->err);
}

static void signals_come_as_calls(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, 2);
    kill(getpid(), SIGUSR2);
    kill(getpid(), SIGUSR1);
    run(&w);
    assert_int_equal(w.n, 2);
    assert_int_equal(w.got[0] + w.got[1], SIGUSR1 + SIGUSR2);
    assert_int_not_equal(w.got[0], w.got[1]);
    w.wanted = 3;
    kill(getpid(), SIGUSR1);
    run(&w);
    assert_int_equal(w.got[2], SIGUSR1);
    close_world(&w);
}

static void switch_off(struct world *w)
{
    int fd = w->h->fd.fd;
    wtl_loop_signal_off(w->h);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    wtl_loop_signal_off(w->h); /* harmless */
    free(w->h);
    w->h = NULL;
}

/* The second signal is pending when the first one's call frees the handle. */
static void off_within_the_call(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, 9);
    w.then = switch_off;
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR2);
    run(&w); /* ends, as nothing is registered any more */
    assert_int_equal(w.n, 1);
    close_world(&w);
}

static void switch_on_again(struct world *w)
{
    if (w->n > 1)
        return;
    wtl_loop_signal_off(w->h);
    assert_good(wtl_loop_signal_on(w->loop, w->h, both, got, w, &w->err), &w->err);
}

static void off_and_on_within_the_call(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, 2);
    w.then = switch_on_again;
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR2);
    run(&w);
    assert_int_equal(w.n, 2);
    close_world(&w);
}

static void stays_blocked_after(void **state)
{
    (void)state;
    struct world w;
    sigset_t blocked;
    open_world(&w, 1);
    close_world(&w);
    kill(getpid(), SIGUSR1); /* would end the process */
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &blocked), 0);
    assert_int_equal(sigismember(&blocked, SIGUSR1), 1);
    open_world(&w, 1);
    run(&w); /* and is seen by who asks later */
    assert_int_equal(w.got[0], SIGUSR1);
    close_world(&w);
}

static void what_is_no_signal_is_refused(void **state)
{
    (void)state;
    struct world w;
    const int wrong[] = {SIGUSR1, 10000, 0};
    wtl_loop_signal h = {0};
    open_world(&w, 1);
    assert_int_equal(wtl_loop_signal_on(w.loop, &h, wrong, got, &w, &w.err), WTL_USAGE);
    assert_null(h.fd.loop);
    wtl_loop_signal_off(&h);
    assert_int_equal(wtl_loop_signal_on(w.loop, w.h, both, got, &w, &w.err), WTL_BUG);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_come_as_calls),        cmocka_unit_test(off_within_the_call),
        cmocka_unit_test(off_and_on_within_the_call),   cmocka_unit_test(stays_blocked_after),
        cmocka_unit_test(what_is_no_signal_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
