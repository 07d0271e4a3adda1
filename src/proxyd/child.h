/* A process forked from the supervisor: with no descriptor of his that it was not given, with signals at rest, and gone when he is. */
#ifndef WTL_PROXYD_CHILD_H
#define WTL_PROXYD_CHILD_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

enum { WTL_CHILD_KEEP = 80 };

/* *pid is 0 in the child. There all descriptors but 0, 1, 2 and `keep` (n <= WTL_CHILD_KEEP; -1 is nothing) are closed; SIGTERM and those of terminals and
 * reloads are ignored, as only the supervisor answers them; and the child is killed when the supervisor ends, until wtl_child_alone. WTL_BUSY. */
int wtl_child_fork(pid_t *pid, const int *keep, size_t n, wtl_err *err) WTL_MUST_USE;
/* From here on the child sees the end of its channel itself, and ends in its own time. */
void wtl_child_alone(void);

#endif
