/* The worker processes of a proxy as the supervisor sees them: started, ready, serving, draining, gone. Nothing here waits. */
#ifndef WTL_PROXYD_CREW_H
#define WTL_PROXYD_CREW_H

#include "loop/loop.h"
#include "proxyd/board.h"
#include "proxyd/worker.h"

struct wtl_crew;

typedef struct wtl_member {
    struct wtl_crew *crew;
    void *generation; /* the owner's */
    pid_t pid;        /* 0: nobody */
    unsigned slot, index;
    enum wtl_board_state state;
    int64_t since;  /* in this state, as wtl_loop_now tells time */
    wtl_err fault;  /* what it said before it ended; code 0: nothing */
    uint64_t names; /* what names resolved to when it read them, as of wtl_names_sign; 0: there are none */
    /* the crew's own */
    int channel;
    wtl_loop_fd fd;
    wtl_loop_later more;
    wtl_loop_timer limit;
} wtl_member;

typedef struct wtl_crew {
    wtl_loop *loop;
    wtl_board *board;
    void (*ready)(void *arg, wtl_member *m); /* loaded, waits for wtl_crew_go */
    void (*pinned)(void *arg);
    void *arg;
    wtl_member member[WTL_BOARD_SLOTS]; /* by slot; 0 stays empty */
} wtl_crew;

/* How many more could be started. */
size_t wtl_crew_room(const wtl_crew *c);

/* Forks a worker. `plan` lacks channel and slot; what it points to is the child's own copy afterwards. A worker that is not ready in a minute is
 * killed. WTL_BUSY: no room, or the system refuses. */
int wtl_crew_start(wtl_crew *c, wtl_worker_plan *plan, void *generation, unsigned index, unsigned id,
                   wtl_err *err) WTL_MUST_USE;
void wtl_crew_go(wtl_member *m);
void wtl_crew_drain(wtl_member *m, int64_t timeout);
void wtl_crew_kill(wtl_member *m);
void wtl_crew_log(wtl_member *m, int fd);

/* The member with this process id, or NULL. */
wtl_member *wtl_crew_by_pid(wtl_crew *c, pid_t pid);
/* After waitpid: reads what it still said, and clears its traces; *m is a copy of what it was. */
void wtl_crew_gone(wtl_member *m, wtl_member *was);

#endif
