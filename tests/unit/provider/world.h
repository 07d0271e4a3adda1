/* Library contexts for the tests of the provider: one with OpenSSL's default provider and wattle, one with default alone. */
#ifndef WTL_TESTS_PROVIDER_WORLD_H
#define WTL_TESTS_PROVIDER_WORLD_H

#include <wattle/bytes.h>
#include "unit.h"

#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/encoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>

#include <wattle/bytes.h>

#include "provider/prov.h"

typedef struct world {
    OSSL_LIB_CTX *lib;
    OSSL_PROVIDER *deflt, *wattle;
} world;

enum world_how { WORLD_PLAIN, WORLD_BUILTIN, WORLD_MODULE };

static inline const char *world_modules(void)
{
    static char path[4096];
    const char *build = getenv("WATTLE_BUILD");
    snprintf(path, sizeof path, "%s/lib", build != NULL ? build : "build/release");
    return path;
}

/* NULL when the provider refuses; the reason is then in OpenSSL's queue. */
static inline OSSL_PROVIDER *world_load(OSSL_LIB_CTX *lib, enum world_how how, const char *setting,
                                        const char *value)
{
    OSSL_PARAM settings[2] = {OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end()};
    if (setting != NULL)
        settings[0] = OSSL_PARAM_construct_utf8_string(setting, (char *)value, 0);
    if (how == WORLD_BUILTIN)
        assert_int_equal(OSSL_PROVIDER_add_builtin(lib, "wattle", wtl_prov_init), 1);
    else
        assert_int_equal(OSSL_PROVIDER_set_default_search_path(lib, world_modules()), 1);
    return OSSL_PROVIDER_load_ex(lib, "wattle", settings);
}

static inline void world_open_with(world *w, enum world_how how, const char *setting, const char *value)
{
    *w = (world){.lib = OSSL_LIB_CTX_new()};
    assert_non_null(w->lib);
    w->deflt = OSSL_PROVIDER_load(w->lib, "default");
    assert_non_null(w->deflt);
    if (how == WORLD_PLAIN)
        return;
    w->wattle = world_load(w->lib, how, setting, value);
    if (w->wattle == NULL)
        ERR_print_errors_fp(stderr);
    assert_non_null(w->wattle);
    assert_int_equal(EVP_set_default_properties(w->lib, "?provider=wattle"), 1);
}

static inline void world_open(world *w, enum world_how how)
{
    world_open_with(w, how, NULL, NULL);
}

static inline void world_close(world *w)
{
    if (w->wattle != NULL)
        assert_int_equal(OSSL_PROVIDER_unload(w->wattle), 1);
    OSSL_PROVIDER_unload(w->deflt);
    OSSL_LIB_CTX_free(w->lib);
    *w = (world){0};
}

/* Both worlds at once, for tests that hold one implementation against the other. */
typedef struct worlds {
    world ours, plain;
} worlds;

static inline int worlds_open(void **state)
{
    static worlds both;
    world_open(&both.ours, WORLD_BUILTIN);
    world_open(&both.plain, WORLD_PLAIN);
    *state = &both;
    return 0;
}

static inline int worlds_close(void **state)
{
    worlds *both = *state;
    world_close(&both->ours);
    world_close(&both->plain);
    return 0;
}

static inline uint64_t world_count(const world *w, const char *name)
{
    char full[64];
    uint64_t n = UINT64_MAX;
    snprintf(full, sizeof full, "wattle.%s", name);
    OSSL_PARAM ask[] = {OSSL_PARAM_construct_uint64(full, &n), OSSL_PARAM_construct_end()};
    assert_int_equal(OSSL_PROVIDER_get_params(w->wattle, ask), 1);
    return n;
}

static inline const char *world_owner(const EVP_PKEY *key)
{
    return OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(key));
}

static const char *const mldsa_names[] = {"ML-DSA-44", "ML-DSA-65", "ML-DSA-87"};
static const size_t mldsa_pub[] = {1312, 1952, 2592};
static const size_t mldsa_priv[] = {2560, 4032, 4896};
static const size_t mldsa_sig[] = {2420, 3309, 4627};
static const uint8_t mldsa_oid[] = {17, 18, 19};

/* A key of this seed (bytes all `fill`), made where the world's query leads. */
static inline EVP_PKEY *world_seeded(const world *w, const char *alg, uint8_t fill)
{
    uint8_t seed[32];
    memset(seed, fill, sizeof seed);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_ML_DSA_SEED, seed, sizeof seed),
                           OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(w->lib, alg, NULL);
    EVP_PKEY *key = NULL;
    assert_non_null(ctx);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_params(ctx, params), 1);
    assert_int_equal(EVP_PKEY_generate(ctx, &key), 1);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

