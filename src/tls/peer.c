#include "tls/peer.h"

#include <ctype.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "base/secret.h"
#include "base/text.h"
#include "crypto/cert.h"
#include "crypto/key.h"
#include "crypto/lib.h"
#include "fs/in.h"
#include "tls/cred.h"
#include "tls/san.h"

enum {
    CA_MOST = 1024,             /* certificates in a file of roots */
    CA_FILE_MOST = 4 << 20,     /* bytes of it */
    CA_NAMES_MOST = 16,         /* more are not told to clients: they would not help them to choose */
    KEY_FILE_MOST = 256 * 1024, /* bytes of a pinned key's file */
    HASH = WTL_PEER_DIGEST
};

typedef struct pinned {
    uint8_t hash[HASH];
} pinned;

struct wtl_peer {
    atomic_int refs;
    bool server, required;
    X509_STORE *store; /* NULL: pinned keys alone */
    STACK_OF(X509_NAME) * ca_names;
    char **name;
    size_t n_names;
    pinned *key;
    size_t n_keys;
    char *host; /* or NULL */
    uint8_t digest[HASH];
};

static const char *const system_roots[] = {
    "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Ubuntu, Alpine, Arch */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora, RHEL */
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/var/lib/ca-certificates/ca-bundle.pem", /* SUSE */
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
};

/* ---- reading the rules */

static int named(wtl_err *err, int rc, const char *path)
{
    AUTO(wtl_buf) q = {0};
    wtl_text_quote(&q, wtl_text_of(path));
    const char *shown = wtl_buf_cstr(&q);
    wtl_err_prefix(err, "%s: ", shown != NULL ? shown : "the file");
    return rc;
}

static int hash_of(uint8_t out[HASH], wtl_bytes v, wtl_err *err)
{
    if (EVP_Q_digest(wtl_lib_ctx(), "SHA256", NULL, v.p, v.n, out, NULL) != 1)
        return WTL_FAIL_OSSL(err, WTL_BUG, "SHA-256 failed");
    return WTL_OK;
}

static int add_root(wtl_peer *p, wtl_bytes der, wtl_buf *rules, wtl_err *err)
{
    X509 *x = X509_new_ex(wtl_lib_ctx(), NULL);
    ENSURE(x != NULL, err, WTL_NOMEM, "out of memory");
    const uint8_t *at = der.p;
    if (d2i_X509(&x, &at, (long)der.n) == NULL)
        return WTL_FAIL_OSSL(err, WTL_FORMAT, "a certificate cannot be read");
    X509_NAME *name = X509_NAME_dup(X509_get_subject_name(x));
    bool good = X509_STORE_add_cert(p->store, x) == 1 && name != NULL &&
                sk_X509_NAME_push(p->ca_names, name) > 0;
    X509_free(x);
    if (!good) {
        X509_NAME_free(name);
        return WTL_FAIL_OSSL(err, WTL_NOMEM, "a certificate cannot be kept");
    }
    uint8_t hash[HASH];
    TRY(hash_of(hash, der, err));
    wtl_buf_add(rules, hash, sizeof hash);
    return WTL_OK;
}

/* So that whatever OpenSSL sets up when it first checks a chain is there. The answer does not matter. */
static void warm(X509_STORE *store, wtl_bytes der)
{
    const uint8_t *at = der.p;
    X509 *x = X509_new_ex(wtl_lib_ctx(), NULL);
    X509_STORE_CTX *ctx = X509_STORE_CTX_new_ex(wtl_lib_ctx(), NULL);
    if (x != NULL && ctx != NULL && d2i_X509(&x, &at, (long)der.n) != NULL &&
        X509_STORE_CTX_init(ctx, store, x, NULL) == 1)
        X509_verify_cert(ctx);
    X509_STORE_CTX_free(ctx);
    X509_free(x);
    ERR_clear_error();
}

static int read_roots(wtl_peer *p, const char *path, wtl_buf *rules, wtl_err *err)
{
    AUTO(wtl_buf) file = {0};
    TRY(wtl_in_read_all(path, CA_FILE_MOST, &file, err));
    p->store = X509_STORE_new();
    p->ca_names = sk_X509_NAME_new_null();
    ENSURE(p->store != NULL && p->ca_names != NULL, err, WTL_NOMEM, "out of memory");
    wtl_buf *der = NULL;
    size_t n = 0;
    int rc = wtl_cert_list_read(&der, &n, wtl_buf_view(&file), CA_MOST, err);
    for (size_t i = 0; rc == WTL_OK && i < n; i++)
        rc = add_root(p, wtl_buf_view(&der[i]), rules, err);
    if (rc == WTL_OK)
        warm(p->store, wtl_buf_view(&der[0]));
    wtl_cert_list_free(der, n);
    return rc < 0 ? named(err, rc, path) : WTL_OK;
}

