#include "sandbox/sandbox.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>

int wtl_sandbox_harden(wtl_err *err)
{
    if (setrlimit(RLIMIT_CORE, &(struct rlimit){0}) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot forbid core files");
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot keep other processes out of this one's memory");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot give up gaining privileges");
    return WTL_OK;
}
