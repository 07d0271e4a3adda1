#include "crypto/cert.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "crypto/cert_impl.h"
#include "crypto/lib.h"

void wtl_cert_auto(wtl_cert **c)
{
    X509_free(*c);
}

int wtl_cert_parse(X509 **out, wtl_bytes der, wtl_err *err)
{
    *out = NULL;
    TRY(wtl_lib_init(err));
    ENSURE(der.n > 0 && der.n <= LONG_MAX, err, WTL_FORMAT, "an empty certificate");
    X509 *cert = X509_new_ex(wtl_lib_ctx(), NULL);
    ENSURE(cert != NULL, err, WTL_NOMEM, "out of memory");
    const uint8_t *p = der.p;
    /* d2i_X509 frees `cert` and sets it to NULL when it fails. */
    if (d2i_X509(&cert, &p, (long)der.n) == NULL || p != der.p + der.n) {
        X509_free(cert);
        return WTL_FAIL_OSSL(err, WTL_FORMAT, "the bytes are not exactly one DER certificate");
    }
    *out = cert;
    return WTL_OK;
}

int wtl_cert_key(wtl_key **out, wtl_bytes der, wtl_err *err)
{
    *out = NULL;
    AUTO(wtl_cert) *cert = NULL;
    TRY(wtl_cert_parse(&cert, der, err));
    uint8_t *spki = NULL;
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &spki);
    int rc;
    if (n > 0) {
        rc = wtl_key_parse(out, (wtl_bytes){spki, (size_t)n}, NULL, err);
        if (rc < 0)
            wtl_err_prefix(err, "the certificate's public key: ");
    } else {
        rc = WTL_FAIL_OSSL(err, WTL_FORMAT, "the certificate's public key cannot be read");
    }
    OPENSSL_free(spki);
    ERR_clear_error();
    return rc;
}

/* ---- PEM files of several */

void wtl_cert_list_free(wtl_buf *der, size_t n)
{
    for (size_t i = 0; der != NULL && i < n; i++)
        wtl_buf_free(&der[i]);
    free(der);
}

/* One block, which must be a certificate. */
static int take_block(wtl_buf *out, const char *label, wtl_bytes content, wtl_err *err)
{
    AUTO(wtl_buf) q = {0};
    wtl_text_quote(&q, wtl_text_of(label));
    ENSURE(strcmp(label, "CERTIFICATE") == 0, err, WTL_FORMAT,
           "the file holds a block \"%.60s\", and nothing but certificates belongs here",
           wtl_buf_cstr(&q) != NULL ? wtl_buf_cstr(&q) : "");
    AUTO(wtl_cert) *cert = NULL;
    TRY(wtl_cert_parse(&cert, content, err));
    wtl_buf_bytes(out, content);
    return wtl_buf_check(out, err);
}

/* 1 and one more in the list, 0 at the end. */
static int next_block(BIO *in, wtl_buf *der, size_t *n, size_t most, wtl_err *err)
{
    char *label = NULL;
    char *header = NULL;
    uint8_t *content = NULL;
    long len = 0;
    ERR_clear_error();
    if (PEM_read_bio(in, &label, &header, &content, &len) != 1) {
        bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
        ERR_clear_error();
        ENSURE(end, err, WTL_FORMAT, "PEM block %zu of the file is broken", *n + 1);
        return 0;
    }
    int rc = WTL_OK;
    if (*n == most)
        rc = WTL_FAIL(err, WTL_FORMAT, "the file holds more than %zu certificates", most);
    else
        rc = take_block(&der[(*n)++], label, (wtl_bytes){content, (size_t)len}, err);
    OPENSSL_free(label);
    OPENSSL_free(header);
    OPENSSL_clear_free(content, (size_t)len);
    return rc < 0 ? rc : 1;
}

