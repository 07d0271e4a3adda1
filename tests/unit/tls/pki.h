/* Certificates, keys and files that the tests of this room make themselves, and handshakes in memory. */
#ifndef WTL_TESTS_TLS_PKI_H
#define WTL_TESTS_TLS_PKI_H

#include "unit.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "crypto/cert.h"
#include "crypto/lib.h"
#include "tls/ctx.h"
#include "tls/facts.h"

enum { PKI_DAY = 86400 };

static char pki_box[64];

static inline int pki_open(void **state)
{
    (void)state;
    snprintf(pki_box, sizeof pki_box, "/tmp/wattle-tls-XXXXXX");
    return mkdtemp(pki_box) != NULL && wtl_lib_init(NULL) == WTL_OK ? 0 : -1;
}

static inline int pki_close(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", pki_box);
    return system(command);
}

/* A path in the box, valid to the end of the program. */
static inline const char *pki_path(const char *name)
{
    static char path[64][160];
    static unsigned n;
    char wanted[160];
    snprintf(wanted, sizeof wanted, "%s/%s", pki_box, name);
    for (unsigned i = 0; i < n; i++) {
        if (strcmp(path[i], wanted) == 0)
            return path[i];
    }
    assert_true(n < 64);
    return memcpy(path[n++], wanted, sizeof wanted);
}

typedef struct pki {
    EVP_PKEY *key;
    X509 *cert;
} pki;

static inline void pki_free(pki *p)
{
    EVP_PKEY_free(p->key);
    X509_free(p->cert);
    *p = (pki){0};
}

/* "ML-DSA-65", "P-256", "RSA", "ED25519". RSA of 2,048 bits. */
static inline EVP_PKEY *pki_key(const char *alg)
{
    EVP_PKEY *k = alg[0] == 'P'             ? EVP_PKEY_Q_keygen(wtl_lib_ctx(), NULL, "EC", alg)
                  : strcmp(alg, "RSA") == 0 ? EVP_PKEY_Q_keygen(wtl_lib_ctx(), NULL, "RSA", (size_t)2048)
                                            : EVP_PKEY_Q_keygen(wtl_lib_ctx(), NULL, alg);
    assert_non_null(k);
    return k;
}

static inline void pki_extend(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(e);
    assert_int_equal(X509_add_ext(x, e, -1), 1);
    X509_EXTENSION_free(e);
}

typedef struct pki_order {
    const char *alg, *name; /* key, CN */
    const char *san;        /* as OpenSSL's configuration has it: "DNS:a,URI:b"; or NULL */
    const pki *by;          /* NULL: self-signed */
    bool ca;
    int from, to;         /* days from now; 0, 0: -1 to 30 */
    const char *purpose;  /* extendedKeyUsage, or NULL */
    const EVP_MD *digest; /* NULL: SHA-256 where one is needed */
} pki_order;

static inline pki pki_make(pki_order o)
{
    static long serial = 1000;
    pki p = {.key = pki_key(o.alg), .cert = X509_new_ex(wtl_lib_ctx(), NULL)};
    X509 *issuer = o.by != NULL ? o.by->cert : p.cert;
    EVP_PKEY *signer = o.by != NULL ? o.by->key : p.key;
    bool plain = EVP_PKEY_is_a(signer, "EC") || EVP_PKEY_is_a(signer, "RSA");
    X509_set_version(p.cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(p.cert), serial++);
    X509_gmtime_adj(X509_getm_notBefore(p.cert), (o.from != 0 ? o.from : -1) * (long)PKI_DAY);
    X509_gmtime_adj(X509_getm_notAfter(p.cert), (o.to != 0 ? o.to : 30) * (long)PKI_DAY);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(p.cert), "CN", MBSTRING_UTF8,
                               (const unsigned char *)o.name, -1, -1, 0);
    X509_set_issuer_name(p.cert, X509_get_subject_name(issuer));
    X509_set_pubkey(p.cert, p.key);
    pki_extend(p.cert, issuer, NID_basic_constraints, o.ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    pki_extend(p.cert, issuer, NID_key_usage,
               o.ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
    pki_extend(p.cert, issuer, NID_subject_key_identifier, "hash");
    if (o.purpose != NULL)
        pki_extend(p.cert, issuer, NID_ext_key_usage, o.purpose);
    if (o.san != NULL)
        pki_extend(p.cert, issuer, NID_subject_alt_name, o.san);
    assert_true(X509_sign(p.cert, signer, !plain ? NULL : o.digest != NULL ? o.digest : EVP_sha256()) > 0);
    return p;
}

static inline void pki_write_key(const EVP_PKEY *key, const char *name)
{
    BIO *b = BIO_new_file(pki_path(name), "w");
    assert_non_null(b);
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(b, key, NULL, NULL, 0, NULL, NULL), 1);
    BIO_free(b);
    assert_int_equal(chmod(pki_path(name), 0600), 0);
}

