#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop/loop.h"

enum { SOME = 6, MANY = 10000 };

struct pair {
    struct world *world;
    wtl_loop_fd *h;
    int end[2];
    unsigned what; /* of all calls */
    int calls, calls_at_cancel;
};

enum how { OFF, CLOSED, OFF_AND_FREE, OFF_AND_REPLACED, OFF_AND_ON, HOWS };

struct world {
    wtl_loop *loop;
    struct pair pair[SOME];
    wtl_loop_later later;
    wtl_loop_timer timer;
    wtl_loop_fd listener;
    enum how how;
    size_t actor, victim;
    int turns, calls;
    wtl_err err;
};

static void make_pair(int end[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, end), 0);
}

static void close_pair(int end[2])
{
    close(end[0]);
    close(end[1]);
}

static void register_pair(struct world *w, size_t i, void (*ready)(void *arg, unsigned what))
{
    struct pair *p = &w->pair[i];
    assert_good(wtl_loop_fd_on(w->loop, p->h, p->end[0], ready, p, &w->err), &w->err);
}

static void open_world(struct world *w, void (*ready)(void *arg, unsigned what))
{
    *w = (struct world){.actor = SOME, .victim = SOME};
    assert_good(wtl_loop_new(&w->loop, &w->err), &w->err);
    for (size_t i = 0; i < SOME; i++) {
        w->pair[i].world = w;
        w->pair[i].h = calloc(1, sizeof(wtl_loop_fd));
        assert_non_null(w->pair[i].h);
        make_pair(w->pair[i].end);
        register_pair(w, i, ready);
    }
}

static void close_world(struct world *w)
{
    for (size_t i = 0; i < SOME; i++) {
        if (w->pair[i].h != NULL)
            wtl_loop_fd_off(w->pair[i].h);
        free(w->pair[i].h);
        close_pair(w->pair[i].end);
    }
    wtl_loop_free(w->loop);
}

static void count(void *arg, unsigned what)
{
    struct pair *p = arg;
    p->what |= what;
    p->calls++;
    p->world->calls++;
}

static void turn(void *arg)
{
    struct world *w = arg;
    if (++w->turns == 3)
        wtl_loop_stop(w->loop);
    else
        wtl_loop_later_on(w->loop, &w->later, turn, w);
}

/* Three turns without waiting. */
static void run(struct world *w)
{
    w->turns = 0;
    wtl_loop_later_on(w->loop, &w->later, turn, w);
    assert_good(wtl_loop_run(w->loop, &w->err), &w->err);
}

static void is_told_once_and_again_when_there_is_more(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, count);
    run(&w);
    assert_int_equal(w.pair[0].calls, 1);
    assert_int_equal(w.pair[0].what, WTL_LOOP_WRITE);
    assert_int_equal(write(w.pair[0].end[1], "abc", 3), 3);
    run(&w);
    assert_int_equal(w.pair[0].calls, 2);
    assert_int_equal(w.pair[0].what, WTL_LOOP_READ | WTL_LOOP_WRITE);
    char c;
    assert_int_equal(read(w.pair[0].end[0], &c, 1), 1); /* two are left, and nothing new */
    run(&w);
    assert_int_equal(w.pair[0].calls, 2);
    assert_int_equal(write(w.pair[0].end[1], "d", 1), 1);
    run(&w);
    assert_int_equal(w.pair[0].calls, 3);
    close_world(&w);
}

static void is_told_when_it_can_write_again(void **state)
{
    (void)state;
    struct world w;
    static char block[65536];
    open_world(&w, count);
    while (write(w.pair[0].end[0], block, sizeof block) > 0)
        continue;
    assert_int_equal(errno, EAGAIN);
    run(&w);
    int before = w.pair[0].calls;
    w.pair[0].what = 0;
    while (read(w.pair[0].end[1], block, sizeof block) > 0)
        continue;
    run(&w);
    assert_true(w.pair[0].calls > before);
    assert_int_equal(w.pair[0].what, WTL_LOOP_WRITE);
    close_world(&w);
}

static void the_end_is_told(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, count);
    run(&w);
    w.pair[0].what = w.pair[1].what = 0;
    assert_int_equal(shutdown(w.pair[0].end[1], SHUT_WR), 0);
    close(w.pair[1].end[1]);
    run(&w);
    assert_int_equal(w.pair[0].what & ~(unsigned)WTL_LOOP_WRITE, WTL_LOOP_READ | WTL_LOOP_LAST);
    assert_int_equal(w.pair[1].what, WTL_LOOP_READ | WTL_LOOP_WRITE | WTL_LOOP_GONE | WTL_LOOP_LAST);
    w.pair[1].end[1] = -1;
    close_world(&w);
}

