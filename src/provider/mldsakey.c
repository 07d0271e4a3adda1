#include "provider/mldsakey.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

wtl_mldsakey *wtl_mldsakey_new(wtl_prov *p, enum wtl_mldsa_set set)
{
    wtl_mldsakey *k = OPENSSL_zalloc(sizeof *k);
    if (k == NULL)
        return NULL;
    k->p = p;
    k->set = set;
    atomic_init(&k->refs, 1);
    return k;
}

wtl_mldsakey *wtl_mldsakey_share(wtl_mldsakey *k)
{
    atomic_fetch_add_explicit(&k->refs, 1, memory_order_relaxed);
    return k;
}

static wtl_bytes encoding(const wtl_mldsakey *k)
{
    return (wtl_bytes){k->pub, k->pub != NULL ? wtl_mldsa_params_of(k->set)->pub : 0};
}

static int expand_public(void **out, const void *key, wtl_err *err)
{
    const wtl_mldsakey *k = key;
    wtl_mldsa_key *made = NULL;
    TRY(wtl_mldsa_from_public(&made, k->set, k->p->level, encoding(k), err));
    *out = made;
    return WTL_OK;
}

static void free_expanded(void *made)
{
    wtl_mldsa_free(made);
}

static const wtl_late_kind late = {expand_public, free_expanded};

void wtl_mldsakey_free(void *keydata)
{
    wtl_mldsakey *k = keydata;
    if (k == NULL || atomic_fetch_sub_explicit(&k->refs, 1, memory_order_acq_rel) != 1)
        return;
    wtl_late_free(&k->late, &late);
    OPENSSL_free(k->pub);
    OPENSSL_free(k);
}

bool wtl_mldsakey_is_empty(const wtl_mldsakey *k)
{
    return k->pub == NULL && wtl_late_kept(&k->late) == NULL;
}

int wtl_mldsakey_take(wtl_mldsakey *k, wtl_mldsa_key **out, wtl_mldsa_key **mine, wtl_err *err)
{
    void *all = NULL;
    void *own = NULL;
    TRY(wtl_late_take(&k->late, &late, k, &all, &own, err));
    *out = all;
    *mine = own;
    return WTL_OK;
}

/* NULL for a public key and an empty one. */
static const wtl_mldsa_key *pair_of(const wtl_mldsakey *k)
{
    return k->pub == NULL ? wtl_late_kept(&k->late) : NULL;
}

static wtl_bytes private_of(const wtl_mldsakey *k)
{
    return pair_of(k) != NULL ? wtl_mldsa_private(pair_of(k)) : (wtl_bytes){0};
}

static wtl_bytes public_of(const wtl_mldsakey *k)
{
    return pair_of(k) != NULL ? wtl_mldsa_public(pair_of(k)) : encoding(k);
}

static wtl_bytes seed_of(const wtl_mldsakey *k)
{
    return pair_of(k) != NULL ? wtl_mldsa_seed(pair_of(k)) : (wtl_bytes){0};
}

static int expand(wtl_mldsa_key **out, const wtl_mldsakey *k, const wtl_decoder_parts *parts, wtl_err *err)
{
    enum wtl_cpu_level level = k->p->level;
    if (parts->seed.n > 0)
        return wtl_mldsa_from_seed(out, k->set, level, parts->seed.p, err);
    return wtl_mldsa_from_private(out, k->set, level, parts->priv, err);
}

/* What is given besides the part that the key was made of must be what that gives. */
static int belong(const wtl_mldsa_key *made, const char *name, const wtl_decoder_parts *parts, wtl_err *err)
{
    ENSURE(parts->seed.n == 0 || parts->priv.n == 0 || wtl_ct_eq(parts->priv, wtl_mldsa_private(made)), err,
           WTL_FORMAT, "the seed and the expanded key of a private key of %s do not belong together", name);
    ENSURE(parts->pub.n == 0 || wtl_ct_eq(parts->pub, wtl_mldsa_public(made)), err, WTL_FORMAT,
           "the public key beside a private key of %s is another key's", name);
    return WTL_OK;
}

