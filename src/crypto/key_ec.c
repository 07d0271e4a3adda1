#include "crypto/key_impl.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "crypto/lib.h"

/* Everything that making a key from a scalar needs, so that one function frees it. */
typedef struct ec_work {
    EC_GROUP *group;
    EC_POINT *point;
    BIGNUM *d;
    OSSL_PARAM_BLD *bld;
    OSSL_PARAM *params;
    EVP_PKEY_CTX *ctx;
    uint8_t public[133];
} ec_work;

static void ec_work_auto(ec_work *w)
{
    EVP_PKEY_CTX_free(w->ctx);
    OSSL_PARAM_free(w->params);
    OSSL_PARAM_BLD_free(w->bld);
    BN_clear_free(w->d);
    EC_POINT_free(w->point);
    EC_GROUP_free(w->group);
}

/* w->d, 1 <= d < n, and the point [d]G in w->public. */
static int ec_public(ec_work *w, const wtl_alg *alg, wtl_bytes scalar, wtl_err *err)
{
    w->group = EC_GROUP_new_by_curve_name_ex(wtl_lib_ctx(), NULL, EC_curve_nist2nid(alg->group));
    w->d = BN_secure_new();
    if (w->group == NULL || w->d == NULL || (w->point = EC_POINT_new(w->group)) == NULL ||
        BN_bin2bn(scalar.p, (int)scalar.n, w->d) == NULL)
        return WTL_FAIL_OSSL(err, WTL_NOMEM, "OpenSSL has no memory for an EC key");
    BN_set_flags(w->d, BN_FLG_CONSTTIME);
    ENSURE(!BN_is_zero(w->d) && BN_cmp(w->d, EC_GROUP_get0_order(w->group)) < 0, err, WTL_FORMAT,
           "the private number is outside the range of %s", alg->group);
    if (EC_POINT_mul(w->group, w->point, w->d, NULL, NULL, NULL) != 1 ||
        EC_POINT_point2oct(w->group, w->point, POINT_CONVERSION_UNCOMPRESSED, w->public, alg->pub, NULL) !=
            alg->pub)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL cannot compute a point of %s", alg->group);
    return WTL_OK;
}

int wtl_key_ec_make(EVP_PKEY **out, const wtl_alg *alg, wtl_bytes scalar, wtl_err *err)
{
    AUTO(ec_work) w = {0};
    TRY(ec_public(&w, alg, scalar, err));
    w.bld = OSSL_PARAM_BLD_new();
    if (w.bld == NULL || !OSSL_PARAM_BLD_push_utf8_string(w.bld, OSSL_PKEY_PARAM_GROUP_NAME, alg->group, 0) ||
        !OSSL_PARAM_BLD_push_octet_string(w.bld, OSSL_PKEY_PARAM_PUB_KEY, w.public, alg->pub) ||
        !OSSL_PARAM_BLD_push_BN_pad(w.bld, OSSL_PKEY_PARAM_PRIV_KEY, w.d, alg->seed) ||
        (w.params = OSSL_PARAM_BLD_to_param(w.bld)) == NULL)
        return WTL_FAIL_OSSL(err, WTL_NOMEM, "OpenSSL has no memory for an EC key");
    w.ctx = EVP_PKEY_CTX_new_from_name(wtl_lib_ctx(), "EC", NULL);
    if (w.ctx == NULL || EVP_PKEY_fromdata_init(w.ctx) != 1 ||
        EVP_PKEY_fromdata(w.ctx, out, EVP_PKEY_KEYPAIR, w.params) != 1)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL cannot make a %s key", alg->name);
    return WTL_OK;
}

int wtl_key_ec_scalar(const EVP_PKEY *pkey, const wtl_alg *alg, wtl_secret *out, wtl_err *err)
{
    *out = (wtl_secret){0};
    AUTO(wtl_secret) s = {0};
    TRY(wtl_secret_new(&s, alg->seed, err));
    BIGNUM *d = BN_secure_new();
    int ok = d != NULL && EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &d) == 1 &&
             BN_bn2binpad(d, s.p, (int)s.n) == (int)s.n;
    BN_clear_free(d);
    if (!ok)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL gives no private number of %s", alg->name);
    *out = s;
    s = (wtl_secret){0};
    return WTL_OK;
}

static int decompress(const wtl_alg *alg, wtl_bytes point, uint8_t *to, wtl_err *err)
{
    AUTO(ec_work) w = {0};
    w.group = EC_GROUP_new_by_curve_name_ex(wtl_lib_ctx(), NULL, EC_curve_nist2nid(alg->group));
    if (w.group == NULL || (w.point = EC_POINT_new(w.group)) == NULL)
        return WTL_FAIL_OSSL(err, WTL_NOMEM, "OpenSSL has no memory for an EC key");
    if (EC_POINT_oct2point(w.group, w.point, point.p, point.n, NULL) != 1 ||
        EC_POINT_point2oct(w.group, w.point, POINT_CONVERSION_UNCOMPRESSED, to, alg->pub, NULL) != alg->pub)
        return WTL_FAIL_OSSL(err, WTL_FORMAT, "the compressed point is not on %s", alg->group);
    return WTL_OK;
}

int wtl_key_ec_public(wtl_key **out, const wtl_alg *alg, wtl_bytes point, wtl_err *err)
{
    *out = NULL;
    TRY(wtl_lib_init(err));
    bool compressed = point.n == 1 + alg->seed && (point.p[0] == 2 || point.p[0] == 3);
    if (!compressed)
        return wtl_key_from_public(out, alg, point, err);
    uint8_t full[133];
    TRY(decompress(alg, point, full, err));
    return wtl_key_from_public(out, alg, (wtl_bytes){full, alg->pub}, err);
}
