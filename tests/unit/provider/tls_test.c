/* TLS 1.3 handshakes through memory: each group with wattle at one end, at the other and at both, and who served them. */
#include "agree.h"

#include <pthread.h>

#include <openssl/ssl.h>
#include <openssl/x509.h>

typedef struct group {
    const char *name;
    const char *made, *encapsulated,
        *opened; /* counters: at the client, the server, the client; NULL: not ours */
} group;
static const group groups[] = {
    {"X25519", "x25519-keygen", "x25519-derive", "x25519-derive"},
    {"MLKEM512", "mlkem-keygen", "mlkem-encaps", "mlkem-decaps"},
    {"MLKEM768", "mlkem-keygen", "mlkem-encaps", "mlkem-decaps"},
    {"MLKEM1024", "mlkem-keygen", "mlkem-encaps", "mlkem-decaps"},
    {"X25519MLKEM768", "hybrid-keygen", "hybrid-encaps", "hybrid-decaps"},
    {"SecP256r1MLKEM768", "hybrid-keygen", "hybrid-encaps", "hybrid-decaps"},
    {"SecP384r1MLKEM1024", "mlkem-keygen", "mlkem-encaps",
     "mlkem-decaps"}, /* default's, with our ML-KEM inside */
};
enum { GROUPS = sizeof groups / sizeof groups[0] };

static X509 *certificate(const world *w, EVP_PKEY *key)
{
    X509 *cert = X509_new_ex(w->lib, NULL);
    X509_NAME *name = X509_get_subject_name(cert);
    EVP_MD *md = EVP_MD_fetch(w->lib, "SHA256", NULL);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(cert, name);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_sign(cert, key, md);
    EVP_MD_free(md);
    return cert;
}

static SSL_CTX *context(const world *w, const SSL_METHOD *method, const char *name)
{
    SSL_CTX *ctx = SSL_CTX_new_ex(w->lib, NULL, method);
    if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set1_groups_list(ctx, name) != 1) {
        ERR_print_errors_fp(stderr);
        SSL_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

static SSL_CTX *server_context(const world *w, const char *name)
{
    SSL_CTX *ctx = context(w, TLS_server_method(), name);
    EVP_PKEY *key = EVP_PKEY_Q_keygen(w->lib, NULL, "EC", "P-256");
    X509 *cert = certificate(w, key);
    if (ctx != NULL && (SSL_CTX_use_certificate(ctx, cert) != 1 || SSL_CTX_use_PrivateKey(ctx, key) != 1)) {
        SSL_CTX_free(ctx);
        ctx = NULL;
    }
    X509_free(cert);
    EVP_PKEY_free(key);
    return ctx;
}

/* Both ends in turn until both are done; false when one fails. */
static bool shake(SSL *client, SSL *server)
{
    for (int i = 0; i < 20; i++) {
        int c = SSL_do_handshake(client);
        int s = SSL_do_handshake(server);
        if (c == 1 && s == 1)
            return true;
        if ((c != 1 && SSL_get_error(client, c) != SSL_ERROR_WANT_READ) ||
            (s != 1 && SSL_get_error(server, s) != SSL_ERROR_WANT_READ))
            return false;
    }
    return false;
}

static bool talks(SSL *client, SSL *server, const char *name)
{
    char text[16] = "";
    return shake(client, server) && SSL_write(client, "weights", 7) == 7 &&
           SSL_read(server, text, sizeof text) == 7 && memcmp(text, "weights", 7) == 0 &&
           strcasecmp(SSL_get0_group_name(client), name) == 0;
}

static bool connects(const world *client, const world *server, const char *name)
{
    SSL_CTX *cc = context(client, TLS_client_method(), name);
    SSL_CTX *sc = server_context(server, name);
    SSL *c = cc != NULL ? SSL_new(cc) : NULL;
    SSL *s = sc != NULL ? SSL_new(sc) : NULL;
    BIO *a = NULL;
    BIO *b = NULL;
    bool good = c != NULL && s != NULL && BIO_new_bio_pair(&a, 1 << 16, &b, 1 << 16) == 1;
    if (good) {
        SSL_set_bio(c, a, a);
        SSL_set_bio(s, b, b);
        SSL_set_connect_state(c);
        SSL_set_accept_state(s);
        good = talks(c, s, name);
    }
    if (!good)
        ERR_print_errors_fp(stderr);
    SSL_free(c);
    SSL_free(s);
    SSL_CTX_free(cc);
    SSL_CTX_free(sc);
    return good;
}

static void every_group_both_ways(void **state)
{
    const worlds *both = *state;
    const world *w = &both->ours;
    for (size_t g = 0; g < GROUPS; g++) {
        const char *name = groups[g].name;
        uint64_t made = world_count(w, groups[g].made);
        uint64_t opened = world_count(w, groups[g].opened);
        uint64_t enclosed = world_count(w, groups[g].encapsulated);
        assert_true(connects(w, &both->plain, name));
        assert_int_equal(world_count(w, groups[g].made), made + 1);
        assert_int_equal(world_count(w, groups[g].opened), opened + 1);
        assert_true(connects(&both->plain, w, name));
        assert_true(world_count(w, groups[g].encapsulated) > enclosed);
        assert_true(connects(w, w, name));
    }
}

static void the_usual_group(void **state)
{
    const worlds *both = *state;
    const char *list = "X25519MLKEM768";
    uint64_t n = world_count(&both->ours, "hybrid-keygen");
    assert_true(connects(&both->ours, &both->ours, list));
    assert_int_equal(world_count(&both->ours, "hybrid-keygen"), n + 1);
}

typedef struct job {
    const worlds *both;
    size_t seed;
    bool good;
} job;

static void *in_thread(void *arg)
{
    job *j = arg;
    j->good = true;
    for (size_t i = 0; i < 14 && j->good; i++) {
        size_t g = (i + j->seed) % GROUPS;
        j->good = connects(i & 1 ? &j->both->plain : &j->both->ours, &j->both->ours, groups[g].name);
    }
    return NULL;
}

static void threads(void **state)
{
    pthread_t thread[4];
    job jobs[4];
    for (size_t i = 0; i < 4; i++) {
        jobs[i] = (job){*state, i, false};
        assert_int_equal(pthread_create(&thread[i], NULL, in_thread, &jobs[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(thread[i], NULL);
        assert_true(jobs[i].good);
    }
}

/* Contexts come and go; what they held goes with them. */
static void teardown(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        world w;
        world_open(&w, WORLD_BUILTIN);
        assert_true(connects(&w, &w, "X25519MLKEM768"));
        assert_true(connects(&w, &w, "SecP256r1MLKEM768"));
        world_close(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_group_both_ways),
                                       cmocka_unit_test(the_usual_group), cmocka_unit_test(threads),
                                       cmocka_unit_test(teardown)};
    return cmocka_run_group_tests(tests, worlds_open, worlds_close);
}
