/* JSON Web Tokens, inside the house: the public calls, and what AUTO wants. */
#ifndef WTL_JOSE_TOKEN_H
#define WTL_JOSE_TOKEN_H

#include <wattle/token.h>

void wtl_token_auto(wtl_token *t);
void wtl_jwks_auto(wtl_jwks **s);

#endif
