#include "proxy/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)
enum { MOST_SECONDS_DOWN = 32 };

static const char *word_of(int eno)
{
    switch (eno) {
    case ECONNREFUSED:
    case ENOENT:
        return "refused";
    case ETIMEDOUT:
        return "timeout";
    case ECONNRESET:
    case EPIPE:
        return "reset";
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EADDRNOTAVAIL:
        return "unreachable";
    default:
        return "other";
    }
}

/* An address did not answer: counted, told when it is new, and others are tried before it for a while. */
static int failed(wtl_dial *d, int eno, wtl_err *err)
{
    wtl_service *s = d->service;
    wtl_target *whose = NULL;
    wtl_target_address *a = wtl_targets_at(d->to, d->at, &whose);
    const char *label[] = {s->name, word_of(eno)};
    wtl_event_sink *sink = s->worker->env->sink;
    wtl_metric_add(sink->metrics, wtl_metric_at(sink->metrics, WTL_PROXY_UPSTREAM_ERRORS, label), 1);
    if (a->failed == 0)
        wtl_event_say(sink, WTL_EVENT_WARN, "wattle.upstream.down", s->name, "%s cannot be reached: %s",
                      whose->text, strerror(eno));
    int64_t seconds = a->failed < 5 ? INT64_C(1) << a->failed : MOST_SECONDS_DOWN;
    a->failed++;
    a->down_until = wtl_loop_now(s->worker->loop) + seconds * SECOND;
    return WTL_FAIL_SYS(err, WTL_IO, eno, "%s cannot be reached", whose->text);
}

static void drop(wtl_dial *d)
{
    wtl_loop_timer_off(&d->timer);
    wtl_end_free(d->end);
    d->end = NULL;
}

void wtl_dial_stop(wtl_dial *d)
{
    drop(d);
}

static void next_or_give_up(wtl_dial *d, const wtl_err *why);

static void succeed(wtl_dial *d)
{
    wtl_target *whose = NULL;
    wtl_target_address *a = wtl_targets_at(d->to, d->at, &whose);
    if (a->failed > 0)
        wtl_event_say(d->service->worker->env->sink, WTL_EVENT_INFO, "wattle.upstream.up", d->service->name,
                      "%s answers again", whose->text);
    a->failed = 0;
    a->down_until = 0;
    wtl_end *end = d->end;
    d->end = NULL;
    wtl_loop_timer_off(&d->timer);
    d->done(d->arg, end, whose, NULL);
}

static void wake(void *arg)
{
    wtl_dial *d = arg;
    if (!d->end->writable && !d->end->gone)
        return;
    int eno = 0;
    socklen_t n = sizeof eno;
    if (d->end->gone && getsockopt(d->end->on.fd, SOL_SOCKET, SO_ERROR, &eno, &n) < 0)
        eno = errno;
    if (eno == 0 && d->end->writable) {
        succeed(d);
        return;
    }
    wtl_err err;
    (void)failed(d, eno == 0 ? ECONNRESET : eno, &err);
    drop(d);
    next_or_give_up(d, &err);
}

static void late(void *arg)
{
    wtl_dial *d = arg;
    wtl_err err;
    (void)failed(d, ETIMEDOUT, &err);
    drop(d);
    next_or_give_up(d, &err);
}

static int try_one(wtl_dial *d, wtl_err *err)
{
    wtl_loop *loop = d->service->worker->loop;
    wtl_target *whose = NULL;
    wtl_target_address *a = wtl_targets_at(d->to, d->at, &whose);
    int fd = socket(a->at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "a socket for %s cannot be made", whose->text);
    int on = 1;
    int off = 0;
    if (a->at.any.sa_family != AF_UNIX)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (a->at.any.sa_family != AF_UNIX &&
        d->bytes_wait) /* they carry the last step of TCP's handshake: one packet less */
        (void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off);
    if (connect(fd, &a->at.any, a->n) < 0 && errno != EINPROGRESS) {
        int eno = errno;
        close(fd);
        return failed(d, eno, err);
    }
    TRY(wtl_end_new(&d->end, loop, fd, wake, d, err));
    int rc = wtl_loop_timer_at(loop, &d->timer, wtl_loop_now(loop) + d->service->connect_timeout, late, d,
                               err);
    if (rc < 0)
        drop(d);
    return rc;
}

/* The next address that was not tried yet: those that answered last time first. */
static bool choose(wtl_dial *d)
{
    int64_t now = wtl_loop_now(d->service->worker->loop);
    wtl_target *whose = NULL;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < d->to->n_addresses; i++) {
            bool down = wtl_targets_at(d->to, i, &whose)->down_until > now;
            if ((d->tried >> i & 1) != 0 || (down && round == 0))
                continue;
            d->tried |= UINT64_C(1) << i;
            d->at = i;
            return true;
        }
    }
    return false;
}

/* WTL_OK: one is under way. `err` keeps the last one's reason. */
static int try_on(wtl_dial *d, wtl_err *err)
{
    int rc = WTL_IO;
    while (rc < 0 && choose(d))
        rc = try_one(d, err);
    return rc;
}

static void next_or_give_up(wtl_dial *d, const wtl_err *why)
{
    wtl_err err = *why;
    if (try_on(d, &err) < 0)
        d->done(d->arg, NULL, NULL, &err);
}

int wtl_dial_start(wtl_dial *d, wtl_err *err)
{
    ENSURE(d->to->n_addresses > 0, err, WTL_IO, "there is no address to connect to");
    d->tried = 0;
    return try_on(d, err);
}
