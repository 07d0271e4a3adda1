/* KEM for ML-KEM (provider-kem(7)): IKME fixes the randomness of the next encapsulation, as in OpenSSL's default provider. */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>

#include "provider/kem_key.h"
#include "provider/kem_out.h"
#include "provider/param.h"

typedef struct op {
    wtl_prov *prov;
    wtl_kem_key *key;
    bool encapsulates, is_fixed; /* is_fixed: m was given, for one use */
    uint8_t m[WTL_MLKEM_M];
} op;

static void *newctx(void *provctx)
{
    op *o = OPENSSL_zalloc(sizeof *o);
    if (o != NULL)
        o->prov = provctx;
    return o;
}

static void freectx(void *ctx)
{
    op *o = ctx;
    if (o == NULL)
        return;
    wtl_kem_key_free(o->key);
    OPENSSL_clear_free(o, sizeof *o);
}

static void forget_m(op *o)
{
    wtl_secret_wipe(o->m, sizeof o->m);
    o->is_fixed = false;
}

static int set_ctx_params(void *ctx, const OSSL_PARAM params[])
{
    op *o = ctx;
    wtl_bytes m;
    if (o == NULL)
        return 0;
    if (!o->encapsulates || OSSL_PARAM_locate_const(params, OSSL_KEM_PARAM_IKME) == NULL)
        return 1;
    o->is_fixed = wtl_param_take(params, OSSL_KEM_PARAM_IKME, &m) && m.n == sizeof o->m;
    if (!o->is_fixed)
        return WTL_PROV_FAIL(o->prov, WTL_USAGE,
                             "the randomness of an ML-KEM encapsulation must have %d bytes", WTL_MLKEM_M);
    memcpy(o->m, m.p, sizeof o->m);
    return 1;
}

static const OSSL_PARAM *settable_ctx_params(void *ctx, void *provctx)
{
    (void)ctx;
    (void)provctx;
    static const OSSL_PARAM known[] = {OSSL_PARAM_octet_string(OSSL_KEM_PARAM_IKME, NULL, 0), OSSL_PARAM_END};
    return known;
}

static int init(op *o, wtl_kem_key *k, bool encapsulates, const OSSL_PARAM params[])
{
    if (o == NULL || k == NULL || wtl_kem_key_is_empty(k) || (!encapsulates && !wtl_kem_key_is_private(k)))
        return o != NULL && WTL_PROV_FAIL(o->prov, WTL_USAGE, "the ML-KEM key has no %s part",
                                          encapsulates ? "public" : "private");
    wtl_kem_key_free(o->key);
    o->key = wtl_kem_key_share(k);
    o->encapsulates = encapsulates;
    forget_m(o);
    return set_ctx_params(o, params);
}

static int encapsulate_init(void *ctx, void *key, const OSSL_PARAM params[])
{
    return init(ctx, key, true, params);
}

static int decapsulate_init(void *ctx, void *key, const OSSL_PARAM params[])
{
    return init(ctx, key, false, params);
}

static int encapsulate_to(op *o, uint8_t *ct, uint8_t *ss)
{
    wtl_err err;
    wtl_mlkem_key *key = NULL;
    AUTO(wtl_mlkem) *mine = NULL;
    if (wtl_kem_key_take(o->key, &key, &mine, &err) < 0)
        return wtl_prov_raise(o->prov, &err);
    wtl_mlkem_encaps(key, o->m, ct, ss);
    wtl_prov_count(o->prov, WTL_PROV_MLKEM_ENCAPS);
    return 1;
}

static int encapsulate(void *ctx, uint8_t *ct, size_t *ct_n, uint8_t *ss, size_t *ss_n)
{
    op *o = ctx;
    if (o->key == NULL)
        return WTL_PROV_FAIL(o->prov, WTL_USAGE, "no ML-KEM key is set");
    const wtl_mlkem_params *is = wtl_mlkem_params_of(o->key->set);
    enum wtl_kem_out out = wtl_kem_out_encaps(o->prov, (wtl_kem_room){ct, ct_n}, is->ct,
                                              (wtl_kem_room){ss, ss_n}, WTL_MLKEM_SHARED);
    if (out == WTL_KEM_OUT_ASKED)
        return 1;
    int ok = out == WTL_KEM_OUT_GO && (o->is_fixed || wtl_prov_random(o->prov, o->m, sizeof o->m));
    ok = ok && encapsulate_to(o, ct, ss);
    forget_m(o);
    return ok;
}

static int decapsulate(void *ctx, uint8_t *ss, size_t *ss_n, const uint8_t *ct, size_t ct_n)
{
    op *o = ctx;
    if (o->key == NULL)
        return WTL_PROV_FAIL(o->prov, WTL_USAGE, "no ML-KEM key is set");
    enum wtl_kem_out out = wtl_kem_out_decaps(o->prov, (wtl_kem_room){ss, ss_n}, WTL_MLKEM_SHARED);
    if (out != WTL_KEM_OUT_GO)
        return out == WTL_KEM_OUT_ASKED;
    wtl_err err;
    if (!wtl_kem_key_is_private(o->key))
        return WTL_PROV_FAIL(o->prov, WTL_USAGE, "this ML-KEM key was wiped");
    if (wtl_mlkem_decaps(wtl_kem_key_pair(o->key), (wtl_bytes){ct, ct_n}, ss, &err) < 0)
        return wtl_prov_raise(o->prov, &err);
    wtl_prov_count(o->prov, WTL_PROV_MLKEM_DECAPS);
    return 1;
}

#define ROW(id, function) {OSSL_FUNC_KEM_##id, (void (*)(void))(function)}
const OSSL_DISPATCH wtl_kem_op[] = {ROW(NEWCTX, newctx),
                                    ROW(FREECTX, freectx),
                                    ROW(ENCAPSULATE_INIT, encapsulate_init),
                                    ROW(ENCAPSULATE, encapsulate),
                                    ROW(DECAPSULATE_INIT, decapsulate_init),
                                    ROW(DECAPSULATE, decapsulate),
                                    ROW(SET_CTX_PARAMS, set_ctx_params),
                                    ROW(SETTABLE_CTX_PARAMS, settable_ctx_params),
                                    {0, NULL}};
