#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "crypto/hash.h"
#include "jose/token_impl.h"

static const char *const reason_names[WTL_TOKEN_REASONS] = {
    [WTL_TOKEN_GOOD] = "good",
    [WTL_TOKEN_MALFORMED] = "malformed",
    [WTL_TOKEN_UNSUPPORTED] = "unsupported",
    [WTL_TOKEN_ALGORITHM] = "algorithm",
    [WTL_TOKEN_NO_KEY] = "no-key",
    [WTL_TOKEN_MANY_KEYS] = "many-keys",
    [WTL_TOKEN_KEY_ALGORITHM] = "key-algorithm",
    [WTL_TOKEN_SIGNATURE] = "signature",
    [WTL_TOKEN_EXPIRED] = "expired",
    [WTL_TOKEN_EARLY] = "early",
    [WTL_TOKEN_OLD] = "old",
    [WTL_TOKEN_AUDIENCE] = "audience",
    [WTL_TOKEN_ISSUER] = "issuer",
    [WTL_TOKEN_TYPE] = "type",
    [WTL_TOKEN_UNDATED] = "undated",
    [WTL_TOKEN_OTHER] = "other",
};

const char *wtl_token_reason_name(int reason)
{
    return reason >= 0 && reason < WTL_TOKEN_REASONS ? reason_names[reason] : "other";
}

enum wtl_token_reason wtl_token_reason_with(int rc, enum wtl_token_reason reason)
{
    switch (rc) {
    case WTL_OK:
        return WTL_TOKEN_GOOD;
    case WTL_FORMAT:
        return WTL_TOKEN_MALFORMED;
    case WTL_NO:
    case WTL_POLICY:
        return reason;
    default:
        return WTL_TOKEN_OTHER;
    }
}

int wtl_token_begin(wtl_token *t, wtl_err *err)
{
    *t = (wtl_token){.own = calloc(1, sizeof *t->own)};
    ENSURE(t->own != NULL, err, WTL_NOMEM, "out of memory");
    return WTL_OK;
}

void wtl_token_free(wtl_token *t)
{
    if (t == NULL)
        return;
    if (t->own != NULL) {
        wtl_buf_free(&t->own->payload);
        wtl_buf_free(&t->own->sig);
        json_decref(t->own->header);
        json_decref(t->own->claims);
        free(t->own->aud);
        free(t->own);
    }
    *t = (wtl_token){0};
}

void wtl_token_auto(wtl_token *t)
{
    wtl_token_free(t);
}

void wtl_token_leave(wtl_token *t, int rc)
{
    enum wtl_token_reason reason = wtl_token_reason_with(rc, t->reason);
    wtl_token_free(t);
    t->reason = reason;
}

/* ---- policies */

static void add_text(wtl_buf *b, const char *s)
{
    wtl_buf_u64(b, strlen(s));
    wtl_buf_str(b, s);
}

static void add_list(wtl_buf *b, const char *const *list, size_t n)
{
    wtl_buf_u64(b, n);
    for (size_t i = 0; i < n; i++)
        add_text(b, list[i]);
}

int wtl_token_policy_digest(const wtl_token_policy *p, uint8_t out[WTL_TOKEN_POLICY_DIGEST], wtl_err *err)
{
    AUTO(wtl_buf) b = {0};
    memset(out, 0, WTL_TOKEN_POLICY_DIGEST);
    wtl_buf_str(&b, "wattle/token-policy/v1");
    add_list(&b, p->audiences, p->n_audiences);
    add_list(&b, p->issuers, p->n_issuers);
    add_list(&b, p->algs, p->n_algs);
    add_list(&b, &p->typ, p->typ != NULL);
    wtl_buf_u8(&b, p->any_audience);
    wtl_buf_u8(&b, p->pq_only);
    wtl_buf_u8(&b, p->without_expiry);
    wtl_buf_u64(&b, (uint64_t)p->leeway);
    wtl_buf_u64(&b, (uint64_t)p->max_age);
    TRY(wtl_buf_check(&b, err));
    return wtl_hash_once(WTL_HASH_SHA256, wtl_buf_view(&b), out, err);
}

static const char *without_application(const char *type)
{
    static const char prefix[] = "application/";
    size_t n = sizeof prefix - 1;
    bool has = strncasecmp(type, prefix, n) == 0 && strchr(type + n, '/') == NULL;
    return has ? type + n : type;
}

bool wtl_token_same_type(const char *a, const char *b)
{
    return strcasecmp(without_application(a), without_application(b)) == 0;
}

/* ---- all steps */

static int verify(wtl_token *t, wtl_bytes token, const wtl_jwks *set, const wtl_token_policy *policy,
                  int64_t now, wtl_err *err)
{
    TRY(wtl_token_read(t, token, err));
    TRY(wtl_token_signature(t, set, policy, err));
    return wtl_token_claims(t, policy, now, &t->reason, err);
}

int wtl_token_verify(wtl_token *t, wtl_bytes token, const wtl_jwks *set, const wtl_token_policy *policy,
                     int64_t now, wtl_err *err)
{
    int rc = verify(t, token, set, policy, now, err);
    if (rc < 0)
        wtl_token_leave(t, rc);
    return rc;
}
