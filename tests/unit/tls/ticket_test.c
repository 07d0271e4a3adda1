#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "crypto/lib.h"
#include "tls/ticket.h"

enum { HOUR = 3600, START = 1795219200 };

static int64_t the_time = START;
static int64_t now(void *arg)
{
    return the_time + *(int64_t *)arg;
}
static int64_t exact = 0, ahead = 30;

static EVP_PKEY *key;
static X509 *cert;
static SSL_CTX *client;
static _Thread_local SSL_SESSION *newest;

static int on_session(SSL *ssl, SSL_SESSION *s)
{
    (void)ssl;
    SSL_SESSION_free(newest);
    newest = s;
    return 1;
}

static int set_up(void **state)
{
    (void)state;
    if (wtl_lib_init(NULL) < 0)
        return -1;
    key = EVP_PKEY_Q_keygen(wtl_lib_ctx(), NULL, "EC", "P-256");
    cert = X509_new_ex(wtl_lib_ctx(), NULL);
    EVP_MD *md = EVP_MD_fetch(wtl_lib_ctx(), "SHA256", NULL);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_sign(cert, key, md);
    EVP_MD_free(md);
    client = SSL_CTX_new_ex(wtl_lib_ctx(), NULL, TLS_client_method());
    SSL_CTX_set_session_cache_mode(client, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(client, on_session);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    SSL_SESSION_free(newest);
    SSL_CTX_free(client);
    X509_free(cert);
    EVP_PKEY_free(key);
    return 0;
}

static wtl_ticket *tickets(const char *secrets, unsigned keep, int64_t *offset)
{
    uint8_t bytes[8 * WTL_TICKET_SECRET];
    wtl_ticket *t = NULL;
    wtl_err err = {0};
    for (size_t i = 0; secrets[i] != '\0'; i++)
        memset(bytes + i * WTL_TICKET_SECRET, secrets[i], WTL_TICKET_SECRET);
    assert_good(wtl_ticket_new(&t, (wtl_bytes){bytes, strlen(secrets) * WTL_TICKET_SECRET}, HOUR, keep, &err),
                &err);
    wtl_ticket_clock(t, now, offset);
    return t;
}

static SSL_CTX *context(wtl_ticket *t)
{
    SSL_CTX *c = SSL_CTX_new_ex(wtl_lib_ctx(), NULL, TLS_server_method());
    wtl_err err = {0};
    SSL_CTX_set_num_tickets(c, 1);
    assert_int_equal(SSL_CTX_use_certificate(c, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(c, key), 1);
    assert_good(wtl_ticket_install(t, c, &err), &err);
    SSL_CTX_set_timeout(c, 1000 * HOUR);
    return c;
}

static bool same_ticket(const SSL_SESSION *a, const SSL_SESSION *b)
{
    const uint8_t *p = NULL, *q = NULL;
    size_t n = 0, m = 0;
    SSL_SESSION_get0_ticket(a, &p, &n);
    SSL_SESSION_get0_ticket(b, &q, &m);
    return n == m && memcmp(p, q, n) == 0;
}

/* A handshake that offers the session, if there is one; whether it was resumed. `newest` is the ticket that came, if any. */
static bool connects(SSL_CTX *server, SSL_SESSION *offer, int version)
{
    BIO *a = NULL, *b = NULL;
    BIO_new_bio_pair(&a, 1 << 16, &b, 1 << 16);
    SSL *c = SSL_new(client), *s = SSL_new(server);
    SSL_set_bio(c, a, a);
    SSL_set_bio(s, b, b);
    SSL_set_connect_state(c);
    SSL_set_accept_state(s);
    SSL_set_max_proto_version(c, version);
    if (offer != NULL) { /* a copy: OpenSSL's client uses a session once */
        SSL_SESSION *copy = SSL_SESSION_dup(offer);
        assert_int_equal(SSL_set_session(c, copy), 1);
        SSL_SESSION_free(copy);
    }
    SSL_SESSION_free(newest);
    newest = NULL;
    bool done[2] = {0};
    for (int i = 0; i < 10; i++) {
        done[0] = SSL_do_handshake(c) == 1;
        done[1] = SSL_do_handshake(s) == 1;
    }
    assert_true(done[0] && done[1]);
    char x;
    assert_int_equal(SSL_read(c, &x, 1), -1);
    bool resumed = SSL_session_reused(s);
    if (resumed && version == TLS1_2_VERSION && !same_ticket(SSL_get0_session(c), offer))
        newest = SSL_get1_session(c); /* of which OpenSSL does not tell its callback */
    SSL_set_shutdown(c, SSL_SENT_SHUTDOWN);
    SSL_free(c);
    SSL_free(s);
    ERR_clear_error();
    return resumed;
}

static SSL_SESSION *a_ticket_of(SSL_CTX *server)
{
    assert_false(connects(server, NULL, TLS1_3_VERSION));
    assert_non_null(newest);
    SSL_SESSION *s = newest;
    newest = NULL;
    return s;
}

static void nodes_open_one_anothers_tickets(void **state)
{
    (void)state;
    the_time = START + 5 * HOUR + 10;
    wtl_ticket *here = tickets("a", 2, &exact), *there = tickets("a", 2, &exact),
               *other = tickets("b", 2, &exact);
    SSL_CTX *c[] = {context(here), context(there), context(other)};
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        assert_false(connects(c[0], NULL, version));
        SSL_SESSION *s = newest;
        newest = NULL;
        assert_true(connects(c[1], s, version));
        assert_true(connects(c[0], s, version));
        assert_false(connects(c[2], s, version));
        assert_non_null(newest);
        SSL_SESSION_free(s);
    }
    for (int i = 0; i < 3; i++)
        SSL_CTX_free(c[i]);
    wtl_ticket_free(here);
    wtl_ticket_free(there);
    wtl_ticket_free(other);
}

/* TLS 1.3: with each resumption; TLS 1.2: when its key is an older one. */
static void tickets_are_made_anew(void **state)
{
    (void)state;
    the_time = START;
    wtl_ticket *t = tickets("a", 2, &exact), *newer = tickets("ba", 2, &exact);
    SSL_CTX *c = context(t), *d = context(newer);
    SSL_SESSION *s = a_ticket_of(c);
    assert_true(connects(c, s, TLS1_3_VERSION));
    assert_non_null(newest);
    SSL_SESSION_free(s);
    assert_false(connects(c, NULL, TLS1_2_VERSION));
    s = newest;
    newest = NULL;
    assert_true(connects(c, s, TLS1_2_VERSION));
    assert_null(newest);
    assert_true(connects(d, s, TLS1_2_VERSION));
    assert_non_null(newest);
    the_time += HOUR;
    assert_true(connects(c, s, TLS1_2_VERSION));
    assert_non_null(newest);
    SSL_SESSION_free(s);
    SSL_CTX_free(c);
    SSL_CTX_free(d);
    wtl_ticket_free(t);
    wtl_ticket_free(newer);
}

/* Of an epoch: `keep` after it and one before; also where the clock jumps back and forth, and where one node never saw the time between. */
static void clocks(void **state)
{
    (void)state;
    enum { KEEP = 3 };
    the_time = START + 100 * HOUR;
    wtl_ticket *t = tickets("a", KEEP, &exact);
    SSL_CTX *c = context(t);
    SSL_SESSION *s = a_ticket_of(c);
    static const int jumps[] = {0, 1, 3, 4, 3, -1, -2, -1, 0, 2, 50, 1, -90, 0, 4, 5, 3, -101, 0};
    for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
        the_time = START + (100 + jumps[i]) * HOUR;
        bool opens = jumps[i] >= -1 && jumps[i] <= KEEP;
        assert_int_equal(connects(c, s, TLS1_3_VERSION), opens);
        wtl_ticket *u = tickets("xa", KEEP, &exact);
        SSL_CTX *d = context(u);
        assert_int_equal(connects(d, s, TLS1_3_VERSION), opens);
        SSL_CTX_free(d);
        wtl_ticket_free(u);
    }
    SSL_SESSION_free(s);
    SSL_CTX_free(c);
    wtl_ticket_free(t);
}

