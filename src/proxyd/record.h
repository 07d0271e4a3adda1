/* The descriptor that events are written to. */
#ifndef WTL_PROXYD_RECORD_H
#define WTL_PROXYD_RECORD_H

#include "base/err.h"

/* A file opened for appending, mode 0640; or "-": standard output, opened anew where it is a pipe, so that a reader that stops never stops
 * the proxy and other users of the pipe notice nothing. Belongs to the caller; closed on exec. WTL_IO, naming it. */
int wtl_record_open(const char *path, int *fd, wtl_err *err) WTL_MUST_USE;

#endif
