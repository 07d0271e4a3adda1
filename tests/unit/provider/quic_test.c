/* QUIC (OpenSSL's own, over UDP on this machine) with the provider's groups and certificates, and TLS 1.3 with raw public keys (RFC 7250). */
#include "world.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>
#include <openssl/x509.h>

static const unsigned char protocol[] = "\6wattle";
enum { PATIENCE = 500 /* rounds of at most 20 ms */ };

static X509 *certificate(const world *w, EVP_PKEY *key)
{
    X509 *cert = X509_new_ex(w->lib, NULL);
    X509_NAME *name = X509_get_subject_name(cert);
    assert_int_equal(
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0), 1);
    X509_set_issuer_name(cert, name);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    assert_true(X509_sign(cert, key, NULL) > 0);
    return cert;
}

static SSL_CTX *context(const world *w, const SSL_METHOD *method, const char *group)
{
    SSL_CTX *ctx = SSL_CTX_new_ex(w->lib, NULL, method);
    assert_non_null(ctx);
    assert_int_equal(SSL_CTX_set1_groups_list(ctx, group), 1);
    return ctx;
}

static int choose(SSL *ssl, const unsigned char **out, unsigned char *n, const unsigned char *in,
                  unsigned in_n, void *arg)
{
    (void)ssl;
    (void)arg;
    return SSL_select_next_proto((unsigned char **)(uintptr_t)out, n, protocol, sizeof protocol - 1, in,
                                 in_n) == OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int bound(struct sockaddr_in *at)
{
    socklen_t n = sizeof *at;
    *at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)at, n), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)at, &n), 0);
    return fd;
}

/* One connection, both ends in this thread. */
typedef struct quic {
    SSL_CTX *client_ctx, *server_ctx;
    SSL *listener, *server, *client;
    X509 *cert;
    EVP_PKEY *key;
    int fd[2];
} quic;

static void quic_server(quic *q, const world *w, const char *alg, const char *group, struct sockaddr_in *at)
{
    q->server_ctx = context(w, OSSL_QUIC_server_method(), group);
    q->key = EVP_PKEY_Q_keygen(w->lib, NULL, alg);
    assert_non_null(q->key);
    q->cert = certificate(w, q->key);
    assert_int_equal(SSL_CTX_use_certificate(q->server_ctx, q->cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(q->server_ctx, q->key), 1);
    SSL_CTX_set_alpn_select_cb(q->server_ctx, choose, NULL);
    q->fd[0] = bound(at);
    q->listener = SSL_new_listener(q->server_ctx, 0);
    assert_non_null(q->listener);
    assert_int_equal(SSL_set_fd(q->listener, q->fd[0]), 1);
    assert_int_equal(SSL_set_blocking_mode(q->listener, 0), 1);
    assert_int_equal(SSL_listen(q->listener), 1);
}

static void quic_client(quic *q, const world *w, const char *group, const struct sockaddr_in *to)
{
    struct sockaddr_in own;
    BIO_ADDR *peer = BIO_ADDR_new();
    q->client_ctx = context(w, OSSL_QUIC_client_method(), group);
    SSL_CTX_set_verify(q->client_ctx, SSL_VERIFY_PEER, NULL);
    assert_int_equal(X509_STORE_add_cert(SSL_CTX_get_cert_store(q->client_ctx), q->cert), 1);
    q->fd[1] = bound(&own);
    q->client = SSL_new(q->client_ctx);
    assert_int_equal(SSL_set_fd(q->client, q->fd[1]), 1);
    assert_int_equal(SSL_set_blocking_mode(q->client, 0), 1);
    assert_int_equal(BIO_ADDR_rawmake(peer, AF_INET, &to->sin_addr, sizeof to->sin_addr, to->sin_port), 1);
    assert_int_equal(SSL_set1_initial_peer_addr(q->client, peer), 1);
    assert_int_equal(SSL_set_alpn_protos(q->client, protocol, sizeof protocol - 1), 0);
    BIO_ADDR_free(peer);
}

static void wait_for(const quic *q)
{
    struct pollfd both[2] = {{q->fd[0], POLLIN, 0}, {q->fd[1], POLLIN, 0}};
    (void)poll(both, 2, 20);
}

static void quic_end(quic *q)
{
    SSL_free(q->client);
    SSL_free(q->server);
    SSL_free(q->listener);
    SSL_CTX_free(q->client_ctx);
    SSL_CTX_free(q->server_ctx);
    X509_free(q->cert);
    EVP_PKEY_free(q->key);
    close(q->fd[0]);
    close(q->fd[1]);
}

static bool quic_shakes(quic *q)
{
    for (int i = 0; i < PATIENCE; i++) {
        int done = SSL_connect(q->client);
        if (done == 1 && q->server != NULL && SSL_is_init_finished(q->server))
            return true;
        if (done != 1 && SSL_get_error(q->client, done) != SSL_ERROR_WANT_READ &&
            SSL_get_error(q->client, done) != SSL_ERROR_WANT_WRITE)
            return false;
        SSL_handle_events(q->listener);
        if (q->server == NULL)
            q->server = SSL_accept_connection(q->listener, SSL_ACCEPT_CONNECTION_NO_BLOCK);
        if (q->server != NULL)
            (void)SSL_do_handshake(q->server);
        wait_for(q);
    }
    return false;
}

static bool quic_talks(quic *q)
{
    char text[16] = "";
    size_t n = 0;
    if (SSL_write_ex(q->client, "weights", 7, &n) != 1)
        return false;
    for (int i = 0; i < PATIENCE; i++) {
        SSL_handle_events(q->client);
        if (SSL_read_ex(q->server, text, sizeof text, &n) == 1)
            return n == 7 && memcmp(text, "weights", 7) == 0;
        wait_for(q);
    }
    return false;
}

static void over_quic(const world *client, const world *server, const char *alg, const char *group)
{
    quic q = {0};
    struct sockaddr_in at;
    quic_server(&q, server, alg, group, &at);
    quic_client(&q, client, group, &at);
    bool good = quic_shakes(&q) && quic_talks(&q);
    if (!good)
        ERR_print_errors_fp(stderr);
    assert_true(good);
    assert_int_equal(SSL_get_verify_result(q.client), X509_V_OK);
    assert_int_equal(strcasecmp(SSL_get0_group_name(q.client), group), 0);
    quic_end(&q);
}

static void quic_both_ways(void **state)
{
    const worlds *both = *state;
    const world *w = &both->ours;
    static const char *const groups[] = {"X25519MLKEM768", "MLKEM768", "SecP256r1MLKEM768", "X25519"};
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        const char *alg = mldsa_names[i % 3];
        uint64_t before = world_count(w, "mldsa-sign");
        over_quic(w, w, alg, groups[i]);
        assert_true(world_count(w, "mldsa-sign") >= before + 2); /* the certificate, the handshake */
        before = world_count(w, "mldsa-verify");
        over_quic(w, &both->plain, alg, groups[i]);
        assert_true(world_count(w, "mldsa-verify") > before);
        over_quic(&both->plain, w, alg, groups[i]);
    }
    assert_true(world_count(w, "hybrid-encaps") >= 4 && world_count(w, "mlkem-encaps") >= 2 &&
                world_count(w, "x25519-derive") >= 4);
}