/* A key of these parts; NULL when refused. Empty parts are left out. */
static inline EVP_PKEY *world_import(const world *w, const char *alg, int selection, wtl_bytes pub,
                                     wtl_bytes seed, wtl_bytes priv)
{
    OSSL_PARAM params[4];
    int n = 0;
    if (pub.n > 0)
        params[n++] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)pub.p, pub.n);
    if (seed.n > 0)
        params[n++] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_ML_DSA_SEED, (void *)seed.p, seed.n);
    if (priv.n > 0)
        params[n++] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, (void *)priv.p, priv.n);
    params[n] = OSSL_PARAM_construct_end();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(w->lib, alg, NULL);
    EVP_PKEY *key = NULL;
    assert_non_null(ctx);
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    if (EVP_PKEY_fromdata(ctx, &key, selection, params) != 1)
        assert_null(key);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

/* A part of a key; the caller frees. n 0 and NULL when the key does not give it. */
static inline wtl_bytes world_part(const EVP_PKEY *key, const char *name)
{
    size_t n = 0;
    if (EVP_PKEY_get_octet_string_param(key, name, NULL, 0, &n) != 1 || n == 0)
        return (wtl_bytes){0};
    uint8_t *p = malloc(n);
    assert_non_null(p);
    assert_int_equal(EVP_PKEY_get_octet_string_param(key, name, p, n, &n), 1);
    return (wtl_bytes){p, n};
}

static inline void world_same_part(const EVP_PKEY *a, const EVP_PKEY *b, const char *name)
{
    wtl_bytes x = world_part(a, name);
    wtl_bytes y = world_part(b, name);
    assert_int_equal(x.n, y.n);
    if (x.n > 0)
        assert_memory_equal(x.p, y.p, x.n);
    free((void *)x.p);
    free((void *)y.p);
}

/* What a signature is made or checked with; zero: default's defaults. */
typedef struct recipe {
    const uint8_t *context;
    size_t context_n;
    int deterministic, raw, mu;
    const uint8_t *entropy;
} recipe;

static inline void recipe_params(const recipe *r, OSSL_PARAM out[6])
{
    static int one = 1;
    static int zero = 0;
    int n = 0;
    if (r->context != NULL)
        out[n++] = OSSL_PARAM_construct_octet_string(OSSL_SIGNATURE_PARAM_CONTEXT_STRING, (void *)r->context,
                                                     r->context_n);
    if (r->entropy != NULL)
        out[n++] = OSSL_PARAM_construct_octet_string(OSSL_SIGNATURE_PARAM_TEST_ENTROPY, (void *)r->entropy,
                                                     32);
    if (r->deterministic)
        out[n++] = OSSL_PARAM_construct_int(OSSL_SIGNATURE_PARAM_DETERMINISTIC, &one);
    if (r->raw)
        out[n++] = OSSL_PARAM_construct_int(OSSL_SIGNATURE_PARAM_MESSAGE_ENCODING, &zero);
    if (r->mu)
        out[n++] = OSSL_PARAM_construct_int(OSSL_SIGNATURE_PARAM_MU, &one);
    out[n] = OSSL_PARAM_construct_end();
}

/* 1 and a signature, or what EVP says. sig has room for 4627 bytes. */
static inline int world_sign(const world *w, EVP_PKEY *key, const char *alg, const recipe *r, wtl_bytes msg,
                             uint8_t *sig, size_t *n)
{
    OSSL_PARAM params[6];
    recipe_params(r, params);
    EVP_SIGNATURE *with = EVP_SIGNATURE_fetch(w->lib, alg, NULL);
    assert_non_null(with);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(w->lib, key, NULL);
    assert_non_null(ctx);
    *n = 4627;
    int rc = EVP_PKEY_sign_message_init(ctx, with, params);
    if (rc == 1)
        rc = EVP_PKEY_sign(ctx, sig, n, msg.p, msg.n);
    EVP_PKEY_CTX_free(ctx);
    EVP_SIGNATURE_free(with);
    return rc;
}

static inline int world_verify(const world *w, EVP_PKEY *key, const char *alg, const recipe *r, wtl_bytes msg,
                               const uint8_t *sig, size_t n)
{
    OSSL_PARAM params[6];
    recipe_params(r, params);
    EVP_SIGNATURE *with = EVP_SIGNATURE_fetch(w->lib, alg, NULL);
    assert_non_null(with);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(w->lib, key, NULL);
    assert_non_null(ctx);
    int rc = EVP_PKEY_verify_message_init(ctx, with, params);
    if (rc == 1)
        rc = EVP_PKEY_verify(ctx, sig, n, msg.p, msg.n);
    EVP_PKEY_CTX_free(ctx);
    EVP_SIGNATURE_free(with);
    return rc;
}

#endif
