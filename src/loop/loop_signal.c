#include "loop/loop_impl.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* The callback may switch h off, free it, or switch it on again; any of them ends this call. */
static void readable(void *arg, unsigned what)
{
    wtl_loop_signal *h = arg;
    wtl_loop *loop = h->fd.loop;
    (void)what;
    loop->signal = h;
    while (loop->signal == h) {
        struct signalfd_siginfo info;
        ssize_t n = read(h->fd.fd, &info, sizeof info);
        if (n < 0 && errno == EINTR)
            continue;
        if (n != (ssize_t)sizeof info)
            break;
        h->got(h->arg, (int)info.ssi_signo);
    }
    loop->signal = NULL;
}

static int set_of(sigset_t *set, const int *numbers, wtl_err *err)
{
    sigemptyset(set);
    for (; *numbers != 0; numbers++)
        ENSURE(sigaddset(set, *numbers) == 0, err, WTL_USAGE, "%d is no signal's number", *numbers);
    return WTL_OK;
}

int wtl_loop_signal_on(wtl_loop *loop, wtl_loop_signal *h, const int *numbers,
                       void (*got)(void *arg, int number), void *arg, wtl_err *err)
{
    sigset_t set;
    ENSURE(h->fd.loop == NULL, err, WTL_BUG, "the signal handle is registered already");
    TRY(set_of(&set, numbers, err));
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot wait for signals");
    int eno = pthread_sigmask(SIG_BLOCK, &set, NULL);
    int rc = eno == 0 ? WTL_OK : WTL_FAIL_SYS(err, WTL_IO, eno, "cannot block signals");
    if (rc == WTL_OK)
        rc = wtl_loop_fd_on(loop, &h->fd, fd, readable, h, err);
    if (rc < 0) {
        close(fd);
        return rc;
    }
    h->got = got;
    h->arg = arg;
    return WTL_OK;
}

void wtl_loop_signal_off(wtl_loop_signal *h)
{
    wtl_loop *loop = h->fd.loop;
    if (loop == NULL)
        return;
    int fd = h->fd.fd;
    wtl_loop_fd_off(&h->fd);
    close(fd);
    if (loop->signal == h)
        loop->signal = NULL;
}
