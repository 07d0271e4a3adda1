#include "crypto/ca.h"

#include <stdlib.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "crypto/cert_impl.h"
#include "crypto/lib.h"

enum {
    ROOTS_MAX = 256,
    STRENGTH = 2, /* OpenSSL's security level for 112 bits */
};

struct wtl_ca {
    X509_STORE *store;
};

int wtl_ca_new(wtl_ca **out, wtl_err *err)
{
    *out = NULL;
    TRY(wtl_lib_init(err));
    wtl_ca *ca = calloc(1, sizeof *ca);
    if (ca != NULL)
        ca->store = X509_STORE_new();
    if (ca == NULL || ca->store == NULL) {
        free(ca);
        return WTL_FAIL_OSSL(err, WTL_NOMEM, "out of memory");
    }
    *out = ca;
    return WTL_OK;
}

void wtl_ca_free(wtl_ca *ca)
{
    if (ca == NULL)
        return;
    X509_STORE_free(ca->store);
    free(ca);
}

void wtl_ca_auto(wtl_ca **ca)
{
    wtl_ca_free(*ca);
}

static int add_root(wtl_ca *ca, const wtl_buf *der, size_t i, wtl_err *err)
{
    AUTO(wtl_cert) *cert = NULL;
    TRY(wtl_cert_parse(&cert, wtl_buf_view(der), err));
    ENSURE(
        X509_check_ca(cert) == 1, err, WTL_FORMAT,
        "certificate %zu of the file is not an authority's (CA:TRUE); a signer's own key is given with --key",
        i + 1);
    ENSURE((X509_get_extension_flags(cert) & EXFLAG_SS) != 0, err, WTL_FORMAT,
           "certificate %zu of the file is no root: it was issued by another authority, whose certificate "
           "belongs "
           "here",
           i + 1);
    if (X509_STORE_add_cert(ca->store, cert) != 1)
        return WTL_FAIL_OSSL(err, WTL_NOMEM, "certificate %zu of the file cannot be kept", i + 1);
    return WTL_OK;
}

int wtl_ca_add(wtl_ca *ca, wtl_bytes pem, wtl_err *err)
{
    wtl_buf *der = NULL;
    size_t n = 0;
    TRY(wtl_cert_list_read(&der, &n, pem, ROOTS_MAX, err));
    int rc = WTL_OK;
    for (size_t i = 0; rc == WTL_OK && i < n; i++)
        rc = add_root(ca, &der[i], i, err);
    wtl_cert_list_free(der, n);
    return rc;
}

/* What OpenSSL found, as an answer. */
static int explain(X509_STORE_CTX *ctx, bool *stranger, wtl_err *err)
{
    int why = X509_STORE_CTX_get_error(ctx);
    int depth = X509_STORE_CTX_get_error_depth(ctx);
    const char *words = X509_verify_cert_error_string(why);
    ERR_clear_error();
    switch (why) {
    case X509_V_ERR_OUT_OF_MEM:
        return WTL_FAIL(err, WTL_NOMEM, "out of memory");
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return WTL_FAIL(err, WTL_NO, "the signature of certificate %d of the chain is wrong", depth + 1);
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        *stranger = true;
        return WTL_FAIL(err, WTL_POLICY, "the certificate chain leads to none of the given authorities (%s)",
                        words);
    default:
        return WTL_FAIL(err, WTL_POLICY, "certificate %d of the chain is not accepted: %s", depth + 1, words);
    }
}

static void set_rules(X509_STORE_CTX *ctx, int64_t now)
{
    X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_time(p, (time_t)now);
    X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
    X509_VERIFY_PARAM_set_depth(p, WTL_CERT_CHAIN_MAX - 2); /* authorities between leaf and root */
    X509_VERIFY_PARAM_set_auth_level(p, STRENGTH);
}

static int walk(const wtl_ca *ca, X509 *leaf, STACK_OF(X509) * others, int64_t now, bool *stranger,
                wtl_err *err)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new_ex(wtl_lib_ctx(), NULL);
    if (ctx == NULL || X509_STORE_CTX_init(ctx, ca->store, leaf, others) != 1 ||
        X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_CODE_SIGN) != 1) {
        X509_STORE_CTX_free(ctx);
        return WTL_FAIL_OSSL(err, WTL_NOMEM, "OpenSSL cannot begin to check certificates");
    }
    set_rules(ctx, now);
    int rc = X509_verify_cert(ctx) == 1 ? WTL_OK : explain(ctx, stranger, err);
    X509_STORE_CTX_free(ctx);
    ERR_clear_error();
    return rc;
}

int wtl_ca_check(const wtl_ca *ca, const wtl_buf *der, size_t n, int64_t now, bool *stranger, wtl_err *err)
{
    *stranger = false;
    TRY(wtl_cert_chain(der, n, err));
    AUTO(wtl_cert) *leaf = NULL;
    TRY(wtl_cert_parse(&leaf, wtl_buf_view(&der[0]), err));
    STACK_OF(X509) *others = sk_X509_new_null();
    int rc = others != NULL ? WTL_OK : WTL_FAIL(err, WTL_NOMEM, "out of memory");
    for (size_t i = 1; rc == WTL_OK && i < n; i++) {
        X509 *c = NULL;
        rc = wtl_cert_parse(&c, wtl_buf_view(&der[i]), err);
        if (rc == WTL_OK && sk_X509_push(others, c) <= 0) {
            X509_free(c);
            rc = WTL_FAIL(err, WTL_NOMEM, "out of memory");
        }
    }
    if (rc == WTL_OK)
        rc = walk(ca, leaf, others, now, stranger, err);
    if (rc == WTL_OK)
        rc = wtl_cert_leaf(wtl_buf_view(&der[0]), err);
    OSSL_STACK_OF_X509_free(others);
    return rc;
}
