#include "tls/rehearsal.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "crypto/lib.h"

enum { PIPE = 64 * 1024, TURNS = 16, YEAR = 365 * 86400 };

/* ---- the counterpart */

static int trust(X509_STORE_CTX *x, void *arg)
{
    (void)arg;
    X509_STORE_CTX_set_error(x, X509_V_OK);
    return 1;
}

/* A key and a self-signed certificate for this one purpose. */
static int certify(SSL_CTX *ctx, bool cnsa)
{
    EVP_PKEY *key = cnsa ? EVP_PKEY_Q_keygen(wtl_lib_ctx(), NULL, "ML-DSA-87")
                         : EVP_PKEY_Q_keygen(wtl_lib_ctx(), NULL, "EC", "P-256");
    EVP_MD *md = EVP_MD_fetch(wtl_lib_ctx(), "SHA256", NULL);
    X509 *x = X509_new_ex(wtl_lib_ctx(), NULL);
    X509_NAME *name = x != NULL ? X509_get_subject_name(x) : NULL;
    bool good = key != NULL && md != NULL && name != NULL &&
                X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"rehearsal", -1, -1,
                                           0) == 1 &&
                X509_set_issuer_name(x, name) == 1 && X509_set_version(x, X509_VERSION_3) == 1 &&
                X509_gmtime_adj(X509_getm_notBefore(x), -YEAR) != NULL &&
                X509_gmtime_adj(X509_getm_notAfter(x), YEAR) != NULL && X509_set_pubkey(x, key) == 1 &&
                X509_sign(x, key, cnsa ? NULL : md) > 0 &&
                SSL_CTX_use_cert_and_key(ctx, x, key, NULL, 1) == 1;
    X509_free(x);
    EVP_MD_free(md);
    EVP_PKEY_free(key);
    return good;
}

/* Bare keys go to those who ask for them. */
static int ask_types(SSL_CTX *ctx, const wtl_ctx_plan *plan)
{
    static const uint8_t types[] = {TLSEXT_cert_type_rpk, TLSEXT_cert_type_x509};
    bool raw = plan->n_creds > 0 && wtl_cred_is_raw(plan->cred[0]);
    if (plan->server)
        return raw ? SSL_CTX_set1_server_cert_type(ctx, types, 1) : 1;
    return SSL_CTX_set1_server_cert_type(ctx, types, sizeof types) == 1 &&
           SSL_CTX_set1_client_cert_type(ctx, types, sizeof types) == 1;
}

static SSL_CTX *counterpart(const wtl_ctx_plan *plan)
{
    SSL_CTX *ctx = SSL_CTX_new_ex(wtl_lib_ctx(), NULL,
                                  plan->server ? TLS_client_method() : TLS_server_method());
    bool good = ctx != NULL && SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
                ask_types(ctx, plan) == 1 &&
                (plan->server || certify(ctx, (plan->policy.flags & WTL_POLICY_CNSA) != 0));
    if (!good) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, trust, NULL);
    return ctx;
}

/* What a key of this kind signs with, so that each of several credentials has its turn. */
static const char *scheme(const char *alg)
{
    static const char *const rows[][2] = {
        {"ML-DSA-44", "mldsa44"},
        {"ML-DSA-65", "mldsa65"},
        {"ML-DSA-87", "mldsa87"},
        {"ECDSA-P256", "ecdsa_secp256r1_sha256"},
        {"ECDSA-P384", "ecdsa_secp384r1_sha384"},
        {"ECDSA-P521", "ecdsa_secp521r1_sha512"},
        {"Ed25519", "ed25519"},
        {"Ed448", "ed448"},
        {"RSA", "rsa_pss_rsae_sha256"},
        {"RSA-PSS", "rsa_pss_pss_sha256:rsa_pss_pss_sha384:rsa_pss_pss_sha512"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i][0], alg) == 0)
            return rows[i][1];
    }
    return NULL;
}

/* ---- a handshake */

