/* A peer for the tests of daemons, over plain TCP on 127.0.0.1:
 *   flow_peer echo              prints its port, sends back what comes, until it is killed
 *   flow_peer hold PORT N       keeps N connections busy until standard input ends: "N connections, B broken, R rounds"; exit 1 when B > 0
 *   flow_peer burst PORT N      N connections one after another, each with one round: "N connections, B broken, longest M ms"; exit 1 when B > 0
 *   flow_peer narrow PORT MOST  prints its port; a middlebox before PORT that closes connections whose first TLS record has more than MOST bytes
 *   flow_peer scan PID HEX      how often these bytes, or the same backwards, lie in that process's memory */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 4096, ROOM = 65536, ROUND = 64, PATIENCE = 20 };

static struct sockaddr_in local(const char *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

/* --- echo */
struct flow {
    size_t from, n;
    bool ended;
    uint8_t *room;
};
static struct pollfd wait_for[MOST + 1];
static struct flow flows[MOST + 1];
static nfds_t used = 1;

static void take_one(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0)
        return;
    if (used > MOST) {
        close(fd);
        return;
    }
    if (flows[used].room == NULL)
        flows[used].room = malloc(ROOM);
    flows[used].from = flows[used].n = 0;
    flows[used].ended = false;
    wait_for[used++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static void drop(nfds_t i)
{
    close(wait_for[i].fd);
    struct flow f = flows[i];
    flows[i] = flows[--used];
    flows[used] = f;
    wait_for[i] = wait_for[used];
}

/* False when the connection is over. */
static bool pass(nfds_t i)
{
    struct flow *f = &flows[i];
    ssize_t n;
    if (f->n == 0 && !f->ended) {
        n = read(wait_for[i].fd, f->room, ROOM);
        if (n < 0)
            return errno == EAGAIN;
        f->ended = n == 0;
        f->from = 0;
        f->n = (size_t)n;
    }
    if (f->n > 0) {
        n = send(wait_for[i].fd, f->room + f->from, f->n, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            return false;
        f->from += n > 0 ? (size_t)n : 0;
        f->n -= n > 0 ? (size_t)n : 0;
    }
    wait_for[i].events = f->n > 0 ? POLLOUT : POLLIN;
    return f->n > 0 || !f->ended;
}

/* A listening socket whose port was printed, or -1. */
static int open_port(void)
{
    struct sockaddr_in a = local("0");
    socklen_t n = sizeof a;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&a, sizeof a) < 0 || listen(listener, 1024) < 0 ||
        getsockname(listener, (struct sockaddr *)&a, &n) < 0)
        return -1;
    printf("%u\n", ntohs(a.sin_port));
    fflush(stdout);
    return listener;
}

static int echo(void)
{
    int listener = open_port();
    if (listener < 0)
        return 2;
    wait_for[0] = (struct pollfd){.fd = listener, .events = POLLIN};
    while (poll(wait_for, used, -1) >= 0) {
        for (nfds_t i = used - 1; i > 0; i--) {
            if (wait_for[i].revents != 0 && !pass(i))
                drop(i);
        }
        if (wait_for[0].revents != 0)
            take_one(listener);
    }
    return 2;
}

/* --- hold and burst */
static int dial(const char *port)
{
    struct sockaddr_in a = local(port);
    struct timeval patience = {.tv_sec = PATIENCE};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
        return fd;
    close(fd);
    return -1;
}

static void fill(uint8_t text[ROUND], unsigned who, unsigned round)
{
    for (unsigned i = 0; i < ROUND; i++)
        text[i] = (uint8_t)(who * 31 + round * 7 + i);
}

static bool send_round(int fd, unsigned who, unsigned round)
{
    uint8_t text[ROUND];
    fill(text, who, round);
    return send(fd, text, ROUND, MSG_NOSIGNAL) == ROUND;
}

static bool receive_round(int fd, unsigned who, unsigned round)
{
    uint8_t text[ROUND], got[ROUND];
    fill(text, who, round);
    for (size_t have = 0; have < ROUND;) {
        ssize_t n = recv(fd, got + have, ROUND - have, 0);
        if (n <= 0)
            return false;
        have += (size_t)n;
    }
    return memcmp(text, got, ROUND) == 0;
}

static bool asked_to_end(void)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&in, 1, 10) != 0;
}

static int hold(const char *port, unsigned n)
{
    static int fd[MOST];
    unsigned broken = 0, round = 0;
    for (unsigned i = 0; i < n; i++) {
        fd[i] = dial(port);
        broken += fd[i] < 0;
    }
    for (; !asked_to_end() || round == 0; round++) {
        for (unsigned pass_of = 0; pass_of < 2; pass_of++) {
            for (unsigned i = 0; i < n; i++) {
                if (fd[i] < 0)
                    continue;
                if (pass_of == 0 ? send_round(fd[i], i, round) : receive_round(fd[i], i, round))
                    continue;
                close(fd[i]);
                fd[i] = -1;
                broken++;
            }
        }
        if (round == 0) {
            puts("running");
            fflush(stdout);
        }
    }
    printf("%u connections, %u broken, %u rounds\n", n, broken, round);
    return broken > 0;
}