static int read_ca(wtl_peer *p, const char *ca, wtl_buf *rules, wtl_err *err)
{
    if (strcmp(ca, "system") != 0)
        return read_roots(p, ca, rules, err);
    for (size_t i = 0; i < sizeof system_roots / sizeof system_roots[0]; i++) {
        if (access(system_roots[i], R_OK) == 0)
            return read_roots(p, system_roots[i], rules, err);
    }
    return WTL_FAIL(err, WTL_IO,
                    "the system's certificate authorities are nowhere to be found: install ca-certificates, "
                    "or name a file");
}

static int hash_spki(uint8_t out[HASH], uint8_t *spki, int n, wtl_err *err)
{
    int rc = n > 0 ? hash_of(out, (wtl_bytes){spki, (size_t)n}, err)
                   : WTL_FAIL_OSSL(err, WTL_FORMAT, "the public key cannot be written");
    OPENSSL_free(spki);
    return rc;
}

static int hash_cert(uint8_t out[HASH], const X509 *x, wtl_err *err)
{
    uint8_t *spki = NULL;
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki);
    return hash_spki(out, spki, n, err);
}

static int hash_key(uint8_t out[HASH], const EVP_PKEY *key, wtl_err *err)
{
    uint8_t *spki = NULL;
    int n = i2d_PUBKEY(key, &spki);
    return hash_spki(out, spki, n, err);
}

/* 64 hexadecimal digits in either case. */
static bool take_hex(uint8_t out[HASH], const char *text)
{
    char lower[2 * HASH];
    if (strlen(text) != sizeof lower)
        return false;
    for (size_t i = 0; i < sizeof lower; i++)
        lower[i] = (char)tolower((unsigned char)text[i]);
    AUTO(wtl_buf) raw = {0};
    if (wtl_text_hex_decode(&raw, (wtl_bytes){(uint8_t *)lower, sizeof lower}, NULL) < 0 || raw.n != HASH)
        return false;
    memcpy(out, raw.p, HASH);
    return true;
}

static int hash_file(uint8_t out[HASH], wtl_bytes pem, wtl_err *err)
{
    static const char head[] = "-----BEGIN CERTIFICATE-----";
    BIO *in = BIO_new_mem_buf(pem.p, (int)pem.n);
    ENSURE(in != NULL, err, WTL_NOMEM, "out of memory");
    int rc;
    if (memmem(pem.p, pem.n, head, sizeof head - 1) != NULL) {
        X509 *x = X509_new_ex(wtl_lib_ctx(), NULL);
        bool read = x != NULL && PEM_read_bio_X509(in, &x, NULL, NULL) != NULL;
        rc = read ? hash_cert(out, x, err) : WTL_FAIL_OSSL(err, WTL_FORMAT, "the certificate cannot be read");
        X509_free(x);
    } else {
        EVP_PKEY *key = PEM_read_bio_PUBKEY_ex(in, NULL, NULL, NULL, wtl_lib_ctx(), NULL);
        rc = key != NULL ? hash_key(out, key, err)
                         : WTL_FAIL_OSSL(err, WTL_FORMAT, "neither a PUBLIC KEY nor a CERTIFICATE in PEM");
        EVP_PKEY_free(key);
    }
    BIO_free(in);
    return rc;
}

static int read_keys(wtl_peer *p, const wtl_peer_rules *r, wtl_buf *rules, wtl_err *err)
{
    p->key = calloc(r->n_keys + 1, sizeof *p->key);
    ENSURE(p->key != NULL, err, WTL_NOMEM, "out of memory");
    for (; p->n_keys < r->n_keys; p->n_keys++) {
        const char *text = r->key[p->n_keys];
        uint8_t *to = p->key[p->n_keys].hash;
        if (!take_hex(to, text)) {
            AUTO(wtl_buf) file = {0};
            TRY(wtl_in_read_all(text, KEY_FILE_MOST, &file, err));
            int rc = hash_file(to, wtl_buf_view(&file), err);
            if (rc < 0)
                return named(err, rc, text);
        }
        wtl_buf_add(rules, to, HASH);
    }
    return WTL_OK;
}