/* --- raw public keys */

static const unsigned char rpk[] = {TLSEXT_cert_type_rpk};

static SSL *raw_server(const world *w, EVP_PKEY *key, SSL_CTX **ctx)
{
    *ctx = context(w, TLS_server_method(), "X25519MLKEM768");
    assert_int_equal(SSL_CTX_use_PrivateKey(*ctx, key), 1);
    SSL *s = SSL_new(*ctx);
    assert_int_equal(SSL_set1_server_cert_type(s, rpk, sizeof rpk), 1);
    SSL_set_accept_state(s);
    return s;
}

static SSL *raw_client(const world *w, EVP_PKEY *expect, SSL_CTX **ctx)
{
    *ctx = context(w, TLS_client_method(), "X25519MLKEM768");
    SSL_CTX_set_verify(*ctx, SSL_VERIFY_PEER, NULL);
    assert_int_equal(SSL_CTX_dane_enable(*ctx), 1);
    SSL *c = SSL_new(*ctx);
    assert_int_equal(SSL_set1_server_cert_type(c, rpk, sizeof rpk), 1);
    assert_true(SSL_dane_enable(c, NULL) > 0);
    assert_int_equal(SSL_add_expected_rpk(c, expect), 1);
    SSL_set_connect_state(c);
    return c;
}

static bool shake(SSL *c, SSL *s)
{
    int cd = 0;
    int sd = 0;
    for (int i = 0; i < 20 && (cd != 1 || sd != 1); i++) {
        cd = SSL_do_handshake(c);
        sd = SSL_do_handshake(s);
    }
    return cd == 1 && sd == 1;
}

static bool raw(const world *client, const world *server, EVP_PKEY *key, EVP_PKEY *expect)
{
    SSL_CTX *cc;
    SSL_CTX *sc;
    BIO *a = NULL;
    BIO *b = NULL;
    SSL *s = raw_server(server, key, &sc);
    SSL *c = raw_client(client, expect, &cc);
    assert_int_equal(BIO_new_bio_pair(&a, 1 << 16, &b, 1 << 16), 1);
    SSL_set_bio(c, a, a);
    SSL_set_bio(s, b, b);
    bool good = shake(c, s) && SSL_get_verify_result(c) == X509_V_OK;
    assert_true(!good || (SSL_get0_peer_rpk(c) != NULL && EVP_PKEY_eq(SSL_get0_peer_rpk(c), key) == 1));
    SSL_free(c);
    SSL_free(s);
    SSL_CTX_free(cc);
    SSL_CTX_free(sc);
    ERR_clear_error();
    return good;
}

static void raw_public_keys(void **state)
{
    const worlds *both = *state;
    const world *w = &both->ours;
    for (size_t i = 0; i < 3; i++) {
        EVP_PKEY *key = world_seeded(w, mldsa_names[i], 0x41);
        EVP_PKEY *plain = world_seeded(&both->plain, mldsa_names[i], 0x41);
        EVP_PKEY *other = world_seeded(w, mldsa_names[i], 0x42);
        uint64_t signs = world_count(w, "mldsa-sign");
        uint64_t verifies = world_count(w, "mldsa-verify");
        assert_true(raw(w, w, key, key));
        assert_int_equal(world_count(w, "mldsa-sign"), signs + 1);
        assert_int_equal(world_count(w, "mldsa-verify"), verifies + 1);
        assert_true(raw(&both->plain, w, key, plain));
        assert_true(raw(w, &both->plain, plain, key));
        assert_false(raw(w, w, key, other));
        EVP_PKEY_free(key);
        EVP_PKEY_free(plain);
        EVP_PKEY_free(other);
    }
}

int main(void)
{
    unsetenv("WATTLE_CPU");
    const struct CMUnitTest tests[] = {cmocka_unit_test(quic_both_ways), cmocka_unit_test(raw_public_keys)};
    return cmocka_run_group_tests(tests, worlds_open, worlds_close);
}
