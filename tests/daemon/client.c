#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { KEPT = 64, PIECE = 16384 };

/* Sessions are for one use each (RFC 8446 appendix C.4). */
static SSL_SESSION *kept[KEPT];
static unsigned n_kept;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int keep(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    pthread_mutex_lock(&lock);
    bool room = n_kept < KEPT;
    if (room)
        kept[n_kept++] = session;
    pthread_mutex_unlock(&lock);
    return room;
}

static SSL_SESSION *take(void)
{
    pthread_mutex_lock(&lock);
    SSL_SESSION *s = n_kept > 0 ? kept[--n_kept] : NULL;
    pthread_mutex_unlock(&lock);
    return s;
}

SSL_CTX *client_context(const char *ca, const char *groups)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
        (ca != NULL && SSL_CTX_load_verify_file(ctx, ca) != 1) ||
        SSL_CTX_set1_groups_list(ctx, groups) != 1) {
        ERR_print_errors_fp(stderr);
        exit(2);
    }
    SSL_CTX_set_verify(ctx, ca != NULL ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ctx, keep);
    return ctx;
}

void client_close(SSL_CTX *ctx)
{
    for (SSL_SESSION *s; (s = take()) != NULL;)
        SSL_SESSION_free(s);
    SSL_CTX_free(ctx);
}

int client_dial(unsigned port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval patience = {.tv_sec = CLIENT_PATIENCE};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
        return fd;
    close(fd);
    return -1;
}

SSL *client_open(SSL_CTX *ctx, unsigned port, bool resume)
{
    int fd = client_dial(port);
    if (fd < 0)
        return NULL;
    SSL *ssl = SSL_new(ctx);
    SSL_SESSION *session = resume ? take() : NULL;
    SSL_set_fd(ssl, fd);
    SSL_set_tlsext_host_name(ssl, "localhost");
    SSL_set1_host(ssl, "localhost");
    if (session != NULL)
        SSL_set_session(ssl, session);
    SSL_SESSION_free(session);
    ERR_clear_error();
    if (SSL_connect(ssl) == 1)
        return ssl;
    client_cut(ssl);
    return NULL;
}

void client_fill(uint8_t *p, size_t n, unsigned seed)
{
    uint32_t x = seed * 2654435761U + 1;
    for (size_t i = 0; i < n; i++) {
        x = x * 1664525U + 1013904223U;
        p[i] = (uint8_t)(x >> 24);
    }
}

bool client_echo(SSL *ssl, size_t n, unsigned seed)
{
    uint8_t out[PIECE], in[PIECE];
    for (size_t at = 0; at < n; at += PIECE) {
        size_t m = n - at < PIECE ? n - at : PIECE, have = 0;
        client_fill(out, m, seed + (unsigned)at);
        if (SSL_write(ssl, out, (int)m) != (int)m)
            return false;
        while (have < m) {
            int got = SSL_read(ssl, in + have, (int)(m - have));
            if (got <= 0)
                return false;
            have += (size_t)got;
        }
        if (memcmp(in, out, m) != 0)
            return false;
    }
    return true;
}

bool client_ping(SSL *ssl)
{
    char c = 'p';
    return SSL_write(ssl, &c, 1) == 1 && SSL_read(ssl, &c, 1) == 1 && c == 'p';
}

bool client_end(SSL *ssl)
{
    char c;
    bool good = SSL_shutdown(ssl) >= 0 && SSL_read(ssl, &c, 1) <= 0 &&
                (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
    client_cut(ssl);
    return good;
}

void client_reset_fd(int fd)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

void client_reset(SSL *ssl)
{
    int fd = SSL_get_fd(ssl);
    SSL_free(ssl);
    client_reset_fd(fd);
}

void client_cut(SSL *ssl)
{
    int fd = SSL_get_fd(ssl);
    SSL_free(ssl);
    close(fd);
}

int64_t client_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void client_sleep_until(int64_t at)
{
    struct timespec t = {.tv_sec = at / 1000000000, .tv_nsec = at % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
        continue;
}
