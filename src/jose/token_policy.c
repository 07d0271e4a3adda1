#include <string.h>

#include "crypto/hash.h"
#include "jose/token_impl.h"

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
