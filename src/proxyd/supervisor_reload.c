#include "proxyd/supervisor_impl.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proxyd/notify.h"
#include "proxyd/watch.h"

static void count(wtl_supervisor *s, const char *outcome)
{
    const char *value[] = {outcome};
    wtl_metric *m = wtl_board_metrics(s->board);
    wtl_metric_add(m, wtl_metric_at(m, WTL_PROXY_RELOADS, value), 1);
    if (strcmp(outcome, "ok") == 0)
        wtl_metric_set(m, wtl_metric_at(m, WTL_PROXY_RELOADED, NULL), (double)time(NULL));
}

static void each_member(wtl_supervisor *s, const wtl_generation *g,
                        void (*call)(wtl_member *m, int64_t timeout), int64_t timeout)
{
    for (unsigned i = 1; i < WTL_BOARD_SLOTS; i++) {
        wtl_member *m = &s->crew.member[i];
        if (m->pid > 0 && m->generation == g)
            call(m, timeout);
    }
}

static void go(wtl_member *m, int64_t unused)
{
    (void)unused;
    wtl_crew_go(m);
}

static void cut(wtl_member *m, int64_t unused)
{
    (void)unused;
    wtl_crew_kill(m);
}

void wtl_supervisor_reload_refuse(wtl_supervisor *s, const wtl_err *why)
{
    wtl_generation *g = s->next;
    s->next = NULL;
    if (g != NULL) {
        g->failed = true;
        wtl_generation_unbind(g);
        each_member(s, g, cut, 0);
    }
    if (s->current == NULL) {
        s->fault = *why;
        wtl_loop_stop(s->loop);
        return;
    }
    s->taken = s->attempt;
    s->outcome = "refused";
    s->outcome_at = time(NULL);
    memcpy(s->trouble, why->text, sizeof s->trouble);
    count(s, "refused");
    wtl_event_say(&s->sink, WTL_EVENT_ERROR, "wattle.reload", NULL,
                  "the new configuration is refused, the old one stays in use: %s", why->text);
    wtl_supervisor_keep_publish(s);
    wtl_notify("READY=1\nSTATUS=the last reload was refused, see the log");
}

/* The oldest of those that drain. */
static wtl_generation *oldest(const wtl_supervisor *s)
{
    wtl_generation *found = NULL;
    for (wtl_generation *g = s->all; g != NULL; g = g->next) {
        if (g != s->current && !g->failed && g->members > 0)
            found = g; /* the list begins with the newest */
    }
    return found;
}

/* Places for the processes of a new generation, when many reloads came while connections of old ones live on. */
static int make_room(wtl_supervisor *s, wtl_err *err)
{
    if (wtl_crew_room(&s->crew) >= s->workers)
        return WTL_OK;
    wtl_generation *g = oldest(s);
    if (g != NULL) {
        wtl_event_say(
            &s->sink, WTL_EVENT_WARN, "wattle.reload", NULL,
            "connections of configuration %u are cut to make room: too many reloads within --drain-timeout",
            g->id);
        g->failed = true;
        each_member(s, g, cut, 0);
    }
    return WTL_FAIL(err, WTL_BUSY, "older configurations still drain");
}

static void warn_of_fixed(wtl_supervisor *s, const wtl_generation *g)
{
    static const char *const fixed[] = {"workers", "metrics", "control", "state"};
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        const char *old = wtl_conf_text(s->current->conf.proxy, fixed[i], 0);
        const char *new = wtl_conf_text(g->conf.proxy, fixed[i], 0);
        bool same = old == NULL || new == NULL ? old == new : strcmp(old, new) == 0;
        if (!same)
            wtl_event_say(&s->sink, WTL_EVENT_WARN, "wattle.reload", NULL,
                          "--%s changes when the proxy is started anew", fixed[i]);
    }
}

static int begin(wtl_supervisor *s, wtl_err *err)
{
    wtl_generation *g = NULL;
    TRY(wtl_generation_new(&g, ++s->last, s->source, err));
    g->next = s->all;
    s->all = s->next = g;
    TRY(wtl_supervisor_keep_state(s, g, err));
    TRY(wtl_generation_bind(g, s->set, err));
    for (unsigned i = 0; i < s->workers; i++)
        TRY(wtl_generation_start(g, &s->crew, i, s->sink.log, err));
    return WTL_OK;
}