static int read_names(wtl_peer *p, const wtl_peer_rules *r, wtl_buf *rules, wtl_err *err)
{
    p->name = calloc(r->n_names + 1, sizeof *p->name);
    ENSURE(p->name != NULL, err, WTL_NOMEM, "out of memory");
    for (; p->n_names < r->n_names; p->n_names++) {
        const char *text = r->name[p->n_names];
        TRY(wtl_san_check(text, err));
        p->name[p->n_names] = strdup(text);
        ENSURE(p->name[p->n_names] != NULL, err, WTL_NOMEM, "out of memory");
        wtl_buf_add(rules, text, strlen(text) + 1);
    }
    return WTL_OK;
}

/* Rules that leave the door open must say so. */
static int check_rules(const wtl_peer_rules *r, bool server, wtl_err *err)
{
    bool known = r->ca != NULL || r->n_keys > 0;
    ENSURE(r->n_names == 0 || r->ca != NULL, err, WTL_USAGE,
           "allowed names need an authority that vouches for them: give one");
    ENSURE(known, err, WTL_USAGE,
           server ? "clients can be checked against authorities or pinned keys: give one of them"
                  : "a server must be known by its authority or by a pinned key, or anybody could be it");
    ENSURE(server || r->host != NULL || r->n_names > 0 || r->n_keys > 0, err, WTL_USAGE,
           "a server with any certificate of the authority would do: say which name it must have");
    return WTL_OK;
}

static int fill(wtl_peer *p, const wtl_peer_rules *r, wtl_err *err)
{
    AUTO(wtl_buf) rules = {0};
    wtl_buf_fmt(&rules, "wattle peer %d %d %zu %zu ", p->server, p->required, r->n_keys, r->n_names);
    if (r->host != NULL) {
        p->host = strdup(r->host);
        ENSURE(p->host != NULL, err, WTL_NOMEM, "out of memory");
        ENSURE(r->host[0] != '*', err, WTL_USAGE, "a server's own name has no wildcard");
        TRY(wtl_san_check(r->host, err));
        wtl_buf_add(&rules, r->host, strlen(r->host) + 1);
    }
    TRY(read_keys(p, r, &rules, err));
    TRY(read_names(p, r, &rules, err));
    if (r->ca != NULL)
        TRY(read_ca(p, r->ca, &rules, err));
    TRY(wtl_buf_check(&rules, err));
    return hash_of(p->digest, wtl_buf_view(&rules), err);
}

int wtl_peer_new(wtl_peer **out, const wtl_peer_rules *rules, bool server, wtl_err *err)
{
    TRY(wtl_lib_init(err));
    TRY(check_rules(rules, server, err));
    AUTO(wtl_peer) *p = calloc(1, sizeof *p);
    ENSURE(p != NULL, err, WTL_NOMEM, "out of memory");
    p->refs = 1;
    p->server = server;
    p->required = rules->required || !server;
    TRY(fill(p, rules, err));
    *out = p;
    p = NULL;
    return WTL_OK;
}

wtl_peer *wtl_peer_ref(const wtl_peer *p)
{
    wtl_peer *q = (wtl_peer *)(uintptr_t)p;
    q->refs++;
    return q;
}

void wtl_peer_free(wtl_peer *p)
{
    if (p == NULL || --p->refs > 0)
        return;
    X509_STORE_free(p->store);
    sk_X509_NAME_pop_free(p->ca_names, X509_NAME_free);
    for (size_t i = 0; p->name != NULL && i < p->n_names; i++)
        free(p->name[i]);
    free(p->name);
    free(p->key);
    free(p->host);
    free(p);
}

void wtl_peer_auto(wtl_peer **p)
{
    wtl_peer_free(*p);
}

const uint8_t *wtl_peer_digest(const wtl_peer *p)
{
    return p->digest;
}

const char *wtl_peer_host(const wtl_peer *p)
{
    return p->host == NULL || wtl_san_is_ip(p->host) ? NULL : p->host;
}

/* ---- judging a peer */

/* What it showed: one of the two. */
typedef struct shown {
    X509 *cert;
    const EVP_PKEY *raw;
} shown;

static void who(const shown *s, wtl_buf *out)
{
    uint8_t hash[HASH];
    if (s->cert != NULL) {
        wtl_san_who(s->cert, out);
    } else if (s->raw != NULL && hash_key(hash, s->raw, NULL) == WTL_OK) {
        wtl_buf_str(out, "key:");
        wtl_buf_hex(out, (wtl_bytes){hash, sizeof hash});
    }
}

/* "the client a.example.org is refused: why". */
static int refuse(const wtl_peer *p, const shown *s, int rc, const char *why, wtl_err *err)
{
    AUTO(wtl_buf) name = {0};
    who(s, &name);
    const char *text = wtl_buf_cstr(&name);
    return WTL_FAIL(err, rc, "the %s %.300s is refused: %s", p->server ? "client" : "server",
                    text != NULL && text[0] != '\0' ? text : "(without a name)", why);
}

