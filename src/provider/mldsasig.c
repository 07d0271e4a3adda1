/* Signatures of ML-DSA (provider-signature(7)), with the parameters of OpenSSL's default provider (EVP_SIGNATURE-ML-DSA(7)). */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>

#include "provider/mldsakey.h"

enum { ENCODING_RAW = 0, ENCODING_PURE = 1 };

typedef struct signer {
    wtl_prov *p;
    enum wtl_mldsa_set set;
    wtl_mldsakey *key; /* a reference of its own */
    uint8_t context[WTL_MLDSA_CONTEXT_MOST];
    size_t context_n;
    uint8_t entropy[WTL_MLDSA_RND];
    bool has_entropy;
    int encoding, deterministic, is_mu;
} signer;

static void *new_signer(wtl_prov *p, enum wtl_mldsa_set set)
{
    signer *s = OPENSSL_zalloc(sizeof *s);
    if (s == NULL)
        return NULL;
    s->p = p;
    s->set = set;
    s->encoding = ENCODING_PURE;
    return s;
}

static void free_signer(void *ctx)
{
    signer *s = ctx;
    if (s == NULL)
        return;
    wtl_mldsakey_free(s->key);
    OPENSSL_clear_free(s, sizeof *s);
}

static void *dup_signer(void *ctx)
{
    const signer *s = ctx;
    signer *copy = OPENSSL_memdup(s, sizeof *s);
    if (copy != NULL && copy->key != NULL)
        (void)wtl_mldsakey_share(copy->key);
    return copy;
}

static int take_context(signer *s, const OSSL_PARAM *at)
{
    if (at == NULL)
        return 1;
    void *to = s->context;
    s->context_n = 0;
    if (OSSL_PARAM_get_octet_string(at, &to, sizeof s->context, &s->context_n))
        return 1;
    s->context_n = 0;
    return WTL_PROV_FAIL(s->p, WTL_USAGE, "the context of an ML-DSA signature has at most %d bytes",
                         WTL_MLDSA_CONTEXT_MOST);
}

static int take_entropy(signer *s, const OSSL_PARAM *at)
{
    if (at == NULL)
        return 1;
    void *to = s->entropy;
    size_t n = 0;
    s->has_entropy = OSSL_PARAM_get_octet_string(at, &to, sizeof s->entropy, &n) && n == sizeof s->entropy;
    return s->has_entropy ||
           WTL_PROV_FAIL(s->p, WTL_USAGE, "the test entropy of an ML-DSA signature has %d bytes",
                         WTL_MLDSA_RND);
}

static int take_number(const OSSL_PARAM *at, int *out)
{
    return at == NULL || OSSL_PARAM_get_int(at, out);
}

static int set_params(void *ctx, const OSSL_PARAM params[])
{
    signer *s = ctx;
    if (s == NULL)
        return 0;
    if (params == NULL || params[0].key == NULL)
        return 1;
    return take_context(s, OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_CONTEXT_STRING)) &&
           take_entropy(s, OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_TEST_ENTROPY)) &&
           take_number(OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_DETERMINISTIC),
                       &s->deterministic) &&
           take_number(OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_MESSAGE_ENCODING),
                       &s->encoding) &&
           take_number(OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_MU), &s->is_mu);
}

static const OSSL_PARAM *settable(void *ctx, void *provctx)
{
    (void)ctx;
    (void)provctx;
    static const OSSL_PARAM list[] = {OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_CONTEXT_STRING, NULL, 0),
                                      OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_TEST_ENTROPY, NULL, 0),
                                      OSSL_PARAM_int(OSSL_SIGNATURE_PARAM_DETERMINISTIC, NULL),
                                      OSSL_PARAM_int(OSSL_SIGNATURE_PARAM_MU, NULL),
                                      OSSL_PARAM_int(OSSL_SIGNATURE_PARAM_MESSAGE_ENCODING, NULL),
                                      OSSL_PARAM_END};
    return list;
}

static const OSSL_PARAM *gettable(void *ctx, void *provctx)
{
    (void)ctx;
    (void)provctx;
    static const OSSL_PARAM list[] = {OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, NULL, 0),
                                      OSSL_PARAM_END};
    return list;
}

static int get_params(void *ctx, OSSL_PARAM params[])
{
    const signer *s = ctx;
    if (s == NULL)
        return 0;
    const wtl_decoder_kind *kind = &wtl_mldsakey_kinds[s->set];
    OSSL_PARAM *at = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID);
    return at == NULL || OSSL_PARAM_set_octet_string(at, kind->algorithm, kind->algorithm_n);
}

/* Context, entropy and mode outlast a new key, as in the default provider; mu does not. */
static int init(void *ctx, void *keydata, const OSSL_PARAM params[])
{
    signer *s = ctx;
    wtl_mldsakey *k = keydata;
    if (s == NULL)
        return 0;
    if (k == NULL && s->key == NULL)
        return WTL_PROV_FAIL(s->p, WTL_USAGE, "no key was given to sign or verify with");
    if (k != NULL && k->set != s->set)
        return WTL_PROV_FAIL(s->p, WTL_USAGE, "this is a key of %s, and the signature is of %s",
                             wtl_mldsakey_kinds[k->set].name, wtl_mldsakey_kinds[s->set].name);
    if (k != NULL) {
        (void)wtl_mldsakey_share(k);
        wtl_mldsakey_free(s->key);
        s->key = k;
    }
    s->is_mu = 0;
    return set_params(s, params);
}

