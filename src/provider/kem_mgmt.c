/* KEYMGMT for ML-KEM (provider-keymgmt(7)), with the parameters of OpenSSL's default provider. */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>

#include "provider/decoder.h"
#include "provider/kem_key.h"
#include "provider/param.h"

typedef struct gen {
    wtl_prov *prov;
    enum wtl_mlkem_set set;
    int selection;
    bool is_seeded; /* by the caller, for the next key */
    uint8_t seed[WTL_MLKEM_SEED];
} gen;

static void free_key(void *key)
{
    wtl_kem_key_free(key);
}

static int has(const void *key, int selection)
{
    const wtl_kem_key *k = key;
    if (k == NULL)
        return 0;
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0)
        return wtl_kem_key_is_private(k);
    return (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) == 0 || !wtl_kem_key_is_empty(k);
}

static int match(const void *one, const void *other, int selection)
{
    const wtl_kem_key *a = one;
    const wtl_kem_key *b = other;
    if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
        return 1;
    return a->set == b->set && wtl_ct_eq(wtl_kem_key_public(a), wtl_kem_key_public(b));
}

static int validate(const void *key, int selection, int how)
{
    (void)how;
    const wtl_kem_key *k = key;
    if (!has(k, selection))
        return 0;
    if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != OSSL_KEYMGMT_SELECT_KEYPAIR)
        return 1;
    wtl_err err;
    return wtl_mlkem_consistent(wtl_kem_key_pair(k), &err) == 0 || wtl_prov_raise(k->prov, &err);
}

static int fill(wtl_kem_key *k, const wtl_kem_parts *parts)
{
    wtl_err err;
    return wtl_kem_key_fill(k, parts, &err) == 0 || wtl_prov_raise(k->prov, &err);
}

static int import(void *key, int selection, const OSSL_PARAM params[])
{
    wtl_kem_key *k = key;
    wtl_kem_parts parts = {0};
    if (k == NULL || (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
        return 0;
    bool with_private = (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
    if ((with_private && (!wtl_param_take(params, OSSL_PKEY_PARAM_ML_KEM_SEED, &parts.seed) ||
                          !wtl_param_take(params, OSSL_PKEY_PARAM_PRIV_KEY, &parts.priv))) ||
        !wtl_param_take(params, OSSL_PKEY_PARAM_PUB_KEY, &parts.pub))
        return WTL_PROV_FAIL(k->prov, WTL_USAGE, "a part of an ML-KEM key is not given as octets");
    return fill(k, &parts);
}

static int export(void *key, int selection, OSSL_CALLBACK *cb, void *arg)
{
    const wtl_kem_key *k = key;
    OSSL_PARAM params[4];
    OSSL_PARAM *at = params;
    if (k == NULL || (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
        return 0;
    if (wtl_kem_key_is_empty(k))
        return WTL_PROV_FAIL(k->prov, WTL_USAGE, "an empty ML-KEM key cannot be exported");
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0) {
        wtl_param_add(&at, OSSL_PKEY_PARAM_ML_KEM_SEED, wtl_kem_key_seed(k));
        wtl_param_add(&at, OSSL_PKEY_PARAM_PRIV_KEY, wtl_kem_key_private(k));
    }
    if ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0)
        wtl_param_add(&at, OSSL_PKEY_PARAM_PUB_KEY, wtl_kem_key_public(k));
    *at = OSSL_PARAM_construct_end();
    return cb(params, arg);
}

static const OSSL_PARAM *parts_of(int selection)
{
    static const OSSL_PARAM parts[] = {OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ML_KEM_SEED, NULL, 0),
                                       OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, NULL, 0),
                                       OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
                                       OSSL_PARAM_END};
    return (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0 ? parts : NULL;
}

/* It is borrowed, so the expanded key is kept. */
static int give_handle(wtl_kem_key *k, OSSL_PARAM params[])
{
    OSSL_PARAM *at = OSSL_PARAM_locate(params, WTL_PROV_PARAM_KEY);
    wtl_mlkem_key *all = NULL;
    wtl_err err;
    if (at == NULL)
        return 1;
    if (!wtl_kem_key_is_empty(k) && wtl_kem_key_keep(k, &all, &err) < 0)
        return wtl_prov_raise(k->prov, &err);
    return OSSL_PARAM_set_octet_ptr(at, all, 0);
}

static int get_params(void *key, OSSL_PARAM params[])
{
    wtl_kem_key *k = key;
    const wtl_mlkem_params *is = wtl_mlkem_params_of(k->set);
    if (!give_handle(k, params) || !wtl_param_give_int(params, OSSL_PKEY_PARAM_BITS, is->k * 256) ||
        !wtl_param_give_int(params, OSSL_PKEY_PARAM_SECURITY_BITS, is->bits) ||
        !wtl_param_give_int(params, OSSL_PKEY_PARAM_MAX_SIZE, is->ct))
        return 0;
    return wtl_param_give(params, OSSL_PKEY_PARAM_PUB_KEY, wtl_kem_key_public(k)) &&
           wtl_param_give(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, wtl_kem_key_public(k)) &&
           wtl_param_give(params, OSSL_PKEY_PARAM_PRIV_KEY, wtl_kem_key_private(k)) &&
           wtl_param_give(params, OSSL_PKEY_PARAM_ML_KEM_SEED, wtl_kem_key_seed(k));
}

static const OSSL_PARAM *gettable_params(void *provctx)
{
    (void)provctx;
    static const OSSL_PARAM known[] = {OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
                                       OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
                                       OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
                                       OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ML_KEM_SEED, NULL, 0),
                                       OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, NULL, 0),
                                       OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
                                       OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
                                       OSSL_PARAM_END};
    return known;
}

