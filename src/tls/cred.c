#include "tls/cred.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "base/instant.h"
#include "base/text.h"
#include "crypto/cert.h"
#include "crypto/key.h"
#include "crypto/lib.h"
#include "fs/in.h"
#include "tls/staple.h"

enum {
    CERT_MOST = 256 * 1024,
    STAPLE_MOST = 64 * 1024,
    CLOCKS = 300 /* seconds that an OCSP responder's clock may be ahead */
};

struct wtl_cred {
    X509 *leaf; /* NULL for a raw public key */
    STACK_OF(X509) * chain;
    EVP_PKEY *key;
    wtl_buf staple;
    int64_t not_before, not_after;
    int64_t staple_since, staple_until;
    const char *alg;
    char *subject;
    char *shown; /* path of the certificate, for messages */
};

/* ---- what it is */

/* OpenSSL's names of keys and curves where crypto's table has others, or none. */
static const char *const kinds[][2] = {{"RSA", "RSA"}, {"RSA-PSS", "RSA-PSS"}, {"ED448", "Ed448"}};
static const char *const curves[][2] = {
    {"prime256v1", "ECDSA-P256"}, {"secp384r1", "ECDSA-P384"}, {"secp521r1", "ECDSA-P521"}};

static const char *foreign(const EVP_PKEY *key)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (EVP_PKEY_is_a(key, kinds[i][0]))
            return kinds[i][1];
    }
    return NULL;
}

static const char *by_curve(const EVP_PKEY *key)
{
    char curve[32] = "";
    if (EVP_PKEY_get_group_name(key, curve, sizeof curve, NULL) != 1)
        return NULL;
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
        if (strcmp(curves[i][0], curve) == 0)
            return curves[i][1];
    }
    return NULL;
}

const char *wtl_cred_alg_of(const EVP_PKEY *key)
{
    const char *other = foreign(key);
    if (other != NULL)
        return other;
    if (EVP_PKEY_is_a(key, "EC"))
        return by_curve(key);
    for (size_t i = 0; i < WTL_ALG_COUNT; i++) {
        const wtl_alg *a = wtl_alg_at(i);
        if (a->kind == WTL_ALG_SIG && a->tls != 0 && a->evp != NULL && EVP_PKEY_is_a(key, a->evp))
            return strncmp(a->name, "SLH-DSA", 7) == 0 ? NULL : a->name; /* libssl 3.5 has no such scheme */
    }
    return NULL;
}

static int set_alg(wtl_cred *c, const EVP_PKEY *pub, wtl_err *err)
{
    ENSURE(pub != NULL, err, WTL_FORMAT, "%s: the certificate's public key cannot be read", c->shown);
    c->alg = wtl_cred_alg_of(pub);
    ENSURE(c->alg != NULL, err, WTL_FORMAT,
           "%s: TLS 1.3 has no signatures of this kind of key: use ML-DSA, ECDSA, Ed25519 or RSA", c->shown);
    return WTL_OK;
}

/* ---- certificates */

static int parse(X509 **out, wtl_bytes der, wtl_err *err)
{
    X509 *x = X509_new_ex(wtl_lib_ctx(), NULL);
    ENSURE(x != NULL, err, WTL_NOMEM, "out of memory");
    const uint8_t *p = der.p;
    /* d2i_X509 frees `x` and sets it to NULL when it fails. */
    if (d2i_X509(&x, &p, (long)der.n) == NULL)
        return WTL_FAIL_OSSL(err, WTL_FORMAT, "the certificate cannot be read");
    *out = x;
    return WTL_OK;
}

static int add(wtl_cred *c, wtl_bytes der, wtl_err *err)
{
    X509 *x = NULL;
    TRY(parse(&x, der, err));
    if (c->leaf == NULL)
        c->leaf = x;
    else if (sk_X509_push(c->chain, x) <= 0) {
        X509_free(x);
        return WTL_FAIL(err, WTL_NOMEM, "out of memory");
    }
    int64_t from = 0;
    int64_t to = 0;
    TRY(wtl_staple_time(&from, X509_get0_notBefore(x), err));
    TRY(wtl_staple_time(&to, X509_get0_notAfter(x), err));
    c->not_before = from > c->not_before ? from : c->not_before;
    c->not_after = to < c->not_after ? to : c->not_after;
    return WTL_OK;
}

