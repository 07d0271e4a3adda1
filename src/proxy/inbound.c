#include "proxy/inbound.h"

#include <string.h>
#include <sys/socket.h>

#define SECOND INT64_C(1000000000)

/* RFC 8446 section 6.2. */
enum { HANDSHAKE_FAILURE = 40, ILLEGAL_PARAMETER = 47, PROTOCOL_VERSION = 70, UNRECOGNIZED_NAME = 112 };

/* ---- refusing */

static void silence(void *arg)
{
    wtl_conn_close(arg, false);
}

static void read_away(wtl_conn *c)
{
    wtl_worker *w = c->service->worker;
    size_t got = 1;
    while (c->near->readable && got > 0) {
        if (wtl_end_recv(c->near, w->scratch, WTL_WORKER_SCRATCH, &got, NULL) < 0 || c->near->eof) {
            wtl_conn_close(c, false);
            return;
        }
    }
    if (c->near->gone)
        wtl_conn_close(c, false);
}

/* A close while bytes wait unread would make the peer lose the alert: read on for a second, until he closes. */
static void linger(wtl_conn *c)
{
    wtl_loop *loop = c->service->worker->loop;
    wtl_link_free(c->near->link);
    c->near->link = NULL;
    c->opening->step = WTL_OPENING_LINGER;
    if (c->near->eof || c->near->gone || shutdown(c->near->on.fd, SHUT_WR) < 0 ||
        wtl_loop_timer_at(loop, &c->timer, wtl_loop_now(loop) + SECOND, silence, c, NULL) < 0)
        wtl_conn_close(c, false);
    else
        read_away(c);
}

static void tell(wtl_conn *c, int rc, const wtl_err *why, bool late)
{
    char peer[WTL_TELL_TEXT];
    wtl_opening *o = c->opening;
    wtl_tell t = {.peer = wtl_conn_peer(c, peer),
                  .link = rc == WTL_OK ? c->near->link : NULL,
                  .hello = o->step >= WTL_OPENING_HELLO && o->message.n > 0 ? &o->hello : NULL,
                  .reason = rc == WTL_OK || c->near->link == NULL ? o->reason : WTL_FACTS_NO_FALLBACK,
                  .began = c->began,
                  .late = late};
    wtl_tell_handshake(c->service, &t, rc, why);
}

/* The handshake ended without a connection. */
static void refuse(wtl_conn *c, int rc, const wtl_err *why)
{
    wtl_opening *o = c->opening;
    if (o->any || rc != WTL_IO) /* who connects and goes without a word began no handshake */
        tell(c, rc, why, false);
    if (rc == WTL_IO)
        wtl_conn_close(c, false);
    else
        linger(c);
}

static int alert(wtl_conn *c, uint8_t number)
{
    const uint8_t record[] = {21, 3, 3, 0, 2, 2, number};
    return wtl_end_send(c->near, (wtl_bytes){record, sizeof record}, NULL);
}

static void late(void *arg)
{
    wtl_conn *c = arg;
    wtl_err err;
    int rc = WTL_FAIL(&err, WTL_IO, "the handshake took longer than handshake-timeout");
    tell(c, rc, &err, true);
    wtl_conn_close(c, false);
}

/* ---- onwards */

static void dialled(void *arg, wtl_end *far, wtl_target *target, const wtl_err *why)
{
    wtl_conn *c = arg;
    (void)target;
    if (far == NULL) { /* the words were told, and counted, by the dial */
        char peer[WTL_TELL_TEXT];
        wtl_event_end e = {.service = c->service->name,
                           .server = true,
                           .peer_address = wtl_conn_peer(c, peer),
                           .nanoseconds = wtl_loop_now(c->service->worker->loop) - c->began,
                           .error = why->text};
        wtl_event_end_tell(c->service->worker->env->sink, &e);
        wtl_conn_close(c, true);
        return;
    }
    c->far = far;
    wtl_conn_carry(c, wtl_buf_view(&c->opening->first));
}

/* What the service behind may want to know of the TLS that ended here. */
static int write_via(wtl_conn *c, wtl_err *err)
{
    const wtl_facts *f = wtl_link_facts(c->near->link);
    wtl_via_tls tls = {.version = f->version,
                       .cipher = f->cipher,
                       .peer_name = f->peer[0] != '\0' ? f->peer : NULL,
                       .server_name = f->server_name[0] != '\0' ? f->server_name : NULL,
                       .alpn = {(const uint8_t *)f->alpn, strlen(f->alpn)},
                       .verified = f->peer[0] != '\0',
                       .resumed = f->resumed,
                       .group = f->group == NULL ? NULL : f->group->name};
    return wtl_conn_via(c, &c->opening->first, &tls, err);
}

static void go_on(wtl_conn *c)
{
    wtl_opening *o = c->opening;
    wtl_err err;
    wtl_loop_timer_off(&c->timer);
    tell(c, WTL_OK, NULL, false);
    o->step = WTL_OPENING_ONWARDS;
    o->dial = (wtl_dial){.service = c->service,
                         .to = o->to,
                         .bytes_wait = c->service->send_proxy || wtl_link_pending(c->near->link),
                         .done = dialled,
                         .arg = c};
    int rc = c->service->send_proxy ? write_via(c, &err) : WTL_OK;
    if (rc == WTL_OK)
        rc = wtl_dial_start(&o->dial, &err);
    if (rc < 0)
        dialled(c, NULL, NULL, &err);
}

/* ---- TLS */