/* The parts have been measured. */
static int fill(wtl_mldsakey *k, const wtl_decoder_parts *parts, wtl_err *err)
{
    if (parts->seed.n + parts->priv.n == 0) {
        k->pub = OPENSSL_memdup(parts->pub.p, parts->pub.n);
        ENSURE(k->pub != NULL, err, WTL_NOMEM, "no memory for a key");
        return WTL_OK;
    }
    wtl_mldsa_key *made = NULL;
    TRY(expand(&made, k, parts, err));
    int rc = belong(made, wtl_mldsa_params_of(k->set)->name, parts, err);
    if (rc < 0)
        wtl_mldsa_free(made);
    else
        wtl_late_give(&k->late, made);
    return rc;
}

static void *make(wtl_prov *p, int which, const wtl_decoder_parts *parts, wtl_err *err)
{
    wtl_mldsakey *k = wtl_mldsakey_new(p, (enum wtl_mldsa_set)which);
    if (k == NULL) {
        (void)WTL_FAIL(err, WTL_NOMEM, "no memory for a key");
        return NULL;
    }
    if (fill(k, parts, err) == WTL_OK)
        return k;
    wtl_mldsakey_free(k);
    return NULL;
}

/* The decoder gives the address of a pointer; who takes the key empties it. */
static void *load(const void *reference, size_t n)
{
    wtl_mldsakey *k = NULL;
    if (n != sizeof(void *))
        return NULL;
    memcpy(&k, reference, sizeof(void *));
    memset((void *)reference, 0, sizeof(void *));
    return k;
}

static int has(const void *keydata, int selection)
{
    const wtl_mldsakey *k = keydata;
    if (k == NULL)
        return 0;
    if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
        return 1;
    return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 ? pair_of(k) != NULL
                                                              : !wtl_mldsakey_is_empty(k);
}

static int match(const void *keydata1, const void *keydata2, int selection)
{
    const wtl_mldsakey *a = keydata1;
    const wtl_mldsakey *b = keydata2;
    if (a == NULL || b == NULL || a->set != b->set)
        return 0;
    if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
        return 1;
    bool public_too = (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0;
    wtl_bytes x = public_too ? public_of(a) : private_of(a);
    wtl_bytes y = public_too ? public_of(b) : private_of(b);
    return x.n > 0 && wtl_ct_eq(x, y);
}

static int validate(const void *keydata, int selection, int check_type)
{
    (void)check_type;
    const wtl_mldsakey *k = keydata;
    if (!has(k, selection))
        return 0;
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0)
        return 1;
    wtl_err err = {0};
    return wtl_mldsa_consistent(pair_of(k), &err) == WTL_OK || wtl_prov_raise(k->p, &err);
}

static void *dup_public(const wtl_mldsakey *k)
{
    wtl_err err = {0};
    wtl_decoder_parts parts = {.pub = public_of(k)};
    void *copy = make(k->p, (int)k->set, &parts, &err);
    if (copy == NULL)
        wtl_prov_raise(k->p, &err);
    return copy;
}

