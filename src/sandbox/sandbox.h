/* What a process gives up before it meets strangers: core files, debuggers, new privileges, root, files, programs, kernel calls. */
#ifndef WTL_SANDBOX_SANDBOX_H
#define WTL_SANDBOX_SANDBOX_H

#include <stdbool.h>

#include "base/err.h"

/* No core file, not dumpable (so that no process of the same user reads its memory), no new privileges. At the start of every
 * program with keys. */
int wtl_sandbox_harden(wtl_err *err) WTL_MUST_USE;

/* Becomes this user and his groups for good, when the process is root; NULL or no root: nothing. WTL_USAGE for a user that
 * does not exist. Looks names up, so it comes before wtl_sandbox_enter. */
int wtl_sandbox_user(const char *name, wtl_err *err) WTL_MUST_USE;

enum wtl_sandbox_may {
    WTL_SANDBOX_ACCEPT = 1,  /* accept connections on listening sockets that it has */
    WTL_SANDBOX_CONNECT = 2, /* make stream sockets (IPv4, IPv6, Unix) and connect them */
    WTL_SANDBOX_THREADS = 4  /* make threads */
};
/* From here on, for good, also for children and threads: reading, writing and waiting on descriptors that are open, memory
 * (never executable), time, random numbers, signals to itself, exit, and what `may` adds. Opening files, executing programs, tracing
 * others, new namespaces, modules and the like end the process by SIGSYS; any other kernel call fails with EPERM.
 * (Instrumented builds may do what their run-time library needs at exit.) Everything that loads code or files lazily (locales, resolver,
 * OpenSSL providers and algorithms, the time zone) is to be used once before. WTL_POLICY, with what to do, where the kernel has no seccomp. */
int wtl_sandbox_enter(unsigned may, wtl_err *err) WTL_MUST_USE;

#endif
