/* Tokens through the verification cache: wtl_token_verify when it must be, the verdict of last time when it may be. */
#ifndef WATTLE_VERIFIED_TOKEN_H
#define WATTLE_VERIFIED_TOKEN_H

#include <wattle/token.h>
#include <wattle/verified.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* By whose keys and which policy tokens are verified. Fill in the first three, then call wtl_verified_token_rules once. Set and policy are
 * borrowed, must not change, and outlive the rules; many threads may use the same. Another set, or another policy, is new
 * rules, and no verdict of the old ones answers them. */
typedef struct wtl_verified_rules {
    const wtl_jwks *set;
    const wtl_token_policy *policy;          /* NULL: as all zero */
    uint64_t ttl_ms;                         /* of a verdict at most; 0: the cache's */
    uint8_t digest[WTL_TOKEN_POLICY_DIGEST]; /* the library's */
} wtl_verified_rules;
int wtl_verified_token_rules(wtl_verified_rules *r, wtl_err *err);

/* Whether the token is good now. The result is its claims, the JSON text that was signed. A verdict ends with the token's `exp`, or its age
 * by max_age, leeway counted. It may be denied by "jti", "sub", "iss", "kid" (of the values without quotes), and by its key. WTL_OK; WTL_NO, and with
 * WTL_VERIFIED_REFUSED answer->code is an enum wtl_token_reason; else as wtl_verified. `tenant` may be empty. */
int wtl_verified_token(wtl_verified_handle *h, const wtl_verified_rules *r, wtl_bytes token, wtl_bytes tenant,
                       wtl_verified_answer *answer, wtl_err *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
