#include "bench/library.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "crypto/lib.h"

enum { TICKETS = 2, STEPS_MOST = 20 };

struct wtl_library {
    OSSL_LIB_CTX *own; /* that was made here, or NULL */
    SSL_CTX *server, *client;
    SSL_SESSION *session;
};

typedef struct pair {
    SSL *server, *client;
    double seconds; /* of the server's end */
} pair;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool set_up(SSL_CTX *c, const char *group, const char *suite)
{
    return c != NULL && SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set1_groups_list(c, group) == 1 && SSL_CTX_set_ciphersuites(c, suite) == 1;
}

int wtl_library_open(wtl_library **out, bool ours, const wtl_identity *id, const wtl_identity_kind *cert,
                     const char *group, const char *suite, wtl_err *err)
{
    char pem[200];
    char key[200];
    wtl_library *l = calloc(1, sizeof *l);
    ENSURE(l != NULL, err, WTL_NOMEM, "out of memory");
    snprintf(pem, sizeof pem, "%s/%s.pem", id->dir, cert->file);
    snprintf(key, sizeof key, "%s/%s.key", id->dir, cert->file);
    l->own = ours ? NULL : OSSL_LIB_CTX_new();
    OSSL_LIB_CTX *lib = ours ? wtl_lib_ctx() : l->own;
    if (lib != NULL) {
        l->server = SSL_CTX_new_ex(lib, NULL, TLS_server_method());
        l->client = SSL_CTX_new_ex(lib, NULL, TLS_client_method());
    }
    if (!set_up(l->server, group, suite) || !set_up(l->client, group, suite) ||
        SSL_CTX_use_certificate_chain_file(l->server, pem) != 1 ||
        SSL_CTX_use_PrivateKey_file(l->server, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_set_num_tickets(l->server, TICKETS) != 1) {
        int rc = WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL cannot serve %s with %s and %s", cert->name, group,
                               suite);
        wtl_library_close(l);
        return rc;
    }
    SSL_CTX_set_session_cache_mode(l->server, SSL_SESS_CACHE_OFF);
    *out = l;
    return WTL_OK;
}

void wtl_library_close(wtl_library *l)
{
    if (l == NULL)
        return;
    SSL_SESSION_free(l->session);
    SSL_CTX_free(l->server);
    SSL_CTX_free(l->client);
    OSSL_LIB_CTX_free(l->own);
    free(l);
}

static bool join(pair *p)
{
    BIO *to_server = BIO_new(BIO_s_mem());
    BIO *to_client = BIO_new(BIO_s_mem());
    if (p->server == NULL || p->client == NULL || to_server == NULL || to_client == NULL ||
        BIO_up_ref(to_server) != 1 || BIO_up_ref(to_client) != 1) {
        BIO_free(to_server);
        BIO_free(to_client);
        return false;
    }
    BIO_set_mem_eof_return(to_server, -1);
    BIO_set_mem_eof_return(to_client, -1);
    SSL_set_bio(p->server, to_server, to_client);
    SSL_set_bio(p->client, to_client, to_server);
    SSL_set_accept_state(p->server);
    SSL_set_connect_state(p->client);
    return true;
}

/* 1 when it is done, 0 when the other end has to go on, negative when it failed. The memory between the ends forgets why a call waits as soon
 * as the other end uses it. */
static int went(const SSL *ssl, int r)
{
    if (r == 1)
        return 1;
    return SSL_get_error(ssl, r) == SSL_ERROR_WANT_READ ? 0 : -1;
}

static bool shake(pair *p)
{
    ERR_clear_error();
    for (int i = 0; i < STEPS_MOST; i++) {
        int c = went(p->client, SSL_do_handshake(p->client));
        double from = now();
        int s = SSL_do_handshake(p->server);
        p->seconds += now() - from;
        s = went(p->server, s);
        if (c < 0 || s < 0)
            return false;
        if (c > 0 && s > 0)
            return true;
    }
    return false;
}

/* The client reads its tickets; the newest is kept. */
static void keep_ticket(wtl_library *l, const pair *p)
{
    char none;
    (void)SSL_read(p->client, &none, sizeof none);
    SSL_set_shutdown(p->client, SSL_SENT_SHUTDOWN); /* else its session counts as broken */
    SSL_SESSION_free(l->session);
    l->session = SSL_get1_session(p->client);
}

/* The server's end from nothing to nothing. */
static int one(wtl_library *l, bool resumed, pair *p, wtl_err *err)
{
    double from = now();
    p->server = SSL_new(l->server);
    p->seconds += now() - from;
    p->client = SSL_new(l->client);
    if (!join(p) || (resumed && SSL_set_session(p->client, l->session) != 1) || !shake(p))
        return WTL_FAIL_OSSL(err, WTL_BUG, "a handshake of OpenSSL with itself failed");
    ENSURE(!resumed || SSL_session_reused(p->server) == 1, err, WTL_POLICY,
           "OpenSSL did not take its own ticket");
    keep_ticket(l, p);
    return WTL_OK;
}

int wtl_library_run(wtl_library *l, size_t times, bool resumed, double *us, wtl_err *err)
{
    pair p = {0};
    int rc = WTL_OK;
    for (size_t i = 0; i < times && rc == WTL_OK; i++) {
        rc = one(l, resumed, &p, err);
        SSL_free(p.client);
        double from = now();
        SSL_free(p.server);
        p.seconds += now() - from;
        p.server = p.client = NULL;
    }
    if (rc == WTL_OK && times > 0)
        *us = p.seconds * 1e6 / (double)times;
    return rc;
}