/* --- cancelling while events of this turn have been fetched already */

/* Another pair, whose first end has the old one's number. */
static void replace(struct pair *p)
{
    int fresh[2];
    int number = p->end[0];
    close_pair(p->end);
    make_pair(fresh);
    p->end[0] = number;
    p->end[1] = fresh[0] == number ? fresh[1] : fresh[0];
    if (fresh[0] != number && fresh[1] != number) {
        assert_int_equal(dup2(fresh[1], number), number);
        close(fresh[1]);
    }
    p->what = 0;
}

static void act(void *arg, unsigned what);

static void cancel(struct world *w, struct pair *p)
{
    if (w->how == CLOSED) {
        wtl_loop_fd_close(p->h);
        assert_int_equal(fcntl(p->end[0], F_GETFD), -1);
        p->end[0] = -1;
    } else
        wtl_loop_fd_off(p->h);
    assert_null(p->h->loop);
    wtl_loop_fd_off(p->h); /* harmless */
    wtl_loop_fd_close(p->h);
    p->calls_at_cancel = p->calls;
    if (w->how == OFF_AND_FREE) {
        free(p->h);
        p->h = NULL;
    } else if (w->how == OFF_AND_REPLACED) {
        replace(p);
        register_pair(w, (size_t)(p - w->pair), act);
    } else if (w->how == OFF_AND_ON)
        register_pair(w, (size_t)(p - w->pair), act);
}

/* The n-th callback of the first turn cancels a victim, itself perhaps. */
static void act(void *arg, unsigned what)
{
    struct pair *p = arg;
    struct world *w = p->world;
    size_t nth = (size_t)w->calls;
    count(arg, what);
    if (w->turns == 0 && nth == w->actor)
        cancel(w, &w->pair[w->victim]);
}

static void check(const struct world *w)
{
    const struct pair *victim = &w->pair[w->victim];
    bool gone = w->how == OFF || w->how == CLOSED || w->how == OFF_AND_FREE;
    for (size_t i = 0; i < SOME; i++)
        if (i != w->victim)
            assert_int_equal(w->pair[i].calls, 1);
    /* Nothing of the old registration comes after cancelling; a new one is told its own state, once, in a later turn. */
    assert_int_equal(victim->calls, victim->calls_at_cancel + (gone ? 0 : 1));
    if (w->how == OFF_AND_REPLACED)
        assert_int_equal(victim->what, WTL_LOOP_WRITE);
}

static void first_turn_ends(void *arg)
{
    struct world *w = arg;
    if (w->turns == 0)
        assert_int_equal(w->pair[w->victim].calls, w->pair[w->victim].calls_at_cancel);
    turn(arg);
}

static void what_is_cancelled_is_not_called(void **state)
{
    (void)state;
    for (int how = 0; how < HOWS; how++)
        for (size_t actor = 0; actor < SOME; actor++)
            for (size_t victim = 0; victim < SOME; victim++) {
                struct world w;
                open_world(&w, act);
                w.how = (enum how)how;
                w.actor = actor;
                w.victim = victim;
                for (size_t i = 0; i < SOME; i++)
                    assert_int_equal(write(w.pair[i].end[1], "x", 1), 1);
                wtl_loop_later_on(w.loop, &w.later, first_turn_ends, &w);
                assert_good(wtl_loop_run(w.loop, &w.err), &w.err);
                check(&w);
                close_world(&w);
            }
}

static void cancel_all(void *arg)
{
    struct world *w = arg;
    for (size_t i = 0; i < SOME; i++) {
        wtl_loop_fd_off(w->pair[i].h);
        free(w->pair[i].h);
        w->pair[i].h = NULL;
    }
    wtl_loop_timer_off(&w->timer);
    wtl_loop_later_off(&w->later);
}

static void cancel_all_ready(void *arg, unsigned what)
{
    struct pair *p = arg;
    count(arg, what);
    cancel_all(p->world);
}

static void never(void *arg)
{
    (void)arg;
    fail_msg("called after it was cancelled");
}

static void the_first_of_a_turn_cancels_everything(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, cancel_all_ready);
    assert_good(wtl_loop_timer_at(w.loop, &w.timer, 0, never, &w, &w.err), &w.err);
    wtl_loop_later_on(w.loop, &w.later, never, &w);
    assert_good(wtl_loop_run(w.loop, &w.err), &w.err); /* and ends, as nothing is registered */
    assert_int_equal(w.calls, 1);
    close_world(&w);
}

