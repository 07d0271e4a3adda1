/* What the event loop costs: nanoseconds an event, a timer, a post and a connection, without and within the sandbox.
 *   loop_perf [PAIRS] [ROUNDS]     on one core: taskset -c 0 loop_perf */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "loop/loop.h"
#include "sandbox/sandbox.h"

enum { PAIRS = 100, ROUNDS = 5000, CONNECTIONS = 20000, TIMERS = 1000000 };

static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "loop_perf: %s failed (errno %d)\n", what, errno);
    exit(1);
}

static void show(const char *what, int64_t ns, double n)
{
    printf("%-58s %8.0f ns\n", what, (double)ns / n);
}

struct game {
    wtl_loop *loop;
    long events, left;
};

struct player {
    struct game *game;
    wtl_loop_fd h;
    int fd;
};

/* Reads one byte and sends it back: one event, two calls, as little else as can be. */
static void hit(void *arg, unsigned what)
{
    struct player *p = arg;
    char c;
    if ((what & WTL_LOOP_READ) == 0 || read(p->fd, &c, 1) != 1)
        return;
    p->game->events++;
    if (--p->game->left <= 0)
        wtl_loop_stop(p->game->loop);
    else
        must(write(p->fd, &c, 1) == 1, "write");
}

static void ping_pong(const char *name, size_t pairs, long rounds)
{
    wtl_err err;
    struct game g = {.left = (long)pairs * rounds};
    struct player *player = calloc(2 * pairs, sizeof *player);
    must(player != NULL && wtl_loop_new(&g.loop, &err) == 0, "a loop");
    for (size_t i = 0; i < 2 * pairs; i += 2) {
        int end[2];
        must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, end) == 0, "socketpair");
        for (size_t k = 0; k < 2; k++) {
            struct player *p = &player[i + k];
            *p = (struct player){.game = &g, .fd = end[k]};
            must(wtl_loop_fd_on(g.loop, &p->h, p->fd, hit, p, &err) == 0, "registering");
        }
        must(write(end[0], "x", 1) == 1, "serving");
    }
    int64_t start = cpu_ns();
    must(wtl_loop_run(g.loop, &err) == 0, "the loop");
    show(name, cpu_ns() - start, (double)g.events);
    for (size_t i = 0; i < 2 * pairs; i++) {
        wtl_loop_fd_off(&player[i].h);
        close(player[i].fd);
    }
    wtl_loop_free(g.loop);
    free(player);
}

/* The same reads and writes without a loop: what the kernel's calls cost of it. */
static void bare(long n)
{
    int end[2];
    char c = 'x';
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, end) == 0, "socketpair");
    int64_t start = cpu_ns();
    for (long i = 0; i < n; i++)
        must(write(end[0], &c, 1) == 1 && read(end[1], &c, 1) == 1, "echo");
    show("one write and one read of a byte, no loop", cpu_ns() - start, (double)n);
    close(end[0]);
    close(end[1]);
}

struct server {
    wtl_loop *loop;
    wtl_loop_fd listener, conn;
    int fd, conn_fd, left;
};

/* Off and closed as soon as the peer is gone. */
static void conn_ready(void *arg, unsigned what)
{
    struct server *s = arg;
    char c;
    if ((what & WTL_LOOP_READ) == 0 || read(s->conn_fd, &c, 1) < 0)
        return;
    wtl_loop_fd_off(&s->conn);
    close(s->conn_fd);
    if (--s->left == 0)
        wtl_loop_stop(s->loop);
}

static void take(void *arg, unsigned what)
{
    struct server *s = arg;
    wtl_err err;
    (void)what;
    if (s->conn.loop != NULL)
        return;
    s->conn_fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (s->conn_fd >= 0)
        must(wtl_loop_fd_on(s->loop, &s->conn, s->conn_fd, conn_ready, s, &err) == 0, "registering");
}

static void connect_often(const struct sockaddr_in *at, int n)
{
    char c;
    for (int i = 0; i < n; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        must(fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof *at) == 0, "connect");
        must(write(fd, "x", 1) == 1, "write");
        must(read(fd, &c, 1) == 0, "the end");
        close(fd);
    }
    _exit(0);
}

