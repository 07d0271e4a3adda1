/* `wattle proxy status`: asks the proxies of this user how they do. */
#ifndef WTL_PROXYD_STATUS_H
#define WTL_PROXYD_STATUS_H

#include <stddef.h>

#include "base/err.h"

/* Words: --control PATH (else every proxy*.sock in the default folder), --json. WTL_BUSY when no proxy answers. */
int wtl_status_run(const char *const *word, size_t n, wtl_err *err) WTL_MUST_USE;

#endif