static void a_timer_cancels_everything(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, count);
    assert_good(wtl_loop_timer_at(w.loop, &w.timer, 0, cancel_all, &w, &w.err), &w.err);
    wtl_loop_later_on(w.loop, &w.later, never, &w);
    assert_good(wtl_loop_run(w.loop, &w.err), &w.err);
    assert_int_equal(w.calls, SOME);
    close_world(&w);
}

static void a_deferred_call_cancels_everything(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, count);
    assert_good(wtl_loop_timer_at(w.loop, &w.timer, INT64_MAX, never, &w, &w.err), &w.err);
    wtl_loop_later_on(w.loop, &w.later, cancel_all, &w);
    assert_good(wtl_loop_run(w.loop, &w.err), &w.err);
    assert_int_equal(w.calls, SOME);
    close_world(&w);
}

/* --- what cannot be registered */

static void bad_descriptors_are_refused(void **state)
{
    (void)state;
    struct world w;
    wtl_loop_fd h = {0};
    open_world(&w, count);
    assert_int_equal(wtl_loop_fd_on(w.loop, &h, -1, count, NULL, &w.err), WTL_IO);
    assert_int_equal(w.err.sys_errno, EBADF);
    assert_null(h.loop);
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(wtl_loop_fd_on(w.loop, &h, file, count, NULL, &w.err), WTL_IO);
    close(file);
    assert_int_equal(wtl_loop_fd_on(w.loop, &h, w.pair[0].end[0], count, NULL, &w.err), WTL_IO);
    assert_int_equal(w.err.sys_errno, EEXIST);
    assert_int_equal(wtl_loop_fd_on(w.loop, w.pair[0].h, w.pair[1].end[1], count, NULL, &w.err), WTL_BUG);
    assert_int_equal(wtl_loop_fd_listen(w.loop, w.pair[0].h, w.pair[1].end[1], count, NULL, &w.err), WTL_BUG);
    wtl_loop_fd_off(&h);
    run(&w);
    assert_int_equal(w.calls, SOME);
    close_world(&w);
}

/* --- many */

struct many {
    wtl_loop *loop;
    wtl_loop_fd h[MANY];
    int fd[MANY];
    int calls;
    wtl_err err;
};

static void count_many(void *arg, unsigned what)
{
    struct many *m = arg;
    assert_int_equal(what & WTL_LOOP_GONE, 0);
    m->calls += (what & WTL_LOOP_READ) != 0;
    if (m->calls == MANY)
        wtl_loop_stop(m->loop);
}

static bool may_open(size_t n)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < n)
        return false;
    limit.rlim_cur = limit.rlim_cur < n ? n : limit.rlim_cur;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static void ten_thousand_descriptors(void **state)
{
    (void)state;
    if (!may_open(MANY + 100)) {
        print_message("this user may not open %d descriptors: skipped\n", MANY);
        skip();
    }
    struct many *m = calloc(1, sizeof *m);
    assert_non_null(m);
    assert_good(wtl_loop_new(&m->loop, &m->err), &m->err);
    for (size_t i = 0; i < MANY; i++) {
        m->fd[i] = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
        assert_true(m->fd[i] >= 0);
        assert_good(wtl_loop_fd_on(m->loop, &m->h[i], m->fd[i], count_many, m, &m->err), &m->err);
    }
    assert_good(wtl_loop_run(m->loop, &m->err), &m->err);
    assert_int_equal(m->calls, MANY);
    for (size_t i = 0; i < MANY; i++) {
        wtl_loop_fd_off(&m->h[i]);
        close(m->fd[i]);
    }
    assert_good(wtl_loop_run(m->loop, &m->err), &m->err);
    wtl_loop_free(m->loop);
    free(m);
}

struct crowd {
    wtl_loop *loop;
    wtl_loop_fd h[400], quiet;
    wtl_loop_timer timer;
    int fd[400], quiet_fd, calls, quiet_calls;
    wtl_err err;
};

static void crowd_ready(void *arg, unsigned what)
{
    struct crowd *c = arg;
    (void)what;
    assert_true(++c->calls < 400 * 1000);
}

static void quiet_ready(void *arg, unsigned what)
{
    struct crowd *c = arg;
    c->quiet_calls += (what & WTL_LOOP_READ) != 0;
}

static void crowd_done(void *arg)
{
    struct crowd *c = arg;
    wtl_loop_stop(c->loop);
}

