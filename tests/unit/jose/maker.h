/* Keys of every algorithm of tokens, sets of them, and tokens of any content with a right signature. */
#ifndef WTL_TESTS_JOSE_MAKER_H
#define WTL_TESTS_JOSE_MAKER_H

#include "unit.h"

#include "base/text.h"
#include "crypto/sig.h"
#include "jose/ecsig.h"
#include "jose/jwk.h"
#include "jose/token.h"

enum { NOW = 1800000000 };
#define CLAIMS "{\"sub\":\"u7\",\"exp\":1800000600}"

typedef struct maker {
    enum wtl_alg_id id;
    const char *alg;
    wtl_key *key;
} maker;
static maker makers[] = {
    {WTL_ALG_ID_MLDSA44, "ML-DSA-44", NULL}, {WTL_ALG_ID_MLDSA65, "ML-DSA-65", NULL},
    {WTL_ALG_ID_MLDSA87, "ML-DSA-87", NULL}, {WTL_ALG_ID_ECDSA_P256, "ES256", NULL},
    {WTL_ALG_ID_ECDSA_P384, "ES384", NULL},  {WTL_ALG_ID_ECDSA_P521, "ES512", NULL},
    {WTL_ALG_ID_ED25519, "EdDSA", NULL},
};
enum { MAKERS = sizeof makers / sizeof makers[0], MLDSA44 = 0, ES256 = 3, EDDSA = 6 };
static wtl_jwks *all;    /* every maker's key; kid = its place */
static wtl_jwks *no_kid; /* the same without kid */

static inline wtl_jwks *set_of(const size_t *which, size_t n, bool kid)
{
    wtl_err err = {0};
    AUTO(wtl_buf) text = {0};
    wtl_jwks *s = NULL;
    wtl_buf_str(&text, "{\"keys\":[");
    for (size_t i = 0; i < n; i++) {
        char name[8];
        AUTO(wtl_buf) jwk = {0};
        snprintf(name, sizeof name, "%zu", which[i]);
        assert_good(wtl_jwk_write_public(makers[which[i]].key, name, &jwk, &err), &err);
        char *line = wtl_buf_cstr(&jwk);
        char *at = strstr(line, "\"kid\":");
        if (!kid)
            memcpy(at, "\"kxd\":", 6);
        wtl_buf_fmt(&text, "%s%s", i > 0 ? "," : "", line);
    }
    wtl_buf_str(&text, "]}");
    assert_good(wtl_jwks_parse(&s, wtl_buf_view(&text), &err), &err);
    return s;
}

static inline int make_all(void **state)
{
    (void)state;
    size_t which[MAKERS];
    for (size_t i = 0; i < MAKERS; i++) {
        which[i] = i;
        if (wtl_key_generate(&makers[i].key, wtl_alg_at(makers[i].id), NULL) != WTL_OK)
            return -1;
    }
    all = set_of(which, MAKERS, true);
    no_kid = set_of(which, MAKERS, false);
    return 0;
}

static inline int free_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < MAKERS; i++)
        wtl_key_free(makers[i].key);
    wtl_jwks_free(all);
    wtl_jwks_free(no_kid);
    return 0;
}

/* A token of any header and payload, signed right. */
static inline void forge_bytes(wtl_buf *out, wtl_bytes header, wtl_bytes claims, size_t m)
{
    const wtl_alg *alg = wtl_alg_at(makers[m].id);
    AUTO(wtl_buf) sig = {0};
    AUTO(wtl_buf) raw = {0};
    wtl_buf_clear(out);
    wtl_text_b64url_encode(out, header);
    wtl_buf_str(out, ".");
    wtl_text_b64url_encode(out, claims);
    assert_int_equal(wtl_sig_sign(makers[m].key, wtl_buf_view(out), NULL, &sig, NULL), WTL_OK);
    wtl_buf_str(out, ".");
    if (alg->group != NULL)
        assert_int_equal(wtl_ecsig_to_raw(wtl_buf_view(&sig), alg->seed, &raw, NULL), WTL_OK);
    wtl_text_b64url_encode(out, wtl_buf_view(alg->group != NULL ? &raw : &sig));
}

static inline void forge(wtl_buf *out, const char *header, const char *claims, size_t m)
{
    forge_bytes(out, wtl_text_of(header), wtl_text_of(claims), m);
}

static inline int check(const wtl_buf *token, const wtl_jwks *set, const wtl_token_policy *p, int64_t now,
                        enum wtl_token_reason *why, wtl_err *err)
{
    AUTO(wtl_token) t = {0};
    int rc = wtl_token_verify(&t, wtl_buf_view(token), set, p, now, err);
    *why = t.reason;
    assert_true((rc == WTL_OK) == (t.reason == WTL_TOKEN_GOOD));
    assert_true(rc == WTL_OK || (t.own == NULL && t.sub == NULL && t.payload.p == NULL && t.alg == NULL));
    return rc;
}

static inline void wants(const wtl_buf *token, const wtl_jwks *set, const wtl_token_policy *p, int64_t now,
                         int rc, enum wtl_token_reason reason, const char *what)
{
    wtl_err err = {0};
    enum wtl_token_reason why;
    int got = check(token, set, p, now, &why, &err);
    if (got != rc || why != reason)
        fail_msg("%s gave %s, %s: %s", what, wtl_rc_name(got), wtl_token_reason_name((int)why), err.text);
    assert_true(rc == WTL_OK || (err.text[0] != '\0' && err.code == rc));
}

#endif
