#include "crypto/evpkem.h"

#include <stdbool.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/secret.h"
#include "crypto/lib.h"

int wtl_evpkem_encaps(EVP_PKEY *to, wtl_bytes m, uint8_t *ct, size_t n, uint8_t ss[WTL_EVPKEM_SECRET],
                      wtl_err *err)
{
    OSSL_PARAM params[2] = {OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end()};
    if (m.n > 0)
        params[0] = OSSL_PARAM_construct_octet_string(OSSL_KEM_PARAM_IKME, (void *)(uintptr_t)m.p, m.n);
    wtl_lib_served(to, "ML-KEM");
    size_t ct_n = n;
    size_t ss_n = WTL_EVPKEM_SECRET;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(wtl_lib_ctx(), to, NULL);
    bool ok = ctx != NULL && EVP_PKEY_encapsulate_init(ctx, params) == 1 &&
              EVP_PKEY_encapsulate(ctx, ct, &ct_n, ss, &ss_n) == 1 && ct_n == n && ss_n == WTL_EVPKEM_SECRET;
    EVP_PKEY_CTX_free(ctx);
    if (ok)
        return WTL_OK;
    wtl_secret_wipe(ss, WTL_EVPKEM_SECRET);
    return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL cannot encapsulate to an ML-KEM key");
}

int wtl_evpkem_decaps(EVP_PKEY *me, wtl_bytes ct, uint8_t ss[WTL_EVPKEM_SECRET], wtl_err *err)
{
    wtl_lib_served(me, "ML-KEM");
    size_t ss_n = WTL_EVPKEM_SECRET;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(wtl_lib_ctx(), me, NULL);
    bool ok = ctx != NULL && EVP_PKEY_decapsulate_init(ctx, NULL) == 1 &&
              EVP_PKEY_decapsulate(ctx, ss, &ss_n, ct.p, ct.n) == 1 && ss_n == WTL_EVPKEM_SECRET;
    EVP_PKEY_CTX_free(ctx);
    if (ok)
        return WTL_OK;
    wtl_secret_wipe(ss, WTL_EVPKEM_SECRET);
    return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL cannot decapsulate with an ML-KEM key");
}
