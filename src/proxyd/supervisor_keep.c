#include "proxyd/supervisor_impl.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/instant.h"
#include "crypto/lib.h"
#include "json/json.h"
#include "proxyd/keep.h"
#include "proxyd/notify.h"
#include "proxyd/record.h"
#include "proxyd/where.h"
#include <wattle/version.h>

static void say_err(wtl_supervisor *s, const char *name, const wtl_err *err)
{
    wtl_event_say(&s->sink, WTL_EVENT_ERROR, name, NULL, "%s", err->text);
}

static void write_pins(void *arg)
{
    wtl_supervisor *s = arg;
    wtl_err err = {0};
    int rc = wtl_keep_write(wtl_board_pins(s->board), s->state, &err);
    if (rc != WTL_BUSY && rc < 0)
        say_err(s, "wattle.state", &err);
    int64_t later = rc == WTL_BUSY ? WTL_SUPERVISOR_SECOND : 60 * WTL_SUPERVISOR_SECOND;
    if (rc < 0 && !s->stopping &&
        wtl_loop_timer_at(s->loop, &s->pins, wtl_loop_now(s->loop) + later, write_pins, s, &err) < 0)
        say_err(s, "wattle.state", &err);
}

void wtl_supervisor_keep_pinned(void *supervisor)
{
    wtl_supervisor *s = supervisor;
    wtl_err err = {0};
    if (s->state == NULL || s->pins.loop != NULL)
        return;
    /* Many peers are met together: one write for them. */
    if (wtl_loop_timer_at(s->loop, &s->pins, wtl_loop_now(s->loop) + WTL_SUPERVISOR_SECOND, write_pins, s,
                          &err) < 0)
        say_err(s, "wattle.state", &err);
}

static int state_path(wtl_supervisor *s, const char *given, wtl_err *err)
{
    AUTO(wtl_buf) path = {0};
    if (given != NULL)
        wtl_buf_str(&path, given);
    else
        TRY(wtl_where_state(&path, err));
    const char *text = wtl_buf_cstr(&path);
    ENSURE(text != NULL, err, WTL_NOMEM, "no memory for the state file's name");
    s->state = text[0] == '\0' ? NULL : strdup(text);
    ENSURE(text[0] == '\0' || s->state != NULL, err, WTL_NOMEM, "no memory for the state file's name");
    return WTL_OK;
}

/* The default place may be one that this user cannot write, as in a container: then pins live as long as the proxy. A file that was asked for, or that is
 * damaged, is an error: a proxy that forgets whom it must not trust less would be no help. */
int wtl_supervisor_keep_state(wtl_supervisor *s, const wtl_generation *g, wtl_err *err)
{
    if (s->state_known || !wtl_generation_has_client(g))
        return WTL_OK;
    const char *given = wtl_conf_text(g->conf.proxy, "state", 0);
    TRY(state_path(s, given, err));
    wtl_err why = {0};
    int rc = s->state != NULL ? wtl_keep_read(wtl_board_pins(s->board), s->state, &why) : WTL_OK;
    s->state_known = rc == WTL_OK || (rc == WTL_IO && given == NULL);
    if (rc == WTL_OK)
        return WTL_OK;
    free(s->state);
    s->state = NULL;
    if (s->state_known)
        wtl_event_say(&s->sink, WTL_EVENT_WARN, "wattle.state", NULL,
                      "peers that were post-quantum are remembered until the proxy ends: %s", why.text);
    else if (err != NULL)
        *err = why;
    return s->state_known ? WTL_OK : rc;
}

int wtl_supervisor_keep_open(wtl_supervisor *s, const wtl_generation *g, wtl_err *err)
{
    const char *log = wtl_conf_text(g->conf.proxy, "log", 0);
    s->sink = (wtl_event_sink){.metrics = wtl_board_metrics(s->board),
                               .log = -1,
                               .level = (enum wtl_event_level)wtl_worker_level(&g->conf)};
    s->log = strdup(log != NULL ? log : "-");
    ENSURE(s->log != NULL, err, WTL_NOMEM, "no memory for the log's name");
    TRY(wtl_record_open(s->log, &s->sink.log, err));
    return wtl_supervisor_keep_state(s, g, err);
}

void wtl_supervisor_keep_close(wtl_supervisor *s)
{
    wtl_err err = {0};
    if (s->state != NULL && wtl_keep_write(wtl_board_pins(s->board), s->state, &err) < 0)
        say_err(s, "wattle.state", &err);
    if (s->sink.log >= 0)
        close(s->sink.log);
    free(s->state);
    free(s->log);
}

void wtl_supervisor_keep_log(wtl_supervisor *s, const char *path)
{
    int fd;
    wtl_err err = {0};
    char *name = strdup(path);
    if (name == NULL || wtl_record_open(path, &fd, &err) < 0) {
        say_err(s, "wattle.log", &err);
        free(name);
        return;
    }
    for (unsigned i = 1; i < WTL_BOARD_SLOTS; i++) {
        if (s->crew.member[i].pid > 0)
            wtl_crew_log(&s->crew.member[i], fd);
    }
    close(s->sink.log);
    s->sink.log = fd;
    s->sink.way = 0;
    s->sink.torn = false;
    free(s->log);
    s->log = name;
}

static json_t *listening(const wtl_supervisor *s)
{
    json_t *list = json_array();
    for (size_t i = 0; s->current != NULL && i < s->current->n_places; i++)
        json_array_append_new(list, json_pack("{ss ss}", "service", s->current->conf.service[i].name,
                                              "address", wtl_listen_shown(s->current->place[i])));
    return list;
}

static json_t *reload_json(const wtl_supervisor *s)
{
    if (s->outcome == NULL)
        return json_null();
    char at[WTL_INSTANT_TEXT];
    json_t *j = json_pack("{ss ss}", "outcome", s->outcome, "at", wtl_instant_write(at, s->outcome_at));
    if (s->trouble[0] != '\0')
        json_object_set_new(j, "error", json_string(s->trouble));
    return j;
}

static const char *state_name(const wtl_supervisor *s)
{
    if (s->stopping)
        return "draining";
    return s->current != NULL && s->last > 0 ? "running" : "starting";
}

void wtl_supervisor_keep_publish(wtl_supervisor *s)
{
    char at[WTL_INSTANT_TEXT];
    AUTO(wtl_buf) text = {0};
    wtl_err err = {0};
    AUTO(json_t) *j = json_pack("{ss ss sI ss ss sI so so}", "version", wtl_version(), "crypto",
                                wtl_lib_using(), "pid", (json_int_t)getpid(), "started",
                                wtl_instant_write(at, s->started), "state", state_name(s), "generation",
                                (json_int_t)(s->current != NULL ? s->current->id : 0), "reload",
                                reload_json(s), "listening", listening(s));
    json_object_set_new(j, "metrics", s->metrics.fd >= 0 ? json_string(s->metrics.shown) : json_null());
    json_object_set_new(j, "log", s->log != NULL ? json_string(s->log) : json_null());
    json_object_set_new(j, "state_file", s->state != NULL ? json_string(s->state) : json_null());
    if (j == NULL || wtl_json_write(j, false, &text, &err) < 0 ||
        wtl_board_write(s->board, WTL_BOARD_PROXY, wtl_buf_view(&text), &err) < 0)
        say_err(s, "wattle.status", &err);
}
