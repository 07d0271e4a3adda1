/* Listening sockets, which the supervisor opens and keeps: for TCP one for each worker (SO_REUSEPORT), for a Unix path one that all share. */
#ifndef WTL_PROXYD_LISTEN_H
#define WTL_PROXYD_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { WTL_LISTEN_SHOWN = 320 };

/* One socket on an address ("127.0.0.1:9464", "unix:PATH") of nobody else's: the pages of the admin child. It listens at once. */
typedef struct wtl_listen_one {
    int fd; /* -1 when closed */
    char shown
        [WTL_LISTEN_SHOWN]; /* the address as it was bound: with the port that the system chose, for port 0 */
    char *path;             /* of a Unix socket */
    unsigned long dev, ino;
} wtl_listen_one;
/* `mode` is a Unix socket's. A socket file that nobody listens on any more is replaced; anything else in its place is WTL_POLICY; WTL_BUSY when the address
 * is taken. */
int wtl_listen_one_open(wtl_listen_one *l, const char *address, unsigned mode, wtl_err *err) WTL_MUST_USE;
/* The file goes too, unless it is another's by now. */
void wtl_listen_one_close(wtl_listen_one *l);

/* The sockets of one service. */
typedef struct wtl_listen wtl_listen;
/* All sockets of a proxy: services of several generations that have one address share them. */
typedef struct wtl_listen_set wtl_listen_set;
int wtl_listen_set_new(wtl_listen_set **out, size_t workers, wtl_err *err) WTL_MUST_USE;
void wtl_listen_set_free(wtl_listen_set *s);

/* Those of this address, or new ones, bound but not listening. With port 0 they are the service's own. WTL_BUSY also when another program (or another
 * proxy of the same user, which the kernel would let share) listens there. Given back by wtl_listen_drop; the last one closes. */
int wtl_listen_take(wtl_listen_set *s, const char *service, const char *address, wtl_listen **out,
                    wtl_err *err) WTL_MUST_USE;
void wtl_listen_drop(wtl_listen_set *s, wtl_listen *l);

/* Connections come to all of its sockets from now on. Harmless when they do already. */
int wtl_listen_begin(wtl_listen *l, wtl_err *err) WTL_MUST_USE;
int wtl_listen_fd(const wtl_listen *l, size_t worker);
const char *wtl_listen_shown(const wtl_listen *l);

/* No worker looks at this one: it is closed, so that the kernel gives its connections to the others; _back binds it again (it listens after wtl_listen_begin). */
void wtl_listen_away(wtl_listen *l, size_t worker);
int wtl_listen_back(wtl_listen *l, size_t worker, wtl_err *err) WTL_MUST_USE;

#endif
