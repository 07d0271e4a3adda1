#include "tls/ctx.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include "base/text.h"
#include "crypto/lib.h"
#include "tls/facts.h"
#include "tls/rehearsal.h"

enum {
    STRENGTH = 2, /* OpenSSL's security level for 112 bits: RSA of 2,048 bits, SHA-224 and up */
    CREDS_MOST = 8,
    TICKETS_MOST = 4,
    LIFETIME = 8 * 3600,
    ALPN_MOST = 1024,
    DIGEST = 32
};

typedef struct staple {
    X509 *leaf;
    wtl_buf der;
    int64_t until;
} staple;

struct wtl_ctx {
    SSL_CTX *ssl;
    wtl_policy policy;
    wtl_peer *peer; /* or NULL */
    wtl_buf alpn;   /* as on the wire */
    staple staple[CREDS_MOST];
    size_t n_staples;
};

/* ---- in the handshake of a server */

/* OpenSSL takes cipher and group in the server's order as long as this is set, and the signature too: which of two certificates is the client's to choose. So it is
 * set from the beginning of a ClientHello until both are chosen, and cleared then. */
static void own_order(SSL *ssl, bool on)
{
    bool is = (SSL_get_options(ssl) & SSL_OP_CIPHER_SERVER_PREFERENCE) != 0;
    if (on && !is)
        SSL_set_options(ssl, SSL_OP_CIPHER_SERVER_PREFERENCE);
    else if (!on && is)
        SSL_clear_options(ssl, SSL_OP_CIPHER_SERVER_PREFERENCE);
}

/* All zero until the first ClientHello was taken. */
static bool is_second(const SSL *ssl)
{
    static const uint8_t none[SSL3_RANDOM_SIZE];
    uint8_t random[SSL3_RANDOM_SIZE] = {0};
    return SSL_get_client_random(ssl, random, sizeof random) == sizeof random &&
           memcmp(random, none, sizeof random) != 0;
}

static int on_hello(SSL *ssl, int *alert, void *arg)
{
    (void)arg;
    const uint8_t *p = NULL;
    size_t n = 0;
    own_order(ssl, true);
    if (is_second(ssl))
        wtl_facts_retried(ssl);
    /* The list's own length is OpenSSL's to check. */
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_key_share, &p, &n) != 1 || n < 2)
        return SSL_CLIENT_HELLO_SUCCESS;
    if (wtl_policy_shares((wtl_bytes){p + 2, n - 2}, NULL) == WTL_OK)
        return SSL_CLIENT_HELLO_SUCCESS;
    *alert = SSL_AD_ILLEGAL_PARAMETER;
    return SSL_CLIENT_HELLO_ERROR;
}

/* Called for every ClientHello, with a name or without, after cipher and group are chosen and before the signature is. */
/* NOLINTNEXTLINE(readability-non-const-parameter): OpenSSL's callback */
static int on_name(SSL *ssl, int *alert, void *arg)
{
    (void)alert;
    const wtl_ctx *c = arg;
    if ((c->policy.flags & WTL_POLICY_PREFER_PQ_SIG) == 0 && SSL_version(ssl) == TLS1_3_VERSION)
        own_order(ssl, false);
    return SSL_TLSEXT_ERR_NOACK;
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *n, const unsigned char *in,
                   unsigned in_n, void *arg)
{
    (void)ssl;
    const wtl_ctx *c = arg;
    unsigned char *found = NULL;
    if (SSL_select_next_proto(&found, n, c->alpn.p, (unsigned)c->alpn.n, in, in_n) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = found;
    return SSL_TLSEXT_ERR_OK;
}

static int on_status(SSL *ssl, void *arg)
{
    const wtl_ctx *c = arg;
    const X509 *leaf = SSL_get_certificate(ssl);
    for (size_t i = 0; i < c->n_staples; i++) {
        const staple *s = &c->staple[i];
        if (s->leaf != leaf || (int64_t)time(NULL) > s->until)
            continue;
        uint8_t *copy = OPENSSL_memdup(s->der.p, s->der.n);
        if (copy == NULL || SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)s->der.n) != 1)
            return SSL_TLSEXT_ERR_ALERT_FATAL;
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
}

/* ---- making one */