static void a_clock_before_1970(void **state)
{
    (void)state;
    for (the_time = -5 * HOUR; the_time < 4 * HOUR; the_time += HOUR) {
        wtl_ticket *t = tickets("a", 2, &exact);
        SSL_CTX *c = context(t);
        SSL_SESSION *s = a_ticket_of(c);
        assert_true(connects(c, s, TLS1_3_VERSION));
        SSL_SESSION_free(s);
        SSL_CTX_free(c);
        wtl_ticket_free(t);
    }
}

static void a_node_whose_clock_is_ahead(void **state)
{
    (void)state;
    the_time = START + HOUR - 10;
    wtl_ticket *behind = tickets("a", 0, &exact), *before = tickets("a", 0, &ahead);
    SSL_CTX *c = context(behind), *d = context(before);
    SSL_SESSION *s = a_ticket_of(d);
    assert_true(connects(c, s, TLS1_3_VERSION));
    SSL_SESSION_free(s);
    SSL_CTX_free(c);
    SSL_CTX_free(d);
    wtl_ticket_free(behind);
    wtl_ticket_free(before);
}

/* Every byte of a ticket changed: a full handshake, never a failure. */
static void damaged_tickets(void **state)
{
    (void)state;
    the_time = START;
    wtl_ticket *t = tickets("a", 2, &exact);
    SSL_CTX *c = context(t);
    SSL_SESSION *s = a_ticket_of(c);
    uint8_t der[4096];
    uint8_t *to = der;
    assert_true(i2d_SSL_SESSION(s, NULL) < (int)sizeof der);
    int n = i2d_SSL_SESSION(s, &to);
    const uint8_t *ticket = NULL;
    size_t len = 0;
    SSL_SESSION_get0_ticket(s, &ticket, &len);
    uint8_t *at = memmem(der, (size_t)n, ticket, len);
    assert_non_null(at);
    for (size_t i = 0; i < len; i += i < 40 || i > len - 40 ? 1 : 7) {
        at[i] ^= 0x10;
        const uint8_t *from = der;
        SSL_SESSION *bad = d2i_SSL_SESSION_ex(NULL, &from, n, wtl_lib_ctx(), NULL);
        assert_non_null(bad);
        assert_false(connects(c, bad, TLS1_3_VERSION));
        assert_non_null(newest);
        SSL_SESSION_free(bad);
        at[i] ^= 0x10;
    }
    SSL_SESSION_free(s);
    SSL_CTX_free(c);
    wtl_ticket_free(t);
}

