/* KEM for the TLS hybrids (provider-kem(7)): the ciphertext is ML-KEM's and an ephemeral share of the curve, the secret both
 * secrets, each pair in the order of draft-ietf-tls-ecdhe-mlkem section 4. */
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "provider/hybrid_key.h"
#include "provider/kem_out.h"

enum { HALF = 32 }; /* bytes of either secret */

typedef struct op {
    wtl_prov *prov;
    wtl_hybrid_key *key;
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
    wtl_hybrid_key_free(o->key);
    OPENSSL_free(o);
}

static int set(op *o, wtl_hybrid_key *k)
{
    wtl_hybrid_key *before = o->key;
    o->key = wtl_hybrid_key_share(k);
    wtl_hybrid_key_free(before);
    return 1;
}

static int encapsulate_init(void *ctx, void *key, const OSSL_PARAM params[])
{
    (void)params;
    op *o = ctx;
    wtl_hybrid_key *k = key;
    if (k == NULL || k->kem == NULL)
        return WTL_PROV_FAIL(o->prov, WTL_USAGE, "the key of the TLS hybrid is empty");
    return set(o, k);
}

static int decapsulate_init(void *ctx, void *key, const OSSL_PARAM params[])
{
    (void)params;
    op *o = ctx;
    wtl_hybrid_key *k = key;
    if (k == NULL || !wtl_hybrid_key_is_private(k))
        return WTL_PROV_FAIL(o->prov, WTL_USAGE, "the key of the TLS hybrid has no private part");
    return set(o, k);
}

/* An ephemeral share, and the secret that it makes with k. */
static int curve_encaps(const wtl_hybrid_key *k, uint8_t *share, uint8_t ss[HALF], const uint8_t scalar[HALF],
                        wtl_err *err)
{
    if (k->kind == WTL_HYBRID_X25519) {
        TRY(wtl_x25519_public(share, scalar, k->prov->level, err));
        return wtl_x25519_shared(ss, scalar, k->point, k->prov->level, err);
    }
    EVP_PKEY *own = NULL;
    int rc = wtl_p256_generate(&own, k->prov->lib, err);
    if (rc == 0)
        rc = wtl_p256_point(own, share, err);
    if (rc == 0)
        rc = wtl_p256_shared(k->prov->lib, own, k->ec, ss, err);
    EVP_PKEY_free(own);
    return rc;
}

static int curve_decaps(const wtl_hybrid_key *k, const uint8_t *share, uint8_t ss[HALF], wtl_err *err)
{
    if (k->kind == WTL_HYBRID_X25519)
        return wtl_x25519_shared(ss, k->scalar, share, k->prov->level, err);
    EVP_PKEY *peer = NULL;
    TRY(wtl_p256_from_point(&peer, k->prov->lib, share, err));
    int rc = wtl_p256_shared(k->prov->lib, k->ec, peer, ss, err);
    EVP_PKEY_free(peer);
    return rc;
}

/* On failure nothing of either secret goes out. */
static int finish(op *o, enum wtl_prov_counter counter, int rc, uint8_t *ss, const wtl_err *err)
{
    if (rc == 0) {
        wtl_prov_count(o->prov, counter);
        return 1;
    }
    wtl_secret_wipe(ss, WTL_HYBRID_SHARED);
    return wtl_prov_raise(o->prov, err);
}

