/* The server runs in a thread; clients are blocking sockets of the test. */
#include "unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "admin/admin.h"
#include "base/text.h"

enum { LARGE = 8 << 20, HUGE = 48 << 20 }; /* HUGE: more than the kernel keeps for a socket */

typedef struct server {
    int family;
    int listener;
    char path[100];
    uint16_t port;
    wtl_loop *loop;
    wtl_admin *admin;
    pthread_t thread;
    wtl_loop_post stop;
    struct server_page {
        int status;
        bool fails;
        size_t n;
        const char *text;
    } what[6];
    wtl_admin_page pages[6];
} server;

static int write_page(void *arg, wtl_buf *body, int *status, wtl_err *err)
{
    const struct server_page *p = arg;
    ENSURE(!p->fails, err, WTL_IO, "cannot tell: %s", p->text);
    if (p->status != 0)
        *status = p->status;
    wtl_buf_str(body, p->text);
    uint8_t *to = p->n > 0 ? wtl_buf_grow(body, p->n) : NULL;
    for (size_t i = 0; to != NULL && i < p->n; i++)
        to[i] = (uint8_t)('a' + i % 23);
    return WTL_OK;
}

static void listen_unix(server *s)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(s->path, sizeof s->path, "%s/wtl-admin-%d", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp",
             getpid());
    snprintf(a.sun_path, sizeof a.sun_path, "%s", s->path);
    unlink(s->path);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&a, sizeof a), 0);
}

static void listen_tcp(server *s)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    assert_int_equal(bind(s->listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&a, &n), 0);
    s->port = ntohs(a.sin_port);
}

static void *run(void *arg)
{
    server *s = arg;
    wtl_err err;
    return wtl_loop_run(s->loop, &err) == 0 ? NULL : s;
}

static void open_server(server *s, int family)
{
    static const char *const paths[] = {"/metrics", "/healthz", "/broken", "/large", "/empty", "/huge"};
    wtl_err err;
    *s = (server){.family = family};
    s->what[0] = (struct server_page){.text = "up 1\n"};
    s->what[1] = (struct server_page){.status = 503, .text = "no worker is ready\n"};
    s->what[2] = (struct server_page){.fails = true, .text = "the shared memory is gone"};
    s->what[3] = (struct server_page){.text = "", .n = LARGE};
    s->what[4] = (struct server_page){.text = ""};
    s->what[5] = (struct server_page){.text = "", .n = HUGE};
    for (size_t i = 0; i < 6; i++)
        s->pages[i] = (wtl_admin_page){paths[i], "text/plain; version=0.0.4", write_page, &s->what[i]};
    s->listener = socket(family, SOCK_STREAM, 0);
    assert_true(s->listener >= 0);
    if (family == AF_UNIX)
        listen_unix(s);
    else
        listen_tcp(s);
    assert_int_equal(listen(s->listener, 512), 0);
    assert_good(wtl_loop_new(&s->loop, &err), &err);
    assert_good(wtl_admin_new(&s->admin, s->loop, s->listener, s->pages, 6, &err), &err);
    assert_int_equal(pthread_create(&s->thread, NULL, run, s), 0);
}

static void stop(wtl_loop_post *self)
{
    server *s = (server *)(void *)((char *)self - offsetof(server, stop));
    wtl_admin_free(s->admin);
    wtl_loop_stop(s->loop);
}

static void close_server(server *s)
{
    void *failed = s;
    s->stop.call = stop;
    wtl_loop_post_to(s->loop, &s->stop);
    assert_int_equal(pthread_join(s->thread, &failed), 0);
    assert_null(failed);
    wtl_loop_free(s->loop);
    close(s->listener);
    if (s->family == AF_UNIX)
        unlink(s->path);
}