static int check_plan(const wtl_ctx_plan *plan, wtl_err *err)
{
    unsigned flags = plan->policy.flags;
    TRY(wtl_policy_check(&plan->policy, err));
    ENSURE(plan->server || (flags & WTL_POLICY_TLS12) == 0, err, WTL_USAGE, "a client speaks TLS 1.3 alone");
    ENSURE(!plan->server || (flags & WTL_POLICY_CLASSICAL_SHARE) == 0, err, WTL_USAGE,
           "which key share comes first is a client's choice");
    ENSURE(!plan->server || plan->n_creds > 0, err, WTL_USAGE, "a server needs a certificate");
    ENSURE(plan->server || plan->peer != NULL, err, WTL_USAGE,
           "a client must know the server by an authority or a pinned key");
    ENSURE(plan->n_creds <= CREDS_MOST, err, WTL_USAGE, "more than %d certificates", (int)CREDS_MOST);
    ENSURE(plan->tickets <= TICKETS_MOST, err, WTL_USAGE, "more than %d tickets", (int)TICKETS_MOST);
    for (size_t i = 0; i < plan->n_creds; i++) {
        const char *alg = wtl_cred_alg(plan->cred[i]);
        ENSURE((flags & WTL_POLICY_CNSA) == 0 || strcmp(alg, "ML-DSA-87") == 0, err, WTL_USAGE,
               "the CNSA profile signs with ML-DSA-87 alone, and the key of %.200s is %s",
               wtl_cred_subject(plan->cred[i]), alg);
        for (size_t k = 0; k < i; k++)
            ENSURE(
                strcmp(alg, wtl_cred_alg(plan->cred[k])) != 0 &&
                    (strncmp(alg, "ECDSA", 5) != 0 || strncmp(wtl_cred_alg(plan->cred[k]), "ECDSA", 5) != 0),
                err, WTL_USAGE, "two certificates have keys of one kind (%s): TLS chooses by kind", alg);
    }
    return WTL_OK;
}

