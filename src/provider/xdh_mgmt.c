/* KEYMGMT for X25519 (provider-keymgmt(7)), with the parameters of OpenSSL's default provider. */
#include <string.h>
#include <strings.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>

#include "provider/decoder.h"
#include "provider/dhkem.h"
#include "provider/param.h"
#include "provider/xdh_key.h"

enum { BITS = 253, SECURITY_BITS = 128 }; /* as OpenSSL counts them */

typedef struct gen {
    wtl_prov *prov;
    int selection;
    bool is_derived; /* scalar comes from key material, not from the random generator */
    uint8_t scalar[WTL_X25519_BYTES];
} gen;

static wtl_bytes public_of(const wtl_xdh_key *k)
{
    return k->has_public ? (wtl_bytes){k->pub, sizeof k->pub} : (wtl_bytes){0};
}

static wtl_bytes scalar_of(const wtl_xdh_key *k)
{
    return k->scalar != NULL ? (wtl_bytes){k->scalar, WTL_X25519_BYTES} : (wtl_bytes){0};
}

static void *new_key(void *provctx)
{
    return wtl_xdh_key_new(provctx);
}

static void free_key(void *key)
{
    wtl_xdh_key_free(key);
}

static int has(const void *key, int selection)
{
    const wtl_xdh_key *k = key;
    return k != NULL && ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) == 0 || k->has_public) &&
           ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) == 0 || k->scalar != NULL);
}

static int match(const void *one, const void *other, int selection)
{
    const wtl_xdh_key *a = one;
    const wtl_xdh_key *b = other;
    if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
        return 1;
    if ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) != 0 && a->has_public && b->has_public)
        return wtl_ct_eq(public_of(a), public_of(b));
    return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 && a->scalar != NULL && b->scalar != NULL &&
           wtl_ct_eq(scalar_of(a), scalar_of(b));
}

static int validate(const void *key, int selection, int how)
{
    (void)how;
    const wtl_xdh_key *k = key;
    if (!has(k, selection))
        return 0;
    if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != OSSL_KEYMGMT_SELECT_KEYPAIR)
        return 1;
    wtl_err err;
    uint8_t pub[WTL_X25519_BYTES];
    if (wtl_x25519_public(pub, k->scalar, k->prov->level, &err) < 0)
        return wtl_prov_raise(k->prov, &err);
    return wtl_ct_eq((wtl_bytes){pub, sizeof pub}, public_of(k));
}

static int fill(wtl_xdh_key *k, wtl_bytes scalar, wtl_bytes pub)
{
    wtl_err err;
    return wtl_xdh_key_fill(k, scalar, pub, &err) == 0 || wtl_prov_raise(k->prov, &err);
}

