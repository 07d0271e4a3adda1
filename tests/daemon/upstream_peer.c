/* Services behind a proxy that behave well or badly, on 127.0.0.1; each prints its port and runs until it is killed:
 *   upstream_peer echo     sends back what comes, for tens of thousands of connections
 *   upstream_peer flood    sends without end and reads nothing
 *   upstream_peer hang     accepts, and that is all
 *   upstream_peer reset    accepts, waits for a byte, and resets
 *   upstream_peer deaf     its queue is full: connecting to it takes for ever */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOM = 65536, BATCH = 64 };

struct flow {
    int fd;
    bool ended;
    size_t from, n;
    uint8_t *rest; /* what the socket did not take */
};

static uint8_t room[ROOM];
static int poller, listener;
static const char *way;

static void watch(struct flow *f, uint32_t events, int how)
{
    struct epoll_event e = {.events = events, .data.ptr = f};
    if (epoll_ctl(poller, how, f->fd, &e) < 0)
        exit(2);
}

static void drop(struct flow *f, bool reset)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    if (reset)
        setsockopt(f->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(f->fd);
    free(f->rest);
    free(f);
}

static void take_all(void)
{
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct flow *f = calloc(1, sizeof *f);
        f->fd = fd;
        if (strcmp(way, "hang") != 0)
            watch(f, strcmp(way, "flood") == 0 ? EPOLLOUT : EPOLLIN, EPOLL_CTL_ADD);
    }
}

static void keep(struct flow *f, const uint8_t *p, size_t n)
{
    f->rest = malloc(n);
    memcpy(f->rest, p, n);
    f->from = 0;
    f->n = n;
    watch(f, EPOLLOUT, EPOLL_CTL_MOD);
}

/* False when the connection is over. */
static bool push(struct flow *f)
{
    ssize_t w = send(f->fd, f->rest + f->from, f->n - f->from, MSG_NOSIGNAL);
    if (w < 0)
        return errno == EAGAIN;
    f->from += (size_t)w;
    if (f->from < f->n)
        return true;
    free(f->rest);
    f->rest = NULL;
    watch(f, EPOLLIN, EPOLL_CTL_MOD);
    return true;
}

static bool echo(struct flow *f)
{
    if (f->rest != NULL)
        return push(f);
    ssize_t n = recv(f->fd, room, sizeof room, 0);
    if (n <= 0)
        return n < 0 && errno == EAGAIN;
    ssize_t w = send(f->fd, room, (size_t)n, MSG_NOSIGNAL);
    if (w < 0 && errno != EAGAIN)
        return false;
    size_t put = w > 0 ? (size_t)w : 0;
    if (put < (size_t)n)
        keep(f, room + put, (size_t)n - put);
    return true;
}

static bool flood(const struct flow *f)
{
    ssize_t w = send(f->fd, room, sizeof room, MSG_NOSIGNAL);
    return w >= 0 || errno == EAGAIN;
}

static _Noreturn void serve(void)
{
    struct epoll_event e[BATCH];
    poller = epoll_create1(EPOLL_CLOEXEC);
    struct flow own = {.fd = listener};
    watch(&own, EPOLLIN, EPOLL_CTL_ADD);
    for (;;) {
        int n = epoll_wait(poller, e, BATCH, -1);
        for (int i = 0; i < n; i++) {
            struct flow *f = e[i].data.ptr;
            if (f == &own)
                take_all();
            else if (strcmp(way, "reset") == 0)
                drop(f, true);
            else if (strcmp(way, "flood") == 0 ? !flood(f) : !echo(f))
                drop(f, false);
        }
    }
}

/* Whoever connects first fills the queue. */
static _Noreturn void be_deaf(const struct sockaddr_in *a)
{
    for (int i = 0; i < 4; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)!connect(fd, (const struct sockaddr *)a, sizeof *a);
    }
    for (;;)
        pause();
}

int main(int argc, char **argv)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    socklen_t n = sizeof a;
    struct rlimit files;
    static const char *const ways[] = {"echo", "flood", "hang", "reset", "deaf"};
    size_t i = 0;
    while (argc == 2 && i < 5 && strcmp(argv[1], ways[i]) != 0)
        i++;
    if (argc != 2 || i == 5)
        return 2;
    way = argv[1];
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bool deaf = strcmp(way, "deaf") == 0;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&a, sizeof a) < 0 || listen(listener, deaf ? 0 : 4096) < 0 ||
        getsockname(listener, (struct sockaddr *)&a, &n) < 0)
        return 2;
    printf("%u\n", ntohs(a.sin_port));
    fflush(stdout);
    if (deaf)
        be_deaf(&a);
    serve();
}
