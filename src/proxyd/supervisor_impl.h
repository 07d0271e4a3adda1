/* What the supervisor's files share. */
#ifndef WTL_PROXYD_SUPERVISOR_IMPL_H
#define WTL_PROXYD_SUPERVISOR_IMPL_H

#include "proxy/event.h"
#include "proxyd/generation.h"

#define WTL_SUPERVISOR_SECOND INT64_C(1000000000)
enum { WTL_SUPERVISOR_WORKERS = 63 };

struct wtl_supervisor;

/* A worker of the generation in use that ended and is to be replaced. */
typedef struct wtl_supervisor_again {
    struct wtl_supervisor *s;
    unsigned index;
    unsigned fails; /* in a row */
    wtl_loop_timer timer;
} wtl_supervisor_again;

/* A helper process: the clerk, or a resolver. */
typedef struct wtl_supervisor_helper {
    struct wtl_supervisor *s;
    pid_t pid;
    int channel;
    wtl_loop_fd fd;
    wtl_loop_timer timer;
    unsigned fails;
    int64_t since;
} wtl_supervisor_helper;

typedef struct wtl_supervisor {
    const wtl_source *source;
    char *user; /* the clerk's, or NULL */
    wtl_loop *loop;
    wtl_loop_signal signals;
    wtl_board *board;
    wtl_crew crew;
    wtl_event_sink sink;
    wtl_listen_set *set;
    unsigned workers;
    wtl_generation *all, *current, *next; /* next: its workers are starting */
    unsigned last;
    wtl_supervisor_again again[WTL_SUPERVISOR_WORKERS];

    char *log;        /* path in use */
    char *state;      /* path, or NULL */
    bool state_known; /* was looked for */
    wtl_loop_timer pins;

    wtl_loop_timer watch;
    uint64_t attempt, taken,
        changing; /* what the files looked like: when a reload began, for the generation in use, one look ago */
    bool reload_again;
    const char *outcome; /* of the last reload: NULL, "ok", "refused" */
    int64_t outcome_at, started;
    char trouble[WTL_ERR_TEXT];

    wtl_supervisor_helper clerk, names;
    wtl_listen_one metrics, control;
    uint64_t resolved, resolving; /* what the names came to for the generation in use, and at the last look */
    int64_t resolved_at;

    bool stopping;
    wtl_loop_timer stop;
    wtl_err fault; /* why it could not start; code 0: it did */
} wtl_supervisor;

/* supervisor_reload.c: a new generation is begun; `why` is for the log. */
void wtl_supervisor_reload(wtl_supervisor *s, const char *why);
/* The generation that was starting is given up. */
void wtl_supervisor_reload_refuse(wtl_supervisor *s, const wtl_err *why);
/* All of its workers are ready. */
void wtl_supervisor_reload_switch(wtl_supervisor *s);
/* Begins to look at files, as the generation in use says. */
void wtl_supervisor_reload_watch(wtl_supervisor *s);

/* supervisor_helper.c: opens the sockets of pages and starts the clerk. */
int wtl_supervisor_helper_open(wtl_supervisor *s, const wtl_generation *g, wtl_err *err) WTL_MUST_USE;
/* True when it was a helper's process that ended. */
bool wtl_supervisor_helper_gone(wtl_supervisor *s, pid_t pid, int status);
void wtl_supervisor_helper_close(wtl_supervisor *s);
/* A generation was taken into use: what its names resolve to is looked at from now on. */
void wtl_supervisor_helper_names(wtl_supervisor *s);

/* supervisor_keep.c: log, state file, and what the board shows. */
int wtl_supervisor_keep_open(wtl_supervisor *s, const wtl_generation *g, wtl_err *err) WTL_MUST_USE;
/* Reads the state file, when this generation is the first that has use for it. */
int wtl_supervisor_keep_state(wtl_supervisor *s, const wtl_generation *g, wtl_err *err) WTL_MUST_USE;
void wtl_supervisor_keep_pinned(void *supervisor);
void wtl_supervisor_keep_close(wtl_supervisor *s);
void wtl_supervisor_keep_log(wtl_supervisor *s, const char *path);
void wtl_supervisor_keep_publish(wtl_supervisor *s);

#endif