static enum wtl_facts_reason reason_of(const wtl_service *s, const wtl_hello_client *h)
{
    const wtl_group *g;
    for (size_t i = 0; (g = wtl_group_at(i)) != NULL; i++) {
        if (g->class != WTL_GROUP_CLASSICAL && wtl_hello_client_offers(h, g->id))
            return WTL_FACTS_BY_POLICY; /* he offered one, and it was not taken */
    }
    return s->classical_by_policy ? WTL_FACTS_BY_POLICY : WTL_FACTS_PEER_DID_NOT_OFFER;
}

/* Whether the hello may go on; where not, the peer is told by an alert. */
static int judge(wtl_conn *c, wtl_err *err)
{
    wtl_service *s = c->service;
    wtl_opening *o = c->opening;
    if (!o->hello.tls13 && (s->policy.flags & WTL_POLICY_TLS12) == 0) {
        (void)!alert(c, PROTOCOL_VERSION);
        return WTL_FAIL(err, WTL_FORMAT, "the client speaks no TLS 1.3");
    }
    int rc = wtl_policy_admits(&s->policy, &o->hello, err);
    if (rc < 0) {
        (void)!alert(c, rc == WTL_FORMAT ? ILLEGAL_PARAMETER : HANDSHAKE_FAILURE);
        if (rc == WTL_POLICY)
            o->reason = reason_of(s, &o->hello);
        return rc;
    }
    o->to = wtl_service_to(s, o->hello.server_name);
    if (o->to == NULL) {
        (void)!alert(c, UNRECOGNIZED_NAME);
        return WTL_FAIL(err, WTL_POLICY, "there is no route for the server name \"%s\"",
                        o->hello.server_name);
    }
    o->reason = reason_of(s, &o->hello);
    return WTL_OK;
}

static int make_link(wtl_conn *c, wtl_err *err)
{
    wtl_service *s = c->service;
    wtl_opening *o = c->opening;
    wtl_link *link = NULL;
    TRY(wtl_link_new(&link, s->worker->links, s->ctx, c->near->on.fd, wtl_opening_view(o), err));
    wtl_end_link(c->near, link);
    o->at = o->in.n;
    wtl_bytes alpn = o->hello.alpn;
    if (s->alpn_own || alpn.n < 1 || alpn.p[0] >= alpn.n)
        return WTL_OK;
    /* Browsers and curl offer "h2, http/1.1": what lies behind need not know the former. */
    static const char web[] = "http/1.1";
    if (wtl_hello_client_speaks(&o->hello, web))
        return wtl_link_alpn(c->near->link, (wtl_bytes){(const uint8_t *)web, sizeof web - 1}, err);
    return wtl_link_alpn(c->near->link, (wtl_bytes){alpn.p + 1, alpn.p[0]}, err);
}

static int hear_hello(wtl_conn *c, bool *whole, wtl_err *err)
{
    wtl_opening *o = c->opening;
    enum wtl_hello_state state = WTL_HELLO_MORE;
    size_t used = 0;
    wtl_bytes in = wtl_opening_view(o);
    *whole = false;
    if (in.n == 0)
        return WTL_OK;
    int rc = wtl_hello_client_read(&o->hello, &state, &used, &o->message, in, err);
    if (rc < 0) {
        if (in.p[0] == 22) /* a TLS record */
            (void)!alert(c, o->hello.alert);
        wtl_buf_clear(&o->message); /* nothing in it is to be told */
        return rc;
    }
    if (state == WTL_HELLO_MORE)
        return WTL_OK;
    TRY(judge(c, err));
    TRY(make_link(c, err));
    o->step = WTL_OPENING_HANDSHAKE;
    *whole = true;
    return WTL_OK;
}

/* Up to the whole hello. */
static int hear(wtl_conn *c, wtl_err *err)
{
    wtl_opening *o = c->opening;
    bool more = true, whole = false;
    while (more && !whole) {
        TRY(wtl_opening_fill(o, c->near, c->service->worker, &more, err));
        if (!more)
            return WTL_OK;
        enum wtl_hello_state state = WTL_HELLO_WHOLE;
        TRY(wtl_opening_greet(o, c->near, c->service, &state, err));
        wtl_conn_named(c);
        if (state == WTL_HELLO_WHOLE)
            TRY(hear_hello(c, &whole, err));
    }
    return WTL_OK;
}

static int advance(wtl_conn *c, bool *done, wtl_err *err)
{
    *done = false;
    if (c->opening->step < WTL_OPENING_HANDSHAKE)
        TRY(hear(c, err));
    if (c->opening->step != WTL_OPENING_HANDSHAKE)
        return WTL_OK;
    return wtl_end_handshake(c->near, done, err);
}

static void step(void *arg)
{
    wtl_conn *c = arg;
    wtl_err err = {0};
    bool done = false;
    if (c->opening->step == WTL_OPENING_LINGER) {
        read_away(c);
        return;
    }
    if (c->opening->step == WTL_OPENING_ONWARDS) {
        if (c->near->gone)
            wtl_conn_close(c, true);
        return;
    }
    int rc = advance(c, &done, &err);
    if (rc < 0)
        refuse(c, rc, &err);
    else if (done)
        go_on(c);
}

void wtl_inbound_begin(wtl_service *s, int fd, const struct sockaddr *at)
{
    wtl_conn *c = NULL;
    wtl_err err;
    wtl_loop *loop = s->worker->loop;
    int rc = wtl_conn_new(&c, s, fd, at, step, &err);
    if (rc == WTL_OK)
        rc = wtl_loop_timer_at(loop, &c->timer, c->began + s->handshake_timeout, late, c, &err);
    if (rc == WTL_OK)
        return;
    wtl_event_say(s->worker->env->sink, WTL_EVENT_ERROR, "wattle.accept", s->name, "%s", err.text);
    if (c != NULL)
        wtl_conn_close(c, true);
}