/* A byte comes over each, one connection after the other. */
static void connections(const char *name, int n)
{
    wtl_err err;
    struct server s = {.left = n};
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    s.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    must(bind(s.fd, (struct sockaddr *)&at, size) == 0 && listen(s.fd, 512) == 0, "listen");
    must(getsockname(s.fd, (struct sockaddr *)&at, &size) == 0, "getsockname");
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        connect_often(&at, n);
    must(pid > 0 && wtl_loop_new(&s.loop, &err) == 0, "a loop");
    must(wtl_loop_fd_listen(s.loop, &s.listener, s.fd, take, &s, &err) == 0, "registering");
    int64_t start = cpu_ns();
    must(wtl_loop_run(s.loop, &err) == 0, "the loop");
    show(name, cpu_ns() - start, n);
    wtl_loop_fd_off(&s.listener);
    wtl_loop_free(s.loop);
    close(s.fd);
    waitpid(pid, NULL, 0);
}

static void never(void *arg)
{
    (void)arg;
}

/* As idle timeouts are moved: each of 10,000 again and again, to later. */
static void timers(void)
{
    enum { N = 10000 };
    wtl_loop *loop = NULL;
    wtl_err err;
    wtl_loop_timer *t = calloc(N, sizeof *t);
    must(t != NULL && wtl_loop_new(&loop, &err) == 0, "a loop");
    int64_t far = wtl_loop_now(loop) + 60000000000;
    int64_t start = cpu_ns();
    for (long i = 0; i < TIMERS; i++)
        must(wtl_loop_timer_at(loop, &t[i * 7919 % N], far + i * 1000, never, NULL, &err) == 0, "a timer");
    show("moving one of 10,000 timers", cpu_ns() - start, TIMERS);
    start = cpu_ns();
    for (long i = 0; i < TIMERS; i++) {
        wtl_loop_timer_off(&t[i * 7919 % N]);
        must(wtl_loop_timer_at(loop, &t[i * 7919 % N], far + i * 1000, never, NULL, &err) == 0, "a timer");
    }
    show("cancelling and setting it", cpu_ns() - start, TIMERS);
    wtl_loop_free(loop);
    free(t);
}

/* One call that the filter always allows, and one whose arguments it looks at. */
static void sandboxed(long n)
{
    int end[2];
    int on = 1;
    wtl_err err = {0};
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, end) == 0, "socketpair");
    for (int inside = 0; inside < 2; inside++) {
        if (inside != 0)
            must(wtl_sandbox_enter(0, &err) == 0, err.text);
        int64_t start = cpu_ns();
        for (long i = 0; i < n; i++)
            must(getppid() >= 0, "getppid");
        show(inside != 0 ? "getppid within the sandbox" : "getppid", cpu_ns() - start, (double)n);
        start = cpu_ns();
        for (long i = 0; i < n; i++)
            must(setsockopt(end[0], SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) == 0, "setsockopt");
        show(inside != 0 ? "setsockopt within it, looked at" : "setsockopt", cpu_ns() - start, (double)n);
    }
    fflush(stdout);
    _exit(0);
}

int main(int argc, char **argv)
{
    size_t pairs = argc > 1 ? strtoul(argv[1], NULL, 10) : PAIRS;
    long rounds = argc > 2 ? strtol(argv[2], NULL, 10) : ROUNDS;
    must(pairs > 0 && rounds > 0, "reading the numbers");
    bare((long)pairs * rounds);
    ping_pong("an event of one pair (read, write, epoll_pwait2 for each)", 1, (long)pairs * rounds);
    ping_pong("an event of many pairs", pairs, rounds);
    timers();
    connections("a connection: accept, register, read, off, close", CONNECTIONS);
    fflush(stdout);
    if (fork() == 0)
        sandboxed((long)pairs * rounds);
    int status;
    return wait(&status) > 0 && status == 0 ? 0 : 1;
}
