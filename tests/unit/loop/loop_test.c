#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "filter.h"
#include "loop/loop.h"

static const int64_t MS = 1000000;

struct world {
    wtl_loop *loop;
    char log[256];
    wtl_loop_timer timer;
    wtl_loop_later later[3];
    wtl_loop_fd fd;
    int pair[2];
    int count;
    unsigned what;
    wtl_err err;
};

static void open_world(struct world *w)
{
    *w = (struct world){0};
    assert_good(wtl_loop_new(&w->loop, &w->err), &w->err);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, w->pair), 0);
}

static void close_world(struct world *w)
{
    wtl_loop_fd_off(&w->fd);
    wtl_loop_free(w->loop);
    close(w->pair[0]);
    close(w->pair[1]);
}

static void add(struct world *w, const char *word)
{
    size_t n = strlen(w->log);
    assert_true(n + strlen(word) < sizeof w->log);
    snprintf(w->log + n, sizeof w->log - n, "%s", word);
}

static void run(struct world *w)
{
    assert_good(wtl_loop_run(w->loop, &w->err), &w->err);
}

static void an_empty_loop_ends(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    run(&w);
    run(&w);
    close_world(&w);
    wtl_loop_free(NULL);
}

static void later_2(void *arg)
{
    struct world *w = arg;
    add(w, "later2 ");
    wtl_loop_stop(w->loop);
}

static void later_1(void *arg)
{
    struct world *w = arg;
    add(w, "later1 ");
    wtl_loop_later_on(w->loop, &w->later[1], later_2, w);
}

static void fire(void *arg)
{
    struct world *w = arg;
    add(w, "timer ");
    wtl_loop_later_on(w->loop, &w->later[2], later_1, w);
}

static void ready_once(void *arg, unsigned what)
{
    struct world *w = arg;
    w->what |= what;
    add(w, "fd ");
    wtl_loop_later_on(w->loop, &w->later[0], later_1, w);
}

/* One turn: descriptors, timers, then what they deferred; what that defers, in the next. */
static void a_turn_has_its_order(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    assert_good(wtl_loop_timer_at(w.loop, &w.timer, 0, fire, &w, &w.err), &w.err);
    assert_good(wtl_loop_fd_on(w.loop, &w.fd, w.pair[0], ready_once, &w, &w.err), &w.err);
    run(&w);
    assert_string_equal(w.log, "fd timer later1 later1 later2 ");
    assert_int_equal(w.what, WTL_LOOP_WRITE);
    close_world(&w);
}

static void say_a(void *arg)
{
    add(arg, "a");
}

static void say_b(void *arg)
{
    add(arg, "b");
}

static void say_c(void *arg)
{
    add(arg, "c");
}

static void deferred_calls_keep_their_order_and_come_once(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    wtl_loop_later_on(w.loop, &w.later[0], say_b, &w);
    wtl_loop_later_on(w.loop, &w.later[1], say_b, &w);
    wtl_loop_later_on(w.loop, &w.later[2], say_c, &w);
    wtl_loop_later_on(w.loop, &w.later[0], say_a, &w); /* stays in its place, with the newer call */
    run(&w);
    assert_string_equal(w.log, "abc");
    for (size_t i = 0; i < 3; i++)
        assert_null(w.later[i].loop);
    run(&w);
    assert_string_equal(w.log, "abc");
    close_world(&w);
}

static void cancel_the_next(void *arg)
{
    struct world *w = arg;
    add(w, "x");
    wtl_loop_later_off(&w->later[1]);
}

static void postpone_the_next(void *arg)
{
    struct world *w = arg;
    add(w, "p");
    wtl_loop_later_off(&w->later[1]);
    wtl_loop_later_on(w->loop, &w->later[1], say_b, w);
}

