#include "proxyd/child.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

static int by_number(const void *a, const void *b)
{
    int x = *(const int *)a;
    int y = *(const int *)b;
    return (x > y) - (x < y);
}

static void close_others(const int *keep, size_t n)
{
    int sorted[WTL_CHILD_KEEP];
    for (size_t i = 0; i < n; i++)
        sorted[i] = keep[i];
    qsort(sorted, n, sizeof sorted[0], by_number);
    unsigned next = STDERR_FILENO + 1;
    for (size_t i = 0; i < n; i++) {
        if (sorted[i] < (int)next)
            continue;
        if ((unsigned)sorted[i] > next)
            close_range(next, (unsigned)sorted[i] - 1, 0);
        next = (unsigned)sorted[i] + 1;
    }
    close_range(next, ~0U, 0);
}

static void rest_signals(void)
{
    static const int ignored[] = {SIGTERM, SIGINT,  SIGHUP,  SIGUSR1, SIGUSR2,
                                  SIGPIPE, SIGQUIT, SIGTTOU, SIGTTIN};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        sigaction(ignored[i], &ignore, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

int wtl_child_fork(pid_t *pid, const int *keep, size_t n, wtl_err *err)
{
    ENSURE(n <= WTL_CHILD_KEEP, err, WTL_BUG, "%zu descriptors for one process", n);
    pid_t parent = getpid();
    pid_t made = fork();
    if (made < 0)
        return WTL_FAIL_SYS(err, WTL_BUSY, errno, "cannot start a process");
    *pid = made;
    if (made > 0)
        return WTL_OK;
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent)
        _exit(0);
    rest_signals();
    close_others(keep, n);
    return WTL_OK;
}

void wtl_child_alone(void)
{
    prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
}
