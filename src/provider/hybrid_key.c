#include "provider/hybrid_key.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

enum { SCALAR = 32 }; /* bytes of the private part of either curve */

const wtl_hybrid_params *wtl_hybrid_key_params_of(enum wtl_hybrid kind)
{
    static const wtl_hybrid_params all[WTL_HYBRIDS] = {
        [WTL_HYBRID_X25519] = {"X25519MLKEM768", 1184 + 32, 1088 + 32, 32, false},
        [WTL_HYBRID_P256] = {"SecP256r1MLKEM768", 1184 + 65, 1088 + 65, 65, true},
    };
    return &all[kind];
}

wtl_hybrid_parts wtl_hybrid_key_split(enum wtl_hybrid kind, const uint8_t *at, size_t kem, size_t curve)
{
    uint8_t *p = (uint8_t *)at;
    if (wtl_hybrid_key_params_of(kind)->is_curve_first)
        return (wtl_hybrid_parts){p + curve, p};
    return (wtl_hybrid_parts){p, p + kem};
}

wtl_hybrid_key *wtl_hybrid_key_new(wtl_prov *p, enum wtl_hybrid kind)
{
    wtl_hybrid_key *k = OPENSSL_zalloc(sizeof *k);
    if (k == NULL)
        return NULL;
    k->prov = p;
    k->kind = kind;
    atomic_init(&k->refs, 1);
    return k;
}

wtl_hybrid_key *wtl_hybrid_key_share(wtl_hybrid_key *k)
{
    atomic_fetch_add_explicit(&k->refs, 1, memory_order_relaxed);
    return k;
}

void wtl_hybrid_key_empty(wtl_hybrid_key *k)
{
    wtl_kem_key_free(k->kem);
    OPENSSL_secure_clear_free(k->scalar, SCALAR);
    EVP_PKEY_free(k->ec);
    k->kem = NULL;
    k->scalar = NULL;
    k->ec = NULL;
}

void wtl_hybrid_key_free(wtl_hybrid_key *k)
{
    if (k == NULL || atomic_fetch_sub_explicit(&k->refs, 1, memory_order_acq_rel) > 1)
        return;
    wtl_hybrid_key_empty(k);
    OPENSSL_free(k);
}

bool wtl_hybrid_key_is_private(const wtl_hybrid_key *k)
{
    return k->kem != NULL && wtl_kem_key_is_private(k->kem);
}

/* Keeps a copy of the scalar, and computes its point. */
static int keep_scalar(wtl_hybrid_key *k, const uint8_t *scalar, wtl_err *err)
{
    k->scalar = OPENSSL_secure_malloc(SCALAR);
    ENSURE(k->scalar != NULL, err, WTL_NOMEM, "no memory for a private X25519 key");
    memcpy(k->scalar, scalar, SCALAR);
    return wtl_x25519_public(k->point, k->scalar, k->prov->level, err);
}

static int fill_kem(wtl_hybrid_key *k, const wtl_kem_parts *parts, wtl_err *err)
{
    k->kem = wtl_kem_key_new(k->prov, WTL_MLKEM_768);
    ENSURE(k->kem != NULL, err, WTL_NOMEM, "no memory for a key of a TLS hybrid");
    return wtl_kem_key_fill(k->kem, parts, err);
}

static int generate(wtl_hybrid_key *k, uint8_t random[WTL_MLKEM_SEED + SCALAR], wtl_err *err)
{
    uint8_t *scalar = random + WTL_MLKEM_SEED;
    TRY(fill_kem(k, &(wtl_kem_parts){.seed = {random, WTL_MLKEM_SEED}}, err));
    TRY(wtl_kem_key_check_pair(k->prov, wtl_kem_key_pair(k->kem), err));
    if (k->kind == WTL_HYBRID_X25519) {
        scalar[0] &= 248;
        scalar[31] = (uint8_t)((scalar[31] & 127) | 64);
        return keep_scalar(k, scalar, err);
    }
    TRY(wtl_p256_generate(&k->ec, k->prov->lib, err));
    return wtl_p256_point(k->ec, k->point, err);
}

/* Ends a filling: on failure the key is as empty as before. */
static int finish(wtl_hybrid_key *k, int rc, const wtl_err *err)
{
    if (rc == 0)
        return 1;
    wtl_hybrid_key_empty(k);
    return wtl_prov_raise(k->prov, err);
}