static long milliseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int burst(const char *port, unsigned n)
{
    unsigned broken = 0;
    long longest = 0;
    for (unsigned i = 0; i < n; i++) {
        long start = milliseconds();
        int fd = dial(port);
        broken += fd < 0 || !send_round(fd, i, 1) || !receive_round(fd, i, 1);
        if (fd >= 0)
            close(fd);
        long took = milliseconds() - start;
        longest = took > longest ? took : longest;
    }
    printf("%u connections, %u broken, longest %ld ms\n", n, broken, longest);
    return broken > 0;
}

/* --- narrow */
static bool copy(int from, int to)
{
    uint8_t room[4096];
    ssize_t n = recv(from, room, sizeof room, 0);
    for (ssize_t at = 0, put; at < n; at += put) {
        put = send(to, room + at, (size_t)(n - at), MSG_NOSIGNAL);
        if (put <= 0)
            return false;
    }
    return n > 0;
}

/* The process of one connection. */
static void lead(int fd, const char *port, unsigned most)
{
    uint8_t head[5];
    if (recv(fd, head, sizeof head, MSG_PEEK | MSG_WAITALL) != sizeof head ||
        (unsigned)(head[3] << 8 | head[4]) > most)
        return;
    struct pollfd two[] = {{.fd = fd, .events = POLLIN}, {.fd = dial(port), .events = POLLIN}};
    while (two[1].fd >= 0 && poll(two, 2, -1) > 0) {
        for (int i = 0; i < 2; i++) {
            if (two[i].revents != 0 && !copy(two[i].fd, two[1 - i].fd))
                return;
        }
    }
}

static int narrow(const char *port, unsigned most)
{
    int listener = open_port();
    signal(SIGCHLD, SIG_IGN);
    for (int fd; listener >= 0 && (fd = accept(listener, NULL, NULL)) >= 0; close(fd)) {
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            lead(fd, port, most);
            _exit(0);
        }
    }
    return 2;
}

/* --- scan */
static size_t count(const uint8_t *in, size_t n, const uint8_t *what, size_t m)
{
    size_t found = 0;
    const uint8_t *p = in;
    while ((p = memmem(p, n - (size_t)(p - in), what, m)) != NULL) {
        found++;
        p++;
    }
    return found;
}

static size_t from_hex(const char *hex, uint8_t *out, size_t most)
{
    size_t n = 0;
    unsigned v;
    for (; n < most && strlen(hex) >= 2 && sscanf(hex, "%2x", &v) == 1; hex += 2)
        out[n++] = (uint8_t)v;
    return n;
}

static int scan(const char *pid, const char *hex)
{
    uint8_t what[64], back[64];
    size_t m = from_hex(hex, what, sizeof what), found = 0;
    for (size_t i = 0; i < m; i++)
        back[i] = what[m - 1 - i];
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%s/maps", pid);
    FILE *maps = fopen(path, "r");
    snprintf(path, sizeof path, "/proc/%s/mem", pid);
    int mem = open(path, O_RDONLY);
    if (m < 16 || maps == NULL || mem < 0)
        return 2;
    unsigned long from, to, bytes = 0;
    while (fgets(line, sizeof line, maps) != NULL) {
        if (sscanf(line, "%lx-%lx r", &from, &to) != 2 || strstr(line, "[v") != NULL || to - from > 1UL << 30)
            continue;
        uint8_t *copy = malloc(to - from);
        ssize_t got = pread(mem, copy, to - from, (off_t)from);
        if (got > 0) {
            found += count(copy, (size_t)got, what, m) + count(copy, (size_t)got, back, m);
            bytes += (unsigned long)got;
        }
        free(copy);
    }
    printf("%zu\n", found);
    return bytes > 0 ? 0 : 2;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "echo") == 0)
        return echo();
    bool numbers = argc == 4 && strcmp(argv[1], "scan") != 0;
    unsigned n = numbers ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
    if (n > 0 && n <= MOST && strcmp(argv[1], "hold") == 0)
        return hold(argv[2], n);
    if (n > 0 && strcmp(argv[1], "burst") == 0)
        return burst(argv[2], n);
    if (n > 0 && strcmp(argv[1], "narrow") == 0)
        return narrow(argv[2], n);
    if (argc == 4 && strcmp(argv[1], "scan") == 0)
        return scan(argv[2], argv[3]);
    fputs("flow_peer echo | hold PORT N | burst PORT N | narrow PORT MOST | scan PID HEX\n", stderr);
    return 2;
}