static void what_cannot_be_asked_for(void **state)
{
    (void)state;
    static const uint8_t bytes[9 * WTL_TICKET_SECRET];
    wtl_ticket *t = NULL;
    wtl_err err = {0};
    static const size_t sizes[] = {0, 1, 31, 33, 9 * WTL_TICKET_SECRET};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        assert_int_equal(wtl_ticket_new(&t, (wtl_bytes){bytes, sizes[i]}, HOUR, 1, &err), WTL_USAGE);
    assert_int_equal(wtl_ticket_new(&t, (wtl_bytes){bytes, 32}, 0, 1, &err), WTL_USAGE);
    assert_int_equal(wtl_ticket_new(&t, (wtl_bytes){bytes, 32}, HOUR, 1025, &err), WTL_USAGE);
    assert_null(t);
    assert_good(wtl_ticket_new(&t, (wtl_bytes){bytes, 8 * WTL_TICKET_SECRET}, 1, 1024, &err), &err);
    wtl_ticket_free(t);
    wtl_ticket_free(NULL);
}

/* The file. */

static char path[] = "/tmp/wattle-ticket.XXXXXX";

static int reads(const char *text, size_t n, unsigned mode, wtl_secret *s, wtl_err *err)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    fclose(f);
    assert_int_equal(chmod(path, mode), 0);
    return wtl_ticket_read(s, path, err);
}