static int take_list(wtl_cred *c, const wtl_buf *der, size_t n, wtl_err *err)
{
    TRY(wtl_cert_chain(der, n, err));
    c->chain = sk_X509_new_null();
    ENSURE(c->chain != NULL, err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++)
        TRY(add(c, wtl_buf_view(&der[i]), err));
    AUTO(wtl_buf) subject = {0};
    TRY(wtl_cert_subject(wtl_buf_view(&der[0]), &subject, err));
    const char *text = wtl_buf_cstr(&subject);
    c->subject = text != NULL ? strdup(text) : NULL;
    ENSURE(c->subject != NULL, err, WTL_NOMEM, "out of memory");
    return WTL_OK;
}

static int read_chain(wtl_cred *c, wtl_bytes pem, wtl_err *err)
{
    wtl_buf *der = NULL;
    size_t n = 0;
    int rc = wtl_cert_list_read(&der, &n, pem, WTL_CERT_CHAIN_MAX, err);
    if (rc == WTL_OK)
        rc = take_list(c, der, n, err);
    wtl_cert_list_free(der, n);
    if (rc < 0) {
        wtl_err_prefix(err, "%s: ", c->shown);
        return rc;
    }
    return set_alg(c, X509_get0_pubkey(c->leaf), err);
}

/* ---- raw public keys */

static bool is_public_key(wtl_bytes file)
{
    static const char head[] = "-----BEGIN PUBLIC KEY-----";
    return memmem(file.p, file.n, head, sizeof head - 1) != NULL;
}

static int name_key(wtl_cred *c, EVP_PKEY *pub, wtl_err *err)
{
    uint8_t *spki = NULL;
    int n = i2d_PUBKEY(pub, &spki);
    uint8_t hash[SHA256_DIGEST_LENGTH];
    bool made = n > 0 && EVP_Q_digest(wtl_lib_ctx(), "SHA256", NULL, spki, (size_t)n, hash, NULL) == 1;
    OPENSSL_free(spki);
    ENSURE(made, err, WTL_FORMAT, "%s: the public key cannot be read", c->shown);
    AUTO(wtl_buf) text = {0};
    wtl_buf_str(&text, "key:");
    wtl_buf_hex(&text, (wtl_bytes){hash, sizeof hash});
    const char *s = wtl_buf_cstr(&text);
    c->subject = s != NULL ? strdup(s) : NULL;
    ENSURE(c->subject != NULL, err, WTL_NOMEM, "out of memory");
    return WTL_OK;
}

/* By crypto's strict reader; what that has no algorithm for, by OpenSSL's. */
static int parse_public(EVP_PKEY **pub, wtl_bytes pem, wtl_err *err)
{
    wtl_key *k = NULL;
    int rc = wtl_key_parse(&k, pem, NULL, err);
    if (rc == WTL_OK) {
        bool fits = !wtl_key_is_private(k) && wtl_key_evp(k) != NULL && EVP_PKEY_up_ref(wtl_key_evp(k)) == 1;
        EVP_PKEY *key = wtl_key_evp(k);
        wtl_key_free(k);
        ENSURE(fits, err, WTL_FORMAT, "the file holds no public key that TLS could use");
        *pub = key;
        return WTL_OK;
    }
    BIO *in = BIO_new_mem_buf(pem.p, (int)pem.n);
    EVP_PKEY *key = in != NULL ? PEM_read_bio_PUBKEY_ex(in, NULL, NULL, NULL, wtl_lib_ctx(), NULL) : NULL;
    BIO_free(in);
    ERR_clear_error();
    if (key == NULL || foreign(key) == NULL) {
        EVP_PKEY_free(key);
        return rc;
    }
    *pub = key;
    return WTL_OK;
}

static int read_public(wtl_cred *c, EVP_PKEY **pub, wtl_bytes pem, wtl_err *err)
{
    EVP_PKEY *key = NULL;
    int rc = parse_public(&key, pem, err);
    if (rc < 0) {
        wtl_err_prefix(err, "%s: ", c->shown);
        return rc;
    }
    rc = set_alg(c, key, err);
    if (rc == WTL_OK)
        rc = name_key(c, key, err);
    if (rc < 0) {
        EVP_PKEY_free(key);
        return rc;
    }
    *pub = key;
    return WTL_OK;
}

/* ---- dates and staple */

int wtl_cred_current(const wtl_cred *c, int64_t now, wtl_err *err)
{
    char when[WTL_INSTANT_TEXT];
    ENSURE(now <= c->not_after, err, WTL_POLICY, "%s: the certificate of %.200s expired at %s: renew it",
           c->shown, c->subject, wtl_instant_write(when, c->not_after));
    ENSURE(now >= c->not_before, err, WTL_POLICY,
           "%s: the certificate of %.200s is valid from %s only: check the clock", c->shown, c->subject,
           wtl_instant_write(when, c->not_before));
    if (c->staple.n == 0)
        return WTL_OK;
    ENSURE(now <= c->staple_until, err, WTL_POLICY,
           "%s: the OCSP response is outdated since %s: fetch a new one", c->shown,
           wtl_instant_write(when, c->staple_until));
    ENSURE(now + CLOCKS >= c->staple_since, err, WTL_POLICY,
           "%s: the OCSP response is from the future (%s): check the clock", c->shown,
           wtl_instant_write(when, c->staple_since));
    return WTL_OK;
}

