/* KEYMGMT for the TLS hybrids (provider-keymgmt(7)), with the parameters of OpenSSL's default provider. Their keys live for one
 * handshake, so they go without a consistency test. */
#include <openssl/core_names.h>
#include <openssl/crypto.h>

#include "provider/hybrid_key.h"
#include "provider/param.h"

typedef struct gen {
    wtl_prov *prov;
    enum wtl_hybrid kind;
    int selection;
} gen;

static void free_key(void *key)
{
    wtl_hybrid_key_free(key);
}

static int has(const void *key, int selection)
{
    const wtl_hybrid_key *k = key;
    if (k == NULL)
        return 0;
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0)
        return wtl_hybrid_key_is_private(k);
    return (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) == 0 || k->kem != NULL;
}

static int match(const void *one, const void *other, int selection)
{
    const wtl_hybrid_key *a = one;
    const wtl_hybrid_key *b = other;
    if (a->kind != b->kind)
        return 0;
    if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
        return 1;
    if (a->kem == NULL || b->kem == NULL)
        return a->kem == b->kem;
    size_t n = wtl_hybrid_key_params_of(a->kind)->point;
    return wtl_ct_eq(wtl_kem_key_public(a->kem), wtl_kem_key_public(b->kem)) &&
           wtl_ct_eq((wtl_bytes){a->point, n}, (wtl_bytes){b->point, n});
}

