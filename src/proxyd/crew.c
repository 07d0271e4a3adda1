#include "proxyd/crew.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "proxyd/channel.h"
#include "proxyd/child.h"

/* Messages read in one turn, so that no worker keeps the supervisor from the others. */
enum { TURN = 16 };
#define START_LIMIT (60 * INT64_C(1000000000))

size_t wtl_crew_room(const wtl_crew *c)
{
    size_t n = 0;
    for (unsigned i = 1; i < WTL_BOARD_SLOTS; i++)
        n += c->member[i].pid == 0;
    return n;
}

static void enter_state(wtl_member *m, enum wtl_board_state state)
{
    m->state = state;
    m->since = wtl_loop_now(m->crew->loop);
    wtl_board_state_set(m->crew->board, m->slot, state);
}

static void heard(wtl_member *m, const wtl_channel_message *said)
{
    if (said->word == WTL_CHANNEL_FAULT) {
        m->fault.code = said->rc < 0 ? said->rc : WTL_BUG;
        memcpy(m->fault.text, said->text, sizeof m->fault.text);
    } else if (said->word == WTL_CHANNEL_PINNED) {
        m->crew->pinned(m->crew->arg);
    } else if (said->word == WTL_CHANNEL_READY && m->state == WTL_BOARD_STARTING) {
        wtl_loop_timer_off(&m->limit);
        m->names = (uint64_t)said->number;
        m->crew->ready(m->crew->arg, m);
    }
}

static void hear(void *arg)
{
    wtl_member *m = arg;
    wtl_channel_message said;
    for (int i = 0; i < TURN; i++) {
        enum wtl_channel_got got = wtl_channel_take(m->channel, &said, false);
        if (got == WTL_CHANNEL_END)
            wtl_loop_fd_off(&m->fd); /* its end is told by waitpid */
        if (got != WTL_CHANNEL_ONE)
            return;
        heard(m, &said);
    }
    wtl_loop_later_on(m->crew->loop, &m->more, hear, m);
}

static void on_channel(void *arg, unsigned what)
{
    (void)what;
    hear(arg);
}

static void too_long(void *arg)
{
    wtl_member *m = arg;
    m->fault.code = WTL_IO;
    memcpy(m->fault.text, "a worker was not ready after a minute",
           sizeof "a worker was not ready after a minute");
    wtl_crew_kill(m);
}

static unsigned free_slot(const wtl_crew *c)
{
    unsigned i = 1;
    while (i < WTL_BOARD_SLOTS && c->member[i].pid != 0)
        i++;
    return i;
}

static int forked(wtl_worker_plan *plan, const int end[2], pid_t *pid, wtl_err *err)
{
    int keep[WTL_CHILD_KEEP];
    size_t n = 0;
    for (size_t i = 0; i < plan->conf->n; i++)
        keep[n++] = plan->listener[i];
    keep[n++] = plan->log;
    keep[n++] = end[1];
    plan->channel = end[1];
    TRY(wtl_child_fork(pid, keep, n, err));
    if (*pid == 0)
        _exit(wtl_worker_run(plan));
    return WTL_OK;
}

static int watch_over(wtl_member *m, wtl_err *err)
{
    TRY(wtl_loop_fd_on(m->crew->loop, &m->fd, m->channel, on_channel, m, err));
    return wtl_loop_timer_at(m->crew->loop, &m->limit, wtl_loop_now_fresh(m->crew->loop) + START_LIMIT,
                             too_long, m, err);
}

int wtl_crew_start(wtl_crew *c, wtl_worker_plan *plan, void *generation, unsigned index, unsigned id,
                   wtl_err *err)
{
    unsigned slot = free_slot(c);
    ENSURE(slot < WTL_BOARD_SLOTS, err, WTL_BUSY, "there are %d worker processes, more are not kept",
           WTL_BOARD_SLOTS - 1);
    int end[2];
    TRY(wtl_channel_pair(end, err));
    plan->slot = slot;
    wtl_member *m = &c->member[slot];
    *m = (wtl_member){.crew = c,
                      .generation = generation,
                      .slot = slot,
                      .index = index,
                      .channel = end[0],
                      .state = WTL_BOARD_STARTING,
                      .since = wtl_loop_now_fresh(c->loop)};
    wtl_board_set(c->board, slot,
                  &(wtl_board_worker){.generation = id, .index = index, .state = WTL_BOARD_STARTING});
    int rc = forked(plan, end, &m->pid, err);
    close(end[1]);
    if (rc < 0) {
        close(end[0]);
        wtl_board_state_set(c->board, slot, WTL_BOARD_FREE);
        m->pid = 0;
        return rc;
    }
    wtl_board_set(
        c->board, slot,
        &(wtl_board_worker){.pid = m->pid, .generation = id, .index = index, .state = WTL_BOARD_STARTING});
    rc = watch_over(m, err);
    if (rc < 0)
        wtl_crew_kill(m);
    return rc;
}

void wtl_crew_go(wtl_member *m)
{
    enter_state(m, WTL_BOARD_SERVING);
    if (!wtl_channel_say(m->channel, WTL_CHANNEL_GO, 0))
        wtl_crew_kill(m);
}

void wtl_crew_drain(wtl_member *m, int64_t timeout)
{
    if (m->state == WTL_BOARD_ENDING)
        return;
    if (m->state == WTL_BOARD_STARTING || !wtl_channel_say(m->channel, WTL_CHANNEL_DRAIN, timeout))
        wtl_crew_kill(m);
    else
        enter_state(m, WTL_BOARD_DRAINING);
}

void wtl_crew_kill(wtl_member *m)
{
    if (m->pid <= 0)
        return;
    wtl_loop_timer_off(&m->limit);
    enter_state(m, WTL_BOARD_ENDING);
    kill(m->pid, SIGKILL);
}

void wtl_crew_log(wtl_member *m, int fd)
{
    wtl_channel_message said = {.word = WTL_CHANNEL_LOG, .fd = fd};
    wtl_channel_send(m->channel, &said);
}

wtl_member *wtl_crew_by_pid(wtl_crew *c, pid_t pid)
{
    for (unsigned i = 1; i < WTL_BOARD_SLOTS; i++) {
        if (c->member[i].pid == pid)
            return &c->member[i];
    }
    return NULL;
}

void wtl_crew_gone(wtl_member *m, wtl_member *was)
{
    wtl_channel_message said;
    while (wtl_channel_take(m->channel, &said, false) == WTL_CHANNEL_ONE) {
        if (said.word != WTL_CHANNEL_READY)
            heard(m, &said);
    }
    wtl_loop_timer_off(&m->limit);
    wtl_loop_later_off(&m->more);
    wtl_loop_fd_off(&m->fd);
    close(m->channel);
    wtl_metric_forget(wtl_board_metrics(m->crew->board), m->slot);
    wtl_board_set(m->crew->board, m->slot, &(wtl_board_worker){.state = WTL_BOARD_FREE});
    *was = *m;
    m->pid = 0;
    m->state = WTL_BOARD_FREE;
}
