#include "crypto/sig.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "crypto/lib.h"

enum { CONTEXT_MOST = 255, MU = 64, TR = 64 };

static bool is_mldsa(const wtl_alg *alg)
{
    return strncmp(alg->name, "ML-DSA", 6) == 0;
}

static bool has_context(const wtl_alg *alg)
{
    return (alg->flags & WTL_ALG_PQ) != 0;
}

static int check_opts(const wtl_key *k, wtl_bytes msg, const wtl_sig_opts *o, wtl_err *err)
{
    const wtl_alg *alg = wtl_key_alg(k);
    ENSURE(alg->kind == WTL_ALG_SIG, err, WTL_USAGE, "%s is no signature algorithm", alg->name);
    ENSURE(o->context.n == 0 || has_context(alg), err, WTL_USAGE, "%s signatures have no context string",
           alg->name);
    ENSURE(o->context.n <= CONTEXT_MOST, err, WTL_USAGE, "a context string has at most 255 bytes, not %zu",
           o->context.n);
    if (!o->message_is_mu)
        return WTL_OK;
    ENSURE(is_mldsa(alg), err, WTL_USAGE, "%s has no external mu: ML-DSA alone has", alg->name);
    ENSURE(msg.n == MU && o->context.n == 0, err, WTL_USAGE,
           "an external mu has 64 bytes and the context string already inside");
    return WTL_OK;
}

/* FIPS 186-5 and RFC 5656: the hash goes with the curve. */
static const char *digest_of(const wtl_alg *alg)
{
    switch (alg->id) {
    case WTL_ALG_ID_ECDSA_P256:
        return "SHA2-256";
    case WTL_ALG_ID_ECDSA_P384:
        return "SHA2-384";
    case WTL_ALG_ID_ECDSA_P521:
        return "SHA2-512";
    default:
        return NULL;
    }
}

/* OpenSSL's parameters for the options. The list points into the structure: it is not to be copied. */
typedef struct param_list {
    OSSL_PARAM list[4];
    size_t n;
    int on;
    unsigned nonce_type;
} param_list;

static void params_of(const wtl_alg *alg, const wtl_sig_opts *o, bool sign, param_list *p)
{
    *p = (param_list){.on = 1, .nonce_type = 1};
    if (o->context.n > 0)
        p->list[p->n++] = OSSL_PARAM_construct_octet_string(OSSL_SIGNATURE_PARAM_CONTEXT_STRING,
                                                            (void *)(uintptr_t)o->context.p, o->context.n);
    if (o->message_is_mu)
        p->list[p->n++] = OSSL_PARAM_construct_int(OSSL_SIGNATURE_PARAM_MU, &p->on);
    if (sign && o->deterministic && has_context(alg))
        p->list[p->n++] = OSSL_PARAM_construct_int(OSSL_SIGNATURE_PARAM_DETERMINISTIC, &p->on);
    /* 1: RFC 6979, FIPS 186-5 appendix A.3.3 */
    if (sign && o->deterministic && alg->group != NULL)
        p->list[p->n++] = OSSL_PARAM_construct_uint(OSSL_SIGNATURE_PARAM_NONCE_TYPE, &p->nonce_type);
    p->list[p->n] = OSSL_PARAM_construct_end();
}

static void note_server(const wtl_key *k)
{
    if ((wtl_key_alg(k)->flags & WTL_ALG_OURS) != 0)
        wtl_lib_served(wtl_key_evp(k), wtl_key_alg(k)->name);
}

static const wtl_sig_opts no_opts;