/* More than one batch of descriptors that are always ready, as listening sockets whose connections nobody takes. */
static void a_crowd_that_is_always_ready_starves_nobody(void **state)
{
    (void)state;
    struct crowd *c = calloc(1, sizeof *c);
    assert_non_null(c);
    assert_good(wtl_loop_new(&c->loop, &c->err), &c->err);
    for (size_t i = 0; i < 400; i++) {
        c->fd[i] = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
        assert_good(wtl_loop_fd_listen(c->loop, &c->h[i], c->fd[i], crowd_ready, c, &c->err), &c->err);
    }
    c->quiet_fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
    assert_good(wtl_loop_fd_on(c->loop, &c->quiet, c->quiet_fd, quiet_ready, c, &c->err), &c->err);
    int64_t at = wtl_loop_now(c->loop) + 2000000;
    assert_good(wtl_loop_timer_at(c->loop, &c->timer, at, crowd_done, c, &c->err), &c->err);
    assert_good(wtl_loop_run(c->loop, &c->err), &c->err);
    assert_int_equal(c->quiet_calls, 1);
    for (size_t i = 0; i < 400; i++)
        close(c->fd[i]);
    close(c->quiet_fd);
    wtl_loop_free(c->loop);
    free(c);
}

/* --- a listening socket that processes share */

enum { PROCESSES = 3, CONNECTIONS = 60 };

struct acceptor {
    wtl_loop *loop;
    wtl_loop_fd listener, end;
    int fd, end_fd, report;
    wtl_err err;
};

static void accept_all(void *arg, unsigned what)
{
    struct acceptor *a = arg;
    int fd;
    if (what != WTL_LOOP_READ)
        _exit(1);
    while ((fd = accept4(a->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
        if (write(a->report, "a", 1) != 1)
            _exit(1);
        close(fd);
    }
}

static void over(void *arg, unsigned what)
{
    struct acceptor *a = arg;
    if ((what & WTL_LOOP_GONE) != 0)
        wtl_loop_stop(a->loop);
}

static void be_a_worker(int listener, int report, int end)
{
    struct acceptor a = {.fd = listener, .report = report, .end_fd = end};
    if (wtl_loop_new(&a.loop, &a.err) != 0 ||
        wtl_loop_fd_listen(a.loop, &a.listener, listener, accept_all, &a, &a.err) != 0 ||
        wtl_loop_fd_on(a.loop, &a.end, end, over, &a, &a.err) != 0)
        _exit(1);
    if (write(report, "r", 1) != 1)
        _exit(1);
    _exit(wtl_loop_run(a.loop, &a.err) == 0 ? 42 : 1);
}

static void expect(int fd, char wanted, int n)
{
    for (int i = 0; i < n; i++) {
        char c = 0;
        assert_int_equal(read(fd, &c, 1), 1);
        assert_int_equal(c, wanted);
    }
}

static int listening(struct sockaddr_in *at)
{
    socklen_t n = sizeof *at;
    *at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)at, n), 0);
    assert_int_equal(listen(fd, 128), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)at, &n), 0);
    return fd;
}

static void processes_share_a_listening_socket(void **state)
{
    (void)state;
    struct sockaddr_in at;
    int report[2], end[2];
    pid_t pid[PROCESSES];
    int fd = listening(&at);
    assert_int_equal(pipe(report), 0);
    make_pair(end);
    for (size_t i = 0; i < PROCESSES; i++) {
        pid[i] = fork();
        assert_true(pid[i] >= 0);
        if (pid[i] == 0) {
            close(end[1]);
            be_a_worker(fd, report[1], end[0]);
        }
    }
    close(report[1]);
    expect(report[0], 'r', PROCESSES);
    int out[CONNECTIONS];
    for (size_t i = 0; i < CONNECTIONS; i++) {
        out[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(out[i], (struct sockaddr *)&at, sizeof at), 0);
    }
    expect(report[0], 'a', CONNECTIONS); /* each by somebody, and once */
    close_pair(end);
    for (size_t i = 0; i < PROCESSES; i++) {
        int status = 0;
        assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 42);
    }
    char c;
    assert_int_equal(read(report[0], &c, 1), 0);
    for (size_t i = 0; i < CONNECTIONS; i++)
        close(out[i]);
    close(report[0]);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_told_once_and_again_when_there_is_more),
        cmocka_unit_test(is_told_when_it_can_write_again),
        cmocka_unit_test(the_end_is_told),
        cmocka_unit_test(what_is_cancelled_is_not_called),
        cmocka_unit_test(the_first_of_a_turn_cancels_everything),
        cmocka_unit_test(a_timer_cancels_everything),
        cmocka_unit_test(a_deferred_call_cancels_everything),
        cmocka_unit_test(bad_descriptors_are_refused),
        cmocka_unit_test(ten_thousand_descriptors),
        cmocka_unit_test(a_crowd_that_is_always_ready_starves_nobody),
        cmocka_unit_test(processes_share_a_listening_socket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