static int import(void *key, int selection, const OSSL_PARAM params[])
{
    wtl_xdh_key *k = key;
    wtl_bytes scalar = {0};
    wtl_bytes pub;
    if (k == NULL || (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
        return 0;
    if (((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 &&
         !wtl_param_take(params, OSSL_PKEY_PARAM_PRIV_KEY, &scalar)) ||
        !wtl_param_take(params, OSSL_PKEY_PARAM_PUB_KEY, &pub))
        return WTL_PROV_FAIL(k->prov, WTL_USAGE, "a part of an X25519 key is not given as octets");
    return fill(k, scalar, pub);
}

static int export(void *key, int selection, OSSL_CALLBACK *cb, void *arg)
{
    const wtl_xdh_key *k = key;
    OSSL_PARAM params[3];
    OSSL_PARAM *at = params;
    if (k == NULL || (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
        return 0;
    if (!k->has_public)
        return WTL_PROV_FAIL(k->prov, WTL_USAGE, "an empty X25519 key cannot be exported");
    wtl_param_add(&at, OSSL_PKEY_PARAM_PUB_KEY, public_of(k));
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0)
        wtl_param_add(&at, OSSL_PKEY_PARAM_PRIV_KEY, scalar_of(k));
    *at = OSSL_PARAM_construct_end();
    return cb(params, arg);
}

static const OSSL_PARAM *parts_of(int selection)
{
    static const OSSL_PARAM parts[] = {OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
                                       OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, NULL, 0),
                                       OSSL_PARAM_END};
    return (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != 0 ? parts : NULL;
}

static int get_params(void *key, OSSL_PARAM params[])
{
    const wtl_xdh_key *k = key;
    return wtl_param_give_int(params, OSSL_PKEY_PARAM_BITS, BITS) &&
           wtl_param_give_int(params, OSSL_PKEY_PARAM_SECURITY_BITS, SECURITY_BITS) &&
           wtl_param_give_int(params, OSSL_PKEY_PARAM_MAX_SIZE, WTL_X25519_BYTES) &&
           wtl_param_give(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, public_of(k)) &&
           wtl_param_give(params, OSSL_PKEY_PARAM_PUB_KEY, public_of(k)) &&
           wtl_param_give(params, OSSL_PKEY_PARAM_PRIV_KEY, scalar_of(k));
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

/* How TLS gives a peer's share. */
static int set_params(void *key, const OSSL_PARAM params[])
{
    wtl_xdh_key *k = key;
    wtl_bytes pub;
    if (OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY) == NULL)
        return 1;
    if (!wtl_param_take(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, &pub))
        return WTL_PROV_FAIL(k->prov, WTL_USAGE, "an X25519 public key is not given as octets");
    return fill(k, (wtl_bytes){0}, pub);
}

static const OSSL_PARAM *settable_params(void *provctx)
{
    (void)provctx;
    static const OSSL_PARAM known[] = {OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
                                       OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_PROPERTIES, NULL, 0),
                                       OSSL_PARAM_END};
    return known;
}

static void *dup_key(const void *key, int selection)
{
    const wtl_xdh_key *k = key;
    bool with_private = (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0;
    wtl_xdh_key *copy = wtl_xdh_key_new(k->prov);
    if (copy == NULL || !k->has_public || (selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0)
        return copy;
    if (fill(copy, with_private ? scalar_of(k) : (wtl_bytes){0}, public_of(k)))
        return copy;
    wtl_xdh_key_free(copy);
    return NULL;
}

/* What a decoder made: the reference is the address of the key, which passes to the caller. */
static void *load(const void *reference, size_t n)
{
    wtl_xdh_key *k = NULL;
    if (n != sizeof(void *))
        return NULL;
    wtl_xdh_key **from = (wtl_xdh_key **)reference;
    k = *from;
    *from = NULL;
    return k;
}

static int gen_set_params(void *genctx, const OSSL_PARAM params[])
{
    gen *g = genctx;
    wtl_bytes ikm;
    if (g == NULL)
        return 0;
    const OSSL_PARAM *group = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_GROUP_NAME);
    const char *name = NULL;
    if (group != NULL && (!OSSL_PARAM_get_utf8_string_ptr(group, &name) || strcasecmp(name, "x25519") != 0))
        return WTL_PROV_FAIL(g->prov, WTL_USAGE, "the group of an X25519 key can only be x25519");
    if (!wtl_param_take(params, OSSL_PKEY_PARAM_DHKEM_IKM, &ikm))
        return WTL_PROV_FAIL(g->prov, WTL_USAGE, "the key material of an X25519 key is not given as octets");
    if (ikm.n > 0)
        g->is_derived = wtl_dhkem_scalar(g->prov, g->scalar, ikm) == 1;
    return ikm.n == 0 || g->is_derived;
}

static const OSSL_PARAM *gen_settable_params(void *genctx, void *provctx)
{
    (void)genctx;
    (void)provctx;
    static const OSSL_PARAM known[] = {OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
                                       OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_PROPERTIES, NULL, 0),
                                       OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_DHKEM_IKM, NULL, 0),
                                       OSSL_PARAM_END};
    return known;
}

static void gen_cleanup(void *genctx)
{
    OPENSSL_clear_free(genctx, sizeof(gen));
}

static void *gen_init(void *provctx, int selection, const OSSL_PARAM params[])
{
    gen *g = OPENSSL_zalloc(sizeof *g);
    if (g == NULL)
        return NULL;
    g->prov = provctx;
    g->selection = selection;
    if (gen_set_params(g, params))
        return g;
    gen_cleanup(g);
    return NULL;
}

/* Clamped as RFC 7748 section 5 decodes it, so that what is exported is what is used. */
static int generate(wtl_xdh_key *k, const gen *g)
{
    uint8_t scalar[WTL_X25519_BYTES];
    if (g->is_derived)
        memcpy(scalar, g->scalar, sizeof scalar);
    else if (!wtl_prov_random(g->prov, scalar, sizeof scalar))
        return 0;
    scalar[0] &= 248;
    scalar[31] = (uint8_t)((scalar[31] & 127) | 64);
    int ok = fill(k, (wtl_bytes){scalar, sizeof scalar}, (wtl_bytes){0});
    wtl_secret_wipe(scalar, sizeof scalar);
    if (ok)
        wtl_prov_count(g->prov, WTL_PROV_X25519_KEYGEN);
    return ok;
}

static void *gen_key(void *genctx, OSSL_CALLBACK *cb, void *arg)
{
    (void)cb;
    (void)arg;
    const gen *g = genctx;
    wtl_xdh_key *k = g == NULL ? NULL : wtl_xdh_key_new(g->prov);
    if (k == NULL || (g->selection & OSSL_KEYMGMT_SELECT_KEYPAIR) == 0 || generate(k, g))
        return k;
    wtl_xdh_key_free(k);
    return NULL;
}

/* A file that carries both parts must carry a pair. */
static void *make_decoded(wtl_prov *p, int which, const wtl_decoder_parts *parts, wtl_err *err)
{
    (void)which;
    wtl_xdh_key *k = wtl_xdh_key_new(p);
    wtl_bytes pub = parts->priv.n > 0 ? (wtl_bytes){0} : parts->pub;
    int rc = k == NULL ? WTL_FAIL(err, WTL_NOMEM, "no memory for an X25519 key")
                       : wtl_xdh_key_fill(k, parts->priv, pub, err);
    if (rc == 0 && parts->pub.n > 0 && !wtl_ct_eq(parts->pub, public_of(k)))
        rc = WTL_FAIL(err, WTL_FORMAT,
                      "the public and the private part of an X25519 key do not belong together");
    if (rc == 0)
        return k;
    wtl_xdh_key_free(k);
    return NULL;
}

/* 1.3.101.110 (RFC 8410 section 3). */
static const wtl_decoder_kind kind = {"X25519", {0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e},
                                      7,        WTL_X25519_BYTES,
                                      0,        WTL_X25519_BYTES,
                                      0,        make_decoded,
                                      free_key, export};
WTL_DECODER_TABLES(wtl_xdh_mgmt, &kind);

#define ROW(id, function) {OSSL_FUNC_KEYMGMT_##id, (void (*)(void))(function)}
const OSSL_DISPATCH wtl_xdh_mgmt[] = {ROW(NEW, new_key),
                                      ROW(FREE, free_key),
                                      ROW(GET_PARAMS, get_params),
                                      ROW(GETTABLE_PARAMS, gettable_params),
                                      ROW(SET_PARAMS, set_params),
                                      ROW(SETTABLE_PARAMS, settable_params),
                                      ROW(HAS, has),
                                      ROW(MATCH, match),
                                      ROW(VALIDATE, validate),
                                      ROW(GEN_INIT, gen_init),
                                      ROW(GEN_SET_PARAMS, gen_set_params),
                                      ROW(GEN_SETTABLE_PARAMS, gen_settable_params),
                                      ROW(GEN, gen_key),
                                      ROW(GEN_CLEANUP, gen_cleanup),
                                      ROW(LOAD, load),
                                      ROW(DUP, dup_key),
                                      ROW(IMPORT, import),
                                      ROW(IMPORT_TYPES, parts_of),
                                      ROW(EXPORT, export),
                                      ROW(EXPORT_TYPES, parts_of),
                                      {0, NULL}};
