/* `wattle proxy check`: reads everything that a worker would read, and says what came of it. */
#ifndef WTL_PROXYD_CHECK_H
#define WTL_PROXYD_CHECK_H

#include <stddef.h>

#include "base/err.h"

/* Words: --config FILE, --json. 0 when a proxy would start with it (addresses to listen on are not tried: they may be in use by the one that runs). */
int wtl_check_run(const char *const *word, size_t n, wtl_err *err) WTL_MUST_USE;

#endif