static inline void pki_write_public(const EVP_PKEY *key, const char *name)
{
    BIO *b = BIO_new_file(pki_path(name), "w");
    assert_non_null(b);
    assert_int_equal(PEM_write_bio_PUBKEY(b, key), 1);
    BIO_free(b);
}

/* Certificates into one PEM file, in this order; NULL ends. */
static inline void pki_write_certs(const char *name, const pki *const *list)
{
    BIO *b = BIO_new_file(pki_path(name), "w");
    assert_non_null(b);
    for (; *list != NULL; list++)
        assert_int_equal(PEM_write_bio_X509(b, (*list)->cert), 1);
    BIO_free(b);
}
#define PKI_CERTS(...) ((const pki *const[]){__VA_ARGS__, NULL})

static inline void pki_write_bytes(const char *name, const void *p, size_t n, unsigned mode)
{
    FILE *f = fopen(pki_path(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    fclose(f);
    assert_int_equal(chmod(pki_path(name), mode), 0);
}

/* Loads NAME.pem and NAME.key of the box. */
static inline wtl_cred *pki_load(const char *name)
{
    char cert[80];
    char key[80];
    snprintf(cert, sizeof cert, "%s.pem", name);
    snprintf(key, sizeof key, "%s.key", name);
    wtl_cred_files files = {.cert = pki_path(cert), .key = pki_path(key)};
    wtl_keys keys = wtl_keys_files();
    wtl_cred *c = NULL;
    wtl_err err = {0};
    assert_good(wtl_cred_load(&c, &files, &keys, time(NULL), false, &err), &err);
    return c;
}

/* Writes NAME.pem (with the authority behind it when given) and NAME.key, and loads them. */
static inline wtl_cred *pki_cred(const char *name, const pki *leaf)
{
    char file[80];
    snprintf(file, sizeof file, "%s.pem", name);
    pki_write_certs(file, PKI_CERTS(leaf));
    snprintf(file, sizeof file, "%s.key", name);
    pki_write_key(leaf->key, file);
    return pki_load(name);
}

/* The same for a bare public key. */
static inline wtl_cred *pki_raw(const char *name, const EVP_PKEY *key)
{
    char file[80];
    snprintf(file, sizeof file, "%s.pem", name);
    pki_write_public(key, file);
    snprintf(file, sizeof file, "%s.key", name);
    pki_write_key(key, file);
    return pki_load(name);
}

/* ---- handshakes */

typedef struct pki_pair {
    SSL *client, *server;
    bool done;
} pki_pair;

static inline pki_pair pki_connect(SSL_CTX *client, SSL_CTX *server)
{
    pki_pair p = {.client = SSL_new(client), .server = SSL_new(server)};
    BIO *a = NULL;
    BIO *b = NULL;
    assert_true(p.client != NULL && p.server != NULL);
    assert_int_equal(BIO_new_bio_pair(&a, 1 << 17, &b, 1 << 17), 1);
    SSL_set_bio(p.client, a, a);
    SSL_set_bio(p.server, b, b);
    SSL_set_connect_state(p.client);
    SSL_set_accept_state(p.server);
    return p;
}

static inline bool pki_goes_on(SSL *s, int r)
{
    return r == 1 || SSL_get_error(s, r) == SSL_ERROR_WANT_READ;
}

/* Both sides done, and a byte went each way (so that the server has seen the client's Finished, and the client tickets). */
static inline bool pki_shake(pki_pair *p)
{
    for (int i = 0; i < 20; i++) {
        int c = SSL_do_handshake(p->client);
        bool fine = pki_goes_on(p->client, c);
        int s = SSL_do_handshake(p->server);
        if (c == 1 && s == 1)
            break;
        if (!fine || !pki_goes_on(p->server, s))
            return false;
    }
    char x = 0;
    p->done = SSL_is_init_finished(p->client) && SSL_is_init_finished(p->server) &&
              SSL_write(p->server, "s", 1) == 1 && SSL_read(p->client, &x, 1) == 1 && x == 's' &&
              SSL_write(p->client, "c", 1) == 1 && SSL_read(p->server, &x, 1) == 1 && x == 'c';
    return p->done;
}

static inline void pki_pair_free(pki_pair *p)
{
    if (p->done) {
        SSL_set_shutdown(p->client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        SSL_set_shutdown(p->server, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    }
    SSL_free(p->client);
    SSL_free(p->server);
    *p = (pki_pair){0};
    ERR_clear_error();
}

#endif
