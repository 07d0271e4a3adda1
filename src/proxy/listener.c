#include "proxy/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define MILLISECOND INT64_C(1000000)
#define PAUSE (100 * MILLISECOND)
#define QUIET (60000 * MILLISECOND)
enum { TURN = 64 }; /* connections accepted before others have their turn */

static void resume(void *arg);

/* Nothing can be accepted now. The socket stays readable, so looking again at once would spin. */
static void hold(wtl_listener *l, int eno)
{
    wtl_service *s = l->service;
    int64_t now = wtl_loop_now(s->worker->loop);
    if (l->told == 0 || now - l->told >= QUIET) {
        wtl_event_say(s->worker->env->sink, WTL_EVENT_ERROR, "wattle.accept", s->name,
                      "connections cannot be accepted (%s): %zu are open; they wait in the kernel's queue",
                      strerror(eno), s->n_conns);
        l->told = now;
    }
    if (wtl_loop_timer_at(s->worker->loop, &l->pause, now + PAUSE, resume, l, NULL) == WTL_OK)
        wtl_loop_fd_off(&l->on);
}

/* Errors that belong to the one connection that was to be accepted (accept(2)). */
static bool is_his(int eno)
{
    return eno == ECONNABORTED || eno == EINTR || eno == EPROTO || eno == EPERM || eno == ENETDOWN ||
           eno == ENOPROTOOPT || eno == EHOSTDOWN || eno == ENONET || eno == EHOSTUNREACH ||
           eno == EOPNOTSUPP || eno == ENETUNREACH;
}

static void ready(void *arg, unsigned what)
{
    wtl_listener *l = arg;
    wtl_service *s = l->service;
    (void)what;
    for (int i = 0; i < TURN && s->n_conns < s->most; i++) {
        union {
            struct sockaddr any;
            struct sockaddr_storage ip;
            struct sockaddr_un local;
        } at = {0};
        socklen_t n = sizeof at;
        int fd = accept4(l->fd, &at.any, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            l->accepted(s, fd, &at.any);
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            return;
        else if (!is_his(errno)) {
            hold(l, errno);
            return;
        }
    }
    if (s->n_conns >= s->most)
        wtl_loop_fd_off(&l->on);
}

static void resume(void *arg)
{
    wtl_listener *l = arg;
    wtl_loop *loop = l->service->worker->loop;
    if (!l->running || l->on.loop != NULL || l->service->n_conns >= l->service->most)
        return;
    if (wtl_loop_fd_listen(loop, &l->on, l->fd, ready, l, NULL) < 0)
        (void)!wtl_loop_timer_at(loop, &l->pause, wtl_loop_now(loop) + PAUSE, resume, l, NULL);
}

int wtl_listener_start(wtl_listener *l, wtl_err *err)
{
    int on = 1;
    int seconds = l->service->server ? 1 : 0;
    /* Accepted sockets have it from here, without a call for each. Unix sockets know no such thing. */
    (void)setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    /* Who speaks TLS speaks first, and is accepted with his hello: one wake-up less. Who is silent is accepted a second later. */
    (void)setsockopt(l->fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds);
    TRY(wtl_loop_fd_listen(l->service->worker->loop, &l->on, l->fd, ready, l, err));
    l->running = true;
    return WTL_OK;
}

void wtl_listener_stop(wtl_listener *l)
{
    l->running = false;
    wtl_loop_fd_off(&l->on);
    wtl_loop_timer_off(&l->pause);
}

void wtl_listener_room(wtl_listener *l)
{
    if (l->running && l->on.loop == NULL && l->pause.loop == NULL)
        resume(l);
}
