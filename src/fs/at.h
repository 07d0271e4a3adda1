/* System calls relative to an open directory, and names made fit for messages. Used inside this room. */
#ifndef WTL_FS_AT_H
#define WTL_FS_AT_H

#include <stdbool.h>

#include "fs/walk.h"

enum { WTL_AT_PATH_MAX = 4095, WTL_AT_NAME_MAX = 255, WTL_AT_SHOWN = 320 };

/* A quoted name (wtl_text_quote), shortened in its middle so that a sentence holds two of them. By value:
 * wtl_at_show(path).s lives to the end of the full expression. */
typedef struct wtl_at_name {
    char s[WTL_AT_SHOWN];
} wtl_at_name;

wtl_at_name wtl_at_show(const char *path);
wtl_at_name wtl_at_show_in(const char *dir, const char *path); /* dir/path */

/* "a directory", "a symbolic link" and so on, by st_mode. */
const char *wtl_at_kind(mode_t mode);
wtl_stamp wtl_at_stamp(const struct stat *st);

/* Parts divided by single '/', none of them empty, "." or "..": else WTL_FORMAT. A path or a part longer
 * than the system takes is WTL_IO. `dir` only shows in the message. */
int wtl_at_check(const char *dir, const char *path, wtl_err *err) WTL_MUST_USE;

/* openat(2) and fsync(2) that begin again when a signal came; O_CLOEXEC is added. -1 with errno. */
int wtl_at_open_one(int dirfd, const char *name, int flags, mode_t mode) WTL_MUST_USE;
int wtl_at_sync(int fd) WTL_MUST_USE;

/* Opens a path that wtl_at_check accepts beneath dirfd, following no link in any part; close-on-exec.
 * Returns -1 with errno, which is ELOOP when a part is a link. */
int wtl_at_open(int dirfd, const char *path, int flags);
/* open(2), close-on-exec, tried again when a signal interrupts it. Links are followed. */
int wtl_at_open_named(const char *path, int flags);

/* Renames; -1 with EEXIST when `to` exists, even when it appears at this moment. */
int wtl_at_rename_new(int fromfd, const char *from, int tofd, const char *to);

/* Fills `to` with prefix and 16 random hexadecimal digits. */
int wtl_at_random(char *to, size_t size, const char *prefix, wtl_err *err) WTL_MUST_USE;

/* fsync(2) of a directory; where the file system cannot, that is no error. -1 with errno. */
int wtl_at_sync_dir(int fd);

/* Waits until a descriptor that said EAGAIN is ready for `events` (poll(2)); -1 with errno. */
int wtl_at_wait(int fd, short events);

#endif
