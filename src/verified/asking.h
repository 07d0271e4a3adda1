/* One call of wtl_verified: looked up, or verified, or another's verification waited for. */
#ifndef WTL_VERIFIED_ASKING_H
#define WTL_VERIFIED_ASKING_H

#include "verified/verified_impl.h"

/* h->ask is set, `answer` zeroed. */
int wtl_asking(wtl_verified_handle *h, wtl_verified_fn *verify, void *arg, wtl_verified_answer *answer,
               wtl_err *err) WTL_MUST_USE;

#endif
