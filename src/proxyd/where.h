/* Where a proxy keeps what it was told no place for. */
#ifndef WTL_PROXYD_WHERE_H
#define WTL_PROXYD_WHERE_H

#include <stdbool.h>

#include "base/buf.h"

/* The folder of control sockets: wattle in $XDG_RUNTIME_DIR, or /run/wattle for root; nothing is appended where there is neither. */
int wtl_where_control(wtl_buf *out, wtl_err *err) WTL_MUST_USE;
/* The file of pins: wattle/pins in $XDG_STATE_HOME (~/.local/state), or in /var/lib for root; likewise. */
int wtl_where_state(wtl_buf *out, wtl_err *err) WTL_MUST_USE;
/* Makes the folder that a file lies in, and one above it, for this user alone. False when it is not there afterwards. */
bool wtl_where_make(const char *file);

#endif