static int client(const server *s)
{
    struct sockaddr_un u = {.sun_family = AF_UNIX};
    struct sockaddr_in t = {.sin_family = AF_INET, .sin_port = htons(s->port)};
    struct timeval patience = {.tv_sec = 60};
    t.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    snprintf(u.sun_path, sizeof u.sun_path, "%s", s->path);
    int fd = socket(s->family, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    int rc = s->family == AF_UNIX ? connect(fd, (struct sockaddr *)&u, sizeof u)
                                  : connect(fd, (struct sockaddr *)&t, sizeof t);
    assert_int_equal(rc, 0);
    return fd;
}

static void say_bytes(int fd, const void *p, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t k = send(fd, (const char *)p + at, n - at, MSG_NOSIGNAL);
        assert_true(k > 0);
        at += (size_t)k;
    }
}

static void say(int fd, const char *text)
{
    say_bytes(fd, text, strlen(text));
}

static void get(int fd, const char *method, const char *path)
{
    char text[300];
    snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: localhost\r\n\r\n", method, path);
    say(fd, text);
}

typedef struct answer {
    int status;
    char head[1024];
    size_t length; /* as it says */
    wtl_buf body;
} answer;

static void hear_body(int fd, answer *a)
{
    uint8_t piece[65536];
    while (a->body.n < a->length) {
        size_t left = a->length - a->body.n;
        ssize_t n = recv(fd, piece, left < sizeof piece ? left : sizeof piece, 0);
        assert_true(n > 0);
        wtl_buf_add(&a->body, piece, (size_t)n);
    }
}

/* One response, and no byte more; the body of a HEAD is not there. */
static void hear(int fd, answer *a, bool head)
{
    size_t n = 0;
    memset(a->head, 0, sizeof a->head);
    wtl_buf_clear(&a->body);
    while (strstr(a->head, "\r\n\r\n") == NULL) {
        assert_true(n + 1 < sizeof a->head);
        assert_int_equal(recv(fd, a->head + n, 1, 0), 1);
        n++;
    }
    assert_int_equal(sscanf(a->head, "HTTP/1.1 %d ", &a->status), 1);
    const char *length = strstr(a->head, "\r\nContent-Length: ");
    assert_non_null(length);
    a->length = strtoul(length + 18, NULL, 10);
    if (!head)
        hear_body(fd, a);
}

/* The connection ends here, and well. */
static void hear_end(int fd)
{
    char c;
    assert_int_equal(recv(fd, &c, 1, 0), 0);
    close(fd);
}

static void ask(const server *s, const char *path, int status)
{
    answer a = {0};
    int fd = client(s);
    get(fd, "GET", path);
    hear(fd, &a, false);
    assert_int_equal(a.status, status);
    wtl_buf_free(&a.body);
    close(fd);
}

static void both_families(void (*f)(const server *s))
{
    static const int families[] = {AF_INET, AF_UNIX};
    for (int i = 0; i < 2; i++) {
        server s;
        open_server(&s, families[i]);
        f(&s);
        ask(&s, "/metrics", 200); /* it still serves */
        close_server(&s);
    }
}

static void pages(const server *s)
{
    static const struct {
        const char *method, *path;
        int status;
        const char *body, *head;
    } cases[] = {
        {"GET", "/metrics", 200, "up 1\n", "Content-Type: text/plain; version=0.0.4\r\n"},
        {"GET", "/metrics?name=x", 200, "up 1\n", "Connection: keep-alive\r\n"},
        {"HEAD", "/metrics", 200, "", "Content-Length: 5\r\n"},
        {"GET", "/healthz", 503, "no worker is ready\n", "Cache-Control: no-store"},
        {"GET", "/broken", 500, "cannot tell: the shared memory is gone\n", ""},
        {"HEAD", "/broken", 500, "", "Content-Length: 39"},
        {"GET", "/empty", 200, "", "Content-Length: 0"},
        {"GET", "/metrics/", 404, "There is no such page.\n", "charset=utf-8"},
        {"GET", "/", 404, "There is no such page.\n", ""},
        {"HEAD", "/none", 404, "", ""},
        {"POST", "/metrics", 405, "This page can be read with GET and HEAD alone.\n", "Allow: GET, HEAD\r\n"},
        {"get", "/metrics", 405, "This page can be read with GET and HEAD alone.\n", ""},
    };
    answer a = {0};
    int fd = client(s);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        get(fd, cases[i].method, cases[i].path);
        hear(fd, &a, strcmp(cases[i].method, "HEAD") == 0);
        assert_int_equal(a.status, cases[i].status);
        assert_true(wtl_text_eq(wtl_buf_view(&a.body), cases[i].body));
        assert_non_null(strstr(a.head, cases[i].head));
    }
    say(fd, "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    hear(fd, &a, false);
    assert_non_null(strstr(a.head, "Connection: close\r\n"));
    hear_end(fd);
    fd = client(s);
    say(fd, "GET /metrics HTTP/1.0\r\n\r\n");
    hear(fd, &a, false);
    hear_end(fd);
    wtl_buf_free(&a.body);
}