int wtl_cert_list_read(wtl_buf **der, size_t *n, wtl_bytes pem, size_t most, wtl_err *err)
{
    *der = NULL;
    *n = 0;
    TRY(wtl_lib_init(err));
    ENSURE(pem.n > 0 && pem.n <= INT_MAX, err, WTL_FORMAT, "the file holds no certificate");
    BIO *in = BIO_new_mem_buf(pem.p, (int)pem.n);
    wtl_buf *list = calloc(most, sizeof *list);
    size_t got = 0;
    int rc = in != NULL && list != NULL ? 1 : WTL_FAIL(err, WTL_NOMEM, "out of memory");
    while (rc == 1)
        rc = next_block(in, list, &got, most, err);
    if (rc == 0 && got == 0)
        rc = WTL_FAIL(err, WTL_FORMAT, "the file holds no PEM certificate");
    BIO_free(in);
    if (rc < 0) {
        wtl_cert_list_free(list, got);
        return rc;
    }
    *der = list;
    *n = got;
    return WTL_OK;
}

/* ---- what certificates say */

static int check_link(wtl_bytes der, wtl_bytes by, size_t i, wtl_err *err)
{
    AUTO(wtl_cert) *cert = NULL;
    AUTO(wtl_cert) *issuer = NULL;
    TRY(wtl_cert_parse(&cert, der, err));
    TRY(wtl_cert_parse(&issuer, by, err));
    int fits = X509_check_issued(issuer, cert);
    ENSURE(fits != X509_V_ERR_KEYUSAGE_NO_CERTSIGN, err, WTL_POLICY,
           "certificate %zu of the chain may not sign certificates: its keyUsage has no keyCertSign", i + 2);
    ENSURE(
        fits == X509_V_OK, err, WTL_FORMAT,
        "certificate %zu of the chain is not issued by number %zu (%s): the order is leaf, its issuer, that "
        "one's issuer",
        i + 1, i + 2, X509_verify_cert_error_string(fits));
    int good = X509_verify(cert, X509_get0_pubkey(issuer));
    ERR_clear_error();
    ENSURE(good == 1, err, WTL_NO,
           "certificate %zu of the chain names number %zu as its issuer, and that one's "
           "key did not sign it",
           i + 1, i + 2);
    return WTL_OK;
}

int wtl_cert_chain(const wtl_buf *der, size_t n, wtl_err *err)
{
    ENSURE(n > 0 && n <= WTL_CERT_CHAIN_MAX, err, WTL_FORMAT,
           "the chain has %zu certificates, and may have from 1 to %d", n, WTL_CERT_CHAIN_MAX);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++)
            ENSURE(der[i].n != der[k].n || memcmp(der[i].p, der[k].p, der[i].n) != 0, err, WTL_FORMAT,
                   "certificates %zu and %zu of the chain are the same", k + 1, i + 1);
    }
    AUTO(wtl_cert) *last = NULL;
    TRY(wtl_cert_parse(&last, wtl_buf_view(&der[n - 1]), err));
    for (size_t i = 0; i + 1 < n; i++)
        TRY(check_link(wtl_buf_view(&der[i]), wtl_buf_view(&der[i + 1]), i, err));
    return WTL_OK;
}

int wtl_cert_leaf(wtl_bytes der, wtl_err *err)
{
    AUTO(wtl_cert) *cert = NULL;
    TRY(wtl_cert_parse(&cert, der, err));
    uint32_t flags = X509_get_extension_flags(cert);
    ENSURE((flags & EXFLAG_INVALID) == 0, err, WTL_POLICY,
           "the leaf certificate has an extension that cannot be read");
    ENSURE((flags & EXFLAG_CA) == 0, err, WTL_POLICY,
           "the leaf certificate is an authority's (CA:TRUE), which signs certificates and no models");
    uint32_t usage = (flags & EXFLAG_KUSAGE) != 0 ? X509_get_key_usage(cert) : 0;
    ENSURE((usage & KU_DIGITAL_SIGNATURE) != 0, err, WTL_POLICY,
           "the leaf certificate's keyUsage does not have digitalSignature");
    ENSURE((usage & (KU_KEY_CERT_SIGN | KU_CRL_SIGN)) == 0, err, WTL_POLICY,
           "the leaf certificate's keyUsage has keyCertSign or cRLSign, which belong to an authority");
    uint32_t extended = (flags & EXFLAG_XKUSAGE) != 0 ? X509_get_extended_key_usage(cert) : 0;
    ENSURE((extended & XKU_CODE_SIGN) != 0, err, WTL_POLICY,
           "the leaf certificate's extendedKeyUsage does not have codeSigning");
    ENSURE(
        X509_check_purpose(cert, X509_PURPOSE_CODE_SIGN, 0) == 1, err, WTL_POLICY,
        "the leaf certificate's keyUsage is not critical, or its extendedKeyUsage has anyExtendedKeyUsage or "
        "serverAuth beside codeSigning");
    return WTL_OK;
}