static void deferred_calls_cancel_and_postpone_each_other(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    wtl_loop_later_on(w.loop, &w.later[0], cancel_the_next, &w);
    wtl_loop_later_on(w.loop, &w.later[1], say_b, &w);
    wtl_loop_later_on(w.loop, &w.later[2], say_c, &w);
    run(&w);
    assert_string_equal(w.log, "xc");
    wtl_loop_later_on(w.loop, &w.later[0], postpone_the_next, &w);
    wtl_loop_later_on(w.loop, &w.later[1], say_b, &w);
    wtl_loop_later_on(w.loop, &w.later[2], say_c, &w);
    run(&w);
    assert_string_equal(w.log, "xcpcb");
    wtl_loop_later_off(&w.later[0]);
    close_world(&w);
}

static void defer_again(void *arg)
{
    struct world *w = arg;
    assert_true(++w->count < 1000000); /* the descriptor or timer would have come long ago */
    wtl_loop_later_on(w->loop, &w->later[0], defer_again, w);
}

static void stop_deferring(void *arg, unsigned what)
{
    struct world *w = arg;
    if ((what & WTL_LOOP_READ) == 0)
        assert_int_equal(write(w->pair[1], "x", 1), 1);
    else
        wtl_loop_later_off(&w->later[0]);
    add(w, (what & WTL_LOOP_READ) != 0 ? "r" : "w");
    if ((what & WTL_LOOP_READ) != 0)
        wtl_loop_fd_off(&w->fd);
}

static void who_always_defers_starves_no_descriptor(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    wtl_loop_later_on(w.loop, &w.later[0], defer_again, &w);
    assert_good(wtl_loop_fd_on(w.loop, &w.fd, w.pair[0], stop_deferring, &w, &w.err), &w.err);
    run(&w);
    assert_string_equal(w.log, "wr");
    assert_true(w.count <= 3);
    close_world(&w);
}

static void stop_it(void *arg)
{
    struct world *w = arg;
    add(w, "t");
    wtl_loop_stop(w->loop);
}

static void who_always_defers_starves_no_timer(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    wtl_loop_later_on(w.loop, &w.later[0], defer_again, &w);
    assert_good(wtl_loop_timer_at(w.loop, &w.timer, wtl_loop_now(w.loop) + MS, stop_it, &w, &w.err), &w.err);
    run(&w);
    assert_string_equal(w.log, "t");
    close_world(&w);
}

static void stop_and_defer(void *arg)
{
    struct world *w = arg;
    wtl_loop_stop(w->loop);
    wtl_loop_later_on(w->loop, &w->later[1], say_b, w);
}

static void stopping_ends_the_turn_and_keeps_what_waits(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    wtl_loop_later_on(w.loop, &w.later[0], stop_and_defer, &w);
    wtl_loop_later_on(w.loop, &w.later[2], say_c, &w);
    run(&w);
    assert_string_equal(w.log, "c");
    wtl_loop_stop(w.loop);
    run(&w);
    assert_string_equal(w.log, "c");
    run(&w);
    assert_string_equal(w.log, "cb");
    close_world(&w);
}

static void run_within(void *arg)
{
    struct world *w = arg;
    assert_int_equal(wtl_loop_run(w->loop, &w->err), WTL_BUG);
    add(w, "n");
}

static void a_loop_does_not_run_within_itself(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    wtl_loop_later_on(w.loop, &w.later[0], run_within, &w);
    run(&w);
    assert_string_equal(w.log, "n");
    close_world(&w);
}

static volatile sig_atomic_t alarms;

static void on_alarm(int number)
{
    (void)number;
    alarms++;
}

static void signals_that_interrupt_change_nothing(void **state)
{
    (void)state;
    struct world w;
    struct sigaction act = {.sa_handler = on_alarm}, old;
    struct itimerval often = {.it_interval.tv_usec = 2000, .it_value.tv_usec = 2000}, never = {0};
    open_world(&w);
    int64_t at = wtl_loop_now_fresh(w.loop) + 60 * MS;
    assert_good(wtl_loop_timer_at(w.loop, &w.timer, at, say_a, &w, &w.err), &w.err);
    assert_int_equal(sigaction(SIGALRM, &act, &old), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    run(&w);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &old, NULL), 0);
    assert_string_equal(w.log, "a");
    assert_true(alarms > 0);
    assert_true(wtl_loop_now(w.loop) >= at);
    close_world(&w);
}