static void pages_on_both_kinds(void **state)
{
    (void)state;
    both_families(pages);
}

/* More requests than the buffer holds, sent before anything is read. */
static void pipelined(const server *s)
{
    AUTO(wtl_buf) all = {0};
    answer a = {0};
    int fd = client(s);
    for (int i = 0; i < 1000; i++)
        wtl_buf_fmt(&all, "GET /%s HTTP/1.1\r\nHost: a\r\n\r\n",
                    i % 3 == 0   ? "healthz"
                    : i % 3 == 1 ? "x"
                                 : "metrics");
    say_bytes(fd, all.p, all.n);
    for (int i = 0; i < 1000; i++) {
        hear(fd, &a, false);
        assert_int_equal(a.status, i % 3 == 0 ? 503 : i % 3 == 1 ? 404 : 200);
    }
    wtl_buf_free(&a.body);
    close(fd);
}

static void pipelined_requests(void **state)
{
    (void)state;
    both_families(pipelined);
}

static void split(const server *s)
{
    static const char text[] =
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    answer a = {0};
    int fd = client(s);
    for (size_t i = 0; i < sizeof text - 1; i++) {
        say_bytes(fd, text + i, 1);
        usleep(300);
    }
    hear(fd, &a, false);
    assert_int_equal(a.status, 200);
    hear(fd, &a, false);
    assert_int_equal(a.status, 503);
    /* The client may be done sending, with a request still to be answered. */
    get(fd, "GET", "/metrics");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    hear(fd, &a, false);
    assert_int_equal(a.status, 200);
    hear_end(fd);
    /* Or with a half of one. */
    fd = client(s);
    say(fd, "GET /metr");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    hear_end(fd);
    wtl_buf_free(&a.body);
}

static void split_requests(void **state)
{
    (void)state;
    both_families(split);
}

/* What is wrong is answered, though the client goes on sending. */
static void garbage(const server *s)
{
    static const char *const wrong[] = {
        "\x16\x03\x01\x02\x00\x01", "GET /metrics\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
        "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"};
    answer a = {0};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int fd = client(s);
        say(fd, wrong[i]);
        hear(fd, &a, false);
        assert_int_equal(a.status, 400);
        assert_non_null(strstr(a.head, "Connection: close"));
        hear_end(fd);
    }
    for (int lengthy = 0; lengthy < 2; lengthy++) {
        char many[100000];
        int fd = client(s);
        memset(many, 'x', sizeof many);
        say(fd, lengthy ? "GET / HTTP/1.1\r\nX: " : "\r\n");
        say_bytes(fd, many, sizeof many);
        hear(fd, &a, false);
        assert_int_equal(a.status, lengthy ? 431 : 400);
        hear_end(fd);
    }
    wtl_buf_free(&a.body);
}

static void garbage_is_answered(void **state)
{
    (void)state;
    both_families(garbage);
}

static void large(const server *s)
{
    answer a = {0};
    int fd = client(s);
    for (int round = 0; round < 2; round++) {
        get(fd, "GET", "/large");
        hear(fd, &a, false);
        assert_int_equal(a.length, LARGE);
        for (size_t i = 0; i < LARGE; i += 4099)
            assert_int_equal(a.body.p[i], 'a' + i % 23);
    }
    wtl_buf_free(&a.body);
    close(fd);
}

static void a_large_page(void **state)
{
    (void)state;
    both_families(large);
}