static bool same_text(const unsigned char *p, int n, const char *text)
{
    return n > 0 && strlen(text) == (size_t)n && memcmp(p, text, (size_t)n) == 0;
}

static void note(wtl_buf *names, const unsigned char *p, int n)
{
    wtl_buf_str(names, names->n > 0 ? ", " : "");
    wtl_text_quote(names, (wtl_bytes){p, n > 0 ? (size_t)n : 0});
}

static bool in_alt_names(const X509 *cert, const char *identity, wtl_buf *names)
{
    bool found = false;
    GENERAL_NAMES *list = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(list); i++) {
        int type = 0;
        const ASN1_STRING *v = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(list, i), &type);
        if (type != GEN_DNS && type != GEN_URI && type != GEN_EMAIL)
            continue;
        found = found || same_text(ASN1_STRING_get0_data(v), ASN1_STRING_length(v), identity);
        note(names, ASN1_STRING_get0_data(v), ASN1_STRING_length(v));
    }
    GENERAL_NAMES_free(list);
    return found;
}

static bool in_common_names(const X509 *cert, const char *identity, wtl_buf *names)
{
    bool found = false;
    const X509_NAME *subject = X509_get_subject_name(cert);
    int at = -1;
    while ((at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0) {
        unsigned char *text = NULL;
        int n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
        found = found || same_text(text, n, identity);
        note(names, text, n);
        OPENSSL_free(text);
    }
    return found;
}

int wtl_cert_identity(wtl_bytes der, const char *identity, wtl_err *err)
{
    AUTO(wtl_cert) *cert = NULL;
    TRY(wtl_cert_parse(&cert, der, err));
    AUTO(wtl_buf) names = {0};
    AUTO(wtl_buf) q = {0};
    bool alt = in_alt_names(cert, identity, &names);
    bool common = in_common_names(cert, identity, &names);
    ERR_clear_error();
    wtl_text_quote(&q, wtl_text_of(identity));
    const char *list = wtl_buf_cstr(&names);
    const char *wanted = wtl_buf_cstr(&q);
    ENSURE(list != NULL && wanted != NULL, err, WTL_NOMEM, "out of memory");
    ENSURE(alt || common, err, WTL_POLICY, "the certificate is not \"%.200s\"'s: its names are %.400s",
           wanted, names.n > 0 ? list : "none");
    return WTL_OK;
}

int wtl_cert_subject(wtl_bytes der, wtl_buf *out, wtl_err *err)
{
    AUTO(wtl_cert) *cert = NULL;
    TRY(wtl_cert_parse(&cert, der, err));
    BIO *to = BIO_new(BIO_s_mem());
    char *text = NULL;
    long n = 0;
    if (to != NULL && X509_NAME_print_ex(to, X509_get_subject_name(cert), 0, XN_FLAG_RFC2253) >= 0)
        n = BIO_get_mem_data(to, &text);
    if (n > 0)
        wtl_text_quote(out, (wtl_bytes){(uint8_t *)text, (size_t)n});
    BIO_free(to);
    ERR_clear_error();
    return wtl_buf_check(out, err);
}

static int second_of(const ASN1_TIME *t, int64_t *out, wtl_err *err)
{
    struct tm tm = {0};
    if (ASN1_TIME_to_tm(t, &tm) != 1)
        return WTL_FAIL_OSSL(err, WTL_FORMAT, "a date of the certificate cannot be read");
    *out = timegm(&tm);
    return WTL_OK;
}

int wtl_cert_dates(wtl_bytes der, int64_t *first, int64_t *last, wtl_err *err)
{
    AUTO(wtl_cert) *cert = NULL;
    int64_t from;
    TRY(wtl_cert_parse(&cert, der, err));
    TRY(second_of(X509_get0_notBefore(cert), &from, err));
    TRY(second_of(X509_get0_notAfter(cert), last, err));
    *first = from;
    return WTL_OK;
}
