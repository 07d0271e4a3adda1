#include "crypto/health.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/x509.h>

#include "base/text.h"
#include "crypto/kem.h"
#include "crypto/lib.h"
#include "crypto/sig.h"

const char *wtl_health_built(void)
{
    return OPENSSL_FULL_VERSION_STR;
}

bool wtl_health_is_older(void)
{
    return OpenSSL_version_num() < OPENSSL_VERSION_NUMBER;
}

static int add_name(OSSL_PROVIDER *p, void *arg)
{
    wtl_buf *names = arg;
    wtl_buf_fmt(names, "%s%s", names->n > 0 ? ", " : "", OSSL_PROVIDER_get0_name(p));
    return 1;
}

int wtl_health_providers(wtl_buf *names, wtl_err *err)
{
    TRY(wtl_lib_init(err));
    AUTO(wtl_buf) list = {0};
    if (OSSL_PROVIDER_do_all(wtl_lib_ctx(), add_name, &list) != 1)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL does not tell its providers");
    wtl_buf_bytes(names, wtl_buf_view(&list));
    return wtl_buf_check(names, err);
}

static int has(const char *name, wtl_err *err)
{
    EVP_KEYMGMT *m = EVP_KEYMGMT_fetch(wtl_lib_ctx(), name, NULL);
    if (m == NULL)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL has no %s", name);
    EVP_KEYMGMT_free(m);
    return WTL_OK;
}

int wtl_health_alg(const wtl_alg *a, wtl_err *err)
{
    TRY(wtl_lib_init(err));
    if (a->evp != NULL)
        return has(a->evp, err);
    /* X-Wing is composed of these. */
    TRY(has("ML-KEM-768", err));
    return has("X25519", err);
}

static int try_signature(const wtl_key *k, wtl_err *err)
{
    AUTO(wtl_buf) sig = {0};
    const char *name = wtl_key_alg_name(k);
    TRY(wtl_sig_sign(k, wtl_text_of("one message"), NULL, &sig, err));
    TRY(wtl_sig_verify(k, wtl_text_of("one message"), NULL, wtl_buf_view(&sig), err));
    ENSURE(wtl_sig_verify(k, wtl_text_of("another one"), NULL, wtl_buf_view(&sig), NULL) == WTL_NO, err,
           WTL_BUG, "a %s signature is taken for one of another message", name);
    return WTL_OK;
}

static int try_kem(const wtl_key *k, wtl_err *err)
{
    AUTO(wtl_buf) enc = {0};
    AUTO(wtl_secret) sent = {0};
    AUTO(wtl_secret) got = {0};
    TRY(wtl_kem_encaps(k, &enc, &sent, err));
    TRY(wtl_kem_decaps(k, wtl_buf_view(&enc), &got, err));
    ENSURE(wtl_ct_eq(wtl_secret_view(&sent), wtl_secret_view(&got)), err, WTL_BUG,
           "the two sides of %s have different secrets", wtl_key_alg_name(k));
    return WTL_OK;
}

int wtl_health_try(const wtl_alg *a, wtl_err *err)
{
    ENSURE(a->kind == WTL_ALG_SIG || a->kind == WTL_ALG_KEM, err, WTL_USAGE, "%s neither signs nor seals",
           a->name);
    AUTO(wtl_key) *k = NULL;
    TRY(wtl_key_generate(&k, a, err));
    int rc = a->kind == WTL_ALG_SIG ? try_signature(k, err) : try_kem(k, err);
    if (rc == WTL_NO)
        return WTL_FAIL(err, WTL_BUG, "a %s signature is not accepted by its own key", a->name);
    return rc;
}

static bool read_time(const ASN1_TIME *t, int64_t *out)
{
    struct tm tm;
    if (ASN1_TIME_to_tm(t, &tm) != 1)
        return false;
    *out = (int64_t)timegm(&tm);
    return true;
}

static bool describe(X509 *x, wtl_health_cert *out)
{
    BIO *text = BIO_new(BIO_s_mem());
    if (text == NULL)
        return false;
    X509_NAME_print_ex(text, X509_get_subject_name(x), 0, XN_FLAG_RFC2253);
    int n = BIO_read(text, out->subject, sizeof out->subject - 1);
    out->subject[n > 0 ? n : 0] = '\0';
    BIO_free(text);
    const EVP_PKEY *key = X509_get0_pubkey(x);
    const char *type = key != NULL ? EVP_PKEY_get0_type_name(key) : NULL;
    snprintf(out->key, sizeof out->key, "%s", type != NULL ? type : "unknown");
    out->post_quantum = strncmp(out->key, "ML-", 3) == 0 || strncmp(out->key, "SLH-", 4) == 0;
    return read_time(X509_get0_notBefore(x), &out->from) && read_time(X509_get0_notAfter(x), &out->until);
}

/* NULL at the end of the text, and with `*broken` set at what is no certificate. */
static X509 *next(BIO *in, bool *broken)
{
    X509 *x = X509_new_ex(wtl_lib_ctx(), NULL);
    ERR_clear_error();
    if (x != NULL && PEM_read_bio_X509(in, &x, NULL, NULL) != NULL)
        return x;
    unsigned long e = ERR_peek_last_error();
    *broken = ERR_GET_LIB(e) != ERR_LIB_PEM || ERR_GET_REASON(e) != PEM_R_NO_START_LINE;
    ERR_clear_error();
    X509_free(x);
    return NULL;
}

int wtl_health_cert_at(wtl_bytes pem, size_t i, wtl_health_cert *out, wtl_err *err)
{
    *out = (wtl_health_cert){0};
    TRY(wtl_lib_init(err));
    ENSURE(pem.n <= INT_MAX, err, WTL_FORMAT, "the certificates are too long");
    if (pem.n == 0)
        return 0;
    BIO *in = BIO_new_mem_buf(pem.p, (int)pem.n);
    ENSURE(in != NULL, err, WTL_NOMEM, "out of memory");
    bool broken = false;
    X509 *x = next(in, &broken);
    for (; x != NULL && i > 0; i--) {
        X509_free(x);
        x = next(in, &broken);
    }
    int rc = x != NULL;
    if (broken || (x != NULL && !describe(x, out)))
        rc = WTL_FAIL(err, WTL_FORMAT, "a certificate is broken");
    X509_free(x);
    BIO_free(in);
    if (rc < 0)
        *out = (wtl_health_cert){0};
    return rc;
}
