#include "fs/in.h"

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

/* O_NONBLOCK: opening a pipe that nobody writes to must not wait. Regular files do not care. */
enum { OPEN_FLAGS = O_RDONLY | O_NONBLOCK | O_NOCTTY, CHUNK = 64 * 1024, FIRST_SECRET = 4096 };
static const char std_in[] = "standard input";

void wtl_in_close(wtl_in *in)
{
    /* A structure of zeros was never opened; its fd is not ours. */
    if (in->name != NULL && in->fd >= 0)
        close(in->fd);
    free(in->name);
    *in = (wtl_in){.fd = -1};
}

void wtl_in_auto(wtl_in *in)
{
    wtl_in_close(in);
}

static int check_regular(mode_t mode, const char *shown, wtl_err *err)
{
    ENSURE(S_ISREG(mode), err, WTL_POLICY, "%s is %s; only a regular file can be read here", shown,
           wtl_at_kind(mode));
    return WTL_OK;
}

/* The first difference, in words; false when there is none. */
static bool differs(const wtl_stamp *was, const wtl_stamp *is, char *how, size_t size)
{
    if (was->ino != is->ino || was->dev != is->dev)
        snprintf(how, size, "another file took its place");
    else if (was->size != is->size)
        snprintf(how, size, "size %" PRId64 " -> %" PRId64, (int64_t)was->size, (int64_t)is->size);
    else if (was->mtime.tv_sec != is->mtime.tv_sec || was->mtime.tv_nsec != is->mtime.tv_nsec)
        snprintf(how, size, "same size, new modification time");
    else
        return false;
    return true;
}

/* Takes fd, on failure too. */
static int adopt(wtl_in *in, int fd, const char *shown, wtl_err *err)
{
    wtl_in made = {.fd = fd, .name = strdup(shown)};
    struct stat st;
    int rc = WTL_OK;
    if (made.name == NULL) {
        close(fd);
        return WTL_FAIL(err, WTL_NOMEM, "out of memory");
    }
    if (fstat(fd, &st) != 0) {
        rc = WTL_FAIL_SYS(err, WTL_IO, errno, "cannot look at %s", shown);
        wtl_in_close(&made);
        return rc;
    }
    made.stamp = wtl_at_stamp(&st);
    made.mode = st.st_mode & 0777;
    rc = check_regular(st.st_mode, shown, err);
    if (rc < 0)
        wtl_in_close(&made);
    else
        *in = made;
    return rc;
}