static void *dup_key(const void *keydata, int selection)
{
    const wtl_mldsakey *k = keydata;
    if (wtl_mldsakey_is_empty(k) || (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
        return wtl_mldsakey_new(k->p, k->set);
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 && private_of(k).n > 0)
        return dup_public(k);
    return wtl_mldsakey_share((wtl_mldsakey *)k);
}

/* 0 with an error raised when the parameter is there and of another size than `n`. */
static int take(const wtl_mldsakey *k, const OSSL_PARAM params[], const char *name, size_t n, wtl_bytes *out)
{
    const OSSL_PARAM *at = OSSL_PARAM_locate_const(params, name);
    if (at == NULL)
        return 1;
    const void *p = NULL;
    size_t found = 0;
    if (!OSSL_PARAM_get_octet_string_ptr(at, &p, &found))
        return 0;
    if (found != n && p != NULL)
        return WTL_PROV_FAIL(k->p, WTL_FORMAT,
                             "the part \"%s\" of a key of %s has %zu bytes; it must have %zu", name,
                             wtl_mldsa_params_of(k->set)->name, found, n);
    if (p != NULL)
        *out = (wtl_bytes){p, found};
    return 1;
}

static int import(void *keydata, int selection, const OSSL_PARAM params[])
{
    wtl_mldsakey *k = keydata;
    if (k == NULL || (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
        return 0;
    if (!wtl_mldsakey_is_empty(k))
        return WTL_PROV_FAIL(k->p, WTL_USAGE, "this key has its parts already; import into a new one");
    const wtl_mldsa_params *sizes = wtl_mldsa_params_of(k->set);
    wtl_decoder_parts parts = {0};
    if (!take(k, params, OSSL_PKEY_PARAM_PUB_KEY, sizes->pub, &parts.pub))
        return 0;
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 &&
        (!take(k, params, OSSL_PKEY_PARAM_ML_DSA_SEED, WTL_MLDSA_SEED, &parts.seed) ||
         !take(k, params, OSSL_PKEY_PARAM_PRIV_KEY, sizes->priv, &parts.priv)))
        return 0;
    if (parts.pub.n + parts.seed.n + parts.priv.n == 0)
        return WTL_PROV_FAIL(k->p, WTL_USAGE, "a key of %s needs a seed, a private key or a public key",
                             sizes->name);
    wtl_err err = {0};
    return fill(k, &parts, &err) == WTL_OK || wtl_prov_raise(k->p, &err);
}

static OSSL_PARAM octets(const char *name, wtl_bytes v)
{
    return OSSL_PARAM_construct_octet_string(name, (void *)v.p, v.n);
}

static int export(void *keydata, int selection, OSSL_CALLBACK *cb, void *arg)
{
    const wtl_mldsakey *k = keydata;
    if (k == NULL || wtl_mldsakey_is_empty(k))
        return 0;
    OSSL_PARAM list[4];
    int n = 0;
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0) {
        if (seed_of(k).n > 0)
            list[n++] = octets(OSSL_PKEY_PARAM_ML_DSA_SEED, seed_of(k));
        if (private_of(k).n > 0)
            list[n++] = octets(OSSL_PKEY_PARAM_PRIV_KEY, private_of(k));
    }
    if ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0)
        list[n++] = octets(OSSL_PKEY_PARAM_PUB_KEY, public_of(k));
    list[n] = OSSL_PARAM_construct_end();
    return n > 0 && cb(list, arg);
}

#define PARTS                                                      \
    OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ML_DSA_SEED, NULL, 0), \
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0), \
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, NULL, 0)

static const OSSL_PARAM *types(int selection)
{
    static const OSSL_PARAM list[] = {PARTS, OSSL_PARAM_END};
    return (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0 ? list : NULL;
}

static const OSSL_PARAM *gettable(void *provctx)
{
    (void)provctx;
    static const OSSL_PARAM list[] = {OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
                                      OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
                                      OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
                                      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, NULL, 0),
                                      PARTS,
                                      OSSL_PARAM_END};
    return list;
}

static int tell_number(OSSL_PARAM params[], const char *name, int value)
{
    OSSL_PARAM *at = OSSL_PARAM_locate(params, name);
    return at == NULL || OSSL_PARAM_set_int(at, value);
}

static int tell_part(OSSL_PARAM params[], const char *name, wtl_bytes part)
{
    OSSL_PARAM *at = part.n > 0 ? OSSL_PARAM_locate(params, name) : NULL;
    return at == NULL || OSSL_PARAM_set_octet_string(at, part.p, part.n);
}