/* Clients that vanish at every stage. */
static void killed(const server *s)
{
    for (int i = 0; i < 300; i++) {
        struct linger hard = {.l_onoff = 1};
        char piece[1000];
        int fd = client(s);
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        if (i % 4 > 0)
            say(fd, i % 4 == 1
                        ? "GET /la"
                        : "GET /large HTTP/1.1\r\nHost: a\r\n\r\nGET /large HTTP/1.1\r\nHost: a\r\n\r\n");
        if (i % 4 == 3)
            assert_true(recv(fd, piece, sizeof piece, 0) > 0);
        close(fd);
    }
}

static void killed_clients(void **state)
{
    (void)state;
    both_families(killed);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Everybody is served, though more come than are kept; who was idle longest goes. */
static void many(const server *s)
{
    enum { CLIENTS = 200 };
    int fd[CLIENTS];
    answer a = {0};
    for (int i = 0; i < CLIENTS; i++) {
        fd[i] = client(s);
        get(fd[i], "GET", "/metrics");
        hear(fd[i], &a, false);
        assert_int_equal(a.status, 200);
    }
    for (int i = 0; i < CLIENTS; i++) {
        char c;
        if (i < CLIENTS - 64) {
            hear_end(fd[i]);
            continue;
        }
        assert_int_equal(recv(fd[i], &c, 1, MSG_DONTWAIT), -1);
        assert_int_equal(errno, EAGAIN);
        get(fd[i], "GET", "/metrics");
        hear(fd[i], &a, false);
        assert_int_equal(a.status, 200);
        close(fd[i]);
    }
    wtl_buf_free(&a.body);
}

static void more_than_64(void **state)
{
    (void)state;
    both_families(many);
}

/* Silent ones and dripping ones hold no place against one who asks. */
static void a_crowd_of_silent_ones(void **state)
{
    (void)state;
    server s;
    int fd[200];
    open_server(&s, AF_INET);
    for (int i = 0; i < 200; i++) {
        fd[i] = client(&s);
        if (i % 2 == 0)
            say(fd[i], "GET /metr");
        if (i % 10 == 0)
            ask(&s, "/metrics", 200);
    }
    ask(&s, "/metrics", 200);
    for (int i = 0; i < 200; i++)
        close(fd[i]);
    close_server(&s);
}

typedef struct slow {
    const server *s;
    double began, ended;
} slow;

static void drip(int fd, const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (send(fd, text + i, 1, MSG_NOSIGNAL) != 1)
            return;
        usleep(500000);
    }
}

/* A byte twice a second: the whole request has five. */
static void *slowloris(void *arg)
{
    slow *w = arg;
    answer a = {0};
    int fd = client(w->s);
    w->began = now();
    drip(fd, "GET /metrics HTTP/1.1\r\n");
    hear(fd, &a, false);
    assert_int_equal(a.status, 408);
    hear_end(fd);
    w->ended = now();
    wtl_buf_free(&a.body);
    return NULL;
}

static void *silent(void *arg)
{
    slow *w = arg;
    int fd = client(w->s);
    w->began = now();
    hear_end(fd);
    w->ended = now();
    return NULL;
}

/* Served once, then idle. */
static void *idle(void *arg)
{
    slow *w = arg;
    answer a = {0};
    int fd = client(w->s);
    usleep(2000000);
    get(fd, "GET", "/metrics");
    hear(fd, &a, false);
    w->began = now();
    hear_end(fd);
    w->ended = now();
    wtl_buf_free(&a.body);
    return NULL;
}

/* Takes nothing: is cut off before the end of the page. */
static void *deaf(void *arg)
{
    slow *w = arg;
    char piece[65536];
    size_t got = 0;
    int fd = client(w->s);
    get(fd, "GET", "/huge");
    w->began = now();
    usleep(14000000);
    for (ssize_t n = 1; n > 0; got += n > 0 ? (size_t)n : 0)
        n = recv(fd, piece, sizeof piece, 0);
    assert_true(got < HUGE);
    close(fd);
    w->ended = now();
    return NULL;
}

