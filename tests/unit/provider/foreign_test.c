/* Keys that cannot leave another provider (a smart card's): wattle takes nothing of them, and its query does not keep them from work. */
#include "world.h"

#include <openssl/core_dispatch.h>

/* The provider `vault`: ML-DSA-65 with keys that it neither exports nor imports. A signature is the word "vault" alone. */
enum { VAULT_SIG = 5 };
static int vault_signed;

typedef struct thing {
    int unused;
} thing;

static void *vault_make(void *ctx)
{
    (void)ctx;
    return OPENSSL_zalloc(sizeof(thing));
}

static void vault_free(void *it)
{
    OPENSSL_free(it);
}

static void *vault_gen_init(void *ctx, int selection, const OSSL_PARAM params[])
{
    (void)selection;
    (void)params;
    return vault_make(ctx);
}

static void *vault_gen(void *it, OSSL_CALLBACK *cb, void *arg)
{
    (void)cb;
    (void)arg;
    return vault_make(it);
}

static int vault_has(const void *it, int selection)
{
    (void)selection;
    return it != NULL;
}

static int vault_get(void *it, OSSL_PARAM params[])
{
    (void)it;
    OSSL_PARAM *most = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_MAX_SIZE);
    OSSL_PARAM *bits = OSSL_PARAM_locate(params, OSSL_PKEY_PARAM_SECURITY_BITS);
    return (most == NULL || OSSL_PARAM_set_int(most, VAULT_SIG)) &&
           (bits == NULL || OSSL_PARAM_set_int(bits, 192));
}

static const OSSL_PARAM *vault_gettable(void *ctx)
{
    (void)ctx;
    static const OSSL_PARAM list[] = {OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
                                      OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL), OSSL_PARAM_END};
    return list;
}

static void *vault_sig_new(void *ctx, const char *query)
{
    (void)query;
    return vault_make(ctx);
}

static int vault_sign_init(void *ctx, const char *md, void *key, const OSSL_PARAM params[])
{
    (void)ctx;
    (void)md;
    (void)params;
    return key != NULL;
}

static int vault_sign(void *ctx, unsigned char *sig, size_t *n, size_t room, const unsigned char *msg,
                      size_t msg_n)
{
    (void)ctx;
    (void)msg;
    (void)msg_n;
    *n = VAULT_SIG;
    if (sig == NULL)
        return 1;
    if (room < VAULT_SIG)
        return 0;
    memcpy(sig, "vault", VAULT_SIG);
    vault_signed++;
    return 1;
}

#define ROW(id, function) {id, (void (*)(void))(function)}
static const OSSL_DISPATCH vault_keys[] = {ROW(OSSL_FUNC_KEYMGMT_NEW, vault_make),
                                           ROW(OSSL_FUNC_KEYMGMT_FREE, vault_free),
                                           ROW(OSSL_FUNC_KEYMGMT_GEN_INIT, vault_gen_init),
                                           ROW(OSSL_FUNC_KEYMGMT_GEN, vault_gen),
                                           ROW(OSSL_FUNC_KEYMGMT_GEN_CLEANUP, vault_free),
                                           ROW(OSSL_FUNC_KEYMGMT_HAS, vault_has),
                                           ROW(OSSL_FUNC_KEYMGMT_GET_PARAMS, vault_get),
                                           ROW(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, vault_gettable),
                                           OSSL_DISPATCH_END};
static const OSSL_DISPATCH vault_sigs[] = {
    ROW(OSSL_FUNC_SIGNATURE_NEWCTX, vault_sig_new), ROW(OSSL_FUNC_SIGNATURE_FREECTX, vault_free),
    ROW(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, vault_sign_init),
    ROW(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, vault_sign), OSSL_DISPATCH_END};

