/* Peers that once negotiated a post-quantum group, and until when a weaker answer of theirs is refused. */
#ifndef WTL_TLS_PIN_H
#define WTL_TLS_PIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum { WTL_PIN_DAYS = 30, WTL_PIN_PEER = 280, WTL_PIN_MOST = 4096 };

/* One table in memory shared with processes forked later; any of them sets, one of them (the supervisor) writes the file. */
typedef struct wtl_pin wtl_pin;
int wtl_pin_new(wtl_pin **out, wtl_err *err) WTL_MUST_USE;
void wtl_pin_free(wtl_pin *p); /* this process's view of it */
void wtl_pin_auto(wtl_pin **p);

/* The state file: a header line, then lines `PEER SP GROUP SP FIRST SP LAST` (times RFC 3339); docs/formats/pins.md. A file that is not there is an empty one; a
 * damaged one is WTL_FORMAT and is not overwritten. Entries older than 30 days at `now` are left out. */
int wtl_pin_read(wtl_pin *p, const char *path, int64_t now, wtl_err *err) WTL_MUST_USE;
/* Written whole (fs: temporary name, fsync, rename), when something changed since the last write. */
int wtl_pin_write(wtl_pin *p, const char *path, int64_t now, wtl_err *err) WTL_MUST_USE;
bool wtl_pin_changed(const wtl_pin *p);
/* The same for text: as read, and as written (appended; *changes says of which state it is). */
int wtl_pin_parse(wtl_pin *p, wtl_bytes text, int64_t now, wtl_err *err) WTL_MUST_USE;
int wtl_pin_text(const wtl_pin *p, wtl_buf *out, int64_t now, uint64_t *changes, wtl_err *err) WTL_MUST_USE;

/* `peer`: "host:port" as it is dialled. Whether it is held to post-quantum groups at `now`; *group (may be NULL) is the name of the one seen last. A clock that jumped
 * back keeps pins; forward lets them expire only by the file's own dates. */
bool wtl_pin_holds(const wtl_pin *p, const char *peer, int64_t now, char group[32]);
/* Saw it negotiate this post-quantum group. Cheap when it is known and the same day. WTL_BUSY when the table is full. */
int wtl_pin_saw(wtl_pin *p, const char *peer, const char *group, int64_t now, wtl_err *err) WTL_MUST_USE;
/* An operator lets a peer go; false when it was not held. */
bool wtl_pin_forget(wtl_pin *p, const char *peer);

#endif
