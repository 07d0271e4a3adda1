#include "proxy/conn.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

int wtl_conn_new(wtl_conn **out, wtl_service *service, int fd, const struct sockaddr *at,
                 void (*wake)(void *arg), wtl_err *err)
{
    wtl_worker *w = service->worker;
    wtl_end *near = NULL;
    *out = NULL;
    TRY(wtl_end_new(&near, w->loop, fd, wake, NULL, err));
    near->writable = true; /* a new socket's buffer is empty */
    wtl_conn *c = calloc(1, sizeof *c);
    int rc = c == NULL ? WTL_FAIL(err, WTL_NOMEM, "out of memory")
                       : wtl_opening_new(&c->opening, w, service, err);
    if (rc < 0) {
        wtl_end_free(near);
        free(c);
        return rc;
    }
    near->arg = c;
    c->service = service;
    c->near = near;
    c->began = wtl_loop_now(w->loop);
    if (at != NULL)
        c->from = wtl_tell_from_socket(at);
    c->next = service->conns;
    if (c->next != NULL)
        c->next->prev = c;
    service->conns = c;
    service->n_conns++;
    wtl_metric_add(w->env->sink->metrics, service->accepted, 1);
    wtl_metric_live(w->env->sink->metrics, service->live, 1);
    *out = c;
    return WTL_OK;
}

static void forget(wtl_conn *c)
{
    wtl_service *s = c->service;
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        s->conns = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    s->n_conns--;
    wtl_metric_live(s->worker->env->sink->metrics, s->live, -1);
}

void wtl_conn_close(wtl_conn *c, bool failed)
{
    wtl_service *s = c->service;
    wtl_loop_timer_off(&c->timer);
    wtl_pump_stop(&c->pump);
    wtl_opening_free(c->opening, s->worker);
    if (failed) {
        wtl_end_abort(c->near);
        wtl_end_abort(c->far);
    } else {
        wtl_end_free(c->near);
        wtl_end_free(c->far);
    }
    forget(c);
    free(c);
    if (s->freed != NULL)
        s->freed(s->arg);
}

/* ---- while bytes flow */

/* The pump's way 0 goes from the accepted end, which is the TLS side of a server. */
static uint64_t from_tls(const wtl_conn *c)
{
    return c->pump.way[c->service->server ? 0 : 1].bytes;
}

static uint64_t to_tls(const wtl_conn *c)
{
    return c->pump.way[c->service->server ? 1 : 0].bytes;
}

static void keep_ticket(wtl_conn *c)
{
    if (c->target == NULL || c->far->link == NULL)
        return;
    SSL_SESSION *session = wtl_link_session(c->far->link);
    c->had_ticket = session != NULL;
    wtl_resume_put(&c->target->resume, session);
}

static void count(wtl_conn *c)
{
    uint64_t in = from_tls(c);
    uint64_t out = to_tls(c);
    wtl_service_count(c->service, in - c->counted[0], out - c->counted[1]);
    c->counted[0] = in;
    c->counted[1] = out;
}

static void moved(void *arg)
{
    wtl_conn *c = arg;
    count(c);
    if (!c->had_ticket && c->counted[0] > 0) { /* tickets come before the first bytes */
        keep_ticket(c);
    }
    c->active = wtl_loop_now(c->service->worker->loop);
}

static void ended(void *arg, const wtl_err *why)
{
    wtl_conn *c = arg;
    wtl_service *s = c->service;
    char peer[WTL_TELL_TEXT];
    if (!c->had_ticket)
        keep_ticket(c);
    count(c);
    wtl_event_end e = {.service = s->name,
                       .server = s->server,
                       .peer_address = wtl_tell_from_text(peer, &c->from),
                       .bytes_in = from_tls(c),
                       .bytes_out = to_tls(c),
                       .nanoseconds = wtl_loop_now(s->worker->loop) - c->began,
                       .error = why == NULL ? NULL : why->text};
    wtl_event_end_tell(s->worker->env->sink, &e);
    wtl_conn_close(c, why != NULL);
}