static int import(void *key, int selection, const OSSL_PARAM params[])
{
    wtl_hybrid_key *k = key;
    wtl_bytes pub;
    wtl_bytes priv = {0};
    if (k == NULL || (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
        return 0;
    if (((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 &&
         !wtl_param_take(params, OSSL_PKEY_PARAM_PRIV_KEY, &priv)) ||
        !wtl_param_take(params, OSSL_PKEY_PARAM_PUB_KEY, &pub))
        return WTL_PROV_FAIL(k->prov, WTL_USAGE, "a part of a key of a TLS hybrid is not given as octets");
    if (priv.n == 0)
        return wtl_hybrid_key_set_public(k, pub);
    if (pub.n > 0 && pub.n != wtl_hybrid_key_params_of(k->kind)->pub)
        return WTL_PROV_FAIL(k->prov, WTL_FORMAT, "the public key of %s has %zu bytes; it must have %u",
                             wtl_hybrid_key_params_of(k->kind)->name, pub.n,
                             wtl_hybrid_key_params_of(k->kind)->pub);
    return wtl_hybrid_key_set_private(k, priv);
}

/* What the curves and ML-KEM hand out, put together: in `pub`, and in `priv` when that is not NULL. */
static int encode(const wtl_hybrid_key *k, OSSL_PARAM params[3], uint8_t *pub, uint8_t *priv)
{
    OSSL_PARAM *at = params;
    if (pub != NULL) {
        wtl_hybrid_key_public(k, pub);
        wtl_param_add(&at, OSSL_PKEY_PARAM_PUB_KEY, (wtl_bytes){pub, wtl_hybrid_key_params_of(k->kind)->pub});
    }
    if (priv != NULL) {
        if (!wtl_hybrid_key_private(k, priv))
            return 0;
        wtl_param_add(&at, OSSL_PKEY_PARAM_PRIV_KEY, (wtl_bytes){priv, WTL_HYBRID_PRIVATE});
    }
    *at = OSSL_PARAM_construct_end();
    return 1;
}

static int export(void *key, int selection, OSSL_CALLBACK *cb, void *arg)
{
    const wtl_hybrid_key *k = key;
    OSSL_PARAM params[3];
    uint8_t pub[WTL_HYBRID_PUBLIC_MOST];
    uint8_t *priv = NULL;
    if (k == NULL || (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
        return 0;
    if (k->kem == NULL)
        return WTL_PROV_FAIL(k->prov, WTL_USAGE, "an empty key of a TLS hybrid cannot be exported");
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 && wtl_hybrid_key_is_private(k)) {
        priv = OPENSSL_secure_malloc(WTL_HYBRID_PRIVATE);
        if (priv == NULL)
            return WTL_PROV_FAIL(k->prov, WTL_NOMEM, "no memory to export a private key");
    }
    bool with_public = (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0;
    int ok = encode(k, params, with_public ? pub : NULL, priv) && cb(params, arg);
    OPENSSL_secure_clear_free(priv, WTL_HYBRID_PRIVATE);
    return ok;
}

static const OSSL_PARAM *parts_of(int selection)
{
    static const OSSL_PARAM parts[] = {OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
                                       OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, NULL, 0),
                                       OSSL_PARAM_END};
    return (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0 ? parts : NULL;
}

static int give_public(const wtl_hybrid_key *k, OSSL_PARAM params[])
{
    uint8_t pub[WTL_HYBRID_PUBLIC_MOST];
    wtl_bytes v = {pub, wtl_hybrid_key_params_of(k->kind)->pub};
    if (OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY) == NULL &&
        OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_PUB_KEY) == NULL)
        return 1;
    wtl_hybrid_key_public(k, pub);
    return wtl_param_give(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, v) &&
           wtl_param_give(params, OSSL_PKEY_PARAM_PUB_KEY, v);
}

static int give_private(const wtl_hybrid_key *k, OSSL_PARAM params[])
{
    uint8_t priv[WTL_HYBRID_PRIVATE];
    if (!wtl_hybrid_key_is_private(k) || OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_PRIV_KEY) == NULL)
        return 1;
    int ok = wtl_hybrid_key_private(k, priv) &&
             wtl_param_give(params, OSSL_PKEY_PARAM_PRIV_KEY, (wtl_bytes){priv, sizeof priv});
    wtl_secret_wipe(priv, sizeof priv);
    return ok;
}

static int get_params(void *key, OSSL_PARAM params[])
{
    const wtl_hybrid_key *k = key;
    const wtl_mlkem_params *kem = wtl_mlkem_params_of(WTL_MLKEM_768);
    return wtl_param_give_int(params, OSSL_PKEY_PARAM_BITS, kem->k * 256) &&
           wtl_param_give_int(params, OSSL_PKEY_PARAM_SECURITY_BITS, kem->bits) &&
           wtl_param_give_int(params, OSSL_PKEY_PARAM_MAX_SIZE, wtl_hybrid_key_params_of(k->kind)->ct) &&
           (k->kem == NULL || (give_public(k, params) && give_private(k, params)));
}

static const OSSL_PARAM *gettable_params(void *provctx)
{
    (void)provctx;
    static const OSSL_PARAM known[] = {OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
                                       OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
                                       OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
                                       OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
                                       OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
                                       OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, NULL, 0),
                                       OSSL_PARAM_END};
    return known;
}

/* How TLS gives a peer's share to the empty key that paramgen made. */
static int set_params(void *key, const OSSL_PARAM params[])
{
    wtl_hybrid_key *k = key;
    wtl_bytes pub;
    if (OSSL_PARAM_locate_const(params, WTL_PROV_PARAM_SPENT) != NULL)
        wtl_hybrid_key_empty(k);
    if (OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY) == NULL)
        return 1;
    if (!wtl_param_take(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, &pub))
        return WTL_PROV_FAIL(k->prov, WTL_USAGE, "the public key of a TLS hybrid is not given as octets");
    return wtl_hybrid_key_set_public(k, pub);
}

static const OSSL_PARAM *settable_params(void *provctx)
{
    (void)provctx;
    static const OSSL_PARAM known[] = {OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
                                       OSSL_PARAM_int(WTL_PROV_PARAM_SPENT, NULL), OSSL_PARAM_END};
    return known;
}

/* A whole key is fixed, and so shared. Halves are not made, as OpenSSL makes none. */
static void *dup_key(const void *key, int selection)
{
    const wtl_hybrid_key *k = key;
    int half = selection & OSSL_KEYMGMT_SELECT_KEYPAIR;
    if (half == 0 || k->kem == NULL)
        return wtl_hybrid_key_new(k->prov, k->kind);
    if (half == OSSL_KEYMGMT_SELECT_KEYPAIR)
        return wtl_hybrid_key_share((wtl_hybrid_key *)k);
    (void)WTL_PROV_FAIL(k->prov, WTL_USAGE, "half a key of a TLS hybrid cannot be copied");
    return NULL;
}

