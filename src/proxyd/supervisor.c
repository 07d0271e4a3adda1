#include "proxyd/supervisor_impl.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "proxyd/notify.h"
#include "proxyd/supervisor.h"
#include "sandbox/sandbox.h"

/* A worker that served so long did not end because of how it began. */
#define LONG_LIFE (10 * WTL_SUPERVISOR_SECOND)
#define LONGEST_WAIT (10 * WTL_SUPERVISOR_SECOND)

static unsigned processors(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n < 1 ? 1 : n > WTL_SUPERVISOR_WORKERS ? WTL_SUPERVISOR_WORKERS : (unsigned)n;
}

static void say(wtl_supervisor *s, enum wtl_event_level level, const char *name, const char *text)
{
    wtl_event_say(&s->sink, level, name, NULL, "%s", text);
}

/* What all workers of a generation resolved names to; 1, which stands for nothing, where they differ. */
static void add_names(wtl_generation *g, uint64_t names)
{
    g->names = g->ready == 0 || g->names == names ? names : 1;
}

static void on_ready(void *arg, wtl_member *m)
{
    wtl_supervisor *s = arg;
    wtl_generation *g = m->generation;
    wtl_err err = {0};
    if (g == s->next)
        add_names(g, m->names);
    if (g == s->next && ++g->ready == s->workers)
        wtl_supervisor_reload_switch(s);
    else if (g == s->current && !s->stopping) {
        if (wtl_generation_listen(g, &err) < 0)
            say(s, WTL_EVENT_ERROR, "wattle.worker", err.text);
        wtl_crew_go(m);
    } else if (g != s->next)
        wtl_crew_kill(m);
}

static void start_again(void *arg);

/* Until a worker is started again: 0 at first, then 0.2 s, 0.4 s, ... */
static int64_t pause_of(const wtl_supervisor_again *a)
{
    if (a->fails < 2)
        return 0;
    int64_t wait = a->fails > 8 ? LONGEST_WAIT : (WTL_SUPERVISOR_SECOND / 10) << (a->fails - 1);
    return wait > LONGEST_WAIT ? LONGEST_WAIT : wait;
}

static void schedule(wtl_supervisor_again *a)
{
    wtl_supervisor *s = a->s;
    wtl_err err = {0};
    int64_t wait = pause_of(a);
    if (wtl_loop_timer_at(s->loop, &a->timer, wtl_loop_now(s->loop) + wait, start_again, a, &err) < 0)
        say(s, WTL_EVENT_ERROR, "wattle.worker", err.text);
}

static void start_again(void *arg)
{
    wtl_supervisor_again *a = arg;
    wtl_supervisor *s = a->s;
    wtl_err err = {0};
    if (s->stopping)
        return;
    if (wtl_generation_back(s->current, a->index, &err) == WTL_OK &&
        wtl_generation_start(s->current, &s->crew, a->index, s->sink.log, &err) == WTL_OK)
        return;
    say(s, WTL_EVENT_ERROR, "wattle.worker", err.text);
    a->fails++;
    schedule(a);
}

static bool others_serve(const wtl_supervisor *s)
{
    for (unsigned i = 1; i < WTL_BOARD_SLOTS; i++) {
        const wtl_member *m = &s->crew.member[i];
        if (m->pid > 0 && m->generation == s->current && m->state == WTL_BOARD_SERVING)
            return true;
    }
    return false;
}

/* The supervisor still holds the sockets of the dead one, so that connections wait there for the next. When that takes longer than a client's patience
 * the kernel is to give new ones to the others; closing resets those that wait at that moment. */
static void replace(wtl_supervisor *s, const wtl_member *was)
{
    wtl_supervisor_again *a = &s->again[was->index];
    bool lived = was->state == WTL_BOARD_SERVING && wtl_loop_now(s->loop) - was->since > LONG_LIFE;
    a->fails = lived ? 0 : a->fails + 1;
    if (pause_of(a) > WTL_SUPERVISOR_SECOND && others_serve(s))
        wtl_generation_away(s->current, was->index);
    schedule(a);
}

