/* What a verification by this library comes to as a verdict. */
#ifndef WTL_VERIFIED_OUTCOME_H
#define WTL_VERIFIED_OUTCOME_H

#include "base/err.h"
#include <wattle/verified.h>

/* What is wrong with the bytes, is a no that the same bytes get again; all else is nobody's verdict. */
static inline int wtl_outcome(wtl_verified_verdict *v, int rc)
{
    v->code = rc;
    v->yes = rc == WTL_OK;
    return rc == WTL_FORMAT || rc == WTL_POLICY ? WTL_NO : rc;
}

#endif
