#include "provider/p256.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>

#define NOT_OURS "provider!=wattle"
#define CURVE "P-256"

int wtl_p256_generate(EVP_PKEY **out, OSSL_LIB_CTX *lib, wtl_err *err)
{
    *out = EVP_PKEY_Q_keygen(lib, NOT_OURS, "EC", CURVE);
    ENSURE(*out != NULL, err, WTL_BUG, "OpenSSL made no P-256 key");
    return WTL_OK;
}

static int from_params(EVP_PKEY **out, OSSL_LIB_CTX *lib, int selection, OSSL_PARAM params[], wtl_err *err)
{
    *out = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(lib, "EC", NOT_OURS);
    int ok = ctx != NULL && EVP_PKEY_fromdata_init(ctx) > 0 &&
             EVP_PKEY_fromdata(ctx, out, selection, params) > 0;
    EVP_PKEY_CTX_free(ctx);
    ENSURE(ok, err, WTL_FORMAT, "the P-256 key is not a point of the curve, or cannot be read");
    return WTL_OK;
}

int wtl_p256_from_point(EVP_PKEY **out, OSSL_LIB_CTX *lib, const uint8_t point[WTL_P256_POINT], wtl_err *err)
{
    *out = NULL;
    ENSURE(point[0] == 4, err, WTL_FORMAT,
           "the P-256 point begins with 0x%02x; only the uncompressed form, 0x04, is allowed", point[0]);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)CURVE, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point, WTL_P256_POINT),
        OSSL_PARAM_construct_end()};
    return from_params(out, lib, EVP_PKEY_PUBLIC_KEY, params, err);
}

/* scalar * G, uncompressed. */
static int multiply(uint8_t point[WTL_P256_POINT], const EC_GROUP *group, BIGNUM *scalar)
{
    EC_POINT *p = EC_POINT_new(group);
    BN_set_flags(scalar, BN_FLG_CONSTTIME);
    int ok = p != NULL && EC_POINT_mul(group, p, scalar, NULL, NULL, NULL) == 1 &&
             EC_POINT_point2oct(group, p, POINT_CONVERSION_UNCOMPRESSED, point, WTL_P256_POINT, NULL) ==
                 WTL_P256_POINT;
    EC_POINT_free(p);
    return ok;
}

static OSSL_PARAM *pair_params(const uint8_t point[WTL_P256_POINT], const BIGNUM *scalar)
{
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    if (bld != NULL && OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, CURVE, 0) &&
        OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, WTL_P256_POINT) &&
        OSSL_PARAM_BLD_push_BN_pad(bld, OSSL_PKEY_PARAM_PRIV_KEY, scalar, WTL_P256_SCALAR))
        params = OSSL_PARAM_BLD_to_param(bld);
    OSSL_PARAM_BLD_free(bld);
    return params;
}

int wtl_p256_from_scalar(EVP_PKEY **out, OSSL_LIB_CTX *lib, const uint8_t scalar[WTL_P256_SCALAR],
                         wtl_err *err)
{
    *out = NULL;
    uint8_t point[WTL_P256_POINT];
    EC_GROUP *group = EC_GROUP_new_by_curve_name_ex(lib, NOT_OURS, NID_X9_62_prime256v1);
    BIGNUM *d = BN_secure_new();
    bool right = group != NULL && d != NULL && BN_bin2bn(scalar, WTL_P256_SCALAR, d) != NULL &&
                 !BN_is_zero(d) && BN_cmp(d, EC_GROUP_get0_order(group)) < 0;
    OSSL_PARAM *params = right && multiply(point, group, d) ? pair_params(point, d) : NULL;
    int rc = params != NULL
                 ? from_params(out, lib, EVP_PKEY_KEYPAIR, params, err)
                 : WTL_FAIL(err, WTL_FORMAT, "the private P-256 key is out of range, or cannot be read");
    OSSL_PARAM_free(params);
    BN_clear_free(d);
    EC_GROUP_free(group);
    return rc;
}

int wtl_p256_point(const EVP_PKEY *k, uint8_t point[WTL_P256_POINT], wtl_err *err)
{
    size_t n = 0;
    ENSURE(EVP_PKEY_get_octet_string_param(k, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point, WTL_P256_POINT,
                                           &n) == 1 &&
               n == WTL_P256_POINT && point[0] == 4,
           err, WTL_BUG, "OpenSSL did not give the point of a P-256 key");
    return WTL_OK;
}

int wtl_p256_scalar(const EVP_PKEY *k, uint8_t scalar[WTL_P256_SCALAR], wtl_err *err)
{
    BIGNUM *d = BN_secure_new();
    int ok = d != NULL && EVP_PKEY_get_bn_param(k, OSSL_PKEY_PARAM_PRIV_KEY, &d) == 1 &&
             BN_bn2binpad(d, scalar, WTL_P256_SCALAR) == WTL_P256_SCALAR;
    BN_clear_free(d);
    ENSURE(ok, err, WTL_BUG, "OpenSSL did not give the private part of a P-256 key");
    return WTL_OK;
}

/* Points are checked where they come in, so not again here. */
int wtl_p256_shared(OSSL_LIB_CTX *lib, EVP_PKEY *own, EVP_PKEY *peer, uint8_t ss[WTL_P256_SCALAR],
                    wtl_err *err)
{
    size_t n = WTL_P256_SCALAR;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(lib, own, NOT_OURS);
    int ok = ctx != NULL && EVP_PKEY_derive_init(ctx) > 0 && EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) > 0 &&
             EVP_PKEY_derive(ctx, ss, &n) > 0 && n == WTL_P256_SCALAR;
    EVP_PKEY_CTX_free(ctx);
    if (ok)
        return WTL_OK;
    wtl_secret_wipe(ss, WTL_P256_SCALAR);
    return WTL_FAIL(err, WTL_BUG, "OpenSSL's ECDH on P-256 failed");
}
