/* Everything that a verdict is bound to but the subject, as one string of bytes that nothing else has. */
#ifndef WTL_VERIFIED_SCOPE_H
#define WTL_VERIFIED_SCOPE_H

#include "verified/verified_impl.h"

/* Fills h->scope, h->of.scope and h->of.subject. WTL_USAGE. */
int wtl_scope_make(wtl_verified_handle *h, const wtl_verified_ask *ask, wtl_err *err) WTL_MUST_USE;

#endif
