/* Tests run what they try in a child, which may be killed for it. */
#ifndef WTL_TESTS_SANDBOX_CHILD_H
#define WTL_TESTS_SANDBOX_CHILD_H

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/sandbox.h"

/* In a child: says what did not hold, and ends it. cmocka's own would jump back into the parent's tests. */
#define CHECK(cond)                                                                               \
    do {                                                                                          \
        if (!(cond)) {                                                                            \
            dprintf(2, "%s:%d: %s does not hold (errno %d)\n", __FILE__, __LINE__, #cond, errno); \
            _exit(1);                                                                             \
        }                                                                                         \
    } while (0)

enum { CHILD_GOOD = 42, NO_SANDBOX = ~0u >> 1 };

/* The wait status of a child that entered the sandbox with `may` (unless NO_SANDBOX) and then did `act`. */
static inline int child_status(unsigned may, void (*act)(void *arg), void *arg)
{
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        wtl_err err = {0};
        alarm(60);
        if (may != NO_SANDBOX && wtl_sandbox_enter(may, &err) != 0) {
            dprintf(2, "%s\n", err.text);
            _exit(1);
        }
        act(arg);
        _exit(CHILD_GOOD);
    }
    int status = 0;
    pid_t got;
    do
        got = waitpid(pid, &status, 0);
    while (got < 0 && errno == EINTR);
    assert_int_equal(got, pid);
    return status;
}

static inline void child_succeeds(unsigned may, void (*act)(void *arg), void *arg)
{
    int status = child_status(may, act, arg);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != CHILD_GOOD)
        fail_msg("the child ended with wait status %#x", (unsigned)status);
}

static inline void child_dies(unsigned may, int signal_number, void (*act)(void *arg), void *arg,
                              const char *what)
{
    int status = child_status(may, act, arg);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != signal_number)
        fail_msg("%s: the child ended with wait status %#x", what, (unsigned)status);
}

#endif
