#include "proxyd/worker.h"

#include <string.h>
#include <unistd.h>

#include "crypto/lib.h"
#include "proxy/proxy.h"
#include "proxyd/channel.h"
#include "proxyd/child.h"
#include "proxyd/names.h"
#include "sandbox/sandbox.h"
#include <wattle/version.h>

#define SECOND INT64_C(1000000000)

struct worker {
    const wtl_worker_plan *plan;
    wtl_loop *loop;
    wtl_proxy *proxy;
    wtl_event_sink sink;
    wtl_keys keys;
    wtl_proxy_env env;
    wtl_loop_fd channel;
    wtl_loop_timer tick;
    bool draining;
    wtl_err fault;
};

int wtl_worker_level(const wtl_proxyconf *conf)
{
    return (int)wtl_conf_number(conf->proxy,
                                "log-level"); /* the words stand in the order of wtl_event_level */
}

static void tell_pinned(void *arg)
{
    struct worker *w = arg;
    wtl_channel_say(w->plan->channel, WTL_CHANNEL_PINNED, 0);
}

static void tell_fault(const struct worker *w, const wtl_err *err)
{
    wtl_channel_message m = {.word = WTL_CHANNEL_FAULT, .rc = err->code, .fd = -1};
    memcpy(m.text, err->text, sizeof m.text);
    wtl_channel_send(w->plan->channel, &m);
}

static void stop_with(struct worker *w)
{
    tell_fault(w, &w->fault);
    wtl_loop_stop(w->loop);
}

static void drained(void *arg)
{
    struct worker *w = arg;
    wtl_loop_stop(w->loop);
}

static void drain(struct worker *w, int64_t timeout)
{
    if (w->draining)
        return;
    w->draining = true;
    wtl_proxy_drain(w->proxy, timeout, drained, w);
    /* The kernel stops queueing connections for a socket when the last process lets go of it; several services may share one. */
    for (size_t i = 0; i < w->plan->conf->n; i++) {
        bool again = false;
        for (size_t k = 0; k < i; k++)
            again = again || w->plan->listener[k] == w->plan->listener[i];
        if (!again)
            close(w->plan->listener[i]);
    }
}

static void use_log(struct worker *w, int fd)
{
    if (fd < 0)
        return;
    int before = w->sink.log;
    w->sink.log = fd;
    w->sink.way = 0;
    w->sink.torn = false;
    if (before > STDERR_FILENO)
        close(before);
}

static void obey(struct worker *w, const wtl_channel_message *m)
{
    if (m->word == WTL_CHANNEL_GO && !w->draining && wtl_proxy_start(w->proxy, &w->fault) < 0)
        stop_with(w);
    else if (m->word == WTL_CHANNEL_DRAIN)
        drain(w, m->number);
    else if (m->word == WTL_CHANNEL_LOG)
        use_log(w, m->fd);
}

static void listen_to_supervisor(void *arg, unsigned what)
{
    (void)what;
    struct worker *w = arg;
    wtl_channel_message m;
    enum wtl_channel_got got;
    while ((got = wtl_channel_take(w->plan->channel, &m, true)) == WTL_CHANNEL_ONE)
        obey(w, &m);
    if (got ==
        WTL_CHANNEL_END) { /* the supervisor is gone: nobody will replace this worker, or tell it anything */
        wtl_loop_fd_off(&w->channel);
        drain(w, wtl_conf_number(w->plan->conf->proxy, "drain-timeout"));
    }
}

static void tick(void *arg)
{
    struct worker *w = arg;
    wtl_board_connections(w->plan->board, w->plan->slot, wtl_proxy_connections(w->proxy));
    if (wtl_loop_timer_at(w->loop, &w->tick, wtl_loop_now(w->loop) + SECOND, tick, w, &w->fault) < 0)
        stop_with(w);
}

static int describe(const struct worker *w, wtl_err *err)
{
    AUTO(wtl_buf) text = {0};
    TRY(wtl_proxy_describe(w->proxy, &text, err));
    TRY(wtl_buf_check(&text, err));
    const char *build[] = {wtl_version(), wtl_lib_version(), wtl_lib_using()};
    wtl_metric *m = wtl_board_metrics(w->plan->board);
    wtl_metric_set(m, wtl_metric_at(m, WTL_PROXY_BUILD, build), 1);
    return wtl_board_write(w->plan->board, WTL_BOARD_STAGED, wtl_buf_view(&text), err);
}

static int make_proxy(struct worker *w, wtl_err *err)
{
    const wtl_worker_plan *plan = w->plan;
    wtl_board_secret_lock(plan->board);
    wtl_metric *metrics = wtl_board_metrics(plan->board);
    wtl_metric_process(metrics, plan->slot);
    w->sink = (wtl_event_sink){
        .metrics = metrics, .log = plan->log, .level = (enum wtl_event_level)wtl_worker_level(plan->conf)};
    w->keys = wtl_keys_files();
    w->env = (wtl_proxy_env){.loop = w->loop,
                             .listener = plan->listener,
                             .sink = &w->sink,
                             .pins = wtl_board_pins(plan->board),
                             .ticket_secret = wtl_board_secret(plan->board),
                             .keys = &w->keys,
                             .first = plan->first,
                             .pinned = tell_pinned,
                             .arg = w};
    return wtl_proxy_new(&w->proxy, plan->conf, &w->env, err);
}

static int load(struct worker *w, wtl_err *err)
{
    TRY(wtl_sandbox_harden(err));
    TRY(wtl_lib_init(err));
    TRY(wtl_loop_new(&w->loop, err));
    TRY(make_proxy(w, err));
    TRY(wtl_lib_fault(err)); /* keys that silently went to another provider */
    if (w->plan->first)
        TRY(describe(w, err));
    TRY(wtl_loop_fd_on(w->loop, &w->channel, w->plan->channel, listen_to_supervisor, w, err));
    TRY(wtl_loop_timer_at(w->loop, &w->tick, wtl_loop_now(w->loop), tick, w, err));
    TRY(wtl_sandbox_user(wtl_conf_text(w->plan->conf->proxy, "user", 0), err));
    wtl_child_alone();
    return wtl_sandbox_enter(WTL_SANDBOX_ACCEPT | WTL_SANDBOX_CONNECT, err);
}

static int serve(struct worker *w, wtl_err *err)
{
    /* Before they are read for use: a name that changes in between is taken over once more rather than never. */
    const wtl_proxyconf *conf = w->plan->conf;
    uint64_t names = wtl_names_any(conf) ? wtl_names_sign(conf) : 0;
    TRY(load(w, err));
    wtl_channel_say(w->plan->channel, WTL_CHANNEL_READY, (int64_t)names);
    return wtl_loop_run(w->loop, err);
}

int wtl_worker_run(const wtl_worker_plan *plan)
{
    struct worker w = {.plan = plan};
    wtl_err err = {0};
    int rc = serve(&w, &err);
    if (rc < 0)
        tell_fault(&w, &err);
    else if (w.fault.code < 0)
        rc = w.fault.code;
    wtl_proxy_free(w.proxy); /* wipes keys */
    return wtl_rc_exit(rc);
}
