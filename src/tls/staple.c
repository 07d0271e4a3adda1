#include "tls/staple.h"

#include <limits.h>
#include <string.h>
#include <time.h>

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "crypto/lib.h"

int wtl_staple_time(int64_t *out, const ASN1_TIME *t, wtl_err *err)
{
    struct tm tm;
    if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1)
        return WTL_FAIL_OSSL(err, WTL_FORMAT, "a date is no date");
    *out = (int64_t)timegm(&tm);
    return WTL_OK;
}

/* Whether the octets are the hash of what `make` hashes, by the algorithm that the identifier names. */
static bool same_hash(const ASN1_OBJECT *alg, const ASN1_OCTET_STRING *said, X509 *x, bool name)
{
    char id[64];
    if (OBJ_obj2txt(id, sizeof id, alg, 0) <= 0)
        return false;
    EVP_MD *md = EVP_MD_fetch(wtl_lib_ctx(), id, NULL);
    uint8_t hash[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    bool made = md != NULL && (name ? X509_NAME_digest(X509_get_issuer_name(x), md, hash, &n)
                                    : X509_pubkey_digest(x, md, hash, &n)) == 1;
    EVP_MD_free(md);
    return made && (size_t)ASN1_STRING_length(said) == n && memcmp(ASN1_STRING_get0_data(said), hash, n) == 0;
}

static bool is_about(const OCSP_SINGLERESP *one, X509 *leaf, X509 *issuer)
{
    ASN1_OCTET_STRING *name = NULL;
    ASN1_OCTET_STRING *key = NULL;
    ASN1_OBJECT *alg = NULL;
    ASN1_INTEGER *serial = NULL;
    OCSP_CERTID *id = (OCSP_CERTID *)(uintptr_t)OCSP_SINGLERESP_get0_id(one);
    return OCSP_id_get0_info(&name, &alg, &key, &serial, id) == 1 &&
           ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(leaf)) == 0 && same_hash(alg, name, leaf, true) &&
           (issuer == NULL || same_hash(alg, key, issuer, false));
}

/* The leaf's issuer when it stands behind it, else NULL. */
static X509 *issuer_of(X509 *leaf, STACK_OF(X509) * chain)
{
    X509 *next = chain != NULL && sk_X509_num(chain) > 0 ? sk_X509_value(chain, 0) : NULL;
    if (next != NULL && X509_check_issued(next, leaf) == X509_V_OK)
        return next;
    return X509_check_issued(leaf, leaf) == X509_V_OK ? leaf : NULL;
}

/* The issuer signed it, or a responder that it named (RFC 6960 section 4.2.2.2). */
static int check_signer(OCSP_BASICRESP *basic, X509 *issuer, STACK_OF(X509) * chain, int64_t now,
                        wtl_err *err)
{
    X509_STORE *store = X509_STORE_new();
    ENSURE(store != NULL, err, WTL_NOMEM, "out of memory");
    X509_VERIFY_PARAM *param = X509_STORE_get0_param(store);
    X509_VERIFY_PARAM_set_time(param, (time_t)now);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
    bool good = X509_STORE_add_cert(store, issuer) == 1 && OCSP_basic_verify(basic, chain, store, 0) == 1;
    X509_STORE_free(store);
    if (!good)
        return WTL_FAIL_OSSL(err, WTL_NO, "the OCSP response is not signed for the certificate's issuer");
    return WTL_OK;
}

static int judge(OCSP_SINGLERESP *one, int64_t *since, int64_t *until, wtl_err *err)
{
    int why = 0;
    ASN1_GENERALIZEDTIME *revoked = NULL;
    ASN1_GENERALIZEDTIME *from = NULL;
    ASN1_GENERALIZEDTIME *to = NULL;
    int status = OCSP_single_get0_status(one, &why, &revoked, &from, &to);
    ENSURE(status != V_OCSP_CERTSTATUS_REVOKED, err, WTL_POLICY,
           "the OCSP response says that the certificate is revoked: get another one");
    ENSURE(status == V_OCSP_CERTSTATUS_GOOD, err, WTL_POLICY,
           "the OCSP response does not know the certificate");
    int64_t end = INT64_MAX;
    int64_t begin = 0;
    TRY(wtl_staple_time(&begin, from, err));
    if (to != NULL)
        TRY(wtl_staple_time(&end, to, err));
    *since = begin;
    *until = end;
    return WTL_OK;
}

static int read_basic(OCSP_BASICRESP *basic, X509 *leaf, STACK_OF(X509) * chain, int64_t now, int64_t *since,
                      int64_t *until, wtl_err *err)
{
    X509 *issuer = issuer_of(leaf, chain);
    for (int i = 0; i < OCSP_resp_count(basic); i++) {
        OCSP_SINGLERESP *one = OCSP_resp_get0(basic, i);
        if (!is_about(one, leaf, issuer))
            continue;
        if (issuer != NULL)
            TRY(check_signer(basic, issuer, chain, now, err));
        return judge(one, since, until, err);
    }
    return WTL_FAIL(err, WTL_FORMAT, "the OCSP response is about another certificate");
}

int wtl_staple_read(wtl_bytes der, X509 *leaf, STACK_OF(X509) * chain, int64_t now, int64_t *since,
                    int64_t *until, wtl_err *err)
{
    ENSURE(der.n > 0 && der.n <= INT_MAX, err, WTL_FORMAT, "the OCSP response is empty");
    const uint8_t *p = der.p;
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &p, (long)der.n);
    OCSP_BASICRESP *basic = NULL;
    int rc;
    if (response == NULL || p != der.p + der.n)
        rc = WTL_FAIL_OSSL(err, WTL_FORMAT, "not exactly one OCSP response in DER");
    else if (OCSP_response_status(response) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        rc = WTL_FAIL(err, WTL_FORMAT, "the OCSP response is an error: %s",
                      OCSP_response_status_str(OCSP_response_status(response)));
    else if ((basic = OCSP_response_get1_basic(response)) == NULL)
        rc = WTL_FAIL_OSSL(err, WTL_FORMAT, "the OCSP response is of a kind that is not known");
    else
        rc = read_basic(basic, leaf, chain, now, since, until, err);
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
    return rc;
}
