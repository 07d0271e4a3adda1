#include "proxyd/supervisor_impl.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxyd/channel.h"
#include "proxyd/child.h"
#include "proxyd/clerk.h"
#include "proxyd/names.h"
#include "proxyd/where.h"

enum { CONTROL_MODE = 0600 };
#define RELOAD_AT_MOST (600 * WTL_SUPERVISOR_SECOND)

static void let_go(wtl_supervisor_helper *h)
{
    wtl_loop_fd_off(&h->fd);
    if (h->channel >= 0)
        close(h->channel);
    h->channel = -1;
}

/* Forks with a channel; *pid is 0 in the child, whose end is *end. */
static int start(wtl_supervisor_helper *h, const int *keep, size_t n, int *end, wtl_err *err)
{
    int pair[2];
    int all[8];
    TRY(wtl_channel_pair(pair, err));
    for (size_t i = 0; i < n; i++)
        all[i] = keep[i];
    all[n] = pair[1];
    let_go(h);
    int rc = wtl_child_fork(&h->pid, all, n + 1, err);
    if (rc == WTL_OK && h->pid == 0) {
        *end = pair[1];
        return WTL_OK;
    }
    close(pair[1]);
    h->channel = pair[0];
    h->since = wtl_loop_now_fresh(h->s->loop);
    if (rc < 0)
        h->pid = 0;
    return rc;
}

static void warn(wtl_supervisor *s, const char *name, const char *text)
{
    wtl_event_say(&s->sink, WTL_EVENT_WARN, name, NULL, "%s", text);
}

static void hear_clerk(void *arg, unsigned what)
{
    (void)what;
    wtl_supervisor_helper *h = arg;
    wtl_channel_message m;
    enum wtl_channel_got got;
    while ((got = wtl_channel_take(h->channel, &m, false)) == WTL_CHANNEL_ONE) {
        if (m.word == WTL_CHANNEL_FAULT)
            warn(h->s, "wattle.admin", m.text);
    }
    if (got == WTL_CHANNEL_END)
        wtl_loop_fd_off(&h->fd);
}

static int start_clerk(wtl_supervisor *s, wtl_err *err)
{
    wtl_clerk_plan plan = {
        .board = s->board, .metrics = s->metrics.fd, .control = s->control.fd, .user = s->user};
    TRY(start(&s->clerk, (int[]){plan.metrics, plan.control}, 2, &plan.channel, err));
    if (s->clerk.pid == 0)
        _exit(wtl_clerk_run(&plan));
    return wtl_loop_fd_on(s->loop, &s->clerk.fd, s->clerk.channel, hear_clerk, &s->clerk, err);
}

static void clerk_again(void *arg)
{
    wtl_supervisor *s = arg;
    wtl_err err = {0};
    if (start_clerk(s, &err) == WTL_OK)
        return;
    warn(s, "wattle.admin", err.text);
    if (s->clerk.pid == 0 &&
        wtl_loop_timer_at(s->loop, &s->clerk.timer, wtl_loop_now(s->loop) + 10 * WTL_SUPERVISOR_SECOND,
                          clerk_again, s, &err) < 0)
        warn(s, "wattle.admin", err.text);
}

/* The first proxy of a user takes proxy.sock, others proxy-PID.sock: `wattle proxy status` asks them all. */
static int open_default(wtl_supervisor *s, wtl_err *err)
{
    AUTO(wtl_buf) folder = {0};
    AUTO(wtl_buf) address = {0};
    TRY(wtl_where_control(&folder, err));
    if (folder.n == 0)
        return WTL_OK;
    wtl_buf_fmt(&address, "unix:%s/proxy.sock", wtl_buf_cstr(&folder));
    TRY(wtl_buf_check(&address, err));
    wtl_where_make(wtl_buf_cstr(&address) + strlen("unix:"));
    if (wtl_listen_one_open(&s->control, wtl_buf_cstr(&address), CONTROL_MODE, err) == WTL_OK)
        return WTL_OK;
    wtl_buf_clear(&address);
    wtl_buf_fmt(&address, "unix:%s/proxy-%d.sock", wtl_buf_cstr(&folder), (int)getpid());
    return wtl_listen_one_open(&s->control, wtl_buf_cstr(&address), CONTROL_MODE, err);
}

static int open_control(wtl_supervisor *s, const char *given, wtl_err *err)
{
    if (given != NULL) {
        AUTO(wtl_buf) address = {0};
        wtl_buf_fmt(&address, "unix:%s", given);
        TRY(wtl_buf_check(&address, err));
        wtl_where_make(given);
        return wtl_listen_one_open(&s->control, wtl_buf_cstr(&address), CONTROL_MODE, err);
    }
    wtl_err why = {0};
    if (open_default(s, &why) < 0)
        wtl_event_say(&s->sink, WTL_EVENT_WARN, "wattle.admin", NULL,
                      "`wattle proxy status` will not find this proxy: %s", why.text);
    return WTL_OK;
}

