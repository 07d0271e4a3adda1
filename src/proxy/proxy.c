#include "proxy/proxy.h"

#include <stdlib.h>

#include "json/json.h"
#include "proxy/conn.h"
#include "proxy/describe.h"
#include "proxy/expiry.h"
#include "proxy/inbound.h"
#include "proxy/listener.h"
#include "proxy/outbound.h"
#include "proxy/pool.h"

/* A service and its door. */
typedef struct wtl_proxy_unit {
    wtl_proxy *proxy;
    wtl_service service;
    wtl_listener listener;
} wtl_proxy_unit;

struct wtl_proxy {
    wtl_worker worker;
    wtl_proxy_unit *unit;
    size_t n;
    void (*drained)(void *arg); /* NULL when not draining, or told already */
    void *arg;
    wtl_loop_timer cut;
    wtl_loop_later tell;
};

static void tell(void *arg);

static void conn_ended(void *arg)
{
    wtl_proxy_unit *u = arg;
    wtl_proxy *p = u->proxy;
    wtl_listener_room(&u->listener);
    if (p->drained != NULL && wtl_proxy_connections(p) == 0)
        wtl_loop_later_on(p->worker.loop, &p->tell, tell, p);
}

static int make_unit(wtl_proxy *p, const wtl_proxyconf_service *conf, int fd, wtl_err *err)
{
    wtl_proxy_unit *u = &p->unit[p->n];
    TRY(wtl_service_init(&u->service, &p->worker, conf, err));
    p->n++;
    u->proxy = p;
    u->service.freed = conn_ended;
    u->service.arg = u;
    u->listener = (wtl_listener){
        .service = &u->service, .fd = fd, .accepted = conf->server ? wtl_inbound_begin : wtl_outbound_begin};
    return u->service.pool_size == 0 ? WTL_OK : wtl_pool_new(&u->service.pool, &u->service, err);
}

static int make(wtl_proxy *p, const wtl_proxyconf *conf, const wtl_proxy_env *env, wtl_err *err)
{
    p->worker.env = env;
    p->worker.loop = env->loop;
    p->worker.scratch = malloc(WTL_WORKER_SCRATCH);
    p->unit = calloc(conf->n + 1, sizeof *p->unit);
    ENSURE(p->worker.scratch != NULL && p->unit != NULL, err, WTL_NOMEM, "out of memory");
    TRY(wtl_link_pool_new(&p->worker.links, err));
    for (size_t i = 0; i < conf->n; i++)
        TRY(make_unit(p, &conf->service[i], env->listener == NULL ? -1 : env->listener[i], err));
    return WTL_OK;
}

int wtl_proxy_new(wtl_proxy **out, const wtl_proxyconf *conf, const wtl_proxy_env *env, wtl_err *err)
{
    *out = NULL;
    wtl_proxy *p = calloc(1, sizeof *p);
    ENSURE(p != NULL, err, WTL_NOMEM, "out of memory");
    int rc = make(p, conf, env, err);
    if (rc < 0)
        wtl_proxy_free(p);
    else
        *out = p;
    return rc;
}

static void cut_all(wtl_proxy *p)
{
    for (size_t i = 0; i < p->n; i++) {
        while (p->unit[i].service.conns != NULL)
            wtl_conn_close(p->unit[i].service.conns, true);
    }
}

void wtl_proxy_free(wtl_proxy *p)
{
    if (p == NULL)
        return;
    p->drained = NULL;
    for (size_t i = 0; i < p->n; i++) {
        wtl_listener_stop(&p->unit[i].listener);
        wtl_pool_free(p->unit[i].service.pool);
    }
    cut_all(p);
    for (size_t i = 0; i < p->n; i++)
        wtl_service_end(&p->unit[i].service);
    wtl_loop_timer_off(&p->cut);
    wtl_loop_later_off(&p->tell);
    wtl_opening_drop_spare(&p->worker);
    wtl_link_pool_free(p->worker.links);
    free(p->worker.scratch);
    free(p->unit);
    free(p);
}

int wtl_proxy_start(wtl_proxy *p, wtl_err *err)
{
    for (size_t i = 0; i < p->n; i++) {
        TRY(wtl_listener_start(&p->unit[i].listener, err));
        wtl_expiry_begin(&p->unit[i].service);
        if (p->unit[i].service.pool != NULL)
            wtl_pool_start(p->unit[i].service.pool);
    }
    return WTL_OK;
}

static void tell(void *arg)
{
    wtl_proxy *p = arg;
    void (*drained)(void *) = p->drained;
    p->drained = NULL;
    wtl_loop_timer_off(&p->cut);
    if (drained != NULL)
        drained(p->arg); /* which may free the proxy */
}

static void cut(void *arg)
{
    wtl_proxy *p = arg;
    size_t n = wtl_proxy_connections(p);
    wtl_event_say(p->worker.env->sink, WTL_EVENT_WARN, "wattle.drain", "",
                  "%zu connections of an old configuration were cut", n);
    cut_all(p);
}

void wtl_proxy_drain(wtl_proxy *p, int64_t timeout, void (*done)(void *arg), void *arg)
{
    wtl_loop *loop = p->worker.loop;
    p->drained = done;
    p->arg = arg;
    for (size_t i = 0; i < p->n; i++) {
        wtl_listener_stop(&p->unit[i].listener);
        wtl_expiry_end(&p->unit[i].service);
        if (p->unit[i].service.pool != NULL)
            wtl_pool_stop(p->unit[i].service.pool);
    }
    if (wtl_proxy_connections(p) > 0 &&
        wtl_loop_timer_at(loop, &p->cut, wtl_loop_now(loop) + timeout, cut, p, NULL) < 0)
        cut_all(p);
    if (wtl_proxy_connections(p) == 0)
        wtl_loop_later_on(loop, &p->tell, tell, p);
}

size_t wtl_proxy_connections(const wtl_proxy *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        n += p->unit[i].service.n_conns;
    return n;
}

int wtl_proxy_describe(const wtl_proxy *p, wtl_buf *json, wtl_err *err)
{
    AUTO(json_t) *all = json_object();
    json_t *list = json_array();
    ENSURE(all != NULL && list != NULL && json_object_set_new(all, "services", list) == 0, err, WTL_NOMEM,
           "out of memory");
    for (size_t i = 0; i < p->n; i++) {
        json_t *one = NULL;
        TRY(wtl_describe_service(&one, &p->unit[i].service, err));
        ENSURE(json_array_append_new(list, one) == 0, err, WTL_NOMEM, "out of memory");
    }
    return wtl_json_write(all, false, json, err);
}