static bool key_is_pinned(const wtl_peer *p, const shown *s)
{
    uint8_t hash[HASH];
    if ((s->cert != NULL ? hash_cert(hash, s->cert, NULL) : hash_key(hash, s->raw, NULL)) < 0)
        return false;
    for (size_t i = 0; i < p->n_keys; i++) {
        if (memcmp(p->key[i].hash, hash, HASH) == 0)
            return true;
    }
    return false;
}

static bool name_is_allowed(const wtl_peer *p, const shown *s)
{
    for (size_t i = 0; i < p->n_names; i++) {
        if (wtl_san_fits(s->cert, p->name[i], !p->server))
            return true;
    }
    return p->n_names == 0;
}

/* All but the chain. */
static int judge(const wtl_peer *p, const shown *s, wtl_err *err)
{
    if (p->n_keys > 0 && !key_is_pinned(p, s))
        return refuse(p, s, WTL_POLICY, "its public key is none of the pinned ones", err);
    if (p->store == NULL)
        return WTL_OK;
    if (s->cert == NULL)
        return refuse(p, s, WTL_POLICY, "it showed a bare public key where a certificate is asked for", err);
    if (!name_is_allowed(p, s))
        return refuse(p, s, WTL_POLICY, "none of its certificate's names is allowed", err);
    if (p->host != NULL && p->n_names == 0 && !wtl_san_fits(s->cert, p->host, true)) {
        AUTO(wtl_buf) why = {0};
        wtl_buf_fmt(&why, "its certificate is not for %.255s", p->host);
        const char *text = wtl_buf_cstr(&why);
        return refuse(p, s, WTL_POLICY, text != NULL ? text : "its certificate is for another name", err);
    }
    return WTL_OK;
}

static int judge_chain(const wtl_peer *p, const shown *s, X509_STORE_CTX *x, wtl_err *err)
{
    if (s->cert == NULL || X509_verify_cert(x) == 1)
        return WTL_OK;
    int why = X509_STORE_CTX_get_error(x);
    int depth = X509_STORE_CTX_get_error_depth(x);
    char text[160];
    snprintf(text, sizeof text, "%s (certificate %d of its chain)", X509_verify_cert_error_string(why),
             depth + 1);
    ERR_clear_error();
    if (why == X509_V_OK)
        X509_STORE_CTX_set_error(x, X509_V_ERR_UNSPECIFIED);
    return refuse(p, s, WTL_NO, text, err);
}

static bool is_mldsa87(const EVP_PKEY *key)
{
    return key != NULL && EVP_PKEY_is_a(key, "ML-DSA-87");
}

static int judge_cnsa(const wtl_peer *p, const shown *s, X509_STORE_CTX *x, wtl_err *err)
{
    bool good = is_mldsa87(s->cert != NULL ? X509_get0_pubkey(s->cert) : s->raw);
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(x);
    for (int i = 0; i < sk_X509_num(chain) && good; i++)
        good = is_mldsa87(X509_get0_pubkey(sk_X509_value(chain, i)));
    if (!good)
        return refuse(p, s, WTL_POLICY, "a key of its chain is not ML-DSA-87, as the CNSA profile wants",
                      err);
    return WTL_OK;
}

/* ---- in the handshake */

typedef struct refusal {
    int code;
    char text[WTL_ERR_TEXT];
} refusal;

static int refusal_index = -1;

static void drop_refusal(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
    (void)parent, (void)ad, (void)idx, (void)argl, (void)argp;
    free(ptr);
}

static void make_index(void)
{
    refusal_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, drop_refusal);
}

static void keep(SSL *ssl, const wtl_err *e)
{
    free(SSL_get_ex_data(ssl, refusal_index));
    refusal *r = malloc(sizeof *r);
    if (r != NULL) {
        r->code = e->code;
        memcpy(r->text, e->text, sizeof r->text);
    }
    if (SSL_set_ex_data(ssl, refusal_index, r) != 1)
        free(r);
}

int wtl_peer_refusal(const SSL *ssl, wtl_err *err)
{
    const refusal *r = refusal_index < 0 ? NULL : SSL_get_ex_data(ssl, refusal_index);
    return r != NULL ? WTL_FAIL(err, r->code, "%s", r->text) : WTL_OK;
}

