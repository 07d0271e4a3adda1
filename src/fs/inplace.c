#include "fs/inplace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/stop.h"
#include "fs/at.h"

enum { TRIES = 100, PART = 65536 };

void wtl_inplace_close(wtl_inplace *f)
{
    /* A structure of zeros was never opened; its fd is not ours. */
    if (f->name != NULL && f->fd >= 0)
        close(f->fd);
    free(f->name);
    *f = (wtl_inplace){.fd = -1};
}

void wtl_inplace_auto(wtl_inplace *f)
{
    wtl_inplace_close(f);
}

static int lock(int fd, const char *shown, wtl_err *err)
{
    while (flock(fd, LOCK_EX) != 0) {
        int eno = errno;
        ENSURE(eno != EINTR || !wtl_stop_asked(), err, WTL_IO,
               "interrupted while waiting for another program that changes %s", shown);
        if (eno != EINTR)
            return WTL_FAIL_SYS(err, WTL_IO, eno, "cannot lock %s", shown);
    }
    return WTL_OK;
}

static int open_failed(int eno, const char *shown, wtl_err *err)
{
    if (eno == EACCES || eno == EPERM || eno == EROFS)
        return WTL_FAIL_SYS(err, WTL_IO, eno, "%s is changed in place, and it cannot be written to", shown);
    return WTL_FAIL_SYS(err, WTL_IO, eno, "cannot open %s", shown);
}

/* 1 when it is open, locked and still what the name stands for; 0 to try again. */
static int open_once(wtl_inplace *f, const char *path, const char *shown, wtl_err *err)
{
    struct stat st;
    struct stat named;
    /* Looked at before it is opened, as opening a device may already do something. */
    if (stat(path, &st) != 0)
        return open_failed(errno, shown, err);
    ENSURE(S_ISREG(st.st_mode), err, WTL_POLICY, "%s is %s; only a regular file can be changed in place",
           shown, wtl_at_kind(st.st_mode));
    f->fd = wtl_at_open_named(path, O_RDWR | O_NONBLOCK | O_NOCTTY);
    if (f->fd < 0)
        return open_failed(errno, shown, err);
    TRY(lock(f->fd, shown, err));
    if (fstat(f->fd, &st) != 0 || stat(path, &named) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot look at %s", shown);
    f->stamp = wtl_at_stamp(&st);
    f->mode = st.st_mode & 0777;
    return st.st_dev == named.st_dev && st.st_ino == named.st_ino;
}

int wtl_inplace_open(wtl_inplace *f, const char *path, wtl_err *err)
{
    *f = (wtl_inplace){.fd = -1};
    wtl_at_name shown = wtl_at_show(path);
    for (int i = 0; i < TRIES; i++) {
        AUTO(wtl_inplace) made = {.fd = -1, .name = strdup(shown.s)};
        ENSURE(made.name != NULL, err, WTL_NOMEM, "out of memory");
        int rc = open_once(&made, path, shown.s, err);
        TRY(rc);
        if (rc == 0)
            continue;
        *f = made;
        made = (wtl_inplace){.fd = -1};
        return WTL_OK;
    }
    return WTL_FAIL(err, WTL_BUSY, "%s is being replaced over and over: try again later", shown.s);
}

int wtl_inplace_named(const wtl_inplace *f, const char *path, wtl_err *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot look at %s", f->name);
    ENSURE(st.st_dev == f->stamp.dev && st.st_ino == f->stamp.ino, err, WTL_BUSY,
           "%s was replaced by another file in the meantime; nothing was changed", f->name);
    return WTL_OK;
}

/* Where the range is a hole, or shared with a copy, room for it is found now or never. */
static int reserve(const wtl_inplace *f, uint64_t offset, size_t n, wtl_err *err)
{
    int rc;
    do
        rc = fallocate(f->fd, FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)n);
    while (rc != 0 && errno == EINTR && !wtl_stop_asked());
    if (rc != 0 && errno != EOPNOTSUPP && errno != ENOSYS)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "nothing was changed: there is no room to write into %s",
                            f->name);
    return WTL_OK;
}

/* Once begun it is not interrupted: half of it is good for nothing. */
static int write_all(const wtl_inplace *f, uint64_t offset, wtl_bytes v, wtl_err *err)
{
    for (size_t done = 0; done < v.n;) {
        ssize_t r = pwrite(f->fd, v.p + done, v.n - done, (off_t)(offset + done));
        if (r > 0)
            done += (size_t)r;
        else if (r == 0 || errno != EINTR)
            return WTL_FAIL_SYS(err, WTL_IO, r == 0 ? ENOSPC : errno, "cannot write into %s at byte %" PRIu64,
                                f->name, offset + done);
    }
    return WTL_OK;
}

static int read_back(const wtl_inplace *f, uint64_t offset, wtl_bytes v, wtl_err *err)
{
    uint8_t part[PART];
    /* So that, where the system can, the bytes come from the disk. */
    (void)posix_fadvise(f->fd, (off_t)offset, (off_t)v.n, POSIX_FADV_DONTNEED);
    for (size_t done = 0; done < v.n;) {
        size_t ask = v.n - done < sizeof part ? v.n - done : sizeof part;
        ssize_t r = pread(f->fd, part, ask, (off_t)(offset + done));
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot read back what was written into %s", f->name);
        ENSURE(r > 0 && memcmp(part, v.p + done, (size_t)r) == 0, err, WTL_IO,
               "%s does not hold what was just written into it: is its disk broken?", f->name);
        done += (size_t)r;
    }
    return WTL_OK;
}

int wtl_inplace_write(wtl_inplace *f, uint64_t offset, wtl_bytes v, wtl_err *err)
{
    ENSURE(offset <= (uint64_t)f->stamp.size && v.n <= (uint64_t)f->stamp.size - offset, err, WTL_BUG,
           "a write beyond the end of %s", f->name);
    TRY(reserve(f, offset, v.n, err));
    if (fsync(f->fd) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "nothing was changed: %s cannot be flushed to the disk",
                            f->name);
    TRY(write_all(f, offset, v, err));
    if (fdatasync(f->fd) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot flush %s to the disk", f->name);
    TRY(read_back(f, offset, v, err));
    if (fsync(f->fd) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot flush %s to the disk", f->name);
    return WTL_OK;
}
