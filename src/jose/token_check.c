#include <string.h>

#include "base/text.h"
#include "crypto/sig.h"
#include "jose/ecsig.h"
#include "jose/token_impl.h"

enum { LEEWAY_MOST = 86400, SHOWN_MOST = 80 };

static const wtl_token_policy no_policy;

static bool among(const char *s, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(s, list[i]) == 0)
            return true;
    }
    return false;
}

/* A text of the token, safe to print, cut short; valid until `b` changes. */
static const char *shown(wtl_buf *b, const char *text)
{
    wtl_text_quote(b, (wtl_bytes){(const uint8_t *)text, strnlen(text, SHOWN_MOST)});
    const char *s = wtl_buf_cstr(b);
    return s != NULL ? s : "";
}

/* ---- signature */

static int check_allowed(const wtl_token *t, const wtl_token_policy *p, wtl_err *err)
{
    for (size_t i = 0; i < p->n_algs; i++) {
        const char *name;
        ENSURE(wtl_jwk_kind_by_alg(p->algs[i], &name) != NULL, err, WTL_USAGE,
               "'%s' is no algorithm of tokens: ML-DSA-44, ML-DSA-65, ML-DSA-87, ES256, ES384, ES512, EdDSA "
               "and Ed25519 are",
               p->algs[i]);
    }
    ENSURE(p->n_algs == 0 || among(t->alg, p->algs, p->n_algs), err, WTL_POLICY,
           "the token is signed by %s, which is not allowed here", t->alg);
    ENSURE(!p->pq_only || (wtl_alg_at(t->own->kind->id)->flags & WTL_ALG_PQ) != 0, err, WTL_POLICY,
           "the token is signed by %s, which does not withstand quantum computers", t->alg);
    return WTL_OK;
}

/* The key decides what verifies: its type, and the alg that its JWK names. */
static bool is_of(const wtl_token *t, const wtl_jwks_key *k)
{
    return wtl_key_alg(k->key)->id == (int)t->own->kind->id &&
           (k->alg == NULL || strcmp(k->alg, t->alg) == 0);
}

static int by_kid(wtl_token *t, const wtl_jwks *set, size_t *key, wtl_err *err)
{
    AUTO(wtl_buf) b = {0};
    size_t i = 0;
    const wtl_jwks_key *k;
    while ((k = wtl_jwks_at(set, i)) != NULL && (k->kid == NULL || strcmp(k->kid, t->kid) != 0))
        i++;
    t->reason = WTL_TOKEN_NO_KEY;
    ENSURE(k != NULL, err, WTL_NO, "the set has no key with the token's kid \"%s\"", shown(&b, t->kid));
    t->reason = WTL_TOKEN_KEY_ALGORITHM;
    ENSURE(is_of(t, k), err, WTL_NO, "the token's alg is %s, and the key of its kid \"%s\" is for %s", t->alg,
           shown(&b, t->kid), k->alg != NULL ? k->alg : "EdDSA");
    *key = i;
    return WTL_OK;
}

static int by_algorithm(wtl_token *t, const wtl_jwks *set, size_t *key, wtl_err *err)
{
    size_t found = 0;
    for (size_t i = wtl_jwks_count(set); i-- > 0;) {
        if (is_of(t, wtl_jwks_at(set, i))) {
            *key = i;
            found++;
        }
    }
    t->reason = WTL_TOKEN_NO_KEY;
    ENSURE(found > 0, err, WTL_NO, "the set has no %s key", t->alg);
    t->reason = WTL_TOKEN_MANY_KEYS;
    ENSURE(found == 1, err, WTL_NO, "the token has no kid, and the set has %zu %s keys: which is meant?",
           found, t->alg);
    return WTL_OK;
}

static int check_signature(const wtl_token *t, const wtl_key *k, wtl_err *err)
{
    wtl_bytes input = {t->text.p, t->own->input};
    wtl_bytes sig = wtl_buf_view(&t->own->sig);
    AUTO(wtl_buf) der = {0};
    if (wtl_key_alg(k)->group != NULL) {
        TRY(wtl_ecsig_to_der(sig, &der, err));
        sig = wtl_buf_view(&der);
    }
    return wtl_sig_verify(k, input, NULL, sig, err);
}

static int find_and_check(wtl_token *t, const wtl_jwks *set, const wtl_token_policy *p, wtl_err *err)
{
    size_t key = 0;
    t->reason = WTL_TOKEN_ALGORITHM;
    TRY(check_allowed(t, p, err));
    TRY(t->kid != NULL ? by_kid(t, set, &key, err) : by_algorithm(t, set, &key, err));
    t->reason = WTL_TOKEN_SIGNATURE;
    TRY(check_signature(t, wtl_jwks_at(set, key)->key, err));
    t->key = key;
    return WTL_OK;
}

int wtl_token_signature(wtl_token *t, const wtl_jwks *set, const wtl_token_policy *policy, wtl_err *err)
{
    int rc = find_and_check(t, set, policy != NULL ? policy : &no_policy, err);
    t->reason = wtl_token_reason_with(rc, t->reason);
    return rc;
}

/* ---- claims */

