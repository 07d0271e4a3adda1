/* A JWK's text without its secret: a JSON parser leaves copies of what it reads in memory, and quotes it in messages. */
#ifndef WTL_JOSE_JWK_MASK_H
#define WTL_JOSE_JWK_MASK_H

#include <stdbool.h>

#include "base/buf.h"

enum { WTL_JWK_MASK_WITH = 'A' };

typedef struct wtl_jwk_mask {
    wtl_buf text;      /* the document, what follows a private name replaced by WTL_JWK_MASK_WITH */
    wtl_bytes priv, d; /* those values as they stand in the document, borrowed from it; p NULL when absent */
} wtl_jwk_mask;
void wtl_jwk_mask_auto(wtl_jwk_mask *m);

/* Finds the string values of "priv" and "d" in the outermost object. The text need not be JSON: whoever parses the
 * masked text learns that, and must see exactly the replaced characters there. WTL_FORMAT when a name in the outermost
 * object is written with escapes, behind which a private value could hide. */
int wtl_jwk_mask_text(wtl_jwk_mask *m, wtl_bytes text, wtl_err *err) WTL_MUST_USE;

#endif