int wtl_in_open(wtl_in *in, const char *path, wtl_err *err)
{
    *in = (wtl_in){.fd = -1};
    wtl_at_name shown = wtl_at_show(path);
    struct stat st;
    /* Looked at before it is opened, as opening a device may already do something. */
    if (stat(path, &st) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot open %s", shown.s);
    TRY(check_regular(st.st_mode, shown.s, err));
    int fd = wtl_at_open_named(path, OPEN_FLAGS);
    if (fd < 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot open %s", shown.s);
    return adopt(in, fd, shown.s, err);
}

static int beneath_failed(int eno, const char *shown, bool was_seen, wtl_err *err)
{
    ENSURE(eno != ELOOP, err, WTL_POLICY,
           "%s is a symbolic link, or a folder on the way to it is one; links are not followed", shown);
    ENSURE(eno != ENXIO, err, WTL_POLICY, "%s is a socket or a device; only a regular file can be read here",
           shown);
    ENSURE(!was_seen || (eno != ENOENT && eno != ENOTDIR), err, WTL_NO,
           "%s has gone since its folder was listed; try again when nothing writes there", shown);
    return WTL_FAIL_SYS(err, WTL_IO, eno, "cannot open %s", shown);
}

int wtl_in_open_beneath(wtl_in *in, const char *root, const char *path, const wtl_stamp *seen, wtl_err *err)
{
    *in = (wtl_in){.fd = -1};
    TRY(wtl_at_check(root, path, err));
    int rootfd = wtl_at_open_named(root, O_PATH | O_DIRECTORY);
    if (rootfd < 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot open the directory %s", wtl_at_show(root).s);
    int fd = wtl_at_open(rootfd, path, OPEN_FLAGS);
    int eno = errno;
    close(rootfd);
    wtl_at_name shown = wtl_at_show_in(root, path);
    if (fd < 0)
        return beneath_failed(eno, shown.s, seen != NULL, err);
    TRY(adopt(in, fd, shown.s, err));
    char how[96];
    if (seen != NULL && differs(seen, &in->stamp, how, sizeof how)) {
        wtl_in_close(in);
        return WTL_FAIL(err, WTL_NO,
                        "%s changed since its folder was listed (%s); try again when nothing writes to it",
                        shown.s, how);
    }
    return WTL_OK;
}

int wtl_in_unchanged(wtl_in *in, wtl_err *err)
{
    struct stat st;
    if (fstat(in->fd, &st) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot look at %s again", in->name);
    wtl_stamp now = wtl_at_stamp(&st);
    char how[96];
    ENSURE(!differs(&in->stamp, &now, how, sizeof how), err, WTL_NO,
           "%s changed while it was read (%s); try again when nothing writes to it", in->name, how);
    return WTL_OK;
}

int wtl_in_pread(wtl_in *in, void *to, size_t n, uint64_t offset, size_t *got, wtl_err *err)
{
    *got = 0;
    size_t done = 0;
    while (done < n && offset < INT64_MAX - done) {
        ENSURE(!wtl_stop_asked(), err, WTL_IO, "interrupted while reading %s", in->name);
        /* No file reaches further than off_t does, and the system refuses to try. */
        uint64_t at = offset + done;
        size_t ask = n - done < INT64_MAX - at ? n - done : (size_t)(INT64_MAX - at);
        ssize_t r = pread(in->fd, (uint8_t *)to + done, ask, (off_t)at);
        if (r == 0)
            break;
        if (r < 0 && errno != EINTR)
            return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot read %s at byte %" PRIu64, in->name, at);
        if (r > 0)
            done += (size_t)r;
    }
    *got = done;
    return WTL_OK;
}

/* read(2) that waits where the descriptor would not. */
static ssize_t read_once(int fd, void *to, size_t n)
{
    while (!wtl_stop_asked()) {
        ssize_t r = read(fd, to, n);
        if (r >= 0)
            return r;
        if (errno == EAGAIN && wtl_at_wait(fd, POLLIN) == 0)
            continue;
        if (errno != EINTR)
            return -1;
    }
    errno = EINTR;
    return -1;
}

/* `shown` is quoted. */
static int read_full(int fd, void *to, size_t n, size_t *got, const char *shown, wtl_err *err)
{
    *got = 0;
    size_t done = 0;
    while (done < n) {
        ssize_t r = read_once(fd, (uint8_t *)to + done, n - done);
        if (r == 0)
            break;
        if (r < 0)
            return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot read %s", shown);
        done += (size_t)r;
    }
    *got = done;
    return WTL_OK;
}

int wtl_in_read_fd(int fd, void *to, size_t n, size_t *got, const char *name, wtl_err *err)
{
    return read_full(fd, to, n, got, wtl_at_show(name).s, err);
}

static bool is_stdin(const char *path)
{
    return strcmp(path, "-") == 0;
}

static int too_long(const char *shown, size_t max, wtl_err *err)
{
    return WTL_FAIL(err, WTL_FORMAT, "%s is longer than %zu bytes, which is the most it may be here", shown,
                    max);
}

/* Standard input as a wtl_in of its own descriptor, without a stamp; else the file. */
static int open_any(wtl_in *in, const char *path, size_t max, wtl_err *err)
{
    if (!is_stdin(path)) {
        TRY(wtl_in_open(in, path, err));
        return (uint64_t)in->stamp.size > max ? too_long(in->name, max, err) : WTL_OK;
    }
    int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    if (fd < 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot read %s", std_in);
    *in = (wtl_in){.fd = fd, .name = strdup(std_in)};
    if (in->name != NULL)
        return WTL_OK;
    close(fd);
    *in = (wtl_in){.fd = -1};
    return WTL_FAIL(err, WTL_NOMEM, "out of memory");
}

static int append(wtl_in *in, size_t max, wtl_buf *out, wtl_err *err)
{
    for (size_t have = 0;;) {
        /* One byte more than allowed shows that the file is too long. */
        size_t room = (max - have < CHUNK ? max - have : CHUNK) + 1;
        uint8_t *to = wtl_buf_grow(out, room);
        if (to == NULL)
            return wtl_buf_check(out, err);
        size_t got;
        int rc = read_full(in->fd, to, room, &got, in->name, err);
        out->n -= room - got;
        TRY(rc);
        if (got > max - have)
            return too_long(in->name, max, err);
        have += got;
        if (got < room)
            return WTL_OK;
    }
}

int wtl_in_read_all(const char *path, size_t max, wtl_buf *out, wtl_err *err)
{
    AUTO(wtl_in) in = {.fd = -1};
    TRY(open_any(&in, path, max, err));
    size_t before = out->n;
    if (in.stamp.size > 0)
        wtl_buf_reserve(out, (size_t)in.stamp.size + CHUNK + 1);
    int rc = append(&in, max, out, err);
    if (rc == WTL_OK && !is_stdin(path))
        rc = wtl_in_unchanged(&in, err);
    if (rc < 0)
        out->n = before;
    return rc;
}

static int secret_grow(wtl_secret *s, size_t n, wtl_err *err)
{
    wtl_secret bigger;
    TRY(wtl_secret_new(&bigger, n, err));
    if (s->n > 0)
        memcpy(bigger.p, s->p, s->n);
    wtl_secret_free(s);
    *s = bigger;
    return WTL_OK;
}

/* Reads to the end of the file into `s`; *have is how much of it is filled. */
static int fill_secret(wtl_in *in, size_t max, wtl_secret *s, size_t *have, wtl_err *err)
{
    *have = 0;
    size_t want = in->stamp.size > 0 ? (size_t)in->stamp.size : FIRST_SECRET;
    for (;;) {
        size_t room = (want < max ? want : max) + 1;
        if (room > s->n)
            TRY(secret_grow(s, room, err));
        size_t got;
        TRY(read_full(in->fd, s->p + *have, room - *have, &got, in->name, err));
        *have += got;
        if (*have > max)
            return too_long(in->name, max, err);
        if (*have < room)
            return WTL_OK;
        want = want <= SIZE_MAX / 2 ? want * 2 : SIZE_MAX - 1;
    }
}

int wtl_in_read_secret(const char *path, size_t max, wtl_secret *out, wtl_err *err)
{
    AUTO(wtl_in) in = {.fd = -1};
    TRY(open_any(&in, path, max, err));
    AUTO(wtl_secret) all = {0};
    size_t have;
    /* No byte count has room for one more than SIZE_MAX. */
    TRY(fill_secret(&in, max < SIZE_MAX ? max : max - 1, &all, &have, err));
    if (!is_stdin(path))
        TRY(wtl_in_unchanged(&in, err));
    return wtl_secret_copy(out, (wtl_bytes){all.p, have}, err);
}