static int check_policy(const wtl_token_policy *p, int64_t now, wtl_err *err)
{
    ENSURE(p->leeway >= 0 && p->leeway <= LEEWAY_MOST, err, WTL_USAGE, "the leeway is 0 to %d seconds",
           (int)LEEWAY_MOST);
    ENSURE(p->max_age >= 0 && p->max_age <= WTL_TOKEN_TIME_MOST, err, WTL_USAGE,
           "the most that a token may be old is no number of seconds");
    ENSURE(now >= 0 && now <= WTL_TOKEN_TIME_MOST, err, WTL_USAGE,
           "the time to judge by is not between the years 1970 and 9999");
    return WTL_OK;
}

static int check_type(const wtl_token *t, const wtl_token_policy *p, enum wtl_token_reason *why, wtl_err *err)
{
    AUTO(wtl_buf) b = {0};
    *why = WTL_TOKEN_TYPE;
    ENSURE(p->typ == NULL || (t->typ != NULL && wtl_token_same_type(t->typ, p->typ)), err, WTL_NO,
           "the token's typ is \"%s\", and another is wanted", t->typ != NULL ? shown(&b, t->typ) : "");
    return WTL_OK;
}

static int check_bounds(const wtl_token *t, const wtl_token_policy *p, int64_t now,
                        enum wtl_token_reason *why, wtl_err *err)
{
    *why = WTL_TOKEN_UNDATED;
    ENSURE(t->has_exp || p->without_expiry, err, WTL_POLICY, "the token never expires: it has no exp");
    *why = WTL_TOKEN_EXPIRED;
    ENSURE(!t->has_exp || now < t->exp + p->leeway, err, WTL_NO, "the token has expired, %lld seconds ago",
           (long long)(now - t->exp));
    *why = WTL_TOKEN_EARLY;
    ENSURE(!t->has_nbf || now >= t->nbf - p->leeway, err, WTL_NO,
           "the token is not valid yet: its nbf is %lld seconds ahead", (long long)(t->nbf - now));
    return WTL_OK;
}

static int check_age(const wtl_token *t, const wtl_token_policy *p, int64_t now, enum wtl_token_reason *why,
                     wtl_err *err)
{
    if (p->max_age == 0)
        return WTL_OK;
    *why = WTL_TOKEN_UNDATED;
    ENSURE(t->has_iat, err, WTL_POLICY, "the token does not say when it was issued: it has no iat");
    *why = WTL_TOKEN_EARLY;
    ENSURE(now >= t->iat - p->leeway, err, WTL_NO, "the token's iat is %lld seconds ahead",
           (long long)(t->iat - now));
    *why = WTL_TOKEN_OLD;
    ENSURE(now - t->iat <= p->max_age + p->leeway, err, WTL_NO, "the token was issued %lld seconds ago",
           (long long)(now - t->iat));
    return WTL_OK;
}

static int check_issuer(const wtl_token *t, const wtl_token_policy *p, enum wtl_token_reason *why,
                        wtl_err *err)
{
    AUTO(wtl_buf) b = {0};
    *why = WTL_TOKEN_ISSUER;
    ENSURE(p->n_issuers == 0 || t->iss != NULL, err, WTL_NO, "the token names no issuer");
    ENSURE(p->n_issuers == 0 || among(t->iss, p->issuers, p->n_issuers), err, WTL_NO,
           "the token's issuer is \"%s\", and another is wanted", shown(&b, t->iss));
    return WTL_OK;
}

/* RFC 7519 section 4.1.3: "If the principal processing the claim does not identify itself with a value in the "aud" claim
 * when this claim is present, then the JWT MUST be rejected." */
static int check_audience(const wtl_token *t, const wtl_token_policy *p, enum wtl_token_reason *why,
                          wtl_err *err)
{
    AUTO(wtl_buf) b = {0};
    if (p->any_audience)
        return WTL_OK;
    *why = WTL_TOKEN_AUDIENCE;
    ENSURE(p->n_audiences > 0 || !t->has_aud, err, WTL_NO,
           "the token is for the audience \"%s\", and none was named here",
           t->n_aud > 0 ? shown(&b, t->aud[0]) : "");
    ENSURE(p->n_audiences == 0 || t->has_aud, err, WTL_NO, "the token names no audience");
    for (size_t i = 0; i < t->n_aud; i++) {
        if (among(t->aud[i], p->audiences, p->n_audiences))
            return WTL_OK;
    }
    ENSURE(!t->has_aud, err, WTL_NO, "the token is for the audience \"%s\", and not for this one",
           t->n_aud > 0 ? shown(&b, t->aud[0]) : "");
    return WTL_OK;
}

static int check_claims(const wtl_token *t, const wtl_token_policy *p, int64_t now,
                        enum wtl_token_reason *why, wtl_err *err)
{
    TRY(check_policy(p, now, err));
    TRY(check_type(t, p, why, err));
    TRY(check_bounds(t, p, now, why, err));
    TRY(check_age(t, p, now, why, err));
    TRY(check_issuer(t, p, why, err));
    return check_audience(t, p, why, err);
}

int wtl_token_claims(const wtl_token *t, const wtl_token_policy *policy, int64_t now,
                     enum wtl_token_reason *reason, wtl_err *err)
{
    enum wtl_token_reason why = WTL_TOKEN_OTHER;
    int rc = check_claims(t, policy != NULL ? policy : &no_policy, now, &why, err);
    if (reason != NULL)
        *reason = wtl_token_reason_with(rc, why);
    return rc;
}