static int verify(X509_STORE_CTX *x, const wtl_peer *p, bool cnsa)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(x, SSL_get_ex_data_X509_STORE_CTX_idx());
    shown s = {X509_STORE_CTX_get0_cert(x), X509_STORE_CTX_get0_rpk(x)};
    wtl_err err = {0};
    int rc = p->store != NULL ? judge_chain(p, &s, x, &err) : WTL_OK;
    bool chain = rc == WTL_OK;
    if (rc == WTL_OK && cnsa)
        rc = judge_cnsa(p, &s, x, &err);
    if (rc == WTL_OK)
        rc = judge(p, &s, &err);
    if (rc == WTL_OK) {
        X509_STORE_CTX_set_error(x, X509_V_OK);
        return 1;
    }
    if (chain)
        X509_STORE_CTX_set_error(x, X509_V_ERR_CERT_REJECTED);
    if (ssl != NULL)
        keep(ssl, &err);
    return 0;
}

static int verify_any(X509_STORE_CTX *x, void *arg)
{
    return verify(x, arg, false);
}

static int verify_cnsa(X509_STORE_CTX *x, void *arg)
{
    return verify(x, arg, true);
}

static int install_store(const wtl_peer *p, SSL_CTX *ctx, wtl_err *err)
{
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);
    bool good = SSL_CTX_set1_verify_cert_store(ctx, p->store) == 1 &&
                X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST) ==
                    1;
    X509_VERIFY_PARAM_set_depth(param, WTL_CERT_CHAIN_MAX - 2); /* authorities between leaf and root */
    if (good && p->server && sk_X509_NAME_num(p->ca_names) <= CA_NAMES_MOST) {
        STACK_OF(X509_NAME) *names = SSL_dup_CA_list(p->ca_names);
        good = names != NULL;
        SSL_CTX_set_client_CA_list(ctx, names);
    }
    if (!good)
        return WTL_FAIL_OSSL(err, WTL_NOMEM, "the certificate authorities cannot be set");
    return WTL_OK;
}

/* Pinned keys need no certificate around them; one is taken all the same. */
static int install_types(const wtl_peer *p, SSL_CTX *ctx, wtl_err *err)
{
    static const uint8_t types[] = {TLSEXT_cert_type_rpk, TLSEXT_cert_type_x509};
    int done = p->server ? SSL_CTX_set1_client_cert_type(ctx, types, sizeof types)
                         : SSL_CTX_set1_server_cert_type(ctx, types, sizeof types);
    if (done != 1)
        return WTL_FAIL_OSSL(err, WTL_NOMEM, "the certificate types cannot be set");
    return WTL_OK;
}

int wtl_peer_install(const wtl_peer *p, SSL_CTX *ctx, bool cnsa, wtl_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_index);
    ENSURE(refusal_index >= 0, err, WTL_NOMEM, "out of memory");
    TRY(p->store != NULL ? install_store(p, ctx, err) : install_types(p, ctx, err));
    int mode = SSL_VERIFY_PEER | (p->server && p->required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
    SSL_CTX_set_verify(ctx, mode, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, cnsa ? verify_cnsa : verify_any, (void *)(uintptr_t)p);
    return WTL_OK;
}

/* ---- after it */

static shown shown_of(const SSL *ssl)
{
    shown s = {SSL_get0_peer_certificate(ssl), NULL};
    if (s.cert == NULL)
        s.raw = SSL_get0_peer_rpk((SSL *)(uintptr_t)ssl);
    return s;
}

/* A session may live longer than the certificate that it began with. */
static int judge_dates(const wtl_peer *p, const shown *s, wtl_err *err)
{
    time_t now = time(NULL);
    if (X509_cmp_time(X509_get0_notAfter(s->cert), &now) < 0)
        return refuse(p, s, WTL_POLICY, "its certificate expired since the session began", err);
    if (X509_cmp_time(X509_get0_notBefore(s->cert), &now) > 0)
        return refuse(p, s, WTL_POLICY, "its certificate is not valid yet: check the clock", err);
    return WTL_OK;
}

int wtl_peer_check(const wtl_peer *p, const SSL *ssl, wtl_err *err)
{
    if (p == NULL)
        return WTL_OK;
    shown s = shown_of(ssl);
    if (s.cert == NULL && s.raw == NULL) {
        ENSURE(!p->required, err, WTL_POLICY, "the %s showed no certificate",
               p->server ? "client" : "server");
        return WTL_OK;
    }
    long result = SSL_get_verify_result(ssl);
    if (result != X509_V_OK)
        return refuse(p, &s, WTL_POLICY, X509_verify_cert_error_string(result), err);
    TRY(judge(p, &s, err));
    if (p->store != NULL && SSL_session_reused(ssl))
        return judge_dates(p, &s, err);
    return WTL_OK;
}

void wtl_peer_who(const SSL *ssl, wtl_buf *out)
{
    shown s = shown_of(ssl);
    who(&s, out);
}