/* The handle is borrowed, so the expanded key is kept. */
static int tell_handle(wtl_mldsakey *k, OSSL_PARAM params[])
{
    OSSL_PARAM *at = OSSL_PARAM_locate(params, WTL_PROV_PARAM_KEY);
    void *all = NULL;
    wtl_err err;
    if (at == NULL)
        return 1;
    if (!wtl_mldsakey_is_empty(k) && wtl_late_keep(&k->late, &late, k, &all, &err) < 0)
        return wtl_prov_raise(k->p, &err);
    return OSSL_PARAM_set_octet_ptr(at, all, 0);
}

/* As default: "bits" are those of the public key, and the empty mandatory digest lets callers of EVP_DigestSign pass one. */
static int get_params(void *keydata, OSSL_PARAM params[])
{
    wtl_mldsakey *k = keydata;
    const wtl_mldsa_params *sizes = wtl_mldsa_params_of(k->set);
    OSSL_PARAM *digest = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_MANDATORY_DIGEST);
    return tell_handle(k, params) && tell_number(params, OSSL_PKEY_PARAM_BITS, 8 * sizes->pub) &&
           tell_number(params, OSSL_PKEY_PARAM_SECURITY_BITS, sizes->bits) &&
           tell_number(params, OSSL_PKEY_PARAM_MAX_SIZE, sizes->sig) &&
           tell_part(params, OSSL_PKEY_PARAM_ML_DSA_SEED, seed_of(k)) &&
           tell_part(params, OSSL_PKEY_PARAM_PRIV_KEY, private_of(k)) &&
           tell_part(params, OSSL_PKEY_PARAM_PUB_KEY, public_of(k)) &&
           (digest == NULL || OSSL_PARAM_set_utf8_string(digest, ""));
}

/* Key generation. */
typedef struct maker {
    wtl_prov *p;
    bool seeded;
    uint8_t seed[WTL_MLDSA_SEED];
} maker;

static int gen_set_params(void *genctx, const OSSL_PARAM params[])
{
    maker *m = genctx;
    const OSSL_PARAM *at = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_ML_DSA_SEED);
    if (m == NULL)
        return 0;
    if (at == NULL)
        return 1;
    void *to = m->seed;
    size_t n = 0;
    m->seeded = OSSL_PARAM_get_octet_string(at, &to, sizeof m->seed, &n) && n == sizeof m->seed;
    return m->seeded ||
           WTL_PROV_FAIL(m->p, WTL_USAGE, "the seed of a key of ML-DSA has %d bytes", WTL_MLDSA_SEED);
}

static void gen_cleanup(void *genctx)
{
    OPENSSL_clear_free(genctx, sizeof(maker));
}

static void *gen_init(void *provctx, int selection, const OSSL_PARAM params[])
{
    (void)selection;
    maker *m = OPENSSL_zalloc(sizeof *m);
    if (m == NULL)
        return NULL;
    m->p = provctx;
    if (gen_set_params(m, params))
        return m;
    gen_cleanup(m);
    return NULL;
}

static const OSSL_PARAM *gen_settable(void *genctx, void *provctx)
{
    (void)genctx;
    (void)provctx;
    static const OSSL_PARAM list[] = {OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_PROPERTIES, NULL, 0),
                                      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ML_DSA_SEED, NULL, 0),
                                      OSSL_PARAM_END};
    return list;
}

static int check_pair(const wtl_prov *p, const wtl_mldsa_key *k, wtl_err *err)
{
    if (p->pairwise == WTL_PROV_PAIR_NO)
        return WTL_OK;
    return p->pairwise == WTL_PROV_PAIR_FITS ? wtl_mldsa_fits(k, err) : wtl_mldsa_consistent(k, err);
}