/* Takes a little each second: is served to the end. */
static void *sleepy(void *arg)
{
    slow *w = arg;
    static char piece[LARGE / 12];
    answer a = {0};
    int fd = client(w->s);
    get(fd, "GET", "/large");
    w->began = now();
    hear(fd, &a, true);
    assert_int_equal(a.length, LARGE);
    size_t got = 0;
    while (got < LARGE) {
        ssize_t n = recv(fd, piece, sizeof piece < LARGE - got ? sizeof piece : LARGE - got, MSG_WAITALL);
        assert_true(n > 0);
        got += (size_t)n;
        usleep(1000000);
    }
    close(fd);
    w->ended = now();
    return NULL;
}

static void slow_clients(void **state)
{
    (void)state;
    static void *(*const kinds[])(void *) = {slowloris, silent, idle, deaf, sleepy};
    static const double least[] = {4.5, 4.5, 4.5, 10, 10};
    static const double most[] = {15, 15, 15, 40, 50};
    server s;
    slow w[5];
    pthread_t t[5];
    open_server(&s, AF_INET);
    for (int i = 0; i < 5; i++) {
        w[i] = (slow){.s = &s};
        assert_int_equal(pthread_create(&t[i], NULL, kinds[i], &w[i]), 0);
    }
    for (int i = 0; i < 5; i++) {
        assert_int_equal(pthread_join(t[i], NULL), 0);
        double took = w[i].ended - w[i].began;
        if (took < least[i] || took > most[i])
            fail_msg("client %d took %.1f s", i, took);
    }
    close_server(&s);
}

static double cpu(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* A client waits until a descriptor is free; meanwhile the loop does not spin. */
static void without_descriptors(void **state)
{
    (void)state;
    server s;
    struct rlimit was, few;
    answer a = {0};
    open_server(&s, AF_INET);
    int fd = client(&s);
    usleep(50000);
    close(fd); /* it has served one, so that nothing is opened for the first time below */
    usleep(50000);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    int spare = dup(fd);
    close(spare);
    few = was;
    few.rlim_cur = (rlim_t)spare;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    struct sockaddr_in t = {.sin_family = AF_INET, .sin_port = htons(s.port)};
    t.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&t, sizeof t), 0);
    get(fd, "GET", "/metrics");
    double before = cpu();
    usleep(600000);
    double spent = cpu() - before;
    assert_int_equal(recv(fd, a.head, 1, MSG_DONTWAIT), -1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
    hear(fd, &a, false);
    assert_int_equal(a.status, 200);
    assert_true(spent < 0.3);
    wtl_buf_free(&a.body);
    close(fd);
    close_server(&s);
}

/* Ends with clients in every phase. */
static void freed_at_work(void **state)
{
    (void)state;
    server s;
    int fd[20];
    open_server(&s, AF_UNIX);
    for (int i = 0; i < 20; i++) {
        fd[i] = client(&s);
        if (i % 4 == 1)
            say(fd[i], "GET /");
        if (i % 4 == 2)
            get(fd[i], "GET", "/large");
        if (i % 4 == 3)
            say(fd[i], "\1");
    }
    usleep(100000);
    close_server(&s);
    for (int i = 0; i < 20; i++)
        close(fd[i]);
    wtl_admin_free(NULL);
}

static void not_a_socket(void **state)
{
    (void)state;
    wtl_loop *loop = NULL;
    wtl_admin *admin = NULL;
    wtl_err err;
    assert_good(wtl_loop_new(&loop, &err), &err);
    assert_int_equal(wtl_admin_new(&admin, loop, -1, NULL, 0, &err), WTL_IO);
    assert_null(admin);
    wtl_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_on_both_kinds), cmocka_unit_test(pipelined_requests),
        cmocka_unit_test(split_requests),      cmocka_unit_test(garbage_is_answered),
        cmocka_unit_test(a_large_page),        cmocka_unit_test(killed_clients),
        cmocka_unit_test(more_than_64),        cmocka_unit_test(a_crowd_of_silent_ones),
        cmocka_unit_test(slow_clients),        cmocka_unit_test(without_descriptors),
        cmocka_unit_test(freed_at_work),       cmocka_unit_test(not_a_socket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
