/* Certificates that the tests make themselves. */
#ifndef WTL_TESTS_CRYPTO_CERTS_H
#define WTL_TESTS_CRYPTO_CERTS_H

#include "unit.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "crypto/cert.h"
#include "crypto/lib.h"

#define CERTS_CA "critical,CA:TRUE", "critical,keyCertSign,cRLSign", NULL
#define CERTS_LEAF "critical,CA:FALSE", "critical,digitalSignature", "codeSigning"

typedef struct certs_made {
    wtl_key *key;
    X509 *x;
    wtl_buf der;
} certs_made;

static inline void certs_free(certs_made *c)
{
    wtl_key_free(c->key);
    X509_free(c->x);
    wtl_buf_free(&c->der);
    *c = (certs_made){0};
}

static inline void certs_extend(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = value != NULL ? X509V3_EXT_conf_nid(NULL, &ctx, nid, value) : NULL;
    assert_true(value == NULL || e != NULL);
    if (e != NULL)
        assert_int_equal(X509_add_ext(x, e, -1), 1);
    X509_EXTENSION_free(e);
}

/* CN=name, valid from 1000000000 to 2000000000 seconds after 1970; self-signed when `by` is NULL. */
static inline certs_made certs_make(const char *name, const char *alg, const certs_made *by,
                                    const char *constraints, const char *usage, const char *extended)
{
    certs_made c = {0};
    wtl_err err = {0};
    static long serial = 1;
    assert_good(wtl_key_generate(&c.key, wtl_alg_by_name(alg), &err), &err);
    c.x = X509_new_ex(wtl_lib_ctx(), NULL);
    assert_non_null(c.x);
    X509 *issuer = by != NULL ? by->x : c.x;
    const wtl_key *signer = by != NULL ? by->key : c.key;
    X509_set_version(c.x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(c.x), serial++);
    ASN1_TIME_set(X509_getm_notBefore(c.x), 1000000000);
    ASN1_TIME_set(X509_getm_notAfter(c.x), 2000000000);
    X509_NAME *subject = X509_get_subject_name(c.x);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(c.x, X509_get_subject_name(issuer));
    X509_set_pubkey(c.x, wtl_key_evp(c.key));
    certs_extend(c.x, issuer, NID_basic_constraints, constraints);
    certs_extend(c.x, issuer, NID_key_usage, usage);
    certs_extend(c.x, issuer, NID_ext_key_usage, extended);
    certs_extend(c.x, issuer, NID_subject_key_identifier, "hash");
    if (by != NULL)
        certs_extend(c.x, issuer, NID_authority_key_identifier, "keyid");
    bool ec = strncmp(wtl_key_alg_name(signer), "ECDSA", 5) == 0;
    assert_true(X509_sign(c.x, wtl_key_evp(signer), ec ? EVP_sha256() : NULL) > 0);
    uint8_t *der = NULL;
    int n = i2d_X509(c.x, &der);
    assert_true(n > 0);
    wtl_buf_add(&c.der, der, (size_t)n);
    OPENSSL_free(der);
    return c;
}

/* Appends the certificate as PEM. */
static inline void certs_pem(wtl_buf *out, const certs_made *c)
{
    BIO *b = BIO_new(BIO_s_mem());
    char *text = NULL;
    assert_int_equal(PEM_write_bio_X509(b, c->x), 1);
    long n = BIO_get_mem_data(b, &text);
    wtl_buf_add(out, text, (size_t)n);
    BIO_free(b);
}

#endif
