/* What supervisor and children say to one another: short messages over a pair of sockets, each whole. Neither side ever waits for the other,
 * and the end of the pair tells each that the other is gone. */
#ifndef WTL_PROXYD_CHANNEL_H
#define WTL_PROXYD_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum wtl_channel_word {
    WTL_CHANNEL_READY = 'R',  /* child: all is loaded, the sandbox entered; a worker: `number` as in SEEN */
    WTL_CHANNEL_FAULT = 'E',  /* child: `rc` and `text`; it ends */
    WTL_CHANNEL_PINNED = 'P', /* child: the pins changed */
    WTL_CHANNEL_SEEN = 'S',   /* resolver: `number` stands for what names resolve to, 0: nothing */
    WTL_CHANNEL_GO = 'G',     /* supervisor: accept */
    WTL_CHANNEL_DRAIN = 'D',  /* supervisor: accept no more, end within `number` nanoseconds */
    WTL_CHANNEL_LOG = 'L'     /* supervisor: `fd` is the log from now on */
};

typedef struct wtl_channel_message {
    char word;
    int rc;
    int64_t number;
    int fd; /* with LOG; the receiver's; else -1 */
    char text[WTL_ERR_TEXT];
} wtl_channel_message;

/* Both ends do not block and are closed on exec. */
int wtl_channel_pair(int end[2], wtl_err *err) WTL_MUST_USE;

/* False when the other side is gone or does not read. `m->fd` stays the caller's. */
bool wtl_channel_send(int fd, const wtl_channel_message *m);
/* A message of this word alone. */
bool wtl_channel_say(int fd, enum wtl_channel_word word, int64_t number);

enum wtl_channel_got { WTL_CHANNEL_NONE, WTL_CHANNEL_ONE, WTL_CHANNEL_END };
/* Takes one message. A descriptor that came without `with_fd` is dropped; a malformed message is the end. */
enum wtl_channel_got wtl_channel_take(int fd, wtl_channel_message *m, bool with_fd);

#endif
