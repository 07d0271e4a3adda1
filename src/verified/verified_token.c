#include <wattle/verified_token.h>

#include <string.h>

#include "base/err.h"

int wtl_verified_token_rules(wtl_verified_rules *r, wtl_err *err)
{
    static const wtl_token_policy none;
    if (r->policy == NULL)
        r->policy = &none;
    return wtl_token_policy_digest(r->policy, r->digest, err);
}

static int64_t plus(int64_t time, int64_t seconds)
{
    int64_t sum;
    return __builtin_add_overflow(time, seconds, &sum) ? WTL_VERIFIED_NEVER : sum;
}

/* The seconds in which wtl_token_claims accepts it. */
static void date(wtl_verified_verdict *v, const wtl_token *t, const wtl_token_policy *p)
{
    if (t->has_exp)
        v->exp = plus(t->exp, p->leeway);
    if (t->has_nbf)
        v->nbf = t->nbf - p->leeway;
    if (p->max_age != 0 && t->has_iat) {
        int64_t old = plus(plus(t->iat, p->max_age), plus(p->leeway, 1));
        v->exp = old < v->exp ? old : v->exp;
        v->nbf = t->iat - p->leeway > v->nbf ? t->iat - p->leeway : v->nbf;
    }
}

static int name(wtl_verified_verdict *v, const char *what, const char *value, wtl_err *err)
{
    if (value == NULL)
        return WTL_OK;
    return wtl_verified_id(v, what, (wtl_bytes){(const uint8_t *)value, strlen(value)}, err);
}

static int describe(wtl_verified_verdict *v, const wtl_token *t, const wtl_verified_rules *r, wtl_err *err)
{
    date(v, t, r->policy);
    TRY(name(v, "jti", t->jti, err));
    TRY(name(v, "sub", t->sub, err));
    TRY(name(v, "iss", t->iss, err));
    TRY(name(v, "kid", t->kid, err));
    wtl_verified_key(v, wtl_jwks_at(r->set, t->key)->id);
    v->yes = true;
    return wtl_verified_result(v, t->payload, err);
}

/* A token that is malformed or forbidden is refused like one with a wrong signature: it will be so again. */
static int verify(void *arg, const wtl_verified_ask *ask, int64_t now, wtl_verified_verdict *v, wtl_err *err)
{
    const wtl_verified_rules *r = arg;
    wtl_token t = {0};
    int rc = wtl_token_verify(&t, ask->subject, r->set, r->policy, now, err);
    v->code = (int)t.reason;
    if (t.reason == WTL_TOKEN_EARLY)
        v->ttl_ms = 1; /* it will be good soon */
    if (rc == WTL_OK)
        rc = describe(v, &t, r, err);
    else if (rc == WTL_FORMAT || rc == WTL_POLICY)
        rc = WTL_NO;
    wtl_token_free(&t);
    return rc;
}

int wtl_verified_token(wtl_verified_handle *h, const wtl_verified_rules *r, wtl_bytes token, wtl_bytes tenant,
                       wtl_verified_answer *answer, wtl_err *err)
{
    wtl_verified_ask ask = {.kind = "jwt",
                            .keyset = {wtl_jwks_digest(r->set), WTL_JWKS_DIGEST},
                            .policy = {r->digest, sizeof r->digest},
                            .tenant = tenant,
                            .subject = token,
                            .ttl_ms = r->ttl_ms};
    return wtl_verified(h, &ask, verify, (void *)(uintptr_t)r, answer, err);
}