static const char *ending(int status, char text[64])
{
    if (WIFSIGNALED(status)) {
        const char *name = sigabbrev_np(WTERMSIG(status));
        snprintf(text, 64, "SIG%s", name != NULL ? name : "?");
    } else
        snprintf(text, 64, "exit %d", WEXITSTATUS(status));
    return text;
}

static void tell_death(wtl_supervisor *s, const wtl_member *was, int status)
{
    char how[64];
    const char *value[] = {ending(status, how)};
    wtl_metric *m = wtl_board_metrics(s->board);
    wtl_metric_add(m, wtl_metric_at(m, WTL_PROXY_WORKERS, value), 1);
    wtl_event_say(&s->sink, WTL_EVENT_ERROR, "wattle.worker", NULL,
                  "worker %u (process %d) ended by %s%s%s; it is started again", was->index, (int)was->pid,
                  how, was->fault.code < 0 ? ": " : "", was->fault.code < 0 ? was->fault.text : "");
}

static void fail_next(wtl_supervisor *s, const wtl_member *was, int status)
{
    wtl_err err = was->fault;
    char how[64];
    if (err.code == WTL_OK)
        (void)WTL_FAIL(&err, WTL_BUG, "a new worker ended by %s before it was ready", ending(status, how));
    wtl_supervisor_reload_refuse(s, &err);
}

static void forget_generation(wtl_supervisor *s, wtl_generation *g)
{
    if (g->members > 0 || g == s->current || g == s->next)
        return;
    wtl_generation **at = &s->all;
    while (*at != g)
        at = &(*at)->next;
    *at = g->next;
    wtl_generation_free(g);
}

static void member_gone(wtl_supervisor *s, wtl_member *m, int status)
{
    wtl_member was;
    wtl_crew_gone(m, &was);
    wtl_generation *g = was.generation;
    g->members--;
    if (g == s->next)
        fail_next(s, &was, status);
    else if (g == s->current && !s->stopping) {
        tell_death(s, &was, status);
        replace(s, &was);
    }
    forget_generation(s, g);
    if (s->stopping && wtl_crew_room(&s->crew) == WTL_BOARD_SLOTS - 1)
        wtl_loop_stop(s->loop);
    else if (s->reload_again && s->next == NULL && s->current != NULL)
        wtl_supervisor_reload(s, "asked for meanwhile");
}

static void reap(wtl_supervisor *s)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        wtl_member *m = wtl_crew_by_pid(&s->crew, pid);
        if (m != NULL)
            member_gone(s, m, status);
        else
            wtl_supervisor_helper_gone(s, pid, status); /* or an orphan, where this is process 1 */
    }
}

static void kill_all(void *arg)
{
    wtl_supervisor *s = arg;
    for (unsigned i = 1; i < WTL_BOARD_SLOTS; i++)
        wtl_crew_kill(&s->crew.member[i]);
}

static void drain_all(wtl_supervisor *s, int64_t timeout)
{
    for (unsigned i = 1; i < WTL_BOARD_SLOTS; i++) {
        wtl_member *m = &s->crew.member[i];
        if (m->pid > 0 && m->state != WTL_BOARD_DRAINING)
            wtl_crew_drain(m, timeout);
    }
}

static void stop(wtl_supervisor *s)
{
    wtl_err err = {0};
    if (s->stopping || s->current == NULL) {
        bool first = !s->stopping;
        s->stopping = true;
        kill_all(s);
        if (first && wtl_crew_room(&s->crew) == WTL_BOARD_SLOTS - 1)
            wtl_loop_stop(s->loop);
        return;
    }
    s->stopping = true;
    say(s, WTL_EVENT_INFO, "wattle.stopping",
        "no more connections are accepted; a second signal ends those that are open");
    wtl_notify("STOPPING=1");
    for (unsigned i = 0; i < s->workers; i++)
        wtl_loop_timer_off(&s->again[i].timer);
    wtl_loop_timer_off(&s->watch);
    wtl_loop_timer_off(&s->names.timer);
    int64_t timeout = wtl_conf_number(s->current->conf.proxy, "drain-timeout");
    drain_all(s, timeout);
    wtl_generation_unbind(s->current);
    if (s->next != NULL)
        wtl_generation_unbind(s->next);
    wtl_supervisor_keep_publish(s);
    if (wtl_loop_timer_at(s->loop, &s->stop, wtl_loop_now(s->loop) + timeout + 2 * WTL_SUPERVISOR_SECOND,
                          kill_all, s, &err) < 0)
        kill_all(s);
    if (wtl_crew_room(&s->crew) == WTL_BOARD_SLOTS - 1)
        wtl_loop_stop(s->loop);
}

