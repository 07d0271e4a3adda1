#include "fs/out.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/stop.h"
#include "fs/at.h"

enum { TEMP_TRIES = 8, TEMP_KEEPS = 100 };
static const char std_out[] = "standard output";

static wtl_at_name show(const wtl_out *o)
{
    return wtl_at_show(o->is_stdout ? std_out : o->path);
}

/* Gives up the data, keeps the names for the messages to come. */
static void drop(wtl_out *o)
{
    if (o->fd >= 0)
        close(o->fd);
    o->fd = -1;
    if (o->temp != NULL)
        unlinkat(o->dirfd, o->temp, 0);
    free(o->temp);
    o->temp = NULL;
}

void wtl_out_abort(wtl_out *o)
{
    /* A structure of zeros was never opened; its descriptors are not ours. */
    if (o->path != NULL) {
        drop(o);
        if (o->dirfd >= 0)
            close(o->dirfd);
    }
    free(o->name);
    free(o->path);
    *o = (wtl_out){.fd = -1, .dirfd = -1};
}

void wtl_out_auto(wtl_out *o)
{
    wtl_out_abort(o);
}

/* What stands under the final name may stay in the way. */
static int check_final(const wtl_out *o, wtl_err *err)
{
    struct stat st;
    if (fstatat(o->dirfd, o->name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT)
            return WTL_OK;
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot write %s", show(o).s);
    }
    ENSURE(S_ISREG(st.st_mode), err, WTL_POLICY, "%s is %s; only a regular file can be replaced", show(o).s,
           wtl_at_kind(st.st_mode));
    ENSURE(o->replace, err, WTL_POLICY, "%s exists already; choose another name or pass --force", show(o).s);
    return WTL_OK;
}

/* ".<name>.wattle-<random>", so that a file left by a killed program tells what it was. The name is cut, at
 * the start of a character, where the whole would be too long for the system. */
static int temp_name(wtl_out *o, wtl_err *err)
{
    size_t keep = strlen(o->name);
    if (keep > TEMP_KEEPS) {
        for (keep = TEMP_KEEPS; keep > 0 && ((uint8_t)o->name[keep] & 0xc0) == 0x80;)
            keep--;
    }
    char prefix[TEMP_KEEPS + 16];
    char name[sizeof prefix + 17];
    snprintf(prefix, sizeof prefix, ".%.*s.wattle-", (int)keep, o->name);
    TRY(wtl_at_random(name, sizeof name, prefix, err));
    free(o->temp);
    o->temp = strdup(name);
    ENSURE(o->temp != NULL, err, WTL_NOMEM, "out of memory");
    return WTL_OK;
}

