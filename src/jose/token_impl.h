/* The inside of tokens, for the files of this room alone. */
#ifndef WTL_JOSE_TOKEN_IMPL_H
#define WTL_JOSE_TOKEN_IMPL_H

#include "base/buf.h"
#include "jose/jwk_kind.h"
#include "jose/token.h"
#include "json/json.h"

struct wtl_token_own {
    const wtl_jwk_kind *kind; /* of the token's alg */
    wtl_buf payload;
    wtl_buf sig;  /* decoded, as it stands in a token */
    size_t input; /* bytes of the text that are signed */
    json_t *header;
    json_t *claims;
    const char **aud;
};

/* An empty token with room for what it owns. */
int wtl_token_begin(wtl_token *t, wtl_err *err) WTL_MUST_USE;

/* Parses own->payload and sets the claims. WTL_FORMAT. */
int wtl_token_read_claims(wtl_token *t, wtl_err *err) WTL_MUST_USE;

/* Frees all, and keeps of the token why it was not accepted. */
void wtl_token_leave(wtl_token *t, int rc);

/* The reason to give with `rc`: `reason` where rc speaks of the token. */
enum wtl_token_reason wtl_token_reason_with(int rc, enum wtl_token_reason reason);

/* Two `typ` name one media type: letters' case and a leading "application/" do not count (RFC 7515 section 4.1.9). */
bool wtl_token_same_type(const char *a, const char *b);

#endif