/* The timer is set for the earliest end of idleness and moved only when it fires. */
static void idle(void *arg)
{
    wtl_conn *c = arg;
    wtl_loop *loop = c->service->worker->loop;
    int64_t end = c->active + c->service->idle_timeout;
    if (end > wtl_loop_now(loop) && wtl_loop_timer_at(loop, &c->timer, end, idle, c, NULL) == WTL_OK)
        return;
    wtl_err err;
    (void)WTL_FAIL(&err, WTL_IO, "nothing was sent for the time of idle-timeout");
    ended(c, &err);
}

/* `first` and what was read ahead, in one piece. */
static int gather(wtl_conn *c, wtl_bytes first, wtl_err *err)
{
    wtl_bytes rest = c->near->link != NULL ? (wtl_bytes){0} : wtl_opening_view(c->opening);
    if (first.n + rest.n == 0)
        return WTL_OK;
    uint8_t *p = malloc(first.n + rest.n);
    ENSURE(p != NULL, err, WTL_NOMEM, "out of memory");
    if (first.n > 0)
        memcpy(p, first.p, first.n);
    if (rest.n > 0)
        memcpy(p + first.n, rest.p, rest.n);
    wtl_pump_first(&c->pump, 0, p, first.n + rest.n);
    c->pump.way[0].bytes = rest.n;
    return WTL_OK;
}

void wtl_conn_carry(wtl_conn *c, wtl_bytes first)
{
    wtl_service *s = c->service;
    wtl_loop *loop = s->worker->loop;
    wtl_err err;
    c->pump.worker = s->worker;
    c->pump.end[0] = c->near;
    c->pump.end[1] = c->far;
    c->pump.moved = moved;
    c->pump.done = ended;
    c->pump.arg = c;
    c->active = wtl_loop_now(loop);
    int rc = gather(c, first, &err);
    wtl_loop_timer_off(&c->timer);
    if (rc == WTL_OK && s->idle_timeout > 0)
        rc = wtl_loop_timer_at(loop, &c->timer, c->active + s->idle_timeout, idle, c, &err);
    if (rc < 0) {
        ended(c, &err);
        return;
    }
    wtl_opening_free(c->opening, s->worker);
    c->opening = NULL;
    wtl_pump_start(&c->pump);
}

/* ---- addresses */

const char *wtl_conn_peer(const wtl_conn *c, char out[WTL_TELL_TEXT])
{
    return wtl_tell_from_text(out, &c->from);
}

void wtl_conn_named(wtl_conn *c)
{
    const wtl_opening *o = c->opening;
    if (!o->has_via)
        return;
    c->from = (wtl_tell_from){.port = o->via.from_port};
    if (o->via.family == WTL_VIA_IPV4 || o->via.family == WTL_VIA_IPV6)
        c->from.family = o->via.family == WTL_VIA_IPV4 ? 4 : 6;
    memcpy(c->from.ip, o->via.from, sizeof c->from.ip);
}

static void put_address(uint8_t ip[16], uint16_t *port, const wtl_tell_from *from)
{
    memcpy(ip, from->ip, 16);
    *port = from->port;
}

int wtl_conn_via(const wtl_conn *c, wtl_buf *out, const wtl_via_tls *tls, wtl_err *err)
{
    if (c->opening->has_via)
        return wtl_via_write(out, &c->opening->via, tls, err);
    struct sockaddr_storage own = {0};
    socklen_t n = sizeof own;
    wtl_via v = {.family = WTL_VIA_UNSPEC};
    if (getsockname(c->near->on.fd, (struct sockaddr *)&own, &n) == 0) {
        wtl_tell_from to = wtl_tell_from_socket((struct sockaddr *)&own);
        put_address(v.to, &v.to_port, &to);
        put_address(v.from, &v.from_port, &c->from);
        if (to.family == c->from.family && to.family != 0)
            v.family = to.family == 4 ? WTL_VIA_IPV4 : WTL_VIA_IPV6;
    }
    return wtl_via_write(out, &v, tls, err);
}
