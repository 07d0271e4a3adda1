#include "fs/at.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.h"

/* True when a character or an escape of quoted text begins at p[i]. */
static bool begins(const uint8_t *p, size_t i)
{
    if ((p[i] & 0xc0) == 0x80)
        return false;
    for (size_t back = 1; back <= 3 && back <= i; back++) {
        if (p[i - back] == '\\')
            return false;
    }
    return true;
}

static wtl_at_name shorten(wtl_bytes quoted)
{
    wtl_at_name out = {""};
    if (quoted.n < sizeof out.s) {
        if (quoted.n > 0)
            memcpy(out.s, quoted.p, quoted.n);
        return out;
    }
    size_t half = sizeof out.s / 2 - 4;
    size_t head = half;
    size_t tail = quoted.n - half;
    while (!begins(quoted.p, head))
        head--;
    while (tail < quoted.n && !begins(quoted.p, tail))
        tail++;
    memcpy(out.s, quoted.p, head);
    memcpy(out.s + head, "...", 3);
    memcpy(out.s + head + 3, quoted.p + tail, quoted.n - tail);
    return out;
}

wtl_at_name wtl_at_show(const char *path)
{
    AUTO(wtl_buf) quoted = {0};
    wtl_text_quote(&quoted, wtl_text_of(path));
    return shorten(wtl_buf_view(&quoted));
}

wtl_at_name wtl_at_show_in(const char *dir, const char *path)
{
    AUTO(wtl_buf) joined = {0};
    wtl_buf_str(&joined, dir);
    if (joined.n > 0 && joined.p[joined.n - 1] != '/' && path[0] != '\0')
        wtl_buf_u8(&joined, '/');
    wtl_buf_str(&joined, path);
    const char *text = wtl_buf_cstr(&joined);
    return wtl_at_show(text != NULL ? text : path);
}

const char *wtl_at_kind(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return "a regular file";
    case S_IFDIR:
        return "a directory";
    case S_IFLNK:
        return "a symbolic link";
    case S_IFIFO:
        return "a pipe";
    case S_IFSOCK:
        return "a socket";
    default:
        return "a device";
    }
}

wtl_stamp wtl_at_stamp(const struct stat *st)
{
    return (wtl_stamp){.dev = st->st_dev,
                       .ino = st->st_ino,
                       .size = st->st_size,
                       .mtime = st->st_mtim,
                       .ctime = st->st_ctim};
}

int wtl_at_check(const char *dir, const char *path, wtl_err *err)
{
    ENSURE(path[0] != '\0', err, WTL_FORMAT, "an empty name stands for no file below %s", wtl_at_show(dir).s);
    ENSURE(strlen(path) <= WTL_AT_PATH_MAX, err, WTL_IO,
           "%s is longer than the %d bytes that a path may have", wtl_at_show_in(dir, path).s,
           WTL_AT_PATH_MAX);
    for (const char *part = path;;) {
        size_t n = strcspn(part, "/");
        bool dots = part[0] == '.' && (n == 1 || (n == 2 && part[1] == '.'));
        ENSURE(n > 0 && !dots, err, WTL_FORMAT,
               "\"%s\" is no plain path below %s: it starts or ends with '/' or has an empty, \".\" or "
               "\"..\" part",
               wtl_at_show(path).s, wtl_at_show(dir).s);
        ENSURE(n <= WTL_AT_NAME_MAX, err, WTL_IO,
               "%s has a part of %zu bytes; the system's file names have at most %d",
               wtl_at_show_in(dir, path).s, n, WTL_AT_NAME_MAX);
        if (part[n] == '\0')
            return WTL_OK;
        part += n + 1;
    }
}

int wtl_at_open_one(int dirfd, const char *name, int flags, mode_t mode)
{
    int fd;
    do {
        fd = openat(dirfd, name, flags | O_CLOEXEC, mode);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

int wtl_at_sync(int fd)
{
    int rc;
    do {
        rc = fsync(fd);
    } while (rc != 0 && errno == EINTR);
    return rc;
}

/* One part, or the last: O_DIRECTORY makes the kernel say ENOTDIR of a link, so that is told apart here. */
static int open_part(int dirfd, const char *part, int flags)
{
    int fd = wtl_at_open_one(dirfd, part, flags | O_NOFOLLOW, 0);
    if (fd < 0 && errno == ENOTDIR) {
        struct stat st;
        bool link = fstatat(dirfd, part, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
        errno = link ? ELOOP : ENOTDIR;
    }
    return fd;
}

/* For systems without openat2 (before Linux 5.6, or filtered out): part by part. */
static int open_parts(int dirfd, const char *path, int flags)
{
    char part[WTL_AT_NAME_MAX + 1];
    int at = dirfd;
    for (;;) {
        size_t n = strcspn(path, "/");
        if (n >= sizeof part) {
            errno = ENAMETOOLONG;
            n = 0;
        }
        memcpy(part, path, n);
        part[n] = '\0';
        bool last = path[n] == '\0';
        int fd = n == 0 ? -1 : open_part(at, part, last ? flags : O_PATH | O_DIRECTORY);
        int saved = errno;
        if (at != dirfd)
            close(at);
        errno = saved;
        if (fd < 0 || last)
            return fd;
        at = fd;
        path += n + 1;
    }
}

int wtl_at_open(int dirfd, const char *path, int flags)
{
    /* Without O_NOFOLLOW, which would make a link at the end ENOTDIR where a directory is wanted. */
    struct open_how how = {.flags = (unsigned)(flags | O_CLOEXEC),
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    long fd;
    do {
        fd = syscall(SYS_openat2, dirfd, path, &how, sizeof how);
    } while (fd < 0 && errno == EINTR);
    /* Container run-times that do not know the call answer EPERM. */
    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        return open_parts(dirfd, path, flags);
    return (int)fd;
}

int wtl_at_open_named(const char *path, int flags)
{
    int fd;
    do {
        fd = open(path, flags | O_CLOEXEC);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

int wtl_at_rename_new(int fromfd, const char *from, int tofd, const char *to)
{
    if (renameat2(fromfd, from, tofd, to, RENAME_NOREPLACE) == 0)
        return 0;
    /* The file system cannot rename exclusively (NFS, some FUSE): a link is made exclusively everywhere. */
    if (errno != EINVAL && errno != ENOSYS)
        return -1;
    if (linkat(fromfd, from, tofd, to, 0) != 0)
        return -1;
    unlinkat(fromfd, from, 0);
    return 0;
}

int wtl_at_random(char *to, size_t size, const char *prefix, wtl_err *err)
{
    uint64_t r = 0;
    ssize_t got;
    do {
        got = getrandom(&r, sizeof r, 0);
    } while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof r)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "the system gives no random bytes for a temporary name");
    snprintf(to, size, "%s%016llx", prefix, (unsigned long long)r);
    return WTL_OK;
}

int wtl_at_sync_dir(int fd)
{
    if (wtl_at_sync(fd) == 0 || errno == EINVAL || errno == EROFS)
        return 0;
    return -1;
}

int wtl_at_wait(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};
    return poll(&p, 1, -1) < 0 && errno != EINTR ? -1 : 0;
}