int wtl_sig_sign(const wtl_key *k, wtl_bytes msg, const wtl_sig_opts *opts, wtl_buf *sig, wtl_err *err)
{
    const wtl_alg *alg = wtl_key_alg(k);
    opts = opts != NULL ? opts : &no_opts;
    TRY(check_opts(k, msg, opts, err));
    ENSURE(wtl_key_is_private(k), err, WTL_USAGE, "this is a public %s key: signing takes the private one",
           alg->name);
    note_server(k);
    param_list params;
    params_of(alg, opts, true, &params);
    size_t had = sig->n;
    size_t n = alg->out;
    uint8_t *to = wtl_buf_grow(sig, n);
    TRY(wtl_buf_check(sig, err));
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx != NULL &&
              EVP_DigestSignInit_ex(ctx, NULL, digest_of(alg), wtl_lib_ctx(), NULL, wtl_key_evp(k),
                                    params.list) == 1 &&
              EVP_DigestSign(ctx, to, &n, msg.p, msg.n) == 1 && n <= alg->out;
    EVP_MD_CTX_free(ctx);
    sig->n = ok ? had + n : had;
    if (!ok)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL cannot sign with %s", alg->name);
    return WTL_OK;
}

int wtl_sig_verify(const wtl_key *k, wtl_bytes msg, const wtl_sig_opts *opts, wtl_bytes sig, wtl_err *err)
{
    const wtl_alg *alg = wtl_key_alg(k);
    opts = opts != NULL ? opts : &no_opts;
    TRY(check_opts(k, msg, opts, err));
    ENSURE(sig.n > 0 && sig.n <= alg->out, err, WTL_NO, "a signature of %s does not have %zu bytes",
           alg->name, sig.n);
    note_server(k);
    param_list params;
    params_of(alg, opts, false, &params);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ready = ctx != NULL && EVP_DigestVerifyInit_ex(ctx, NULL, digest_of(alg), wtl_lib_ctx(), NULL,
                                                        wtl_key_evp(k), params.list) == 1;
    bool good = ready && EVP_DigestVerify(ctx, sig.p, sig.n, msg.p, msg.n) == 1;
    EVP_MD_CTX_free(ctx);
    if (!ready)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL cannot verify %s", alg->name);
    if (!good)
        return WTL_FAIL_OSSL(err, WTL_NO, "the %s signature is not one of this message by this key",
                             alg->name);
    return WTL_OK;
}

/* 64 bytes of SHAKE256(a || b || c). */
static int shake(wtl_bytes a, wtl_bytes b, wtl_bytes c, uint8_t out[64], wtl_err *err)
{
    EVP_MD *md = EVP_MD_fetch(wtl_lib_ctx(), "SHAKE256", NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = md != NULL && ctx != NULL && EVP_DigestInit_ex2(ctx, md, NULL) == 1 &&
              EVP_DigestUpdate(ctx, a.p, a.n) == 1 && EVP_DigestUpdate(ctx, b.p, b.n) == 1 &&
              EVP_DigestUpdate(ctx, c.p, c.n) == 1 && EVP_DigestFinalXOF(ctx, out, 64) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_MD_free(md);
    if (!ok)
        return WTL_FAIL_OSSL(err, WTL_BUG, "OpenSSL cannot compute SHAKE256");
    return WTL_OK;
}

int wtl_sig_mu(const wtl_key *k, wtl_bytes msg, wtl_bytes context, uint8_t mu[64], wtl_err *err)
{
    const wtl_alg *alg = wtl_key_alg(k);
    ENSURE(is_mldsa(alg), err, WTL_USAGE, "%s has no external mu: ML-DSA alone has", alg->name);
    ENSURE(context.n <= CONTEXT_MOST, err, WTL_USAGE, "a context string has at most 255 bytes, not %zu",
           context.n);
    AUTO(wtl_buf) public = {0};
    TRY(wtl_key_public_raw(k, &public, err));
    uint8_t tr[TR];
    TRY(shake(wtl_buf_view(&public), (wtl_bytes){0}, (wtl_bytes){0}, tr, err));
    /* FIPS 204 algorithms 2 and 7: 0 stands for the pure variant. */
    uint8_t prefix[2 + CONTEXT_MOST] = {0, (uint8_t)context.n};
    if (context.n > 0)
        memcpy(prefix + 2, context.p, context.n);
    return shake((wtl_bytes){tr, TR}, (wtl_bytes){prefix, 2 + context.n}, msg, mu, err);
}