void wtl_supervisor_reload(wtl_supervisor *s, const char *why)
{
    if (s->stopping)
        return;
    s->reload_again = s->next != NULL || s->current == NULL;
    if (s->reload_again)
        return;
    wtl_err err = {0};
    if (make_room(s, NULL) < 0) {
        s->reload_again = true; /* goes on when a process of theirs has ended */
        return;
    }
    wtl_event_say(&s->sink, WTL_EVENT_INFO, "wattle.reload", NULL, "a new configuration is taken: %s", why);
    wtl_notify_reloading();
    s->attempt = wtl_watch_sign(&s->current->conf, s->source->path);
    if (begin(s, &err) < 0)
        wtl_supervisor_reload_refuse(s, &err);
}

static void show_services(wtl_supervisor *s)
{
    AUTO(wtl_buf) text = {0};
    wtl_err err = {0};
    if (wtl_board_read(s->board, WTL_BOARD_STAGED, &text, &err) < 0 ||
        wtl_board_write(s->board, WTL_BOARD_SERVICES, wtl_buf_view(&text), &err) < 0)
        wtl_event_say(&s->sink, WTL_EVENT_ERROR, "wattle.status", NULL, "%s", err.text);
}

static void say_listening(wtl_supervisor *s, const wtl_generation *old)
{
    for (size_t i = 0; i < s->current->n_places; i++) {
        bool known = false;
        for (size_t k = 0; old != NULL && k < old->n_places; k++)
            known = known || old->place[k] == s->current->place[i];
        if (!known)
            wtl_event_say(&s->sink, WTL_EVENT_INFO, "wattle.listening", s->current->conf.service[i].name,
                          "listening on %s", wtl_listen_shown(s->current->place[i]));
    }
}

static void retire(wtl_supervisor *s, wtl_generation *old)
{
    int64_t timeout = wtl_conf_number(s->current->conf.proxy, "drain-timeout");
    for (unsigned i = 0; i < s->workers; i++)
        wtl_loop_timer_off(&s->again[i].timer);
    each_member(s, old, wtl_crew_drain, timeout);
    wtl_generation_unbind(old);
}

static void take_settings(wtl_supervisor *s)
{
    const wtl_generation *g = s->current;
    s->sink.level = (enum wtl_event_level)wtl_worker_level(&g->conf);
    const char *log = wtl_conf_text(g->conf.proxy, "log", 0);
    if (log != NULL && strcmp(log, s->log) != 0)
        wtl_supervisor_keep_log(s, log);
    wtl_supervisor_reload_watch(s);
    wtl_supervisor_helper_names(s);
}

void wtl_supervisor_reload_switch(wtl_supervisor *s)
{
    wtl_err err = {0};
    wtl_generation *old = s->current;
    wtl_generation *g = s->next;
    if (wtl_generation_listen(g, &err) < 0) {
        wtl_supervisor_reload_refuse(s, &err);
        return;
    }
    if (old != NULL)
        warn_of_fixed(s, g);
    s->current = g;
    s->next = NULL;
    s->taken = s->changing = g->files;
    each_member(s, g, go, 0);
    say_listening(s, old);
    if (old != NULL)
        retire(s, old);
    for (unsigned i = 0; i < s->workers; i++)
        s->again[i].fails = 0;
    s->outcome = "ok";
    s->outcome_at = time(NULL);
    s->trouble[0] = '\0';
    count(s, "ok");
    show_services(s);
    take_settings(s);
    wtl_supervisor_keep_publish(s);
    wtl_event_say(&s->sink, WTL_EVENT_INFO, old == NULL ? "wattle.started" : "wattle.reload", NULL,
                  "configuration %u is in use, %u worker%s", g->id, s->workers, s->workers == 1 ? "" : "s");
    wtl_notify("READY=1\nSTATUS=serving");
}

static void look(void *arg)
{
    wtl_supervisor *s = arg;
    if (s->next == NULL && !s->stopping) {
        uint64_t now = wtl_watch_sign(&s->current->conf, s->source->path);
        bool settled = now == s->changing;
        s->changing = now;
        if (now != s->taken && settled)
            wtl_supervisor_reload(s, "files changed");
    }
    wtl_supervisor_reload_watch(s);
}

void wtl_supervisor_reload_watch(wtl_supervisor *s)
{
    wtl_err err = {0};
    int64_t every = wtl_conf_number(s->current->conf.proxy, "watch");
    wtl_loop_timer_off(&s->watch);
    if (every > 0 && !s->stopping &&
        wtl_loop_timer_at(s->loop, &s->watch, wtl_loop_now(s->loop) + every, look, s, &err) < 0)
        wtl_event_say(&s->sink, WTL_EVENT_ERROR, "wattle.reload", NULL, "%s", err.text);
}
