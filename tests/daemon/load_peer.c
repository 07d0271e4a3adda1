/* Many TLS connections to a port of 127.0.0.1 behind which something echoes:
 *   load_peer idle PORT CA N                     makes N and keeps them: "N up"; a line on standard input: "S of S answer"; ends at its end
 *   load_peer rate PORT PER_SECOND SECONDS [PID EVERY]   that many new ones a second, each with a full handshake and one byte there and
 *       back; every EVERY seconds SIGHUP to PID. "all|reload|other: N connections, handshake p50 A p99 B longest C ms, first byte p50 ..":
 *       reload are those that began within a second of a signal. Times count from when a connection was due. Exit 1 when one failed
 *   load_peer stall PORT N SECONDS               N connections that write without end, or as far as they can, and read nothing
 *   load_peer visit PORT CA                      one handshake and a byte there and back: "ok", "refused" (no handshake), "broken"
 *   load_peer plain PORT                         the same without TLS */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"

enum { THREADS = 48, MAKERS = 8, SAMPLE = 100, MOST = 1 << 20 };
static const int64_t SECOND = 1000000000;

static SSL_CTX *ctx;
static unsigned port;
static atomic_uint next, failed;
static unsigned total;

static void on_threads(unsigned n, void *(*run)(void *))
{
    pthread_t t[THREADS];
    for (unsigned i = 0; i < n; i++)
        if (pthread_create(&t[i], NULL, run, NULL) != 0)
            exit(2);
    for (unsigned i = 0; i < n; i++)
        pthread_join(t[i], NULL);
}

/* --- idle */

static SSL *samples[MOST / SAMPLE];
static atomic_uint n_samples;

static void *make(void *arg)
{
    for (unsigned i; (i = atomic_fetch_add(&next, 1)) < total;) {
        SSL *ssl = client_open(ctx, port, false);
        if (ssl == NULL || !client_ping(ssl)) {
            atomic_fetch_add(&failed, 1);
            continue;
        }
        if (i % SAMPLE == 0)
            samples[atomic_fetch_add(&n_samples, 1)] = ssl;
        else
            SSL_free(ssl); /* the socket stays, which is all that the other side sees */
    }
    return arg;
}

static int idle(void)
{
    char line[64];
    on_threads(MAKERS, make);
    printf("%u up\n", total - failed);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        unsigned good = 0;
        for (unsigned i = 0; i < n_samples; i++)
            good += client_ping(samples[i]);
        printf("%u of %u answer\n", good, n_samples);
        fflush(stdout);
    }
    for (unsigned i = 0; i < n_samples; i++)
        client_cut(samples[i]);
    return failed > 0;
}

/* --- rate */

static struct taken {
    float handshake, byte; /* milliseconds; 0: failed */
} *taken;
static int64_t start, gap, every;

static void *run_at_rate(void *arg)
{
    for (unsigned i; (i = atomic_fetch_add(&next, 1)) < total;) {
        int64_t due = start + (int64_t)i * gap;
        client_sleep_until(due);
        SSL *ssl = client_open(ctx, port, false);
        int64_t shaken = client_now();
        if (ssl == NULL || !client_ping(ssl)) {
            atomic_fetch_add(&failed, 1);
            if (ssl != NULL)
                client_cut(ssl);
            continue;
        }
        taken[i].byte = (float)(client_now() - due) / 1e6F;
        taken[i].handshake = (float)(shaken - due) / 1e6F;
        client_cut(ssl);
    }
    return arg;
}