static int create(wtl_out *o, mode_t mode, wtl_err *err)
{
    int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    for (int i = 0; i < TEMP_TRIES; i++) {
        TRY(temp_name(o, err));
        o->fd = wtl_at_open_one(o->dirfd, o->temp, flags, mode & 0777);
        if (o->fd >= 0 || errno != EEXIST)
            break;
    }
    int eno = errno;
    if (o->fd < 0) {
        /* It is not ours to remove. */
        free(o->temp);
        o->temp = NULL;
        return WTL_FAIL_SYS(err, WTL_IO, eno, "cannot make a file beside %s", show(o).s);
    }
    if ((mode & 077) == 0 && fchmod(o->fd, mode & 0700) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot set the mode of %s", show(o).s);
    return WTL_OK;
}

/* Takes dirfd. */
static int start(wtl_out *o, int dirfd, const char *name, const char *path, unsigned flags, mode_t mode,
                 wtl_err *err)
{
    *o = (wtl_out){.fd = -1,
                   .dirfd = dirfd,
                   .replace = (flags & WTL_OUT_REPLACE) != 0,
                   .name = strdup(name),
                   .path = strdup(path)};
    int rc = WTL_OK;
    if (o->path == NULL)
        close(dirfd); /* wtl_out_abort goes by the path */
    if (o->name == NULL || o->path == NULL)
        rc = WTL_FAIL(err, WTL_NOMEM, "out of memory");
    if (rc == WTL_OK)
        rc = check_final(o, err);
    if (rc == WTL_OK)
        rc = create(o, mode, err);
    if (rc < 0)
        wtl_out_abort(o);
    return rc;
}

/* A descriptor of its own, so that closing it tells of writes that failed late (NFS). */
static int start_stdout(wtl_out *o, unsigned flags, wtl_err *err)
{
    ENSURE((flags & WTL_OUT_STDOUT_OK) != 0, err, WTL_USAGE,
           "standard output cannot be used here; write ./- for a file of the name \"-\"");
    int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (fd < 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot write to %s", std_out);
    *o = (wtl_out){.fd = fd, .dirfd = -1, .is_stdout = true, .path = strdup("-")};
    if (o->path != NULL)
        return WTL_OK;
    close(fd);
    *o = (wtl_out){.fd = -1, .dirfd = -1};
    return WTL_FAIL(err, WTL_NOMEM, "out of memory");
}

static int check_name(const char *name, const char *path, wtl_err *err)
{
    ENSURE(path[0] != '\0', err, WTL_USAGE, "the name of the file to write is empty");
    bool is_dir = name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
    ENSURE(!is_dir, err, WTL_POLICY, "\"%s\" names a directory; give the name of the file to write",
           wtl_at_show(path).s);
    return WTL_OK;
}

int wtl_out_open(wtl_out *o, const char *path, unsigned flags, mode_t mode, wtl_err *err)
{
    *o = (wtl_out){.fd = -1, .dirfd = -1};
    if (strcmp(path, "-") == 0)
        return start_stdout(o, flags, err);
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    TRY(check_name(name, path, err));
    char *dir = slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
    ENSURE(dir != NULL, err, WTL_NOMEM, "out of memory");
    int dirfd = wtl_at_open_named(dir, O_RDONLY | O_DIRECTORY);
    int eno = errno;
    wtl_at_name dir_shown = wtl_at_show(dir);
    free(dir);
    if (dirfd < 0)
        return WTL_FAIL_SYS(err, WTL_IO, eno, "cannot write %s in the directory %s", wtl_at_show(name).s,
                            dir_shown.s);
    return start(o, dirfd, name, path, flags, mode, err);
}

int wtl_out_open_at(wtl_out *o, int dirfd, const char *name, const char *shown, unsigned flags, mode_t mode,
                    wtl_err *err)
{
    *o = (wtl_out){.fd = -1, .dirfd = -1};
    TRY(check_name(name, shown, err));
    ENSURE(strchr(name, '/') == NULL, err, WTL_BUG, "\"%s\" is no name within one directory",
           wtl_at_show(name).s);
    int own = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
    if (own < 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot write %s", wtl_at_show(shown).s);
    return start(o, own, name, shown, flags, mode, err);
}

/* Returns what was written; less than v.n only after an error, which is in errno. */
static size_t write_all(int fd, wtl_bytes v)
{
    size_t done = 0;
    while (done < v.n) {
        if (wtl_stop_asked()) {
            errno = EINTR;
            break;
        }
        ssize_t r = write(fd, v.p + done, v.n - done);
        if (r > 0)
            done += (size_t)r;
        else if (r == 0)
            errno = ENOSPC; /* POSIX leaves it open; no device that takes nothing has room */
        if (r == 0 || (r < 0 && errno != EINTR && (errno != EAGAIN || wtl_at_wait(fd, POLLOUT) != 0)))
            break;
    }
    return done;
}

int wtl_out_write_fd(int fd, wtl_bytes v, const char *name, wtl_err *err)
{
    if (write_all(fd, v) < v.n)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot write %s", wtl_at_show(name).s);
    return WTL_OK;
}

static int check_open(const wtl_out *o, wtl_err *err)
{
    ENSURE(o->path != NULL, err, WTL_BUG, "an output that is not open was written to");
    ENSURE(o->fd >= 0, err, WTL_IO, "%s was given up after an earlier error", show(o).s);
    return WTL_OK;
}

int wtl_out_write(wtl_out *o, wtl_bytes v, wtl_err *err)
{
    TRY(check_open(o, err));
    size_t done = write_all(o->fd, v);
    o->written += done;
    if (done == v.n)
        return WTL_OK;
    int eno = errno;
    drop(o);
    return WTL_FAIL_SYS(err, WTL_IO, eno, "cannot write %s after %" PRIu64 " bytes", show(o).s, o->written);
}

static int flush_and_close(wtl_out *o, wtl_err *err)
{
    if (!o->is_stdout && wtl_at_sync(o->fd) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot flush %s to the disk", show(o).s);
    int rc = close(o->fd);
    int eno = errno;
    o->fd = -1;
    /* Linux has closed it even when a signal came (close(2)). */
    if (rc != 0 && eno != EINTR)
        return WTL_FAIL_SYS(err, WTL_IO, eno, "cannot finish %s", show(o).s);
    return WTL_OK;
}

static int move_new(wtl_out *o, wtl_err *err)
{
    if (wtl_at_rename_new(o->dirfd, o->temp, o->dirfd, o->name) == 0)
        return WTL_OK;
    ENSURE(errno != EEXIST, err, WTL_POLICY,
           "%s appeared while it was being written; what is there now was left alone", show(o).s);
    return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot move the finished file to %s", show(o).s);
}

static int move_over(wtl_out *o, wtl_err *err)
{
    TRY(check_final(o, err));
    if (renameat(o->dirfd, o->temp, o->dirfd, o->name) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot move the finished file to %s", show(o).s);
    return WTL_OK;
}

static int finish(wtl_out *o, wtl_err *err)
{
    TRY(check_open(o, err));
    TRY(flush_and_close(o, err));
    if (o->is_stdout)
        return WTL_OK;
    TRY(o->replace ? move_over(o, err) : move_new(o, err));
    free(o->temp);
    o->temp = NULL;
    if (wtl_at_sync_dir(o->dirfd) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno,
                            "%s is complete and in place, but its directory cannot be flushed to the disk",
                            show(o).s);
    return WTL_OK;
}

int wtl_out_commit(wtl_out *o, wtl_err *err)
{
    int rc = finish(o, err);
    wtl_out_abort(o);
    return rc;
}

int wtl_out_file(const char *path, wtl_bytes v, unsigned flags, mode_t mode, wtl_err *err)
{
    AUTO(wtl_out) o = {.fd = -1};
    TRY(wtl_out_open(&o, path, flags, mode, err));
    TRY(wtl_out_write(&o, v, err));
    return wtl_out_commit(&o, err);
}