#define HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eFf"

static void files(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    wtl_secret s = {0};
    wtl_err err = {0};
    assert_good(reads(HEX, 64, 0600, &s, &err), &err);
    assert_int_equal(s.n, 32);
    for (int i = 0; i < 31; i++)
        assert_int_equal(s.p[i], i);
    assert_int_equal(s.p[31], 0xff);
    wtl_secret_free(&s);
    assert_good(reads(HEX "\n", 65, 0400, &s, &err), &err);
    wtl_secret_free(&s);
    char many[9 * 65 + 1] = "";
    for (size_t i = 1; i <= 9; i++) {
        strcat(many, HEX "\n");
        int rc = reads(many, i * 65, 0600, &s, &err);
        assert_int_equal(rc, i <= 8 ? WTL_OK : WTL_FORMAT);
        assert_int_equal(s.n, i <= 8 ? i * 32 : 0);
        wtl_secret_free(&s);
    }
    assert_int_equal(reads(HEX, 64, 0640, &s, &err), WTL_POLICY);
    assert_non_null(strstr(err.text, "chmod 600"));
    assert_int_equal(reads(HEX, 64, 0604, &s, &err), WTL_POLICY);
    assert_int_equal(reads("", 0, 0600, &s, &err), WTL_FORMAT);
    assert_null(strstr(err.text, "0001"));
    for (size_t n = 0; n < 2 * 65; n++) { /* every truncation, every changed byte */
        bool whole = n == 64 || n == 65 || n == 129;
        assert_int_equal(reads(many, n, 0600, &s, &err), whole ? WTL_OK : WTL_FORMAT);
        wtl_secret_free(&s);
        many[n] ^= 0x40;
        assert_int_equal(reads(many, 130, 0600, &s, &err), WTL_FORMAT);
        many[n] ^= 0x40;
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(wtl_ticket_read(&s, path, &err), WTL_IO);
}

/* One set of keys for all threads, while epochs go by under them. */
static int64_t hurried(void *arg)
{
    return START + atomic_fetch_add((_Atomic int64_t *)arg, 60);
}

static void *shake_often(void *server)
{
    enum { TIMES = 25 };
    size_t resumed = 0;
    SSL_SESSION *last = NULL;
    for (int i = 0; i < TIMES; i++) {
        resumed += connects(server, last, TLS1_3_VERSION);
        SSL_SESSION_free(last);
        last = newest;
        newest = NULL;
    }
    SSL_SESSION_free(last);
    return resumed + 1 == TIMES ? NULL : server;
}

static void threads_share_it(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    pthread_t thread[THREADS];
    _Atomic int64_t passed = 0;
    wtl_ticket *t = tickets("ab", 8, &exact);
    wtl_ticket_clock(t, hurried, &passed);
    SSL_CTX *server = context(t);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, shake_often, server), 0);
    for (int i = 0; i < THREADS; i++) {
        void *wrong;
        assert_int_equal(pthread_join(thread[i], &wrong), 0);
        assert_null(wrong);
    }
    assert_true(passed > 2 * HOUR);
    SSL_CTX_free(server);
    wtl_ticket_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_open_one_anothers_tickets),
        cmocka_unit_test(tickets_are_made_anew),
        cmocka_unit_test(clocks),
        cmocka_unit_test(a_clock_before_1970),
        cmocka_unit_test(a_node_whose_clock_is_ahead),
        cmocka_unit_test(damaged_tickets),
        cmocka_unit_test(what_cannot_be_asked_for),
        cmocka_unit_test(files),
        cmocka_unit_test(threads_share_it),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
