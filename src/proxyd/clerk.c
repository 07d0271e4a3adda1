#include "proxyd/clerk.h"

#include <string.h>

#include "admin/admin.h"
#include "base/instant.h"
#include "json/json.h"
#include "proxy/event.h"
#include "proxyd/channel.h"
#include "proxyd/child.h"
#include "sandbox/sandbox.h"

enum { SERVICE_UNAVAILABLE = 503 };

struct clerk {
    const wtl_clerk_plan *plan;
    wtl_loop *loop;
    wtl_admin *metrics, *control;
    wtl_loop_fd channel;
};

static int board_json(const wtl_board *b, enum wtl_board_text which, const char *what, json_t **out,
                      wtl_err *err)
{
    AUTO(wtl_buf) text = {0};
    TRY(wtl_board_read(b, which, &text, err));
    ENSURE(text.n > 0, err, WTL_BUSY, "the proxy is starting");
    return wtl_json_parse(out, wtl_buf_view(&text), what, err);
}

/* An empty list until a worker has described them. */
static json_t *services_json(const wtl_board *b)
{
    AUTO(json_t) *text = NULL;
    if (board_json(b, WTL_BOARD_SERVICES, "what the services are", &text, NULL) < 0)
        return json_array();
    json_t *list = json_object_get(text, "services");
    return json_incref(list != NULL ? list : text);
}

static void show_certificate(wtl_metric *m, const char *service, const json_t *c)
{
    const char *text[] = {service, json_string_value(json_object_get(c, "path")),
                          json_string_value(json_object_get(c, "algorithm")),
                          json_string_value(json_object_get(c, "subject"))};
    const char *until = json_string_value(json_object_get(c, "not_after"));
    int64_t end;
    if (until != NULL && wtl_instant_parse(&end, until, NULL) == WTL_OK)
        wtl_metric_set(m, wtl_metric_at(m, WTL_PROXY_NOT_AFTER, text), (double)end);
}

/* Of the configuration in use alone: those that were replaced are not shown any more. */
static void show_certificates(const wtl_board *b)
{
    wtl_metric *m = wtl_board_metrics(b);
    AUTO(json_t) *services = services_json(b);
    size_t i;
    size_t k;
    const json_t *s;
    const json_t *c;
    wtl_metric_clear(m, WTL_PROXY_NOT_AFTER);
    json_array_foreach(services, i, s)
    {
        json_array_foreach(json_object_get(s, "certificates"), k, c)
            show_certificate(m, json_string_value(json_object_get(s, "name")), c);
    }
}

/* NOLINTNEXTLINE(readability-non-const-parameter): a callback */
static int page_metrics(void *arg, wtl_buf *body, int *status, wtl_err *err)
{
    (void)status;
    const wtl_board *b = arg;
    show_certificates(b);
    return wtl_metric_text(wtl_board_metrics(b), body, err);
}

static size_t serving(const wtl_board *b)
{
    size_t n = 0;
    for (unsigned i = 1; i < WTL_BOARD_SLOTS; i++) {
        wtl_board_worker w;
        wtl_board_get(b, i, &w);
        n += w.state == WTL_BOARD_SERVING;
    }
    return n;
}

static int page_healthz(void *arg, wtl_buf *body, int *status, wtl_err *err)
{
    const wtl_board *b = arg;
    AUTO(json_t) *proxy = NULL;
    const char *state = "starting";
    if (board_json(b, WTL_BOARD_PROXY, "the proxy's state", &proxy, NULL) == WTL_OK)
        TRY(wtl_json_get_string(proxy, "the proxy's state", "state", &state, err));
    bool well = strcmp(state, "running") == 0 && serving(b) > 0;
    if (!well)
        *status = SERVICE_UNAVAILABLE;
    wtl_buf_fmt(body, "%s\n", well ? "ok" : strcmp(state, "running") == 0 ? "no worker" : state);
    return wtl_buf_check(body, err);
}

static json_t *workers_json(const wtl_board *b)
{
    json_t *list = json_array();
    for (unsigned i = 1; i < WTL_BOARD_SLOTS; i++) {
        wtl_board_worker w;
        wtl_board_get(b, i, &w);
        if (w.state == WTL_BOARD_FREE)
            continue;
        json_array_append_new(list, json_pack("{sI sI sI ss sI}", "pid", (json_int_t)w.pid, "worker",
                                              (json_int_t)w.index, "generation", (json_int_t)w.generation,
                                              "state", wtl_board_state_name(w.state), "connections",
                                              (json_int_t)w.connections));
    }
    return list;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): a callback */
static int page_status(void *arg, wtl_buf *body, int *status, wtl_err *err)
{
    (void)status;
    const wtl_board *b = arg;
    AUTO(json_t) *proxy = NULL;
    TRY(board_json(b, WTL_BOARD_PROXY, "the proxy's state", &proxy, err));
    json_object_set_new(proxy, "workers", workers_json(b));
    json_object_set_new(proxy, "services", services_json(b));
    TRY(wtl_json_write(proxy, true, body, err));
    wtl_buf_str(body, "\n");
    return wtl_buf_check(body, err);
}

static void end_with_supervisor(void *arg, unsigned what)
{
    (void)what;
    struct clerk *c = arg;
    wtl_channel_message m;
    enum wtl_channel_got got;
    while ((got = wtl_channel_take(c->plan->channel, &m, false)) == WTL_CHANNEL_ONE)
        continue;
    if (got == WTL_CHANNEL_END)
        wtl_loop_stop(c->loop);
}

static int open_pages(struct clerk *c, const wtl_admin_page *pages, size_t n, wtl_err *err)
{
    if (c->plan->metrics >= 0)
        TRY(wtl_admin_new(&c->metrics, c->loop, c->plan->metrics, pages, n, err));
    if (c->plan->control >= 0)
        TRY(wtl_admin_new(&c->control, c->loop, c->plan->control, pages, n, err));
    return WTL_OK;
}

static int serve(struct clerk *c, wtl_err *err)
{
    const wtl_admin_page pages[] = {
        {"/metrics", "text/plain; version=0.0.4; charset=utf-8", page_metrics, c->plan->board},
        {"/healthz", "text/plain; charset=utf-8", page_healthz, c->plan->board},
        {"/status", "application/json", page_status, c->plan->board},
    };
    wtl_board_secret_forget(c->plan->board);
    TRY(wtl_sandbox_harden(err));
    TRY(wtl_loop_new(&c->loop, err));
    TRY(open_pages(c, pages, sizeof pages / sizeof pages[0], err));
    TRY(wtl_loop_fd_on(c->loop, &c->channel, c->plan->channel, end_with_supervisor, c, err));
    TRY(wtl_sandbox_user(c->plan->user, err));
    wtl_child_alone();
    TRY(wtl_sandbox_enter(WTL_SANDBOX_ACCEPT, err));
    wtl_channel_say(c->plan->channel, WTL_CHANNEL_READY, 0);
    return wtl_loop_run(c->loop, err);
}

int wtl_clerk_run(const wtl_clerk_plan *plan)
{
    struct clerk c = {.plan = plan};
    wtl_err err = {0};
    int rc = serve(&c, &err);
    if (rc < 0) {
        wtl_channel_message m = {.word = WTL_CHANNEL_FAULT, .rc = rc, .fd = -1};
        memcpy(m.text, err.text, sizeof m.text);
        wtl_channel_send(plan->channel, &m);
    }
    return wtl_rc_exit(rc);
}
