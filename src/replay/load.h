/* Traces from files. */
#ifndef WTL_REPLAY_LOAD_H
#define WTL_REPLAY_LOAD_H

#include "replay/parse.h"

#define WTL_LOAD_MOST (UINT64_C(1) << 32)

/* Reads a trace; what begins as gzip or xz do is unpacked by these programs. `t` is empty before, and again after a failure. Errors as for
 * opening files; WTL_FORMAT for what is damaged, of another format, or larger than WTL_LOAD_MOST; WTL_IO where gzip or xz cannot be run. */
int wtl_load_trace(wtl_trace *t, const char *path, enum wtl_parse_format f, wtl_err *err) WTL_MUST_USE;

#endif
