#include "bench/quic.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <openssl/bio.h>
#include <openssl/quic.h>
#include <openssl/ssl.h>

#include "base/stop.h"
#include "bench/target.h"
#include "crypto/lib.h"

enum { PATH_ROOM = 200 };

static const unsigned char protocol[] = {5, 'b', 'e', 'n', 'c', 'h'};

typedef struct serving {
    char pem[PATH_ROOM], key[PATH_ROOM];
    int fd;
} serving;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int choose(SSL *ssl, const unsigned char **out, unsigned char *n, const unsigned char *in,
                  unsigned int in_n, void *arg)
{
    (void)ssl;
    (void)arg;
    unsigned char *chosen = NULL;
    int r = SSL_select_next_proto(&chosen, n, protocol, sizeof protocol, in, in_n);
    *out = chosen;
    return r == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* One connection from its first packet to its end. */
static void serve_one(SSL *listener)
{
    unsigned char byte;
    size_t n = 0;
    SSL *c = SSL_accept_connection(listener, 0);
    SSL *s = c != NULL && SSL_do_handshake(c) == 1 ? SSL_accept_stream(c, 0) : NULL;
    if (s != NULL && SSL_read_ex(s, &byte, 1, &n) == 1 && SSL_write_ex(s, &byte, 1, &n) == 1)
        (void)SSL_read_ex(s, &byte, 1, &n); /* until the client takes leave */
    SSL_free(s);
    SSL_free(c);
}

static int serve(void *arg)
{
    const serving *s = arg;
    OSSL_LIB_CTX *lib = OSSL_LIB_CTX_new();
    SSL_CTX *ctx = lib != NULL ? SSL_CTX_new_ex(lib, NULL, OSSL_QUIC_server_method()) : NULL;
    if (ctx == NULL || SSL_CTX_use_certificate_chain_file(ctx, s->pem) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, s->key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_set1_groups_list(ctx, WTL_TARGET_GROUPS) != 1)
        return 1;
    SSL_CTX_set_alpn_select_cb(ctx, choose, NULL);
    SSL *listener = SSL_new_listener(ctx, SSL_LISTENER_FLAG_NO_VALIDATE);
    if (listener == NULL || SSL_set_fd(listener, s->fd) != 1 || SSL_set_blocking_mode(listener, 1) != 1 ||
        SSL_listen(listener) != 1)
        return 1;
    for (;;)
        serve_one(listener);
}

int wtl_quic_start(wtl_quic *q, const wtl_identity *id, const wtl_identity_kind *cert, int cpu, wtl_err *err)
{
    serving s = {.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    snprintf(s.pem, sizeof s.pem, "%s/%s.pem", id->dir, cert->file);
    snprintf(s.key, sizeof s.key, "%s/%s.key", id->dir, cert->file);
    if (s.fd < 0 || bind(s.fd, (struct sockaddr *)&a, sizeof a) != 0 ||
        getsockname(s.fd, (struct sockaddr *)&a, &n) != 0) {
        int why = errno;
        if (s.fd >= 0)
            close(s.fd);
        return WTL_FAIL_SYS(err, WTL_IO, why, "cannot take UDP packets on 127.0.0.1");
    }
    q->port = ntohs(a.sin_port);
    int rc = wtl_process_fork(&q->process, serve, &s, cpu, err);
    close(s.fd); /* what comes before the process looks waits in the socket */
    return rc;
}

void wtl_quic_stop(wtl_quic *q)
{
    wtl_process_stop(&q->process);
    q->port = 0;
}

static SSL *dial(SSL_CTX *ctx, uint16_t port)
{
    struct in_addr loopback = {.s_addr = htonl(INADDR_LOOPBACK)};
    BIO_ADDR *to = BIO_ADDR_new();
    SSL *ssl = SSL_new(ctx);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    BIO *bio = fd >= 0 ? BIO_new_dgram(fd, BIO_CLOSE) : NULL;
    bool ok = bio != NULL && to != NULL && ssl != NULL &&
              BIO_ADDR_rawmake(to, AF_INET, &loopback, sizeof loopback, htons(port)) == 1 &&
              SSL_set1_initial_peer_addr(ssl, to) == 1 &&
              SSL_set_alpn_protos(ssl, protocol, sizeof protocol) == 0 &&
              SSL_set_tlsext_host_name(ssl, "localhost") == 1;
    if (ok)
        SSL_set_bio(ssl, bio, bio);
    else if (bio != NULL)
        BIO_free(bio);
    else if (fd >= 0)
        close(fd);
    BIO_ADDR_free(to);
    if (!ok)
        SSL_free(ssl);
    return ok ? ssl : NULL;
}

static int one(SSL *ssl, wtl_load *l, wtl_err *err)
{
    SSL_SHUTDOWN_EX_ARGS why = {0};
    unsigned char byte = 1;
    size_t n = 0;
    double from = now();
    if (SSL_connect(ssl) != 1)
        return WTL_FAIL_OSSL(err, WTL_IO, "a handshake of OpenSSL's QUIC failed");
    l->ms[l->n++] = (now() - from) * 1000;
    const char *group = SSL_get0_group_name(ssl);
    snprintf(l->group, sizeof l->group, "%s", group != NULL ? group : "");
    snprintf(l->suite, sizeof l->suite, "%s", SSL_get_cipher_name(ssl));
    if (SSL_write_ex(ssl, &byte, 1, &n) != 1 || SSL_read_ex(ssl, &byte, 1, &n) != 1)
        return WTL_FAIL_OSSL(err, WTL_IO, "a connection of OpenSSL's QUIC broke off");
    (void)SSL_shutdown_ex(ssl, SSL_SHUTDOWN_FLAG_RAPID, &why, sizeof why);
    return WTL_OK;
}

static int all(const wtl_quic *q, SSL_CTX *ctx, size_t connections, wtl_load *l, wtl_err *err)
{
    double from = now();
    for (size_t i = 0; i < connections; i++) {
        ENSURE(wtl_stop_asked() == 0, err, WTL_IO, "ended on request");
        SSL *ssl = dial(ctx, q->port);
        ENSURE(ssl != NULL, err, WTL_NOMEM, "cannot make a QUIC connection");
        int rc = one(ssl, l, err);
        SSL_free(ssl);
        TRY(rc);
    }
    l->seconds = now() - from;
    return WTL_OK;
}

int wtl_quic_run(const wtl_quic *q, const char *group, const char *suite, size_t connections, wtl_load *l,
                 wtl_err *err)
{
    wtl_load_end(l);
    l->ms = calloc(connections + 1, sizeof *l->ms);
    ENSURE(l->ms != NULL, err, WTL_NOMEM, "out of memory");
    SSL_CTX *ctx = SSL_CTX_new_ex(wtl_lib_ctx(), NULL, OSSL_QUIC_client_method());
    int rc = WTL_OK;
    if (ctx == NULL || SSL_CTX_set1_groups_list(ctx, group) != 1 || SSL_CTX_set_ciphersuites(ctx, suite) != 1)
        rc = WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL's QUIC does not take %s", group);
    else
        rc = all(q, ctx, connections, l, err);
    SSL_CTX_free(ctx);
    return rc;
}
