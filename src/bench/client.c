#include "bench/client.h"

#include <errno.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <openssl/err.h>

#include "crypto/lib.h"

int wtl_client_ctx(SSL_CTX **out, const char *group, const char *suite, wtl_err *err)
{
    SSL_CTX *c = SSL_CTX_new_ex(wtl_lib_ctx(), NULL, TLS_client_method());
    if (c == NULL || SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set1_groups_list(c, group) != 1 ||
        (suite != NULL && SSL_CTX_set_ciphersuites(c, suite) != 1)) {
        SSL_CTX_free(c);
        return WTL_FAIL_OSSL(err, WTL_USAGE, "OpenSSL does not take the group %s with the suite %s", group,
                             suite != NULL ? suite : "of its choice");
    }
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    *out = c;
    return WTL_OK;
}

static bool prepare(const wtl_client *c, SSL_SESSION *session)
{
    if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1 ||
        SSL_set_tlsext_host_name(c->ssl, "localhost") != 1 ||
        (session != NULL && SSL_set_session(c->ssl, session) != 1))
        return false;
    SSL_set_connect_state(c->ssl);
    return true;
}

int wtl_client_open(wtl_client *c, SSL_CTX *ctx, uint16_t port, SSL_SESSION *session, wtl_err *err)
{
    int on = 1;
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    *c = (wtl_client){.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (c->fd < 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot make a socket");
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    c->ssl = ctx != NULL ? SSL_new(ctx) : NULL;
    if (ctx != NULL && !prepare(c, session)) {
        wtl_client_close(c);
        return WTL_FAIL_OSSL(err, WTL_NOMEM, "cannot make a connection");
    }
    if (connect(c->fd, (struct sockaddr *)&a, sizeof a) == 0)
        return 1;
    if (errno == EINPROGRESS)
        return 0;
    int why = errno;
    wtl_client_close(c);
    return WTL_FAIL_SYS(err, WTL_IO, why, "cannot connect to port %u of 127.0.0.1", port);
}

/* What a call of OpenSSL that did not succeed means. */
static int waits(const wtl_client *c, int r, const char *what, wtl_err *err)
{
    int why = errno;
    int e = SSL_get_error(c->ssl, r);
    if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE)
        return 0;
    if (e == SSL_ERROR_SYSCALL && why != 0)
        return WTL_FAIL_SYS(err, WTL_IO, why, "the server broke a %s off", what);
    return WTL_FAIL_OSSL(err, WTL_IO, "the server broke a %s off", what);
}

/* What a call on the socket itself did; a connection that TCP does not have yet is waited for like any other. */
static int plain(ssize_t r, size_t *n, wtl_err *err)
{
    int why = errno;
    *n = r > 0 ? (size_t)r : 0;
    if (r > 0)
        return 1;
    ENSURE(r < 0, err, WTL_IO, "the server ended a connection");
    return why == EAGAIN || why == EWOULDBLOCK || why == ENOTCONN
               ? 0
               : WTL_FAIL_SYS(err, WTL_IO, why, "the server broke a connection off");
}

/* Whether TCP has the connection. */
static int connected(const wtl_client *c, wtl_err *err)
{
    struct sockaddr_in peer;
    socklen_t n = sizeof peer;
    int why = 0;
    socklen_t why_n = sizeof why;
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &why, &why_n) == 0 && why != 0)
        return WTL_FAIL_SYS(err, WTL_IO, why, "the server took no connection");
    return getpeername(c->fd, (struct sockaddr *)&peer, &n) == 0;
}

int wtl_client_handshake(wtl_client *c, wtl_err *err)
{
    if (c->ssl == NULL)
        return connected(c, err);
    errno = 0;
    ERR_clear_error();
    int r = SSL_do_handshake(c->ssl);
    return r == 1 ? 1 : waits(c, r, "handshake", err);
}

int wtl_client_write(wtl_client *c, const uint8_t *from, size_t *n, wtl_err *err)
{
    size_t put = 0;
    if (c->ssl == NULL)
        return plain(send(c->fd, from, *n, MSG_NOSIGNAL), n, err);
    errno = 0;
    ERR_clear_error();
    int r = SSL_write_ex(c->ssl, from, *n, &put);
    *n = r == 1 ? put : 0;
    return r == 1 ? 1 : waits(c, r, "connection", err);
}

int wtl_client_read(wtl_client *c, uint8_t *to, size_t *n, wtl_err *err)
{
    size_t got = 0;
    if (c->ssl == NULL)
        return plain(recv(c->fd, to, *n, 0), n, err);
    errno = 0;
    ERR_clear_error();
    int r = SSL_read_ex(c->ssl, to, *n, &got);
    *n = r == 1 ? got : 0;
    return r == 1 ? 1 : waits(c, r, "connection", err);
}

void wtl_client_close(wtl_client *c)
{
    if (c->ssl != NULL && SSL_is_init_finished(c->ssl))
        (void)SSL_shutdown(c->ssl);
    SSL_free(c->ssl);
    if (c->fd >= 0)
        close(c->fd);
    *c = (wtl_client){.fd = -1};
}