static void on_signal(void *arg, int number)
{
    wtl_supervisor *s = arg;
    if (number == SIGCHLD)
        reap(s);
    else if (number == SIGTERM || number == SIGINT)
        stop(s);
    else if (number == SIGUSR1 || number == SIGHUP)
        wtl_supervisor_keep_log(s, s->log);
    if (number == SIGHUP)
        wtl_supervisor_reload(s, "SIGHUP");
}

static int open_all(wtl_supervisor *s, wtl_generation *g, wtl_err *err)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD, 0};
    int64_t workers = wtl_conf_number(g->conf.proxy, "workers");
    s->workers = workers > 0 ? (unsigned)workers : processors();
    TRY(wtl_sandbox_harden(err));
    TRY(wtl_loop_new(&s->loop, err));
    TRY(wtl_loop_signal_on(s->loop, &s->signals, numbers, on_signal, s, err));
    TRY(wtl_board_new(&s->board, err));
    s->crew.loop = s->loop;
    s->crew.board = s->board;
    s->crew.ready = on_ready;
    s->crew.pinned = wtl_supervisor_keep_pinned;
    s->crew.arg = s;
    TRY(wtl_listen_set_new(&s->set, s->workers, err));
    TRY(wtl_supervisor_keep_open(s, g, err));
    wtl_supervisor_keep_publish(s);
    TRY(wtl_supervisor_helper_open(s, g, err));
    wtl_supervisor_keep_publish(s); /* where the pages are is known now */
    return WTL_OK;
}

static int first(wtl_supervisor *s, wtl_err *err)
{
    wtl_generation *g = NULL;
    TRY(wtl_generation_new(&g, ++s->last, s->source, err));
    s->all = s->next = g;
    TRY(open_all(s, g, err));
    TRY(wtl_generation_bind(g, s->set, err));
    for (unsigned i = 0; i < s->workers; i++)
        TRY(wtl_generation_start(g, &s->crew, i, s->sink.log, err));
    return WTL_OK;
}

/* Nobody is left behind, nor a socket's file. */
static void close_all(wtl_supervisor *s)
{
    kill_all(s);
    wtl_supervisor_helper_close(s);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        continue;
    while (s->all != NULL) {
        wtl_generation *g = s->all;
        s->all = g->next;
        wtl_generation_free(g);
    }
    wtl_listen_set_free(s->set);
    if (s->board != NULL)
        wtl_supervisor_keep_close(s);
    wtl_loop_free(s->loop);
    wtl_board_free(s->board);
    free(s);
}

static void prepare(wtl_supervisor *s, const wtl_source *source)
{
    s->source = source;
    s->started = time(NULL);
    s->sink.log = s->metrics.fd = s->control.fd = -1;
    s->clerk.s = s->names.s = s;
    s->clerk.channel = s->names.channel = -1;
    for (unsigned i = 0; i < WTL_SUPERVISOR_WORKERS; i++)
        s->again[i] = (wtl_supervisor_again){.s = s, .index = i};
}

int wtl_supervisor_run(const wtl_source *source, wtl_err *err)
{
    wtl_supervisor *s = calloc(1, sizeof *s);
    ENSURE(s != NULL, err, WTL_NOMEM, "no memory for the proxy");
    prepare(s, source);
    int rc = first(s, err);
    if (rc == WTL_OK)
        rc = wtl_loop_run(s->loop, err);
    if (rc == WTL_OK && s->fault.code < 0) {
        rc = s->fault.code;
        if (err != NULL)
            *err = s->fault;
    }
    close_all(s);
    return rc;
}