/* The name of the group, which TLS gives, and a query, which OpenSSL's own takes, change nothing here. */
static int gen_set_params(void *genctx, const OSSL_PARAM params[])
{
    (void)params;
    return genctx != NULL;
}

static const OSSL_PARAM *gen_settable_params(void *genctx, void *provctx)
{
    (void)genctx;
    (void)provctx;
    static const OSSL_PARAM known[] = {OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
                                       OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_PROPERTIES, NULL, 0),
                                       OSSL_PARAM_END};
    return known;
}

static void gen_cleanup(void *genctx)
{
    OPENSSL_free(genctx);
}

static void *gen_init(wtl_prov *p, int selection, enum wtl_hybrid kind)
{
    if ((selection & (OSSL_KEYMGMT_SELECT_DOMAIN_PARAMETERS | OSSL_KEYMGMT_SELECT_PRIVATE_KEY)) == 0)
        return NULL;
    gen *g = OPENSSL_malloc(sizeof *g);
    if (g != NULL)
        *g = (gen){p, kind, selection};
    return g;
}

static void *gen_key(void *genctx, OSSL_CALLBACK *cb, void *arg)
{
    (void)cb;
    (void)arg;
    const gen *g = genctx;
    if (g == NULL || (g->selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == OSSL_KEYMGMT_SELECT_PUBLIC_KEY)
        return NULL;
    wtl_hybrid_key *k = wtl_hybrid_key_new(g->prov, g->kind);
    if (k == NULL || (g->selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
        return k;
    if (wtl_hybrid_key_generate(k)) {
        wtl_prov_count(g->prov, WTL_PROV_HYBRID_KEYGEN);
        return k;
    }
    wtl_hybrid_key_free(k);
    return NULL;
}

#define ROW(id, function) {OSSL_FUNC_KEYMGMT_##id, (void (*)(void))(function)}
#define HYBRID_MGMT(name, kind)                                                                    \
    static void *new_##name(void *provctx)                                                         \
    {                                                                                              \
        return wtl_hybrid_key_new(provctx, kind);                                                  \
    }                                                                                              \
    static void *gen_init_##name(void *provctx, int selection, const OSSL_PARAM params[])          \
    {                                                                                              \
        (void)params;                                                                              \
        return gen_init(provctx, selection, kind);                                                 \
    }                                                                                              \
    const OSSL_DISPATCH wtl_hybrid_mgmt_##name[] = {ROW(NEW, new_##name),                          \
                                                    ROW(FREE, free_key),                           \
                                                    ROW(GET_PARAMS, get_params),                   \
                                                    ROW(GETTABLE_PARAMS, gettable_params),         \
                                                    ROW(SET_PARAMS, set_params),                   \
                                                    ROW(SETTABLE_PARAMS, settable_params),         \
                                                    ROW(HAS, has),                                 \
                                                    ROW(MATCH, match),                             \
                                                    ROW(GEN_INIT, gen_init_##name),                \
                                                    ROW(GEN_SET_PARAMS, gen_set_params),           \
                                                    ROW(GEN_SETTABLE_PARAMS, gen_settable_params), \
                                                    ROW(GEN, gen_key),                             \
                                                    ROW(GEN_CLEANUP, gen_cleanup),                 \
                                                    ROW(DUP, dup_key),                             \
                                                    ROW(IMPORT, import),                           \
                                                    ROW(IMPORT_TYPES, parts_of),                   \
                                                    ROW(EXPORT, export),                           \
                                                    ROW(EXPORT_TYPES, parts_of),                   \
                                                    {0, NULL}}
HYBRID_MGMT(x25519, WTL_HYBRID_X25519);
HYBRID_MGMT(p256, WTL_HYBRID_P256);
