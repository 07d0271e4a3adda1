#include "crypto/kdf.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "crypto/lib.h"

/* OpenSSL's HKDF takes no longer info (HKDF_MAXINFO). */
enum { INFO_MOST = 32 * 1024 };

/* OpenSSL's parameters are not const, and a NULL pointer would mean "not given". */
static OSSL_PARAM octets(const char *name, wtl_bytes v)
{
    static uint8_t nothing;
    return OSSL_PARAM_construct_octet_string(name, v.n > 0 ? (void *)v.p : &nothing, v.n);
}

static OSSL_PARAM text(const char *name, const char *value)
{
    return OSSL_PARAM_construct_utf8_string(name, (char *)value, 0);
}

int wtl_kdf_hmac(enum wtl_hash h, wtl_bytes key, wtl_bytes msg, uint8_t *out, wtl_err *err)
{
    TRY(wtl_lib_init(err));
    static const uint8_t nothing;
    size_t n = 0;
    OSSL_PARAM params[] = {text(OSSL_MAC_PARAM_DIGEST, wtl_hash_evp(h)), OSSL_PARAM_END};
    EVP_MAC *mac = EVP_MAC_fetch(wtl_lib_ctx(), "HMAC", NULL);
    EVP_MAC_CTX *ctx = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
    bool ok = ctx != NULL && EVP_MAC_init(ctx, key.n > 0 ? key.p : &nothing, key.n, params) == 1 &&
              (msg.n == 0 || EVP_MAC_update(ctx, msg.p, msg.n) == 1) &&
              EVP_MAC_final(ctx, out, &n, wtl_hash_size(h)) == 1 && n == wtl_hash_size(h);
    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);
    if (!ok)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL cannot compute HMAC with %s", wtl_hash_name(h));
    return WTL_OK;
}

int wtl_kdf_extract(enum wtl_hash h, wtl_bytes salt, wtl_bytes ikm, wtl_secret *prk, wtl_err *err)
{
    *prk = (wtl_secret){0};
    TRY(wtl_secret_new(prk, wtl_hash_size(h), err));
    /* RFC 5869 section 2.2: PRK = HMAC(salt, IKM). OpenSSL's HKDF would leave an unwiped copy of the salt,
     * which in HPKE is the shared secret, on the heap; its HMAC does not. */
    int rc = wtl_kdf_hmac(h, salt, ikm, prk->p, err);
    if (rc < 0)
        wtl_secret_free(prk);
    return rc;
}

static int expand(enum wtl_hash h, wtl_bytes prk, wtl_bytes info, wtl_secret *okm, wtl_err *err)
{
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
                           text(OSSL_KDF_PARAM_DIGEST, wtl_hash_evp(h)), octets(OSSL_KDF_PARAM_KEY, prk),
                           octets(OSSL_KDF_PARAM_INFO, info), OSSL_PARAM_END};
    EVP_KDF *kdf = EVP_KDF_fetch(wtl_lib_ctx(), "HKDF", NULL);
    EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
    bool ok = ctx != NULL && EVP_KDF_derive(ctx, okm->p, okm->n, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    if (!ok)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL cannot compute HKDF with %s", wtl_hash_name(h));
    return WTL_OK;
}

int wtl_kdf_expand(enum wtl_hash h, wtl_bytes prk, wtl_bytes info, size_t n, wtl_secret *okm, wtl_err *err)
{
    *okm = (wtl_secret){0};
    ENSURE(n <= 255 * wtl_hash_size(h), err, WTL_USAGE,
           "HKDF with %s was asked for %zu bytes, and it gives at most %zu", wtl_hash_name(h), n,
           255 * wtl_hash_size(h));
    ENSURE(info.n <= INFO_MOST, err, WTL_USAGE, "HKDF was given %zu bytes of info, and it takes at most %d",
           info.n, (int)INFO_MOST);
    TRY(wtl_lib_init(err));
    TRY(wtl_secret_new(okm, n, err));
    int rc = n > 0 ? expand(h, prk, info, okm, err) : WTL_OK;
    if (rc < 0)
        wtl_secret_free(okm);
    return rc;
}

bool wtl_kdf_scrypt_defined(wtl_kdf_cost c)
{
    return c.log2_n > 0 && c.log2_n < 64 && c.r > 0 && c.p > 0 && c.log2_n < 16 * (uint64_t)c.r &&
           (uint64_t)c.r * c.p < (uint64_t)1 << 30;
}

static int scrypt(wtl_bytes passphrase, wtl_bytes salt, wtl_kdf_cost c, wtl_secret *out, wtl_err *err)
{
    uint64_t n = (uint64_t)1 << c.log2_n;
    uint64_t r = c.r;
    uint64_t p = c.p;
    uint64_t memory = UINT64_MAX; /* OpenSSL's own cap is 32 MiB; ours was applied before */
    OSSL_PARAM params[] = {octets(OSSL_KDF_PARAM_PASSWORD, passphrase),
                           octets(OSSL_KDF_PARAM_SALT, salt),
                           OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
                           OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_R, &r),
                           OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_P, &p),
                           OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory),
                           OSSL_PARAM_END};
    EVP_KDF *kdf = EVP_KDF_fetch(wtl_lib_ctx(), "SCRYPT", NULL);
    EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
    bool ok = ctx != NULL && EVP_KDF_derive(ctx, out->p, out->n, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    if (!ok)
        return WTL_FAIL_OSSL(err, WTL_NOMEM, "scrypt with N = 2^%u, r = %u, p = %u could not be computed",
                             c.log2_n, c.r, c.p);
    return WTL_OK;
}

int wtl_kdf_scrypt(wtl_bytes passphrase, wtl_bytes salt, wtl_kdf_cost cost, size_t n, wtl_secret *out,
                   wtl_err *err)
{
    *out = (wtl_secret){0};
    ENSURE(wtl_kdf_scrypt_defined(cost), err, WTL_USAGE, "scrypt is not defined for N = 2^%u, r = %u, p = %u",
           cost.log2_n, cost.r, cost.p);
    TRY(wtl_lib_init(err));
    TRY(wtl_secret_new(out, n, err));
    int rc = n > 0 ? scrypt(passphrase, salt, cost, out, err) : WTL_OK;
    if (rc < 0)
        wtl_secret_free(out);
    return rc;
}
