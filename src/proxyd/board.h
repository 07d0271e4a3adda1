/* Memory that all processes of one proxy share: metrics, pins, which worker does what, what the services are; and the secret of session tickets. */
#ifndef WTL_PROXYD_BOARD_H
#define WTL_PROXYD_BOARD_H

#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "metric/metric.h"
#include "tls/pin.h"

enum {
    WTL_BOARD_SLOTS = WTL_METRIC_PROCESSES, /* slot 0 is the supervisor's */
    WTL_BOARD_TEXT = 512 << 10
};

enum wtl_board_state {
    WTL_BOARD_FREE,
    WTL_BOARD_STARTING,
    WTL_BOARD_SERVING,
    WTL_BOARD_DRAINING,
    WTL_BOARD_ENDING /* told to end at once */
};
const char *wtl_board_state_name(enum wtl_board_state s);

typedef struct wtl_board_worker {
    pid_t pid;
    unsigned generation, index;
    enum wtl_board_state state;
    uint64_t connections;
} wtl_board_worker;

/* Two texts; each has one writer at a time. */
enum wtl_board_text {
    WTL_BOARD_PROXY,    /* the supervisor's: state of the whole, as JSON */
    WTL_BOARD_SERVICES, /* what the services of the generation in use are, as JSON */
    WTL_BOARD_STAGED,   /* the same of a generation that is starting; its first worker writes it */
    WTL_BOARD_TEXTS
};

typedef struct wtl_board wtl_board;
int wtl_board_new(wtl_board **out, wtl_err *err) WTL_MUST_USE;
void wtl_board_free(wtl_board *b);

wtl_metric *wtl_board_metrics(const wtl_board *b);
wtl_pin *wtl_board_pins(const wtl_board *b);

/* 32 random bytes made by wtl_board_new, on a page of their own: locked, out of core files. Every process that needs them has its own copy of the
 * page; _forget takes it from one that does not. */
wtl_bytes wtl_board_secret(const wtl_board *b);
void wtl_board_secret_lock(const wtl_board *b); /* after fork: locks do not pass to children */
void wtl_board_secret_forget(wtl_board *b);

void wtl_board_set(wtl_board *b, unsigned slot, const wtl_board_worker *w);
void wtl_board_state_set(wtl_board *b, unsigned slot, enum wtl_board_state state);
void wtl_board_connections(wtl_board *b, unsigned slot, uint64_t n);
void wtl_board_get(const wtl_board *b, unsigned slot, wtl_board_worker *out);

/* Puts up a text of at most WTL_BOARD_TEXT bytes (WTL_POLICY). Readers see the old one or the new one, never both. */
int wtl_board_write(wtl_board *b, enum wtl_board_text which, wtl_bytes text, wtl_err *err) WTL_MUST_USE;
/* Appends it. Lengths are checked: the memory is shared with processes that meet strangers. WTL_BUSY when it changes all the time. */
int wtl_board_read(const wtl_board *b, enum wtl_board_text which, wtl_buf *out, wtl_err *err) WTL_MUST_USE;

#endif
