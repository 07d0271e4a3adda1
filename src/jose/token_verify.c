#include "jose/token_impl.h"

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
