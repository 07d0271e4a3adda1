#include "proxy/outbound.h"

#include "proxy/pool.h"

static void tell_end(wtl_conn *c, const wtl_err *why)
{
    char peer[WTL_TELL_TEXT];
    wtl_event_end e = {.service = c->service->name,
                       .server = false,
                       .peer_address = wtl_conn_peer(c, peer),
                       .nanoseconds = wtl_loop_now(c->service->worker->loop) - c->began,
                       .error = why->text};
    wtl_event_end_tell(c->service->worker->env->sink, &e);
}

static void fail(wtl_conn *c, const wtl_err *why)
{
    tell_end(c, why);
    wtl_conn_close(c, true);
}

static void reached(void *arg, wtl_end *far, wtl_target *target, const wtl_err *why)
{
    wtl_conn *c = arg;
    if (far == NULL) {
        fail(c, why);
        return;
    }
    c->far = far;
    c->target = target;
    wtl_conn_carry(c, (wtl_bytes){0});
}

static bool take_ready(wtl_conn *c)
{
    uint8_t *early = NULL;
    size_t n = 0;
    if (c->service->pool == NULL)
        return false;
    c->far = wtl_pool_take(c->service->pool, &c->target, &early, &n);
    if (c->far == NULL)
        return false;
    if (early != NULL)
        wtl_pump_first(&c->pump, 1, early, n);
    c->pump.way[1].bytes = n;
    wtl_conn_carry(c, (wtl_bytes){0});
    return true;
}

static void go_on(wtl_conn *c)
{
    wtl_opening *o = c->opening;
    wtl_err err;
    wtl_loop_timer_off(&c->timer);
    o->step = WTL_OPENING_ONWARDS;
    if (take_ready(c))
        return;
    int rc = c->service->send_proxy ? wtl_conn_via(c, &o->first, &(wtl_via_tls){0}, &err) : WTL_OK;
    o->reach = (wtl_reach){
        .service = c->service, .first = wtl_buf_view(&o->first), .done = reached, .arg = c};
    if (rc == WTL_OK)
        rc = wtl_reach_start(&o->reach, &err);
    if (rc < 0)
        fail(c, &err);
}

/* What comes before the client's first own byte. */
static int hear(wtl_conn *c, bool *ready, wtl_err *err)
{
    wtl_opening *o = c->opening;
    enum wtl_hello_state state = WTL_HELLO_MORE;
    bool more = true;
    *ready = false;
    while (state == WTL_HELLO_MORE) {
        TRY(wtl_opening_fill(o, c->near, c->service->worker, &more, err));
        if (!more)
            return WTL_OK;
        TRY(wtl_opening_greet(o, c->near, c->service, &state, err));
    }
    wtl_conn_named(c);
    *ready = true;
    return WTL_OK;
}

static void step(void *arg)
{
    wtl_conn *c = arg;
    wtl_err err = {0};
    bool ready = false;
    if (c->opening->step == WTL_OPENING_ONWARDS) {
        if (c->near->gone)
            wtl_conn_close(c, true);
        return;
    }
    if (hear(c, &ready, &err) < 0)
        fail(c, &err);
    else if (ready)
        go_on(c);
}

static void late(void *arg)
{
    wtl_err err;
    (void)WTL_FAIL(&err, WTL_IO, "the client did not begin within the time of handshake-timeout");
    fail(arg, &err);
}

void wtl_outbound_begin(wtl_service *s, int fd, const struct sockaddr *at)
{
    wtl_conn *c = NULL;
    wtl_err err;
    wtl_loop *loop = s->worker->loop;
    bool ahead = s->accept_proxy || s->postgres;
    int rc = wtl_conn_new(&c, s, fd, at, step, &err);
    if (rc == WTL_OK && ahead)
        rc = wtl_loop_timer_at(loop, &c->timer, c->began + s->handshake_timeout, late, c, &err);
    if (rc == WTL_OK && !ahead)
        go_on(c);
    if (rc == WTL_OK)
        return;
    wtl_event_say(s->worker->env->sink, WTL_EVENT_ERROR, "wattle.accept", s->name, "%s", err.text);
    if (c != NULL)
        wtl_conn_close(c, true);
}