static int set_versions(SSL_CTX *ssl, const wtl_ctx_plan *plan, wtl_err *err)
{
    bool old = (plan->policy.flags & WTL_POLICY_TLS12) != 0;
    if (SSL_CTX_set_min_proto_version(ssl, old ? TLS1_2_VERSION : TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(ssl, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_ciphersuites(ssl, wtl_policy_ciphers(&plan->policy)) != 1 ||
        SSL_CTX_set_cipher_list(ssl, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL does not take the ciphers of the policy");
    return WTL_OK;
}

static int set_lists(SSL_CTX *ssl, const wtl_ctx_plan *plan, wtl_err *err)
{
    AUTO(wtl_buf) groups = {0};
    AUTO(wtl_buf) signatures = {0};
    TRY(wtl_policy_groups(&plan->policy, plan->server, &groups, err));
    TRY(wtl_policy_signatures(&plan->policy, plan->server, &signatures, err));
    const char *g = wtl_buf_cstr(&groups);
    const char *s = wtl_buf_cstr(&signatures);
    ENSURE(g != NULL && s != NULL, err, WTL_NOMEM, "out of memory");
    if (SSL_CTX_set1_groups_list(ssl, g) != 1)
        return WTL_FAIL_OSSL(err, WTL_USAGE, "this OpenSSL does not have all of the groups %s", g);
    if (SSL_CTX_set1_sigalgs_list(ssl, s) != 1)
        return WTL_FAIL_OSSL(err, WTL_BUG, "this OpenSSL does not have all of the signatures %s", s);
    return WTL_OK;
}

static int set_compression(SSL_CTX *ssl, const wtl_ctx_plan *plan, wtl_err *err)
{
    if (!plan->compress) {
        SSL_CTX_set_options(ssl, SSL_OP_NO_TX_CERTIFICATE_COMPRESSION | SSL_OP_NO_RX_CERTIFICATE_COMPRESSION);
        return WTL_OK;
    }
    int zlib[] = {TLSEXT_comp_cert_zlib};
    if (SSL_CTX_set1_cert_comp_preference(ssl, zlib, 1) != 1)
        return WTL_FAIL_OSSL(err, WTL_USAGE,
                             "this OpenSSL cannot compress certificates: it was built without zlib");
    return WTL_OK;
}

/* Certificates are compressed once, not in each handshake. One that does not get smaller is left as it is. */
static void compress_certs(const wtl_ctx *c, const wtl_ctx_plan *plan)
{
    if (plan->compress && plan->n_creds > 0)
        SSL_CTX_compress_certs(c->ssl, 0);
    ERR_clear_error();
}

static void set_modes(SSL_CTX *ssl, const wtl_ctx_plan *plan)
{
    /* AUTO_RETRY stays: without it a ticket or KeyUpdate in front of data looks like an empty socket. */
    SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_clear_options(ssl, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_ALLOW_NO_DHE_KEX |
                                   SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
    SSL_CTX_set_security_level(ssl, STRENGTH);
    if (plan->server || (plan->policy.flags & WTL_POLICY_PREFER_PQ_SIG) != 0)
        SSL_CTX_set_options(ssl, SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(ssl, plan->server ? SSL_SESS_CACHE_OFF
                                                     : SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
}

static int use(wtl_ctx *c, const wtl_cred *cred, wtl_err *err)
{
    X509 *leaf = wtl_cred_leaf(cred);
    bool good = leaf == NULL ? SSL_CTX_use_PrivateKey(c->ssl, wtl_cred_key(cred)) == 1
                             : SSL_CTX_use_cert_and_key(c->ssl, leaf, wtl_cred_key(cred),
                                                        wtl_cred_chain(cred), 1) == 1;
    if (!good)
        return WTL_FAIL_OSSL(err, WTL_USAGE, "OpenSSL does not take the certificate of %.200s for TLS",
                             wtl_cred_subject(cred));
    wtl_bytes der = wtl_cred_staple(cred);
    if (der.n == 0)
        return WTL_OK;
    staple *s = &c->staple[c->n_staples++];
    X509_up_ref(leaf);
    *s = (staple){.leaf = leaf, .until = wtl_cred_staple_until(cred)};
    wtl_buf_bytes(&s->der, der);
    return wtl_buf_check(&s->der, err);
}

/* Those with a certificate may be shown as a bare key too, to whom asks for one; bare ones only so. */
static int set_types(const wtl_ctx *c, const wtl_ctx_plan *plan, wtl_err *err)
{
    static const uint8_t types[] = {TLSEXT_cert_type_rpk, TLSEXT_cert_type_x509};
    bool raw = false;
    bool cert = false;
    for (size_t i = 0; i < plan->n_creds; i++) {
        raw = raw || wtl_cred_is_raw(plan->cred[i]);
        cert = cert || !wtl_cred_is_raw(plan->cred[i]);
    }
    ENSURE(!(raw && cert), err, WTL_USAGE, "bare public keys and certificates do not go together");
    int done = 1;
    if (plan->server)
        done = SSL_CTX_set1_server_cert_type(c->ssl, types, raw ? 1 : sizeof types);
    else if (raw)
        done = SSL_CTX_set1_client_cert_type(c->ssl, types, 1);
    if (done != 1)
        return WTL_FAIL_OSSL(err, WTL_NOMEM, "the certificate types cannot be set");
    return WTL_OK;
}

static int set_creds(wtl_ctx *c, const wtl_ctx_plan *plan, wtl_err *err)
{
    for (size_t i = 0; i < plan->n_creds; i++)
        TRY(use(c, plan->cred[i], err));
    if (plan->server && c->n_staples > 0) {
        SSL_CTX_set_tlsext_status_cb(c->ssl, on_status);
        SSL_CTX_set_tlsext_status_arg(c->ssl, c);
    }
    return plan->n_creds > 0 ? set_types(c, plan, err) : WTL_OK;
}

static int set_peer(wtl_ctx *c, const wtl_ctx_plan *plan, wtl_err *err)
{
    if (plan->peer == NULL) {
        SSL_CTX_set_verify(c->ssl, SSL_VERIFY_NONE, NULL);
        return WTL_OK;
    }
    c->peer = wtl_peer_ref(plan->peer);
    return wtl_peer_install(c->peer, c->ssl, (plan->policy.flags & WTL_POLICY_CNSA) != 0, err);
}

static int set_alpn(wtl_ctx *c, const wtl_ctx_plan *plan, wtl_err *err)
{
    for (size_t i = 0; i < plan->n_alpn; i++) {
        size_t n = strlen(plan->alpn[i]);
        ENSURE(n > 0 && n <= UINT8_MAX && c->alpn.n + n < ALPN_MOST, err, WTL_USAGE,
               "an application protocol's name has 1 to 255 bytes, all together below %d", (int)ALPN_MOST);
        wtl_buf_u8(&c->alpn, (uint8_t)n);
        wtl_buf_str(&c->alpn, plan->alpn[i]);
    }
    TRY(wtl_buf_check(&c->alpn, err));
    if (plan->n_alpn == 0)
        return WTL_OK;
    if (plan->server)
        SSL_CTX_set_alpn_select_cb(c->ssl, on_alpn, c);
    else if (SSL_CTX_set_alpn_protos(c->ssl, c->alpn.p, (unsigned)c->alpn.n) != 0)
        return WTL_FAIL_OSSL(err, WTL_NOMEM, "out of memory");
    return WTL_OK;
}

/* A session is resumed only where the same would be asked of a new one: what decides that is its context. */
static int set_context_id(const wtl_ctx *c, const wtl_ctx_plan *plan, wtl_err *err)
{
    AUTO(wtl_buf) all = {0};
    uint8_t id[DIGEST];
    wtl_buf_fmt(&all, "wattle tls 1 %d %u ", (int)plan->policy.mode, plan->policy.flags);
    TRY(wtl_policy_groups(&plan->policy, true, &all, err));
    wtl_buf_u8(&all, plan->peer != NULL);
    if (plan->peer != NULL)
        wtl_buf_add(&all, wtl_peer_digest(plan->peer), WTL_PEER_DIGEST);
    wtl_buf_bytes(&all, wtl_buf_view(&c->alpn));
    TRY(wtl_buf_check(&all, err));
    if (EVP_Q_digest(wtl_lib_ctx(), "SHA256", NULL, all.p, all.n, id, NULL) != 1 ||
        SSL_CTX_set_session_id_context(c->ssl, id, sizeof id) != 1)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL does not take the session context");
    return WTL_OK;
}

static int set_server(wtl_ctx *c, const wtl_ctx_plan *plan, wtl_err *err)
{
    bool tickets = plan->ticket != NULL && plan->tickets > 0;
    SSL_CTX_set_client_hello_cb(c->ssl, on_hello, c);
    SSL_CTX_set_tlsext_servername_callback(c->ssl, on_name);
    SSL_CTX_set_tlsext_servername_arg(c->ssl, c);
    SSL_CTX_set_timeout(c->ssl, plan->lifetime > 0 ? (long)plan->lifetime : LIFETIME);
    TRY(set_context_id(c, plan, err));
    if (tickets)
        TRY(wtl_ticket_install(plan->ticket, c->ssl, err));
    else
        SSL_CTX_set_options(c->ssl, SSL_OP_NO_TICKET);
    if (SSL_CTX_set_num_tickets(c->ssl, tickets ? plan->tickets : 0) != 1)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL does not take the number of tickets");
    return WTL_OK;
}

static int fill(wtl_ctx *c, const wtl_ctx_plan *plan, wtl_err *err)
{
    set_modes(c->ssl, plan);
    TRY(set_versions(c->ssl, plan, err));
    TRY(set_lists(c->ssl, plan, err));
    TRY(set_compression(c->ssl, plan, err));
    TRY(set_creds(c, plan, err));
    TRY(set_peer(c, plan, err));
    TRY(set_alpn(c, plan, err));
    TRY(wtl_facts_watch(c->ssl, err));
    if (plan->server)
        TRY(set_server(c, plan, err));
    compress_certs(c, plan);
    return wtl_rehearsal_run(c->ssl, plan, err);
}

/* Some builds of libssl write every connection's keys to the file that this variable names. */
static void no_key_log(void)
{
#ifndef OPENSSL_NO_SSLKEYLOG
    unsetenv("SSLKEYLOGFILE");
#endif
}

int wtl_ctx_new(wtl_ctx **out, const wtl_ctx_plan *plan, wtl_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    TRY(wtl_lib_init(err));
    TRY(check_plan(plan, err));
    pthread_once(&once, no_key_log);
    AUTO(wtl_ctx) *c = calloc(1, sizeof *c);
    ENSURE(c != NULL, err, WTL_NOMEM, "out of memory");
    c->policy = plan->policy;
    /* The context's own default query has Wattle's provider serve (crypto/lib.c). */
    c->ssl = SSL_CTX_new_ex(wtl_lib_ctx(), NULL, plan->server ? TLS_server_method() : TLS_client_method());
    if (c->ssl == NULL)
        return WTL_FAIL_OSSL(err, WTL_NOMEM, "OpenSSL gives no TLS context");
    TRY(fill(c, plan, err));
    *out = c;
    c = NULL;
    return WTL_OK;
}

void wtl_ctx_free(wtl_ctx *c)
{
    if (c == NULL)
        return;
    SSL_CTX_free(c->ssl);
    wtl_peer_free(c->peer);
    for (size_t i = 0; i < c->n_staples; i++) {
        X509_free(c->staple[i].leaf);
        wtl_buf_free(&c->staple[i].der);
    }
    wtl_buf_free(&c->alpn);
    free(c);
}

void wtl_ctx_auto(wtl_ctx **c)
{
    wtl_ctx_free(*c);
}

const wtl_policy *wtl_ctx_policy(const wtl_ctx *c)
{
    return &c->policy;
}

const wtl_peer *wtl_ctx_peer(const wtl_ctx *c)
{
    return c->peer;
}

SSL_CTX *wtl_ctx_ssl(const wtl_ctx *c)
{
    return c->ssl;
}