int wtl_hybrid_key_generate(wtl_hybrid_key *k)
{
    wtl_err err;
    uint8_t random[WTL_MLKEM_SEED + SCALAR];
    size_t n = k->kind == WTL_HYBRID_X25519 ? sizeof random : WTL_MLKEM_SEED;
    if (!wtl_prov_random(k->prov, random, n))
        return 0;
    int rc = generate(k, random, &err);
    wtl_secret_wipe(random, sizeof random);
    return finish(k, rc, &err);
}

static int check(const wtl_hybrid_key *k, wtl_bytes given, size_t n)
{
    if (k->kem != NULL)
        return WTL_PROV_FAIL(k->prov, WTL_USAGE, "a key of a TLS hybrid cannot be changed once it is made");
    if (given.n != n)
        return WTL_PROV_FAIL(k->prov, WTL_FORMAT, "the key of %s has %zu bytes; it must have %zu",
                             wtl_hybrid_key_params_of(k->kind)->name, given.n, n);
    return 1;
}

static int set_public(wtl_hybrid_key *k, wtl_hybrid_parts from, wtl_err *err)
{
    size_t kem = wtl_mlkem_params_of(WTL_MLKEM_768)->pub;
    TRY(fill_kem(k, &(wtl_kem_parts){.pub = {from.kem, kem}}, err));
    memcpy(k->point, from.curve, wtl_hybrid_key_params_of(k->kind)->point);
    return k->kind == WTL_HYBRID_P256 ? wtl_p256_from_point(&k->ec, k->prov->lib, k->point, err) : WTL_OK;
}

int wtl_hybrid_key_set_public(wtl_hybrid_key *k, wtl_bytes pub)
{
    wtl_err err;
    const wtl_hybrid_params *is = wtl_hybrid_key_params_of(k->kind);
    if (!check(k, pub, is->pub))
        return 0;
    size_t kem = is->pub - (size_t)is->point;
    return finish(k, set_public(k, wtl_hybrid_key_split(k->kind, pub.p, kem, is->point), &err), &err);
}

static int set_private(wtl_hybrid_key *k, wtl_hybrid_parts from, wtl_err *err)
{
    size_t kem = wtl_mlkem_params_of(WTL_MLKEM_768)->priv;
    TRY(fill_kem(k, &(wtl_kem_parts){.priv = {from.kem, kem}}, err));
    if (k->kind == WTL_HYBRID_X25519)
        return keep_scalar(k, from.curve, err);
    TRY(wtl_p256_from_scalar(&k->ec, k->prov->lib, from.curve, err));
    return wtl_p256_point(k->ec, k->point, err);
}

int wtl_hybrid_key_set_private(wtl_hybrid_key *k, wtl_bytes priv)
{
    wtl_err err;
    if (!check(k, priv, WTL_HYBRID_PRIVATE))
        return 0;
    wtl_hybrid_parts from = wtl_hybrid_key_split(k->kind, priv.p, WTL_HYBRID_PRIVATE - SCALAR, SCALAR);
    return finish(k, set_private(k, from, &err), &err);
}

void wtl_hybrid_key_public(const wtl_hybrid_key *k, uint8_t *pub)
{
    wtl_bytes ek = wtl_kem_key_public(k->kem);
    size_t point = wtl_hybrid_key_params_of(k->kind)->point;
    wtl_hybrid_parts to = wtl_hybrid_key_split(k->kind, pub, ek.n, point);
    memcpy(to.kem, ek.p, ek.n);
    memcpy(to.curve, k->point, point);
}

int wtl_hybrid_key_private(const wtl_hybrid_key *k, uint8_t priv[WTL_HYBRID_PRIVATE])
{
    wtl_err err;
    wtl_bytes dk = wtl_kem_key_private(k->kem);
    wtl_hybrid_parts to = wtl_hybrid_key_split(k->kind, priv, dk.n, SCALAR);
    memcpy(to.kem, dk.p, dk.n);
    if (k->kind == WTL_HYBRID_P256)
        return wtl_p256_scalar(k->ec, to.curve, &err) == 0 || wtl_prov_raise(k->prov, &err);
    memcpy(to.curve, k->scalar, SCALAR);
    return 1;
}
