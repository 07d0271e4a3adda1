/* Peers for the tests of daemons, over TCP on 127.0.0.1; each prints its port and runs until it is killed:
 *   box_peer narrow PORT MOST   a middlebox that loses large ClientHellos: passes connections on to PORT whose first TLS record has at most MOST bytes, and closes others without a word
 *   box_peer named WORD         a service that says WORD and ends
 *   box_peer via WORD           the same, behind the PROXY protocol v2: says WORD and the header's bytes in hexadecimal */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RECORD = 5, VIA = 16, VIA_MOST = 4096, ROOM = 65536 };

static struct sockaddr_in local(unsigned long port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

static int put(int fd, const void *from, size_t n)
{
    const uint8_t *p = from;
    while (n > 0) {
        ssize_t did = send(fd, p, n, MSG_NOSIGNAL);
        if (did <= 0)
            return -1;
        p += did;
        n -= (size_t)did;
    }
    return 0;
}

static int get(int fd, void *to, size_t n)
{
    return n == 0 || recv(fd, to, n, MSG_WAITALL) == (ssize_t)n ? 0 : -1;
}

/* Both ways until both have ended. */
static void carry(int a, int b)
{
    static uint8_t room[ROOM];
    struct pollfd way[2] = {{.fd = a, .events = POLLIN}, {.fd = b, .events = POLLIN}};
    while ((way[0].fd >= 0 || way[1].fd >= 0) && poll(way, 2, -1) > 0) {
        for (int i = 0; i < 2; i++) {
            int to = i == 0 ? b : a;
            if (way[i].fd < 0 || way[i].revents == 0)
                continue;
            ssize_t n = recv(way[i].fd, room, sizeof room, 0);
            if (n > 0 && put(to, room, (size_t)n) == 0)
                continue;
            shutdown(to, SHUT_WR);
            way[i].fd = -1;
        }
    }
}

static void narrow(int fd, char **word)
{
    uint8_t head[RECORD];
    struct sockaddr_in a = local(strtoul(word[0], NULL, 10));
    if (get(fd, head, RECORD) != 0 || ((unsigned long)head[3] << 8 | head[4]) > strtoul(word[1], NULL, 10))
        return;
    int to = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(to, (struct sockaddr *)&a, sizeof a) == 0 && put(to, head, RECORD) == 0)
        carry(fd, to);
}

static void named(int fd, char **word)
{
    put(fd, word[0], strlen(word[0]));
    put(fd, "\n", 1);
}

static void via(int fd, char **word)
{
    uint8_t head[VIA_MOST];
    char text[2 * VIA_MOST + 3];
    if (get(fd, head, VIA) != 0)
        return;
    size_t n = VIA + ((size_t)head[14] << 8 | head[15]);
    if (n > sizeof head || get(fd, head + VIA, n - VIA) != 0)
        return;
    text[0] = ' ';
    for (size_t i = 0; i < n; i++)
        snprintf(text + 1 + 2 * i, 3, "%02x", head[i]);
    put(fd, word[0], strlen(word[0]));
    put(fd, text, 2 * n + 1);
    put(fd, "\n", 1);
}

/* What the client sends goes unread until he ends, so that nothing of ours is lost by a reset. */
static void end(int fd)
{
    uint8_t room[256];
    shutdown(fd, SHUT_WR);
    while (recv(fd, room, sizeof room, 0) > 0)
        ;
}

static void run(int fd, void (*serve)(int fd, char **word), char **word)
{
    pid_t self = getpid();
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int one = accept(fd, NULL, NULL);
        if (one >= 0 && fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() != self)
                _exit(0);
            serve(one, word);
            if (serve != narrow)
                end(one);
            _exit(0);
        }
        close(one);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int words;
        void (*serve)(int fd, char **word);
    } mode[] = {{"narrow", 2, narrow}, {"named", 1, named}, {"via", 1, via}};
    struct sockaddr_in a = local(0);
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&a, n) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &n) != 0)
        return 1;
    printf("%u\n", ntohs(a.sin_port));
    fflush(stdout);
    for (size_t i = 0; i < sizeof mode / sizeof mode[0]; i++) {
        if (argc == mode[i].words + 2 && strcmp(argv[1], mode[i].name) == 0)
            run(fd, mode[i].serve, argv + 2);
    }
    return 2;
}