int wtl_supervisor_helper_open(wtl_supervisor *s, const wtl_generation *g, wtl_err *err)
{
    const char *metrics = wtl_conf_text(g->conf.proxy, "metrics", 0);
    const char *user = wtl_conf_text(g->conf.proxy, "user", 0);
    if (user != NULL) {
        s->user = strdup(user);
        ENSURE(s->user != NULL, err, WTL_NOMEM, "no memory for a user's name");
    }
    if (metrics != NULL) {
        TRY(wtl_listen_one_open(&s->metrics, metrics, CONTROL_MODE, err));
        wtl_event_say(&s->sink, WTL_EVENT_INFO, "wattle.listening", "metrics", "listening on %s",
                      s->metrics.shown);
    }
    TRY(open_control(s, wtl_conf_text(g->conf.proxy, "control", 0), err));
    if (s->metrics.fd < 0 && s->control.fd < 0)
        return WTL_OK;
    return start_clerk(s, err);
}

static void clerk_gone(wtl_supervisor *s)
{
    wtl_err err = {0};
    hear_clerk(&s->clerk, 0);
    let_go(&s->clerk);
    s->clerk.pid = 0;
    if (s->stopping)
        return;
    bool quick = wtl_loop_now(s->loop) - s->clerk.since < 10 * WTL_SUPERVISOR_SECOND;
    s->clerk.fails = quick ? s->clerk.fails + 1 : 0;
    warn(s, "wattle.admin", "the process of the pages ended and is started again");
    int64_t later = (s->clerk.fails > 1 ? 5 : 0) * WTL_SUPERVISOR_SECOND;
    if (wtl_loop_timer_at(s->loop, &s->clerk.timer, wtl_loop_now(s->loop) + later, clerk_again, s, &err) < 0)
        warn(s, "wattle.admin", err.text);
}

static void saw_names(wtl_supervisor *s, uint64_t seen)
{
    int64_t now = wtl_loop_now(s->loop);
    if (seen == 0) /* a name server that does not answer changes nothing */
        return;
    bool twice = seen == s->resolving;
    s->resolving = seen;
    if (s->resolved == 0)
        s->resolved = seen;
    /* A name that has other addresses at every look (as large storage services have) is taken over now and then alone. */
    if (seen != s->resolved && (twice || now - s->resolved_at > RELOAD_AT_MOST))
        wtl_supervisor_reload(s, "a name has other addresses");
}

static void hear_names(void *arg, unsigned what)
{
    (void)what;
    wtl_supervisor_helper *h = arg;
    wtl_channel_message m;
    enum wtl_channel_got got;
    while ((got = wtl_channel_take(h->channel, &m, false)) == WTL_CHANNEL_ONE) {
        if (m.word == WTL_CHANNEL_SEEN)
            saw_names(h->s, (uint64_t)m.number);
    }
    if (got == WTL_CHANNEL_END)
        wtl_loop_fd_off(&h->fd);
}

static int start_names(wtl_supervisor *s, wtl_err *err)
{
    int end = -1;
    TRY(start(&s->names, NULL, 0, &end, err));
    if (s->names.pid == 0) {
        wtl_channel_say(end, WTL_CHANNEL_SEEN, (int64_t)wtl_names_sign(&s->current->conf));
        _exit(0);
    }
    return wtl_loop_fd_on(s->loop, &s->names.fd, s->names.channel, hear_names, &s->names, err);
}

static void look_names(void *arg)
{
    wtl_supervisor *s = arg;
    wtl_err err = {0};
    if (s->stopping)
        return;
    if (s->names.pid > 0) /* still waits for an answer */
        kill(s->names.pid, SIGKILL);
    else if (start_names(s, &err) < 0)
        warn(s, "wattle.names", err.text);
    int64_t every = wtl_conf_number(s->current->conf.proxy, "resolve");
    if (wtl_loop_timer_at(s->loop, &s->names.timer, wtl_loop_now(s->loop) + every, look_names, s, &err) < 0)
        warn(s, "wattle.names", err.text);
}

void wtl_supervisor_helper_names(wtl_supervisor *s)
{
    s->resolved = s->resolving = s->current->names;
    s->resolved_at = wtl_loop_now(s->loop);
    wtl_loop_timer_off(&s->names.timer);
    if (wtl_names_any(&s->current->conf) && wtl_conf_number(s->current->conf.proxy, "resolve") > 0)
        look_names(s);
}

bool wtl_supervisor_helper_gone(wtl_supervisor *s, pid_t pid, int status)
{
    (void)status;
    if (pid == s->clerk.pid) {
        clerk_gone(s);
        return true;
    }
    if (pid != s->names.pid)
        return false;
    hear_names(&s->names, 0);
    let_go(&s->names);
    s->names.pid = 0;
    return true;
}

void wtl_supervisor_helper_close(wtl_supervisor *s)
{
    wtl_listen_one_close(&s->metrics);
    wtl_listen_one_close(&s->control);
    wtl_supervisor_helper *const all[] = {&s->clerk, &s->names};
    for (size_t i = 0; i < 2; i++) {
        if (all[i]->pid > 0)
            kill(all[i]->pid, SIGKILL);
        let_go(all[i]);
    }
    free(s->user);
}