static bool goes_on(SSL *ssl, int ret)
{
    return ret == 1 || SSL_get_error(ssl, ret) == SSL_ERROR_WANT_READ;
}

static bool shake(SSL *own, SSL *other)
{
    for (int i = 0; i < TURNS; i++) {
        int a = SSL_do_handshake(own);
        bool fine = goes_on(own, a);
        int b = SSL_do_handshake(other);
        if (a == 1 && b == 1)
            return true;
        if (!fine || !goes_on(other, b))
            return false;
    }
    return false;
}

static bool sends(SSL *from, SSL *to)
{
    char got[8] = "";
    size_t n = 0;
    return SSL_write_ex(from, "weights", 7, &n) == 1 && SSL_read_ex(to, got, sizeof got, &n) == 1 && n == 7 &&
           memcmp(got, "weights", 7) == 0;
}

static bool connect_them(SSL *own, SSL *other)
{
    BIO *a = NULL;
    BIO *b = NULL;
    if (BIO_new_bio_pair(&a, PIPE, &b, PIPE) != 1)
        return false;
    SSL_set_bio(own, a, a);
    SSL_set_bio(other, b, b);
    return true;
}

/* Whose certificates our side takes is not the question here. */
static bool set_up(SSL *own, SSL *other, const wtl_ctx_plan *plan, const wtl_group *g, const char *signs)
{
    SSL *client = plan->server ? other : own;
    SSL *server = plan->server ? own : other;
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    SSL_set_verify(own, plan->server && plan->peer != NULL ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    if (!connect_them(own, other) || SSL_set1_groups_list(client, g->name) != 1 ||
        (server == other && SSL_set1_groups_list(server, g->name) != 1))
        return false;
    if (signs == NULL)
        return true;
    return (plan->server ? SSL_set1_sigalgs_list(client, signs)
                         : SSL_set1_client_sigalgs_list(server, signs)) == 1;
}

static int rehearse(SSL_CTX *ctx, SSL_CTX *with, const wtl_ctx_plan *plan, const wtl_group *g,
                    const char *alg, wtl_err *err)
{
    SSL *own = SSL_new(ctx);
    SSL *other = SSL_new(with);
    bool good = own != NULL && other != NULL &&
                set_up(own, other, plan, g, alg != NULL ? scheme(alg) : NULL) && shake(own, other) &&
                sends(own, other) && sends(other, own);
    int rc = good ? WTL_OK
                  : WTL_FAIL_OSSL(err, WTL_BUG, "a handshake with ourselves failed, with group %s and key %s",
                                  g->name, alg != NULL ? alg : "of nobody");
    SSL_free(own);
    SSL_free(other);
    ERR_clear_error();
    return rc;
}

/* As many as it takes for each group and each credential to have been in one. */
static int all(SSL_CTX *ctx, SSL_CTX *with, const wtl_ctx_plan *plan, wtl_err *err)
{
    const wtl_group *taken[WTL_GROUPS_MOST];
    const wtl_group *g;
    size_t n = 0;
    for (size_t i = 0; (g = wtl_group_at(i)) != NULL; i++) {
        if (wtl_policy_takes(&plan->policy, g))
            taken[n++] = g;
    }
    ENSURE(n > 0, err, WTL_BUG, "the policy has no group");
    for (size_t i = 0; i < n || i < plan->n_creds; i++) {
        const char *alg = plan->n_creds > 0 ? wtl_cred_alg(plan->cred[i % plan->n_creds]) : NULL;
        TRY(rehearse(ctx, with, plan, taken[i % n], alg, err));
    }
    return WTL_OK;
}

int wtl_rehearsal_run(SSL_CTX *ctx, const wtl_ctx_plan *plan, wtl_err *err)
{
    SSL_CTX *with = counterpart(plan);
    if (with == NULL)
        return WTL_FAIL_OSSL(err, WTL_BUG, "the handshake with ourselves cannot begin");
    int rc = all(ctx, with, plan, err);
    SSL_CTX_free(with);
    return rc;
}
