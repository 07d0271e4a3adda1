#include "crypto/key_impl.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "crypto/hash.h"
#include "crypto/lib.h"
#include "crypto/xwing.h"

/* The FIPS module has fewer algorithms than the table; X-Wing needs X25519, which it does not approve. */
static int check_offered(const wtl_alg *alg, wtl_err *err)
{
    if (wtl_lib_crypto() != WTL_LIB_FIPS)
        return WTL_OK;
    EVP_KEYMGMT *m = EVP_KEYMGMT_fetch(wtl_lib_ctx(), alg->evp != NULL ? alg->evp : "X25519", NULL);
    EVP_KEYMGMT_free(m);
    if (m == NULL)
        return WTL_FAIL_OSSL(
            err, WTL_POLICY,
            "OpenSSL's FIPS module has no %s: take an algorithm that it approves, or do without "
            "--crypto fips",
            alg->name);
    return WTL_OK;
}

int wtl_key_alloc(wtl_key **out, const wtl_alg *alg, wtl_err *err)
{
    *out = NULL;
    TRY(wtl_lib_init(err));
    TRY(check_offered(alg, err));
    wtl_key *k = calloc(1, sizeof *k);
    ENSURE(k != NULL, err, WTL_NOMEM, "out of memory");
    k->alg = alg;
    *out = k;
    return WTL_OK;
}

void wtl_key_free(wtl_key *k)
{
    if (k == NULL)
        return;
    EVP_PKEY_free(k->pkey);
    EVP_PKEY_free(k->x25519);
    wtl_secret_free(&k->seed);
    free(k);
}

void wtl_key_auto(wtl_key **k)
{
    wtl_key_free(*k);
}

static int give(wtl_key **out, wtl_key **k)
{
    *out = *k;
    *k = NULL;
    return WTL_OK;
}

static bool is_xwing(const wtl_alg *alg)
{
    return alg->id == WTL_ALG_ID_XWING;
}

static bool is_ec(const wtl_alg *alg)
{
    return alg->group != NULL;
}

static bool is_ecx(const wtl_alg *alg)
{
    return alg->id == WTL_ALG_ID_X25519 || alg->id == WTL_ALG_ID_ED25519;
}

static int no_keys(const wtl_alg *alg, wtl_err *err)
{
    return WTL_FAIL(err, WTL_USAGE, "%s has no keys of its own: `wattle algs` lists what keys are made for",
                    alg->name);
}

/* EVP key generation; with a seed it is the standard's deterministic one. */
static int evp_generate(EVP_PKEY **out, const wtl_alg *alg, wtl_bytes seed, wtl_err *err)
{
    OSSL_PARAM params[2] = {OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end()};
    if (seed.n > 0)
        params[0] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_ML_KEM_SEED, (void *)(uintptr_t)seed.p,
                                                      seed.n);
    else if (is_ec(alg))
        params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
                                                     (char *)(uintptr_t)alg->group, 0);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(wtl_lib_ctx(), alg->evp, NULL);
    int rc = WTL_OK;
    if (ctx == NULL || EVP_PKEY_keygen_init(ctx) != 1 || EVP_PKEY_CTX_set_params(ctx, params) != 1 ||
        EVP_PKEY_generate(ctx, out) != 1)
        rc = WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL cannot make a %s key", alg->name);
    EVP_PKEY_CTX_free(ctx);
    return rc;
}

static int generate_xwing(wtl_key *k, wtl_err *err)
{
    AUTO(wtl_secret) seed = {0};
    TRY(wtl_secret_new(&seed, k->alg->seed, err));
    TRY(wtl_lib_random(seed.p, seed.n, err));
    return wtl_xwing_from_seed(k, wtl_secret_view(&seed), err);
}

int wtl_key_generate(wtl_key **out, const wtl_alg *alg, wtl_err *err)
{
    *out = NULL;
    if (!(alg->flags & WTL_ALG_KEYGEN))
        return no_keys(alg, err);
    AUTO(wtl_key) *k = NULL;
    TRY(wtl_key_alloc(&k, alg, err));
    k->is_private = true;
    TRY(is_xwing(alg) ? generate_xwing(k, err) : evp_generate(&k->pkey, alg, (wtl_bytes){0}, err));
    return give(out, &k);
}

static int evp_from_seed(EVP_PKEY **out, const wtl_alg *alg, wtl_bytes seed, wtl_err *err)
{
    if (is_ec(alg))
        return wtl_key_ec_make(out, alg, seed, err);
    if (!is_ecx(alg))
        return evp_generate(out, alg, seed, err);
    *out = EVP_PKEY_new_raw_private_key_ex(wtl_lib_ctx(), alg->evp, NULL, seed.p, seed.n);
    if (*out == NULL)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL cannot make a %s key", alg->name);
    return WTL_OK;
}

int wtl_key_from_seed(wtl_key **out, const wtl_alg *alg, wtl_bytes seed, wtl_err *err)
{
    *out = NULL;
    if (alg->kind == WTL_ALG_GROUP)
        return no_keys(alg, err);
    ENSURE(seed.n == alg->seed, err, WTL_FORMAT, "the private seed of %s has %zu bytes, not %zu", alg->name,
           alg->seed, seed.n);
    AUTO(wtl_key) *k = NULL;
    TRY(wtl_key_alloc(&k, alg, err));
    k->is_private = true;
    TRY(is_xwing(alg) ? wtl_xwing_from_seed(k, seed, err) : evp_from_seed(&k->pkey, alg, seed, err));
    return give(out, &k);
}

