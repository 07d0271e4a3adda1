#include "bench/upstream.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "bench/process.h"
#include "crypto/lib.h"

enum { PIECE = 256 << 10, EVENTS = 64, BACKLOG = 4096 };

typedef struct peer {
    int fd;
    SSL *ssl; /* or NULL */
    uint8_t head[WTL_UPSTREAM_HEAD];
    size_t head_n;
    uint64_t left; /* bytes still to take or to give */
    bool answered; /* TAKE: the last byte went back */
} peer;

struct wtl_upstream {
    SSL_CTX *tls; /* or NULL */
    pthread_t thread;
    int listener, poll, stop, cpu;
    uint16_t port;
    peer **peers; /* by file descriptor */
    size_t room;
    uint8_t *piece; /* what is read */
    uint8_t *zero;  /* what is given */
};

static int listen_somewhere(uint16_t *port)
{
    int on = 1;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &n) != 0) {
        close(fd);
        return -1;
    }
    *port = ntohs(a.sin_port);
    return fd;
}

int wtl_upstream_free_port(uint16_t *port, wtl_err *err)
{
    int fd = listen_somewhere(port);
    if (fd < 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot listen on 127.0.0.1");
    close(fd);
    return WTL_OK;
}

static void drop(wtl_upstream *u, peer *p)
{
    if (p->ssl != NULL && SSL_is_init_finished(p->ssl))
        (void)SSL_shutdown(p->ssl);
    SSL_free(p->ssl);
    /* A process that is being started may hold the socket a little longer, and its events would come after this peer's end. */
    (void)epoll_ctl(u->poll, EPOLL_CTL_DEL, p->fd, NULL);
    close(p->fd);
    u->peers[p->fd] = NULL;
    free(p);
}

static bool keep(wtl_upstream *u, peer *p)
{
    if ((size_t)p->fd >= u->room) {
        size_t room = (size_t)p->fd * 2 + 64;
        peer **more = realloc(u->peers, room * sizeof(peer *));
        if (more == NULL)
            return false;
        memset(more + u->room, 0, (room - u->room) * sizeof(peer *));
        u->peers = more;
        u->room = room;
    }
    u->peers[p->fd] = p;
    return true;
}

static bool secure(const wtl_upstream *u, peer *p)
{
    if (u->tls == NULL)
        return true;
    p->ssl = SSL_new(u->tls);
    if (p->ssl == NULL || SSL_set_fd(p->ssl, p->fd) != 1)
        return false;
    SSL_set_accept_state(p->ssl);
    return true;
}

static void welcome(wtl_upstream *u)
{
    int fd;
    int on = 1;
    while ((fd = accept4(u->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        peer *p = calloc(1, sizeof *p);
        struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = p};
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (p != NULL)
            p->fd = fd;
        if (p == NULL || !keep(u, p) || !secure(u, p) || epoll_ctl(u->poll, EPOLL_CTL_ADD, fd, &e) != 0) {
            if (p != NULL && (size_t)fd < u->room)
                u->peers[fd] = NULL;
            close(fd);
            SSL_free(p != NULL ? p->ssl : NULL);
            free(p);
        }
    }
}

/* Whether a call on a socket should be tried again when the socket says so. */
static bool waits(ssize_t n)
{
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

/* What a call of OpenSSL did, as a system call would tell it. */
static ssize_t as_call(const peer *p, int r, size_t n)
{
    if (r == 1)
        return (ssize_t)n;
    int e = SSL_get_error(p->ssl, r);
    errno = e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? EAGAIN : EIO;
    return e == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

static ssize_t get(const peer *p, uint8_t *to, size_t n)
{
    size_t got = 0;
    if (p->ssl == NULL)
        return recv(p->fd, to, n, 0);
    ERR_clear_error(); /* SSL_get_error looks at what is left of others */
    int r = SSL_read_ex(p->ssl, to, n, &got);
    return as_call(p, r, got);
}

/* What nobody looks at is not copied out of the kernel (tcp(7), MSG_TRUNC). */
static ssize_t discard(const peer *p, uint8_t *scratch, size_t n)
{
    return p->ssl != NULL ? get(p, scratch, n) : recv(p->fd, scratch, n, MSG_TRUNC);
}

static ssize_t put(const peer *p, const uint8_t *from, size_t n)
{
    size_t done = 0;
    if (p->ssl == NULL)
        return send(p->fd, from, n, MSG_NOSIGNAL);
    ERR_clear_error();
    int r = SSL_write_ex(p->ssl, from, n, &done);
    return as_call(p, r, done);
}

static bool echo(const wtl_upstream *u, const peer *p)
{
    for (;;) {
        ssize_t n = get(p, u->piece, PIECE);
        if (n <= 0)
            return waits(n);
        /* A byte or some: a socket takes them. */
        if (put(p, u->piece, (size_t)n) != n)
            return false;
    }
}

static bool take(const wtl_upstream *u, peer *p)
{
    for (;;) {
        if (p->left == 0 && !p->answered) {
            p->answered = true;
            if (put(p, u->zero, 1) != 1)
                return false;
        }
        ssize_t n = discard(p, u->piece, PIECE);
        if (n <= 0)
            return waits(n);
        p->left -= (uint64_t)n < p->left ? (uint64_t)n : p->left;
    }
}

static bool give(const wtl_upstream *u, peer *p)
{
    while (p->left > 0) {
        ssize_t n = put(p, u->zero, p->left < PIECE ? (size_t)p->left : PIECE);
        if (n <= 0)
            return waits(n);
        p->left -= (uint64_t)n;
    }
    return waits(get(p, u->piece, PIECE)); /* the other side ends it */
}

/* Positive when the head is there, 0 to wait, negative when the connection is over. */
static int read_head(peer *p)
{
    while (p->head_n < sizeof p->head) {
        size_t want = p->head_n == 0 ? 1 : sizeof p->head - p->head_n;
        ssize_t n = get(p, p->head + p->head_n, want);
        if (n <= 0)
            return waits(n) ? 0 : -1;
        p->head_n += (size_t)n;
        if (p->head[0] == WTL_UPSTREAM_ECHO) {
            p->head_n = sizeof p->head;
            return put(p, p->head, 1) == 1 ? 1 : -1;
        }
    }
    p->left = 0;
    for (size_t i = 1; i < sizeof p->head; i++)
        p->left = p->left << 8 | p->head[i];
    return 1;
}

/* False when the connection is over. */
static bool serve(const wtl_upstream *u, peer *p)
{
    int got = p->head_n < sizeof p->head ? read_head(p) : 1;
    if (got <= 0)
        return got == 0;
    switch (p->head[0]) {
    case WTL_UPSTREAM_ECHO:
        return echo(u, p);
    case WTL_UPSTREAM_TAKE:
        return take(u, p);
    case WTL_UPSTREAM_GIVE:
        return give(u, p);
    default:
        return false;
    }
}

static void *run(void *arg)
{
    wtl_upstream *u = arg;
    struct epoll_event e[EVENTS];
    if (u->cpu >= 0)
        (void)wtl_process_pin(u->cpu);
    for (;;) {
        int n = epoll_wait(u->poll, e, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            if (e[i].data.ptr == &u->stop)
                return NULL;
            if (e[i].data.ptr == &u->listener)
                welcome(u);
            else if (!serve(u, e[i].data.ptr))
                drop(u, e[i].data.ptr);
        }
    }
}

static bool set_up(wtl_upstream *u)
{
    struct epoll_event l = {.events = EPOLLIN, .data.ptr = &u->listener};
    struct epoll_event s = {.events = EPOLLIN, .data.ptr = &u->stop};
    u->listener = listen_somewhere(&u->port);
    u->poll = epoll_create1(EPOLL_CLOEXEC);
    u->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    u->piece = malloc(PIECE);
    u->zero = calloc(1, PIECE);
    return u->listener >= 0 && u->poll >= 0 && u->stop >= 0 && u->piece != NULL && u->zero != NULL &&
           epoll_ctl(u->poll, EPOLL_CTL_ADD, u->listener, &l) == 0 &&
           epoll_ctl(u->poll, EPOLL_CTL_ADD, u->stop, &s) == 0;
}

static void tear_down(wtl_upstream *u)
{
    for (size_t i = 0; i < u->room; i++) {
        if (u->peers[i] != NULL)
            drop(u, u->peers[i]);
    }
    int fds[] = {u->listener, u->poll, u->stop};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    SSL_CTX_free(u->tls);
    free(u->peers);
    free(u->piece);
    free(u->zero);
    free(u);
}

/* Takes `tls`. */
static int start(wtl_upstream **out, SSL_CTX *tls, int cpu, wtl_err *err)
{
    wtl_upstream *u = calloc(1, sizeof *u);
    if (u == NULL) {
        SSL_CTX_free(tls);
        return WTL_FAIL(err, WTL_NOMEM, "out of memory");
    }
    u->cpu = cpu;
    u->tls = tls;
    if (!set_up(u) || pthread_create(&u->thread, NULL, run, u) != 0) {
        int why = errno;
        tear_down(u);
        return WTL_FAIL_SYS(err, WTL_IO, why, "cannot serve on 127.0.0.1 behind the proxies");
    }
    *out = u;
    return WTL_OK;
}

int wtl_upstream_start(wtl_upstream **out, int cpu, wtl_err *err)
{
    return start(out, NULL, cpu, err);
}

int wtl_upstream_start_tls(wtl_upstream **out, const wtl_identity *id, const wtl_identity_kind *cert,
                           const char *suite, int cpu, wtl_err *err)
{
    char pem[200];
    char key[200];
    SSL_CTX *c = SSL_CTX_new_ex(wtl_lib_ctx(), NULL, TLS_server_method());
    snprintf(pem, sizeof pem, "%s/%s.pem", id->dir, cert->file);
    snprintf(key, sizeof key, "%s/%s.key", id->dir, cert->file);
    if (c == NULL || SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_ciphersuites(c, suite) != 1 || SSL_CTX_use_certificate_chain_file(c, pem) != 1 ||
        SSL_CTX_use_PrivateKey_file(c, key, SSL_FILETYPE_PEM) != 1) {
        SSL_CTX_free(c);
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL cannot serve %s with %s", cert->name, suite);
    }
    SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(c, 1);
    SSL_CTX_set_default_read_buffer_len(c, PIECE);
    return start(out, c, cpu, err);
}

uint16_t wtl_upstream_port(const wtl_upstream *u)
{
    return u->port;
}

void wtl_upstream_stop(wtl_upstream *u)
{
    uint64_t one = 1;
    if (u == NULL)
        return;
    if (write(u->stop, &one, sizeof one) == (ssize_t)sizeof one)
        pthread_join(u->thread, NULL);
    tear_down(u);
}

void wtl_upstream_auto(wtl_upstream **u)
{
    wtl_upstream_stop(*u);
}
