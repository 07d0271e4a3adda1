/* A file that appears under its name complete, or not at all. */
#ifndef WTL_FS_OUT_H
#define WTL_FS_OUT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include <stdint.h>

#include <wattle/bytes.h>

enum wtl_out_flag {
    WTL_OUT_REPLACE = 1,  /* an existing regular file is replaced at commit; else WTL_POLICY says --force */
    WTL_OUT_STDOUT_OK = 2 /* the path "-" means standard output, written as it comes */
};

/* Written under a temporary name in the same directory; commit fsyncs, renames (without REPLACE by
 * link(2)-like exclusive rename, so that nothing is overwritten in a race) and fsyncs the directory. */
typedef struct wtl_out {
    int fd; /* -1 when closed */
    int dirfd;
    bool is_stdout;
    bool replace;
    char *name;       /* final name within dirfd */
    char *temp;       /* temporary name within dirfd; NULL when there is none (any more) */
    char *path;       /* as the user gave it, for messages */
    uint64_t written; /* bytes so far */
} wtl_out;

/* A mode without bits for group and others is kept exactly; from any other one the umask is taken, as with
 * every file that a user makes. WTL_POLICY when the name stands for something that is no regular file (a
 * link too), or for any file without REPLACE; WTL_IO, with the path named, when the directory or the disk
 * refuses. "-" without STDOUT_OK is WTL_USAGE. */
int wtl_out_open(wtl_out *o, const char *path, unsigned flags, mode_t mode, wtl_err *err) WTL_MUST_USE;
/* Beneath an open directory; `name` has no '/'. */
int wtl_out_open_at(wtl_out *o, int dirfd, const char *name, const char *shown, unsigned flags, mode_t mode,
                    wtl_err *err) WTL_MUST_USE;
/* After a failure the temporary file is gone and every further call is WTL_IO. */
int wtl_out_write(wtl_out *o, wtl_bytes v, wtl_err *err) WTL_MUST_USE;
int wtl_out_commit(wtl_out *o, wtl_err *err) WTL_MUST_USE; /* closes on success and on failure */
void wtl_out_abort(wtl_out *o); /* removes the temporary file; harmless after commit */
void wtl_out_auto(wtl_out *o);  /* = abort */

/* Writes everything to a descriptor, a pipe too; `name` is for the message. For the files of a wtl_tree. */
int wtl_out_write_fd(int fd, wtl_bytes v, const char *name, wtl_err *err) WTL_MUST_USE;

/* One small file in one go. */
int wtl_out_file(const char *path, wtl_bytes v, unsigned flags, mode_t mode, wtl_err *err) WTL_MUST_USE;

#endif
