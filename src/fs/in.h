/* A file opened for reading that is known to have stayed the same. */
#ifndef WTL_FS_IN_H
#define WTL_FS_IN_H

#include "base/buf.h"
#include "base/secret.h"
#include "fs/walk.h"

typedef struct wtl_in {
    int fd;          /* -1 when closed */
    char *name;      /* for messages, quoted */
    wtl_stamp stamp; /* at opening */
    unsigned mode;   /* st_mode & 0777 */
} wtl_in;

/* Opens a regular file by path as the user gave it (links are followed: the user named it). Other kinds of
 * file are WTL_POLICY; what cannot be opened is WTL_IO. Never blocks on a pipe. */
int wtl_in_open(wtl_in *in, const char *path, wtl_err *err) WTL_MUST_USE;
/* Opens root/path beneath `root` without following any link in `path`; WTL_POLICY for a link. When
 * `seen` is given and the file is no longer the one it describes, or is gone: WTL_NO, named. A path that
 * is absolute or has an empty, "." or ".." part is WTL_FORMAT. */
int wtl_in_open_beneath(wtl_in *in, const char *root, const char *path, const wtl_stamp *seen,
                        wtl_err *err) WTL_MUST_USE;
void wtl_in_close(wtl_in *in);
void wtl_in_auto(wtl_in *in);

/* Reads up to n bytes at offset, retrying short reads; *got < n only at the end of the file. */
int wtl_in_pread(wtl_in *in, void *to, size_t n, uint64_t offset, size_t *got, wtl_err *err) WTL_MUST_USE;
/* WTL_NO, named, when size, mtime or inode differ from those at opening. Call after the last read. A writer
 * that keeps the size and writes within one tick of the file system's clock, or sets the time back, is not seen. */
int wtl_in_unchanged(wtl_in *in, wtl_err *err) WTL_MUST_USE;

/* A whole small file, appended; WTL_FORMAT, named, when over `max` bytes. "-" is standard input. */
int wtl_in_read_all(const char *path, size_t max, wtl_buf *out, wtl_err *err) WTL_MUST_USE;
/* The same for a file that holds a secret. */
int wtl_in_read_secret(const char *path, size_t max, wtl_secret *out, wtl_err *err) WTL_MUST_USE;

/* Reads n bytes from a descriptor that may be a pipe; *got < n only at the end. */
int wtl_in_read_fd(int fd, void *to, size_t n, size_t *got, const char *name, wtl_err *err) WTL_MUST_USE;

#endif
