/* AWS-LC's TLS with its defaults; tests/lib/matrix.sh builds it against AWS-LC, the normal build leaves it out.
 *   awslc_tls version
 *   awslc_tls client PORT CA     asks twice, the second time with the first's session, and prints the answers
 *   awslc_tls server CERT KEY    prints its port and answers, until it is killed */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/service_indicator.h>
#include <openssl/ssl.h>

static SSL_SESSION *kept;

static void must(int right, const char *what)
{
    if (right)
        return;
    fprintf(stderr, "awslc_tls: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static int keep(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    SSL_SESSION_free(kept);
    kept = session;
    return 1;
}

static int at(unsigned short port, int server)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t n = sizeof a;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    must(fd >= 0, "socket");
    if (!server) {
        must(connect(fd, (struct sockaddr *)&a, sizeof a) == 0, "connect");
        return fd;
    }
    must(bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 16) == 0 &&
             getsockname(fd, (struct sockaddr *)&a, &n) == 0,
         "listen");
    printf("127.0.0.1:%d\n", ntohs(a.sin_port));
    fflush(stdout);
    return fd;
}

static void ask(SSL_CTX *ctx, unsigned short port)
{
    static const char request[] = "GET /awslc HTTP/1.0\r\n\r\n";
    char b[4096];
    int n, fd = at(port, 0);
    SSL *ssl = SSL_new(ctx);
    must(SSL_set_fd(ssl, fd) && SSL_set_tlsext_host_name(ssl, "localhost") && SSL_set1_host(ssl, "localhost"),
         "the connection");
    must(kept == NULL || SSL_set_session(ssl, kept), "the session");
    must(SSL_connect(ssl) == 1, "the handshake");
    must(SSL_write(ssl, request, sizeof request - 1) > 0, "writing");
    while ((n = SSL_read(ssl, b, sizeof b)) > 0)
        fwrite(b, 1, (size_t)n, stdout);
    must(SSL_get_error(ssl, n) == SSL_ERROR_ZERO_RETURN, "reading");
    SSL_shutdown(ssl);
    SSL_free(ssl);
    close(fd);
}

static void client(SSL_CTX *ctx, const char *port, const char *ca)
{
    must(SSL_CTX_load_verify_locations(ctx, ca, NULL), "the authority");
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(ctx, keep);
    for (int i = 0; i < 2; i++)
        ask(ctx, (unsigned short)atoi(port));
}

static void answer(SSL *ssl)
{
    static const char text[] = "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nawslc-server\n";
    char b[4096];
    if (SSL_accept(ssl) == 1 && SSL_read(ssl, b, sizeof b) > 0 && SSL_write(ssl, text, sizeof text - 1) > 0)
        SSL_shutdown(ssl);
}

static void server(SSL_CTX *ctx, const char *cert, const char *key)
{
    must(SSL_CTX_use_certificate_chain_file(ctx, cert), "the certificate");
    must(SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM), "the key");
    int all = at(0, 1);
    for (;;) {
        int fd = accept(all, NULL, NULL);
        must(fd >= 0, "accept");
        SSL *ssl = SSL_new(ctx);
        must(SSL_set_fd(ssl, fd), "the connection");
        answer(ssl);
        SSL_free(ssl);
        close(fd);
    }
}

int main(int n, char **arg)
{
    signal(SIGPIPE, SIG_IGN);
    if (n == 2 && strcmp(arg[1], "version") == 0)
        return puts(awslc_version_string()) < 0;
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());
    must(ctx != NULL && n == 4, "usage: awslc_tls version | client PORT CA | server CERT KEY");
    if (strcmp(arg[1], "client") == 0)
        client(ctx, arg[2], arg[3]);
    else
        server(ctx, arg[2], arg[3]);
    SSL_SESSION_free(kept);
    SSL_CTX_free(ctx);
    return 0;
}