static int read_staple(wtl_cred *c, const char *path, int64_t now, wtl_err *err)
{
    ENSURE(c->leaf != NULL, err, WTL_USAGE, "%s: a raw public key has no OCSP response", c->shown);
    TRY(wtl_in_read_all(path, STAPLE_MOST, &c->staple, err));
    int rc = wtl_staple_read(wtl_buf_view(&c->staple), c->leaf, c->chain, now, &c->staple_since,
                             &c->staple_until, err);
    if (rc < 0) {
        AUTO(wtl_buf) q = {0};
        wtl_text_quote(&q, wtl_text_of(path));
        const char *shown = wtl_buf_cstr(&q);
        wtl_err_prefix(err, "%s: ", shown != NULL ? shown : "staple");
    }
    return rc;
}

/* ---- all of it */

static int fill(wtl_cred *c, const wtl_cred_files *files, const wtl_keys *keys, int64_t now, wtl_err *err)
{
    AUTO(wtl_buf) file = {0};
    TRY(wtl_in_read_all(files->cert, CERT_MOST, &file, err));
    wtl_bytes pem = wtl_buf_view(&file);
    EVP_PKEY *pub = NULL;
    bool raw = is_public_key(pem);
    TRY(raw ? read_public(c, &pub, pem, err) : read_chain(c, pem, err));
    int rc = keys->open(keys->arg, &c->key, files->key, raw ? pub : X509_get0_pubkey(c->leaf), err);
    EVP_PKEY_free(pub);
    if (rc == WTL_OK && files->staple != NULL)
        rc = read_staple(c, files->staple, now, err);
    return rc;
}

int wtl_cred_load(wtl_cred **out, const wtl_cred_files *files, const wtl_keys *keys, int64_t now,
                  bool expired_ok, wtl_err *err)
{
    TRY(wtl_lib_init(err));
    ENSURE(files->cert != NULL && files->key != NULL, err, WTL_USAGE,
           "a certificate and its private key go together");
    AUTO(wtl_cred) *c = calloc(1, sizeof *c);
    ENSURE(c != NULL, err, WTL_NOMEM, "out of memory");
    c->not_before = INT64_MIN;
    c->not_after = INT64_MAX;
    c->staple_until = INT64_MAX;
    AUTO(wtl_buf) q = {0};
    wtl_text_quote(&q, wtl_text_of(files->cert));
    const char *shown = wtl_buf_cstr(&q);
    c->shown = shown != NULL ? strdup(shown) : NULL;
    ENSURE(c->shown != NULL, err, WTL_NOMEM, "out of memory");
    TRY(fill(c, files, keys, now, err));
    if (!expired_ok)
        TRY(wtl_cred_current(c, now, err));
    *out = c;
    c = NULL;
    return WTL_OK;
}

void wtl_cred_free(wtl_cred *c)
{
    if (c == NULL)
        return;
    X509_free(c->leaf);
    OSSL_STACK_OF_X509_free(c->chain);
    EVP_PKEY_free(c->key);
    wtl_buf_free(&c->staple);
    free(c->subject);
    free(c->shown);
    free(c);
}

void wtl_cred_auto(wtl_cred **c)
{
    wtl_cred_free(*c);
}

bool wtl_cred_is_raw(const wtl_cred *c)
{
    return c->leaf == NULL;
}

int64_t wtl_cred_not_after(const wtl_cred *c)
{
    return c->not_after;
}

int64_t wtl_cred_not_before(const wtl_cred *c)
{
    return c->not_before;
}

const char *wtl_cred_alg(const wtl_cred *c)
{
    return c->alg;
}

const char *wtl_cred_subject(const wtl_cred *c)
{
    return c->subject;
}

X509 *wtl_cred_leaf(const wtl_cred *c)
{
    return c->leaf;
}

STACK_OF(X509) * wtl_cred_chain(const wtl_cred *c)
{
    return c->chain;
}

EVP_PKEY *wtl_cred_key(const wtl_cred *c)
{
    return c->key;
}

wtl_bytes wtl_cred_staple(const wtl_cred *c)
{
    return wtl_buf_view(&c->staple);
}

int64_t wtl_cred_staple_until(const wtl_cred *c)
{
    return c->staple_until;
}