static int evp_from_public(EVP_PKEY **out, const wtl_alg *alg, wtl_bytes raw, wtl_err *err)
{
    OSSL_PARAM params[3] = {
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)raw.p, raw.n),
        OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end()};
    if (is_ec(alg))
        params[1] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
                                                     (char *)(uintptr_t)alg->group, 0);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(wtl_lib_ctx(), alg->evp, NULL);
    int rc = WTL_OK;
    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1)
        rc = WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL has no %s", alg->evp);
    else if (EVP_PKEY_fromdata(ctx, out, EVP_PKEY_PUBLIC_KEY, params) != 1)
        rc = WTL_FAIL_OSSL(err, WTL_FORMAT, "these %zu bytes are no %s public key", raw.n, alg->name);
    EVP_PKEY_CTX_free(ctx);
    return rc;
}

int wtl_key_from_public(wtl_key **out, const wtl_alg *alg, wtl_bytes raw, wtl_err *err)
{
    *out = NULL;
    if (alg->kind == WTL_ALG_GROUP)
        return no_keys(alg, err);
    ENSURE(raw.n == alg->pub, err, WTL_FORMAT, "the public key of %s has %zu bytes, not %zu", alg->name,
           alg->pub, raw.n);
    ENSURE(!is_ec(alg) || raw.p[0] == 4, err, WTL_FORMAT, "the %s point is not in the uncompressed form",
           alg->name);
    AUTO(wtl_key) *k = NULL;
    TRY(wtl_key_alloc(&k, alg, err));
    TRY(is_xwing(alg) ? wtl_xwing_from_public(k, raw, err) : evp_from_public(&k->pkey, alg, raw, err));
    return give(out, &k);
}

int wtl_key_public_raw(const wtl_key *k, wtl_buf *out, wtl_err *err)
{
    if (is_xwing(k->alg))
        return wtl_xwing_public_raw(k, out, err);
    size_t had = out->n;
    uint8_t *to = wtl_buf_grow(out, k->alg->pub);
    TRY(wtl_buf_check(out, err));
    size_t n = 0;
    if (EVP_PKEY_get_octet_string_param(k->pkey, OSSL_PKEY_PARAM_PUB_KEY, to, k->alg->pub, &n) == 1 &&
        n == k->alg->pub)
        return WTL_OK;
    out->n = had;
    return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL gives no public key of %s", k->alg->name);
}

/* The octet string parameter `name`, of which the first k->alg->seed bytes of `n` are the seed. */
static int seed_param(const wtl_key *k, const char *name, size_t n, wtl_secret *out, wtl_err *err)
{
    AUTO(wtl_secret) all = {0};
    TRY(wtl_secret_new(&all, n, err));
    size_t got = 0;
    if (EVP_PKEY_get_octet_string_param(k->pkey, name, all.p, n, &got) != 1 || got != n)
        return WTL_FAIL_OSSL(
            err, WTL_USAGE, "this %s key was stored in expanded form, from which its seed cannot be had back",
            k->alg->name);
    return wtl_secret_copy(out, (wtl_bytes){all.p, k->alg->seed}, err);
}

int wtl_key_seed(const wtl_key *k, wtl_secret *out, wtl_err *err)
{
    *out = (wtl_secret){0};
    const wtl_alg *alg = k->alg;
    ENSURE(k->is_private, err, WTL_USAGE, "this is a public %s key: it has no seed", alg->name);
    if (is_xwing(alg))
        return wtl_secret_copy(out, wtl_secret_view(&k->seed), err);
    if (is_ec(alg))
        return wtl_key_ec_scalar(k->pkey, alg, out, err);
    if (is_ecx(alg))
        return seed_param(k, OSSL_PKEY_PARAM_PRIV_KEY, alg->seed, out, err);
    /* An SLH-DSA private key is the 3n bytes of its seed and then PK.root (FIPS 205 figure 15). */
    if (strncmp(alg->name, "SLH-DSA", 7) == 0)
        return seed_param(k, OSSL_PKEY_PARAM_PRIV_KEY, alg->seed / 3 * 4, out, err);
    return seed_param(k, OSSL_PKEY_PARAM_ML_KEM_SEED, alg->seed, out, err);
}

int wtl_key_id(const wtl_key *k, uint8_t id[WTL_KEY_ID], wtl_err *err)
{
    AUTO(wtl_buf) public = {0};
    if (is_xwing(k->alg))
        TRY(wtl_xwing_public_raw(k, &public, err));
    else
        TRY(wtl_key_write_public(k, WTL_KEY_DER, &public, err));
    return wtl_hash_once(WTL_HASH_SHA256, wtl_buf_view(&public), id, err);
}

bool wtl_key_same(const wtl_key *a, const wtl_key *b)
{
    if (a->alg != b->alg)
        return false;
    AUTO(wtl_buf) pa = {0};
    AUTO(wtl_buf) pb = {0};
    return wtl_key_public_raw(a, &pa, NULL) == WTL_OK && wtl_key_public_raw(b, &pb, NULL) == WTL_OK &&
           pa.n == pb.n && memcmp(pa.p, pb.p, pa.n) == 0;
}

bool wtl_key_is_private(const wtl_key *k)
{
    return k->is_private;
}

const char *wtl_key_alg_name(const wtl_key *k)
{
    return k->alg->name;
}

const wtl_alg *wtl_key_alg(const wtl_key *k)
{
    return k->alg;
}

EVP_PKEY *wtl_key_evp(const wtl_key *k)
{
    return is_xwing(k->alg) ? NULL : k->pkey;
}
