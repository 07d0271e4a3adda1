/* The files below a directory, found without following any link. */
#ifndef WTL_FS_WALK_H
#define WTL_FS_WALK_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include "base/err.h"
#include <stdint.h>

#include <wattle/bytes.h>

enum wtl_walk_type { WTL_WALK_FILE, WTL_WALK_EMPTY_DIR };

/* What fstat said: all but ctime is compared before and after reading. */
typedef struct wtl_stamp {
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec mtime;
    struct timespec ctime;
} wtl_stamp;

typedef struct wtl_walk_entry {
    char *path; /* relative to the root, '/' between parts, no leading "./"; bytes as the system has them */
    enum wtl_walk_type type;
    unsigned mode; /* st_mode & 0777 */
    wtl_stamp stamp;
} wtl_walk_entry;

typedef struct wtl_walk {
    wtl_walk_entry *e; /* sorted by the bytes of path (code-point order for UTF-8) */
    size_t n;
    uint64_t bytes; /* sum of the files' sizes */
} wtl_walk;

/* True = leave this relative path (and everything below it) out. Asked before the entry is looked at, so
 * what is left out may be of any kind. */
typedef bool wtl_walk_skip(const char *path, void *arg);

/* Walks the directory `root`. Symbolic links, sockets, pipes and devices are WTL_POLICY, named; a
 * directory that cannot be read is WTL_IO. `root` itself may be a link (the user named it) and is never an
 * entry. A directory is empty only when it has no entries at all: one whose every entry is left out gives
 * nothing. `skip` may be NULL. Depth is bounded by open files, not by the
 * stack: paths over 4,095 bytes are WTL_IO. */
int wtl_walk_dir(wtl_walk *out, const char *root, wtl_walk_skip *skip, void *arg, wtl_err *err) WTL_MUST_USE;
void wtl_walk_free(wtl_walk *w);
void wtl_walk_auto(wtl_walk *w);

#endif
