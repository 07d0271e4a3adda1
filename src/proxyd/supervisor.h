/* The process that starts the others and outlives them: sockets, generations of workers, signals, changed files, the state file. It has no private
 * key and takes no connection. */
#ifndef WTL_PROXYD_SUPERVISOR_H
#define WTL_PROXYD_SUPERVISOR_H

#include "proxyd/source.h"

/* Runs until SIGTERM or SIGINT (0), or until the first generation could not start (its error). */
int wtl_supervisor_run(const wtl_source *source, wtl_err *err) WTL_MUST_USE;

#endif
