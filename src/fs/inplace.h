/* A regular file of which a part is replaced where it lies, by one program at a time. */
#ifndef WTL_FS_INPLACE_H
#define WTL_FS_INPLACE_H

#include "fs/walk.h"
#include <wattle/bytes.h>

typedef struct wtl_inplace {
    int fd;          /* -1 when closed */
    char *name;      /* for messages, quoted */
    wtl_stamp stamp; /* when the lock was had */
    unsigned mode;   /* st_mode & 0777 */
} wtl_inplace;
void wtl_inplace_close(wtl_inplace *f); /* gives the lock back */
void wtl_inplace_auto(wtl_inplace *f);

/* Opens for reading and writing and takes the file's lock (flock), waiting for whoever has it; when the name stands for
 * another file by then, that one is opened. Links are followed: the user named it. WTL_POLICY: no regular file;
 * WTL_IO, in words: it cannot be written to, interrupted. */
int wtl_inplace_open(wtl_inplace *f, const char *path, wtl_err *err) WTL_MUST_USE;

/* WTL_BUSY when `path` stands for another file now. */
int wtl_inplace_named(const wtl_inplace *f, const char *path, wtl_err *err) WTL_MUST_USE;

/* Replaces v.n bytes at `offset`, within the file. What was in the file before is on the disk before anything is
 * written; after success so are the new bytes, read back and compared. After WTL_IO the range may hold any mix of both. */
int wtl_inplace_write(wtl_inplace *f, uint64_t offset, wtl_bytes v, wtl_err *err) WTL_MUST_USE;

#endif