static int digest_init(void *ctx, const char *digest, void *keydata, const OSSL_PARAM params[])
{
    const signer *s = ctx;
    if (s != NULL && digest != NULL && digest[0] != '\0')
        return WTL_PROV_FAIL(s->p, WTL_USAGE, "ML-DSA hashes its message itself: name no digest");
    return init(ctx, keydata, params);
}

static wtl_mldsa_what what_of(const signer *s, const uint8_t *msg, size_t n)
{
    return (wtl_mldsa_what){.msg = {msg, n},
                            .context = {s->context, s->context_n},
                            .is_mu = s->is_mu != 0,
                            .is_encoded = s->encoding == ENCODING_RAW};
}

/* Test entropy goes before the deterministic mode, as in the default provider. */
static int make_signature(signer *s, uint8_t *sig, const uint8_t *msg, size_t n)
{
    uint8_t fresh[WTL_MLDSA_RND] = {0};
    wtl_mldsa_what what = what_of(s, msg, n);
    what.verify_after = s->p->verify_after_sign;
    if (s->has_entropy)
        what.rnd = s->entropy;
    else if (s->deterministic != 1)
        what.rnd = fresh;
    if (what.rnd == fresh && !wtl_prov_random(s->p, fresh, sizeof fresh))
        return 0;
    wtl_err err = {0};
    wtl_mldsa_key *key = NULL;
    AUTO(wtl_mldsa) *mine = NULL;
    int rc = wtl_mldsakey_take(s->key, &key, &mine, &err);
    if (rc == WTL_OK)
        rc = wtl_mldsa_sign(key, &what, sig, &err);
    wtl_secret_wipe(fresh, sizeof fresh);
    if (rc < 0)
        return wtl_prov_raise(s->p, &err);
    wtl_prov_count(s->p, WTL_PROV_MLDSA_SIGN);
    return 1;
}

static int sign(void *ctx, uint8_t *sig, size_t *n, size_t room, const uint8_t *msg, size_t msg_n)
{
    signer *s = ctx;
    if (s == NULL || s->key == NULL || wtl_mldsakey_is_empty(s->key))
        return 0;
    size_t size = wtl_mldsa_params_of(s->set)->sig;
    if (sig != NULL && room < size)
        return WTL_PROV_FAIL(s->p, WTL_USAGE, "a signature of %s needs room for %zu bytes, and there are %zu",
                             wtl_mldsakey_kinds[s->set].name, size, room);
    if (sig != NULL && !make_signature(s, sig, msg, msg_n))
        return 0;
    *n = size;
    return 1;
}

static int verify(void *ctx, const uint8_t *sig, size_t n, const uint8_t *msg, size_t msg_n)
{
    signer *s = ctx;
    if (s == NULL || s->key == NULL || wtl_mldsakey_is_empty(s->key))
        return 0;
    wtl_mldsa_what what = what_of(s, msg, msg_n);
    wtl_err err = {0};
    wtl_mldsa_key *key = NULL;
    AUTO(wtl_mldsa) *mine = NULL;
    int rc = wtl_mldsakey_take(s->key, &key, &mine, &err);
    if (rc == WTL_OK)
        rc = wtl_mldsa_verify(key, &what, (wtl_bytes){sig, n}, &err);
    wtl_prov_count(s->p, WTL_PROV_MLDSA_VERIFY);
    if (rc == WTL_OK)
        return 1;
    return rc == WTL_NO ? 0 : wtl_prov_raise(s->p, &err);
}

#define ROW(id, function) {id, (void (*)(void))(function)}
#define TABLE(bits)                                                                                   \
    static void *new_##bits(void *provctx, const char *propq)                                         \
    {                                                                                                 \
        (void)propq;                                                                                  \
        return new_signer(provctx, WTL_MLDSA_##bits);                                                 \
    }                                                                                                 \
    const OSSL_DISPATCH wtl_mldsasig_##bits[] = {ROW(OSSL_FUNC_SIGNATURE_NEWCTX, new_##bits), COMMON, \
                                                 OSSL_DISPATCH_END}
#define COMMON                                                                                               \
    ROW(OSSL_FUNC_SIGNATURE_FREECTX, free_signer), ROW(OSSL_FUNC_SIGNATURE_DUPCTX, dup_signer),              \
        ROW(OSSL_FUNC_SIGNATURE_SIGN_MESSAGE_INIT, init), ROW(OSSL_FUNC_SIGNATURE_SIGN, sign),               \
        ROW(OSSL_FUNC_SIGNATURE_VERIFY_MESSAGE_INIT, init), ROW(OSSL_FUNC_SIGNATURE_VERIFY, verify),         \
        ROW(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, digest_init), ROW(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, sign),  \
        ROW(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY_INIT, digest_init),                                            \
        ROW(OSSL_FUNC_SIGNATURE_DIGEST_VERIFY, verify), ROW(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, set_params), \
        ROW(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, settable),                                              \
        ROW(OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, get_params),                                                 \
        ROW(OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, gettable)

TABLE(44);
TABLE(65);
TABLE(87);
