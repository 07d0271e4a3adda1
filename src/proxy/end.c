#include "proxy/end.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void ready(void *arg, unsigned what)
{
    wtl_end *e = arg;
    if (what & WTL_LOOP_LAST)
        e->last = true;
    if (what & WTL_LOOP_READ) {
        e->readable = true;
        if (e->link != NULL)
            wtl_link_edge(e->link, true, e->last);
    }
    if (what & WTL_LOOP_WRITE) {
        e->writable = true;
        e->stuck = false;
    }
    if (what & WTL_LOOP_GONE)
        e->gone = true;
    e->wake(e->arg);
}

int wtl_end_new(wtl_end **out, wtl_loop *loop, int fd, void (*wake)(void *arg), void *arg, wtl_err *err)
{
    *out = NULL;
    wtl_end *e = calloc(1, sizeof *e);
    if (e == NULL) {
        close(fd);
        return WTL_FAIL(err, WTL_NOMEM, "out of memory");
    }
    e->wake = wake;
    e->arg = arg;
    int rc = wtl_loop_fd_on(loop, &e->on, fd, ready, e, err);
    if (rc < 0) {
        close(fd);
        free(e);
        return rc;
    }
    *out = e;
    return WTL_OK;
}

void wtl_end_free(wtl_end *e)
{
    if (e == NULL)
        return;
    wtl_link_free(e->link);
    wtl_loop_fd_close(&e->on);
    free(e);
}

void wtl_end_link(wtl_end *e, wtl_link *link)
{
    e->link = link;
    wtl_link_edge(link, e->readable, e->last);
}

void wtl_end_abort(wtl_end *e)
{
    if (e == NULL)
        return;
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(e->on.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    wtl_end_free(e);
}

int wtl_end_check(wtl_end *e, wtl_err *err)
{
    int eno = 0;
    socklen_t n = sizeof eno;
    if (getsockopt(e->on.fd, SOL_SOCKET, SO_ERROR, &eno, &n) < 0)
        eno = errno;
    if (eno != 0)
        return WTL_FAIL_SYS(err, WTL_IO, eno, "the connection was lost");
    return WTL_OK;
}

bool wtl_end_can_read(const wtl_end *e)
{
    if (e->eof || e->stuck)
        return false;
    return e->readable || (e->link != NULL && wtl_link_pending(e->link));
}

static bool is_later(int eno)
{
    return eno == EAGAIN || eno == EWOULDBLOCK;
}

int wtl_end_recv(wtl_end *e, uint8_t *to, size_t n, size_t *got, wtl_err *err)
{
    *got = 0;
    ssize_t r;
    do
        r = recv(e->on.fd, to, n, 0);
    while (r < 0 && errno == EINTR);
    if (r < 0 && is_later(errno)) {
        e->readable = false;
        return WTL_OK;
    }
    if (r < 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "the connection was lost");
    e->eof = r == 0;
    *got = (size_t)r;
    if (*got < n && !e->last)
        e->readable = false;
    return WTL_OK;
}

/* Where the link stopped short of what was asked. */
static void note(wtl_end *e, enum wtl_link_state state)
{
    if (state == WTL_LINK_WANT_READ || wtl_link_dry(e->link))
        e->readable = false;
    if (state == WTL_LINK_WANT_WRITE)
        e->writable = false;
    else if (state == WTL_LINK_ENDED)
        e->eof = true;
}

int wtl_end_read(wtl_end *e, uint8_t *to, size_t n, size_t *got, wtl_err *err)
{
    if (e->link == NULL)
        return wtl_end_recv(e, to, n, got, err);
    enum wtl_link_state state = WTL_LINK_DONE;
    *got = 0;
    TRY(wtl_link_read(e->link, to, n, got, &state, err));
    note(e, state);
    e->stuck = state == WTL_LINK_WANT_WRITE;
    return WTL_OK;
}

int wtl_end_handshake(wtl_end *e, bool *done, wtl_err *err)
{
    enum wtl_link_state state = WTL_LINK_DONE;
    *done = false;
    TRY(wtl_link_handshake(e->link, &state, err));
    note(e, state);
    *done = state == WTL_LINK_DONE;
    return WTL_OK;
}

static int write_link(wtl_end *e, const uint8_t *from, size_t n, size_t *put, wtl_err *err)
{
    enum wtl_link_state state = WTL_LINK_DONE;
    TRY(wtl_link_write(e->link, from, n, put, &state, err));
    note(e, state);
    e->unflushed = true;
    return e->writable ? wtl_end_flush(e, err) : WTL_OK;
}

int wtl_end_write(wtl_end *e, const uint8_t *from, size_t n, size_t *put, wtl_err *err)
{
    *put = 0;
    if (!e->writable)
        return WTL_OK;
    if (e->link != NULL)
        return write_link(e, from, n, put, err);
    while (*put < n) {
        ssize_t w = send(e->on.fd, from + *put, n - *put, MSG_NOSIGNAL);
        if (w >= 0)
            *put += (size_t)w;
        else if (is_later(errno)) {
            e->writable = false;
            return WTL_OK;
        } else if (errno != EINTR)
            return WTL_FAIL_SYS(err, WTL_IO, errno, "the connection was lost");
    }
    return WTL_OK;
}

/* The FIN, which follows what the link had to send. */
static int finish(wtl_end *e, wtl_err *err)
{
    e->unflushed = false;
    if (e->shut && shutdown(e->on.fd, SHUT_WR) < 0 && errno != ENOTCONN)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "the connection was lost");
    return WTL_OK;
}

int wtl_end_flush(wtl_end *e, wtl_err *err)
{
    if (!e->unflushed || !e->writable)
        return WTL_OK;
    enum wtl_link_state state = WTL_LINK_DONE;
    TRY(e->shut ? wtl_link_end(e->link, &state, err) : wtl_link_flush(e->link, &state, err));
    note(e, state);
    if (state != WTL_LINK_DONE)
        return WTL_OK;
    return finish(e, err);
}

int wtl_end_shut(wtl_end *e, wtl_err *err)
{
    if (e->shut)
        return WTL_OK;
    e->shut = true;
    if (e->link == NULL)
        return finish(e, err);
    e->unflushed = true;
    return wtl_end_flush(e, err);
}

int wtl_end_send(wtl_end *e, wtl_bytes v, wtl_err *err)
{
    ssize_t w = send(e->on.fd, v.p, v.n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (w < 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "the connection was lost");
    ENSURE((size_t)w == v.n, err, WTL_IO, "the connection takes no bytes");
    return WTL_OK;
}