static void *generate(maker *m, enum wtl_mldsa_set set)
{
    uint8_t fresh[WTL_MLDSA_SEED] = {0};
    if (!m->seeded && !wtl_prov_random(m->p, fresh, sizeof fresh))
        return NULL;
    wtl_err err = {0};
    wtl_decoder_parts parts = {.seed = {m->seeded ? m->seed : fresh, WTL_MLDSA_SEED}};
    wtl_mldsakey *k = make(m->p, (int)set, &parts, &err);
    wtl_secret_wipe(fresh, sizeof fresh);
    if (k != NULL && check_pair(m->p, pair_of(k), &err) == WTL_OK) {
        wtl_prov_count(m->p, WTL_PROV_MLDSA_KEYGEN);
        return k;
    }
    wtl_mldsakey_free(k);
    wtl_prov_raise(m->p, &err);
    return NULL;
}

#define ROW(id, function) {id, (void (*)(void))(function)}
#define TABLES(bits)                                                                             \
    static void *new_##bits(void *provctx)                                                       \
    {                                                                                            \
        return wtl_mldsakey_new(provctx, WTL_MLDSA_##bits);                                      \
    }                                                                                            \
    static void *gen_##bits(void *genctx, OSSL_CALLBACK *cb, void *arg)                          \
    {                                                                                            \
        (void)cb;                                                                                \
        (void)arg;                                                                               \
        return generate(genctx, WTL_MLDSA_##bits);                                               \
    }                                                                                            \
    const OSSL_DISPATCH wtl_mldsakey_##bits[] = {ROW(OSSL_FUNC_KEYMGMT_NEW, new_##bits),         \
                                                 ROW(OSSL_FUNC_KEYMGMT_GEN, gen_##bits), COMMON, \
                                                 OSSL_DISPATCH_END};                             \
    WTL_DECODER_TABLES(wtl_mldsakey_##bits, &wtl_mldsakey_kinds[WTL_MLDSA_##bits])
#define COMMON                                                                                           \
    ROW(OSSL_FUNC_KEYMGMT_FREE, wtl_mldsakey_free), ROW(OSSL_FUNC_KEYMGMT_LOAD, load),                   \
        ROW(OSSL_FUNC_KEYMGMT_HAS, has), ROW(OSSL_FUNC_KEYMGMT_MATCH, match),                            \
        ROW(OSSL_FUNC_KEYMGMT_VALIDATE, validate), ROW(OSSL_FUNC_KEYMGMT_DUP, dup_key),                  \
        ROW(OSSL_FUNC_KEYMGMT_IMPORT, import), ROW(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, types),               \
        ROW(OSSL_FUNC_KEYMGMT_EXPORT, export), ROW(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, types),               \
        ROW(OSSL_FUNC_KEYMGMT_GET_PARAMS, get_params), ROW(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, gettable), \
        ROW(OSSL_FUNC_KEYMGMT_GEN_INIT, gen_init), ROW(OSSL_FUNC_KEYMGMT_GEN_CLEANUP, gen_cleanup),      \
        ROW(OSSL_FUNC_KEYMGMT_GEN_SET_PARAMS, gen_set_params),                                           \
        ROW(OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS, gen_settable)

/* AlgorithmIdentifier of 2.16.840.1.101.3.4.3.`arc`. Sizes: FIPS 204 table 2. */
#define KIND(bits, arc, pub, priv)                                                              \
    [WTL_MLDSA_##bits] = {"ML-DSA-" #bits,                                                      \
                          {0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 3, 4, 3, arc}, \
                          13,                                                                   \
                          pub,                                                                  \
                          WTL_MLDSA_SEED,                                                       \
                          priv,                                                                 \
                          WTL_MLDSA_##bits,                                                     \
                          make,                                                                 \
                          wtl_mldsakey_free,                                                    \
                          export}
const wtl_decoder_kind wtl_mldsakey_kinds[WTL_MLDSA_SETS] = {
    KIND(44, 17, 1312, 2560), KIND(65, 18, 1952, 4032), KIND(87, 19, 2592, 4896)};

TABLES(44);
TABLES(65);
TABLES(87);