static int encapsulate(void *ctx, uint8_t *ct, size_t *ct_n, uint8_t *ss, size_t *ss_n)
{
    op *o = ctx;
    const wtl_hybrid_key *k = o->key;
    uint8_t random[WTL_MLKEM_M + HALF];
    wtl_err err;
    if (k == NULL || k->kem == NULL)
        return WTL_PROV_FAIL(o->prov, WTL_USAGE, "no key of a TLS hybrid is set");
    const wtl_hybrid_params *is = wtl_hybrid_key_params_of(k->kind);
    enum wtl_kem_out out = wtl_kem_out_encaps(o->prov, (wtl_kem_room){ct, ct_n}, is->ct,
                                              (wtl_kem_room){ss, ss_n}, WTL_HYBRID_SHARED);
    if (out != WTL_KEM_OUT_GO)
        return out == WTL_KEM_OUT_ASKED;
    if (!wtl_prov_random(o->prov, random, sizeof random))
        return 0;
    wtl_hybrid_parts c = wtl_hybrid_key_split(k->kind, ct, is->ct - (size_t)is->point, is->point);
    wtl_hybrid_parts s = wtl_hybrid_key_split(k->kind, ss, HALF, HALF);
    wtl_mlkem_key *kem = NULL;
    AUTO(wtl_mlkem) *mine = NULL;
    int rc = wtl_kem_key_take(k->kem, &kem, &mine, &err);
    if (rc == 0)
        rc = curve_encaps(k, c.curve, s.curve, random + WTL_MLKEM_M, &err);
    if (rc == 0)
        wtl_mlkem_encaps(kem, random, c.kem, s.kem);
    wtl_secret_wipe(random, sizeof random);
    return finish(o, WTL_PROV_HYBRID_ENCAPS, rc, ss, &err);
}

static int decaps(const wtl_hybrid_key *k, uint8_t *ss, wtl_bytes ct, wtl_err *err)
{
    const wtl_hybrid_params *is = wtl_hybrid_key_params_of(k->kind);
    size_t kem = is->ct - (size_t)is->point;
    ENSURE(wtl_hybrid_key_is_private(k), err, WTL_USAGE, "this key of %s was wiped", is->name);
    ENSURE(ct.n == is->ct, err, WTL_FORMAT, "a ciphertext of %s has %zu bytes; it must have %u", is->name,
           ct.n, is->ct);
    wtl_hybrid_parts c = wtl_hybrid_key_split(k->kind, ct.p, kem, is->point);
    wtl_hybrid_parts s = wtl_hybrid_key_split(k->kind, ss, HALF, HALF);
    TRY(curve_decaps(k, c.curve, s.curve, err));
    return wtl_mlkem_decaps(wtl_kem_key_pair(k->kem), (wtl_bytes){c.kem, kem}, s.kem, err);
}

static int decapsulate(void *ctx, uint8_t *ss, size_t *ss_n, const uint8_t *ct, size_t ct_n)
{
    op *o = ctx;
    wtl_err err;
    if (o->key == NULL)
        return WTL_PROV_FAIL(o->prov, WTL_USAGE, "no key of a TLS hybrid is set");
    enum wtl_kem_out out = wtl_kem_out_decaps(o->prov, (wtl_kem_room){ss, ss_n}, WTL_HYBRID_SHARED);
    if (out != WTL_KEM_OUT_GO)
        return out == WTL_KEM_OUT_ASKED;
    int rc = decaps(o->key, ss, (wtl_bytes){ct, ct_n}, &err);
    return finish(o, WTL_PROV_HYBRID_DECAPS, rc, ss, &err);
}

static int set_ctx_params(void *ctx, const OSSL_PARAM params[])
{
    (void)params;
    return ctx != NULL;
}

static const OSSL_PARAM *settable_ctx_params(void *ctx, void *provctx)
{
    (void)ctx;
    (void)provctx;
    static const OSSL_PARAM none[] = {OSSL_PARAM_END};
    return none;
}

#define ROW(id, function) {OSSL_FUNC_KEM_##id, (void (*)(void))(function)}
const OSSL_DISPATCH wtl_hybrid_op[] = {ROW(NEWCTX, newctx),
                                       ROW(FREECTX, freectx),
                                       ROW(ENCAPSULATE_INIT, encapsulate_init),
                                       ROW(ENCAPSULATE, encapsulate),
                                       ROW(DECAPSULATE_INIT, decapsulate_init),
                                       ROW(DECAPSULATE, decapsulate),
                                       ROW(SET_CTX_PARAMS, set_ctx_params),
                                       ROW(SETTABLE_CTX_PARAMS, settable_ctx_params),
                                       {0, NULL}};
