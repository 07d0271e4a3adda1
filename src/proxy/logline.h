/* A line of the log: one JSON object (RFC 8259), written without allocating. */
#ifndef WTL_PROXY_LOGLINE_H
#define WTL_PROXY_LOGLINE_H

#include "base/buf.h"

/* A write of as much to a pipe is never mixed with another's (PIPE_BUF of Linux). Fields that do not fit any more are left out. */
enum { WTL_LOGLINE_MOST = 4096 };
typedef struct wtl_logline {
    size_t n;
    char p[WTL_LOGLINE_MOST]; /* p[0] is kept for a line feed, see wtl_logline_send */
} wtl_logline;

/* {"time":"2026-11-21T14:56:23.123456Z" by the wall clock. Names of fields are our own and need no escapes. */
void wtl_logline_begin(wtl_logline *l);
/* NULL or "": no field. Valid UTF-8 without control characters, whatever `value` is; at most `most` bytes with escapes, where it is cut a "…" at the end. */
void wtl_logline_text(wtl_logline *l, const char *name, const char *value, size_t most);
void wtl_logline_bytes(wtl_logline *l, const char *name, wtl_bytes value, size_t most);
void wtl_logline_number(wtl_logline *l, const char *name, uint64_t value);
void wtl_logline_flag(wtl_logline *l, const char *name, bool value);
/* Nanoseconds as milliseconds with three decimals. */
void wtl_logline_milliseconds(wtl_logline *l, const char *name, int64_t nanoseconds);
/* } and a line feed. */
void wtl_logline_end(wtl_logline *l);

/* How a descriptor takes lines. Zero-initialise. */
enum wtl_logline_way {
    WTL_LOGLINE_UNKNOWN,
    WTL_LOGLINE_PLAIN,  /* write: a file, or a descriptor that does not block */
    WTL_LOGLINE_SOCKET, /* send without waiting */
    WTL_LOGLINE_NOWAIT, /* pwritev2 with RWF_NOWAIT: pipes since Linux 6.4 */
    WTL_LOGLINE_POLL    /* asks first: where nothing else is to be had */
};
/* Which of them; never UNKNOWN. */
enum wtl_logline_way wtl_logline_way(int fd);

/* Writes the line with one system call and does not wait for a reader. False when it did not go out whole; after a part of it *torn is set, and the next
 * line begins with a line feed. SIGPIPE is the process' to ignore. */
bool wtl_logline_send(wtl_logline *l, int fd, enum wtl_logline_way *way, bool *torn);

#endif