static void *send_hups(void *arg)
{
    pid_t pid = *(pid_t *)arg;
    for (int64_t at = start + every; at + SECOND <= start + (int64_t)total * gap; at += every) {
        client_sleep_until(at);
        kill(pid, SIGHUP);
    }
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    const float *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void print_row(float *ms, unsigned n, const char *what)
{
    qsort(ms, n, sizeof *ms, by_size);
    printf(", %s p50 %.2f p99 %.2f p99.9 %.2f longest %.2f ms", what, (double)ms[n / 2],
           (double)ms[(size_t)n * 99 / 100], (double)ms[(size_t)n * 999 / 1000], (double)ms[n - 1]);
}

static bool in_reload(unsigned i)
{
    int64_t since = (int64_t)i * gap;
    return every > 0 && since >= every && since % every < SECOND;
}

/* which: 0 all, 1 within a second of a reload, 2 the others */
static void report(int which, const char *name)
{
    float *a = calloc(total, sizeof *a), *b = calloc(total, sizeof *b);
    unsigned n = 0;
    for (unsigned i = 0; i < total; i++) {
        if (taken[i].byte == 0 || (which > 0 && in_reload(i) != (which == 1)))
            continue;
        a[n] = taken[i].handshake;
        b[n++] = taken[i].byte;
    }
    printf("%s: %u connections", name, n);
    if (n > 0) {
        print_row(a, n, "handshake");
        print_row(b, n, "first byte");
    }
    puts("");
    free(a);
    free(b);
}

static int rate(unsigned per_second, unsigned seconds, pid_t pid, double hup_every)
{
    pthread_t hups;
    gap = SECOND / per_second;
    total = per_second * seconds;
    every = (int64_t)(hup_every * 1e9);
    taken = calloc(total, sizeof *taken);
    start = client_now() + SECOND / 10;
    if (pid > 0 && pthread_create(&hups, NULL, send_hups, &pid) != 0)
        return 2;
    on_threads(THREADS, run_at_rate);
    if (pid > 0)
        pthread_join(hups, NULL);
    report(0, "all");
    if (pid > 0) {
        report(1, "reload");
        report(2, "other");
    }
    printf("%u failed\n", failed);
    return failed > 0;
}

/* --- stall */

static void *write_on(void *arg)
{
    static const char piece[16384];
    int64_t end = *(int64_t *)arg;
    SSL *ssl = client_open(ctx, port, false);
    struct timeval blink = {.tv_usec = 200000};
    if (ssl == NULL) {
        atomic_fetch_add(&failed, 1);
        return NULL;
    }
    setsockopt(SSL_get_fd(ssl), SOL_SOCKET, SO_SNDTIMEO, &blink, sizeof blink);
    while (client_now() < end) {
        if (SSL_write(ssl, piece, sizeof piece) <= 0 && errno != EAGAIN)
            break;
    }
    client_reset(ssl);
    return NULL;
}

static int stall(unsigned n, unsigned seconds)
{
    static pthread_t t[THREADS];
    int64_t end = client_now() + seconds * SECOND;
    SSL_CTX_set_mode(ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    for (unsigned i = 0; i < n && i < THREADS; i++)
        if (pthread_create(&t[i], NULL, write_on, &end) != 0)
            return 2;
    for (unsigned i = 0; i < n && i < THREADS; i++)
        pthread_join(t[i], NULL);
    printf("%u failed\n", failed);
    return failed > 0;
}

/* --- visit */

static int visit(void)
{
    SSL *ssl = client_open(ctx, port, false);
    const char *came = ssl == NULL ? "refused" : client_ping(ssl) ? "ok" : "broken";
    puts(came);
    if (ssl != NULL)
        client_cut(ssl);
    return strcmp(came, "ok") != 0;
}

static int plain(void)
{
    char c = 'p';
    int fd = client_dial(port);
    bool good = fd >= 0 && send(fd, &c, 1, MSG_NOSIGNAL) == 1 && recv(fd, &c, 1, 0) == 1 && c == 'p';
    puts(fd < 0 ? "refused" : good ? "ok" : "broken");
    return !good;
}

static void many_files(void)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
}

static unsigned number(const char *text)
{
    return (unsigned)strtoul(text, NULL, 10);
}

static int run(const char *how, int argc, char **argv)
{
    if (strcmp(how, "idle") == 0 && argc == 5 && (total = number(argv[4])) <= MOST)
        return idle();
    if (strcmp(how, "rate") == 0 && (argc == 5 || argc == 7) && number(argv[3]) > 0)
        return rate(number(argv[3]), number(argv[4]), argc == 7 ? (pid_t)number(argv[5]) : 0,
                    argc == 7 ? strtod(argv[6], NULL) : 0);
    if (strcmp(how, "stall") == 0 && argc == 5)
        return stall(number(argv[3]), number(argv[4]));
    if (strcmp(how, "visit") == 0 && argc == 4)
        return visit();
    if (strcmp(how, "plain") == 0)
        return plain();
    return 2;
}

int main(int argc, char **argv)
{
    static const char groups[] = "X25519MLKEM768";
    if (argc < 3)
        return 2;
    many_files();
    bool checked = strcmp(argv[1], "idle") == 0 || strcmp(argv[1], "visit") == 0;
    port = number(argv[2]);
    ctx = client_context(checked && argc > 3 ? argv[3] : NULL, checked ? "X25519MLKEM768:X25519" : groups);
    int rc = run(argv[1], argc, argv);
    client_close(ctx);
    free(taken);
    return rc;
}