/* How TLS gives a peer's share to the empty key that paramgen made. */
static int set_params(void *key, const OSSL_PARAM params[])
{
    wtl_kem_key *k = key;
    wtl_kem_parts parts = {0};
    if (OSSL_PARAM_locate_const(params, WTL_PROV_PARAM_SPENT) != NULL)
        wtl_kem_key_empty(k);
    if (OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY) == NULL)
        return 1;
    if (!wtl_param_take(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, &parts.pub))
        return WTL_PROV_FAIL(k->prov, WTL_USAGE, "an ML-KEM public key is not given as octets");
    return fill(k, &parts);
}

static const OSSL_PARAM *settable_params(void *provctx)
{
    (void)provctx;
    static const OSSL_PARAM known[] = {OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
                                       OSSL_PARAM_int(WTL_PROV_PARAM_SPENT, NULL), OSSL_PARAM_END};
    return known;
}

/* A whole key is fixed, and so shared; a public half is made anew. */
static void *dup_key(const void *key, int selection)
{
    const wtl_kem_key *k = key;
    bool with_private = (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
    if (!wtl_kem_key_is_empty(k) && (with_private || !wtl_kem_key_is_private(k)) &&
        (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0)
        return wtl_kem_key_share((wtl_kem_key *)k);
    wtl_kem_key *copy = wtl_kem_key_new(k->prov, k->set);
    if (copy == NULL || wtl_kem_key_is_empty(k) || (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
        return copy;
    wtl_kem_parts parts = {.pub = wtl_kem_key_public(k)};
    if (fill(copy, &parts))
        return copy;
    wtl_kem_key_free(copy);
    return NULL;
}

/* What a decoder made: the reference is the address of the key, which passes to the caller. */
static void *load(const void *reference, size_t n)
{
    wtl_kem_key *k = NULL;
    if (n != sizeof(void *))
        return NULL;
    wtl_kem_key **from = (wtl_kem_key **)reference;
    k = *from;
    *from = NULL;
    return k;
}

static int gen_set_params(void *genctx, const OSSL_PARAM params[])
{
    gen *g = genctx;
    wtl_bytes seed;
    if (g == NULL)
        return 0;
    if (OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_ML_KEM_SEED) == NULL)
        return 1;
    g->is_seeded = wtl_param_take(params, OSSL_PKEY_PARAM_ML_KEM_SEED, &seed) && seed.n == sizeof g->seed;
    if (!g->is_seeded)
        return WTL_PROV_FAIL(g->prov, WTL_USAGE, "the seed of an ML-KEM key must have %d bytes",
                             WTL_MLKEM_SEED);
    memcpy(g->seed, seed.p, sizeof g->seed);
    return 1;
}

static const OSSL_PARAM *gen_settable_params(void *genctx, void *provctx)
{
    (void)genctx;
    (void)provctx;
    static const OSSL_PARAM known[] = {OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ML_KEM_SEED, NULL, 0),
                                       OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
                                       OSSL_PARAM_END};
    return known;
}

static void gen_cleanup(void *genctx)
{
    OPENSSL_clear_free(genctx, sizeof(gen));
}

static void *gen_init(wtl_prov *p, int selection, const OSSL_PARAM params[], enum wtl_mlkem_set set)
{
    if ((selection & (OSSL_KEYMGMT_SELECT_DOMAIN_PARAMETERS | OSSL_KEYMGMT_SELECT_PRIVATE_KEY)) == 0)
        return NULL;
    gen *g = OPENSSL_zalloc(sizeof *g);
    if (g == NULL)
        return NULL;
    g->prov = p;
    g->set = set;
    g->selection = selection;
    if (gen_set_params(g, params))
        return g;
    gen_cleanup(g);
    return NULL;
}

static int generate(wtl_kem_key *k, gen *g)
{
    if (!g->is_seeded && !wtl_prov_random(g->prov, g->seed, sizeof g->seed))
        return 0;
    wtl_err err;
    int rc = wtl_kem_key_fill(k, &(wtl_kem_parts){.seed = {g->seed, sizeof g->seed}}, &err);
    wtl_secret_wipe(g->seed, sizeof g->seed);
    g->is_seeded = false;
    if (rc == 0)
        rc = wtl_kem_key_check_pair(g->prov, wtl_kem_key_pair(k), &err);
    if (rc < 0)
        return wtl_prov_raise(g->prov, &err);
    wtl_prov_count(g->prov, WTL_PROV_MLKEM_KEYGEN);
    return 1;
}

static void *gen_key(void *genctx, OSSL_CALLBACK *cb, void *arg)
{
    (void)cb;
    (void)arg;
    gen *g = genctx;
    if (g == NULL || (g->selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == OSSL_KEYMGMT_SELECT_PUBLIC_KEY)
        return NULL;
    wtl_kem_key *k = wtl_kem_key_new(g->prov, g->set);
    if (k == NULL || (g->selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0 || generate(k, g))
        return k;
    wtl_kem_key_free(k);
    return NULL;
}

static void *make_decoded(wtl_prov *p, int set, const wtl_decoder_parts *parts, wtl_err *err)
{
    wtl_kem_key *k = wtl_kem_key_new(p, (enum wtl_mlkem_set)set);
    if (k == NULL) {
        (void)WTL_FAIL(err, WTL_NOMEM, "no memory for an ML-KEM key");
        return NULL;
    }
    if (wtl_kem_key_fill(k, &(wtl_kem_parts){parts->seed, parts->priv, parts->pub}, err) == 0)
        return k;
    wtl_kem_key_free(k);
    return NULL;
}

/* The arc of the three: 2.16.840.1.101.3.4.4 (RFC 9935 section 3). */
#define ALGORITHM(last) {0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x04, last}
#define KIND(bits, last, pub, priv)                                            \
    {"ML-KEM-" #bits,  ALGORITHM(last), 13,       pub,   WTL_MLKEM_SEED, priv, \
     WTL_MLKEM_##bits, make_decoded,    free_key, export}
static const wtl_decoder_kind kinds[] = {KIND(512, 1, 800, 1632), KIND(768, 2, 1184, 2400),
                                         KIND(1024, 3, 1568, 3168)};

#define ROW(id, function) {OSSL_FUNC_KEYMGMT_##id, (void (*)(void))(function)}
#define KEM_MGMT(bits)                                                                          \
    static void *new_##bits(void *provctx)                                                      \
    {                                                                                           \
        return wtl_kem_key_new(provctx, WTL_MLKEM_##bits);                                      \
    }                                                                                           \
    static void *gen_init_##bits(void *provctx, int selection, const OSSL_PARAM params[])       \
    {                                                                                           \
        return gen_init(provctx, selection, params, WTL_MLKEM_##bits);                          \
    }                                                                                           \
    const OSSL_DISPATCH wtl_kem_mgmt_##bits[] = {ROW(NEW, new_##bits),                          \
                                                 ROW(FREE, free_key),                           \
                                                 ROW(GET_PARAMS, get_params),                   \
                                                 ROW(GETTABLE_PARAMS, gettable_params),         \
                                                 ROW(SET_PARAMS, set_params),                   \
                                                 ROW(SETTABLE_PARAMS, settable_params),         \
                                                 ROW(HAS, has),                                 \
                                                 ROW(MATCH, match),                             \
                                                 ROW(VALIDATE, validate),                       \
                                                 ROW(GEN_INIT, gen_init_##bits),                \
                                                 ROW(GEN_SET_PARAMS, gen_set_params),           \
                                                 ROW(GEN_SETTABLE_PARAMS, gen_settable_params), \
                                                 ROW(GEN, gen_key),                             \
                                                 ROW(GEN_CLEANUP, gen_cleanup),                 \
                                                 ROW(LOAD, load),                               \
                                                 ROW(DUP, dup_key),                             \
                                                 ROW(IMPORT, import),                           \
                                                 ROW(IMPORT_TYPES, parts_of),                   \
                                                 ROW(EXPORT, export),                           \
                                                 ROW(EXPORT_TYPES, parts_of),                   \
                                                 {0, NULL}}
KEM_MGMT(512);
KEM_MGMT(768);
KEM_MGMT(1024);
WTL_DECODER_TABLES(wtl_kem_mgmt_512, &kinds[0]);
WTL_DECODER_TABLES(wtl_kem_mgmt_768, &kinds[1]);
WTL_DECODER_TABLES(wtl_kem_mgmt_1024, &kinds[2]);