static void now_is_the_turns(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    int64_t now = wtl_loop_now(w.loop);
    assert_true(now > 0);
    assert_int_equal(wtl_loop_now(w.loop), now);
    while (wtl_loop_now_fresh(w.loop) == now)
        continue;
    assert_true(wtl_loop_now(w.loop) > now);
    close_world(&w);
}

/* In the child: the loop is refused, and what it takes off or frees stays with the parent. */
static void use_the_parents(struct world *w)
{
    wtl_loop_fd other = {0};
    int bad = wtl_loop_run(w->loop, &w->err) != WTL_BUG;
    bad |= wtl_loop_fd_on(w->loop, &other, w->pair[1], ready_once, w, &w->err) != WTL_BUG;
    wtl_loop_fd_off(&w->fd);
    bad |= w->fd.loop != NULL;
    wtl_loop_free(w->loop);
    _exit(bad ? 1 : 42);
}

static void count_reads(void *arg, unsigned what)
{
    struct world *w = arg;
    if ((what & WTL_LOOP_READ) == 0)
        return;
    w->count++;
    wtl_loop_fd_off(&w->fd);
}

static void a_loop_is_its_makers(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    assert_good(wtl_loop_fd_on(w.loop, &w.fd, w.pair[0], count_reads, &w, &w.err), &w.err);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        use_the_parents(&w);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 42);
    assert_int_equal(write(w.pair[1], "x", 1), 1);
    run(&w);
    assert_int_equal(w.count, 1);
    close_world(&w);
}

static void waits_the_old_way(void)
{
    struct world w;
    struct timespec t0, t1;
    open_world(&w);
    int64_t at = wtl_loop_now_fresh(w.loop) + 20 * MS + 1;
    assert_good(wtl_loop_timer_at(w.loop, &w.timer, at, say_a, &w, &w.err), &w.err);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t0);
    int rc = wtl_loop_run(w.loop, &w.err);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t1);
    bool good = rc == 0 && strcmp(w.log, "a") == 0 && wtl_loop_now(w.loop) >= at;
    good = good && (t1.tv_sec - t0.tv_sec) * 1000 * MS + t1.tv_nsec - t0.tv_nsec < 10 * MS;
    _exit(good ? 42 : 1);
}

/* As on a kernel before 5.11, and in a container whose filter does not know the call. */
static void without_the_newer_call_it_waits_in_milliseconds(void **state)
{
    (void)state;
    const int answers[] = {ENOSYS, EPERM};
    for (size_t i = 0; i < 2; i++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            if (!filter_call(SYS_epoll_pwait2, answers[i]))
                _exit(77);
            waits_the_old_way();
        }
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == 77)
            skip();
        assert_int_equal(WEXITSTATUS(status), 42);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_loop_ends),
        cmocka_unit_test(a_turn_has_its_order),
        cmocka_unit_test(deferred_calls_keep_their_order_and_come_once),
        cmocka_unit_test(deferred_calls_cancel_and_postpone_each_other),
        cmocka_unit_test(who_always_defers_starves_no_descriptor),
        cmocka_unit_test(who_always_defers_starves_no_timer),
        cmocka_unit_test(stopping_ends_the_turn_and_keeps_what_waits),
        cmocka_unit_test(a_loop_does_not_run_within_itself),
        cmocka_unit_test(signals_that_interrupt_change_nothing),
        cmocka_unit_test(now_is_the_turns),
        cmocka_unit_test(a_loop_is_its_makers),
        cmocka_unit_test(without_the_newer_call_it_waits_in_milliseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