static const OSSL_ALGORITHM *vault_query(void *ctx, int operation, int *no_cache)
{
    (void)ctx;
    static const OSSL_ALGORITHM keys[] = {{"ML-DSA-65", "provider=vault", vault_keys, NULL},
                                          {NULL, NULL, NULL, NULL}};
    static const OSSL_ALGORITHM sigs[] = {{"ML-DSA-65", "provider=vault", vault_sigs, NULL},
                                          {NULL, NULL, NULL, NULL}};
    *no_cache = 0;
    return operation == OSSL_OP_KEYMGMT ? keys : operation == OSSL_OP_SIGNATURE ? sigs : NULL;
}

static int vault_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                      void **ctx)
{
    static const OSSL_DISPATCH functions[] = {ROW(OSSL_FUNC_PROVIDER_QUERY_OPERATION, vault_query),
                                              OSSL_DISPATCH_END};
    (void)in;
    *out = functions;
    *ctx = (void *)(uintptr_t)handle;
    return 1;
}

static void stays_where_it_is(void **state)
{
    (void)state;
    world w;
    world_open(&w, WORLD_BUILTIN);
    assert_int_equal(OSSL_PROVIDER_add_builtin(w.lib, "vault", vault_init), 1);
    OSSL_PROVIDER *vault = OSSL_PROVIDER_load(w.lib, "vault");
    assert_non_null(vault);
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *gen = EVP_PKEY_CTX_new_from_name(w.lib, "ML-DSA-65", "provider=vault");
    assert_int_equal(EVP_PKEY_keygen_init(gen), 1);
    assert_int_equal(EVP_PKEY_generate(gen, &key), 1);
    EVP_PKEY_CTX_free(gen);
    assert_string_equal(world_owner(key), "vault");

    uint8_t sig[4627];
    size_t n = sizeof sig;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit_ex(md, NULL, NULL, w.lib, NULL, key, NULL), 1);
    assert_int_equal(EVP_DigestSign(md, sig, &n, (const uint8_t *)"weights", 7), 1);
    assert_int_equal(n, VAULT_SIG);
    assert_memory_equal(sig, "vault", VAULT_SIG);
    assert_int_equal(vault_signed, 1);
    EVP_MD_CTX_free(md);

    /* Asked for by name, wattle cannot have it, and says no. */
    EVP_SIGNATURE *ours = EVP_SIGNATURE_fetch(w.lib, "ML-DSA-65", "provider=wattle");
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(w.lib, key, NULL);
    assert_non_null(ours);
    assert_true(EVP_PKEY_sign_message_init(ctx, ours, NULL) <= 0);
    assert_int_equal(world_count(&w, "mldsa-sign"), 0);
    EVP_PKEY_CTX_free(ctx);
    EVP_SIGNATURE_free(ours);
    EVP_PKEY_free(key);
    ERR_clear_error();
    assert_int_equal(OSSL_PROVIDER_unload(vault), 1);
    world_close(&w);
}

/* Those of default come over, as often as they are used. */
static void those_of_default_come(void **state)
{
    (void)state;
    world w;
    world_open(&w, WORLD_BUILTIN);
    recipe plain = {0};
    uint8_t sig[4627];
    size_t n;
    wtl_bytes msg = {(const uint8_t *)"weights", 7};
    EVP_PKEY *key = EVP_PKEY_Q_keygen(w.lib, "provider=default", "ML-DSA-65");
    assert_string_equal(world_owner(key), "default");
    for (uint64_t i = 1; i <= 3; i++) {
        assert_int_equal(world_sign(&w, key, "ML-DSA-65", &plain, msg, sig, &n), 1);
        assert_int_equal(world_verify(&w, key, "ML-DSA-65", &plain, msg, sig, n), 1);
        assert_int_equal(world_count(&w, "mldsa-sign"), i);
    }
    EVP_PKEY_free(key);
    world_close(&w);
}

int main(void)
{
    unsetenv("WATTLE_CPU");
    const struct CMUnitTest tests[] = {cmocka_unit_test(stays_where_it_is),
                                       cmocka_unit_test(those_of_default_come)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
