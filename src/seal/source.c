#include "seal/source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/stop.h"
#include "base/text.h"
#include "container/name.h"
#include "crypto/chunked.h"

enum { PIPE = 1 << 20, VECTORS = 64, LOOK = 100 /* milliseconds between looks at a wish to stop */ };

int wtl_source_check_name(const char *name, wtl_err *err)
{
    if (wtl_name_ok(wtl_text_of(name)))
        return WTL_OK;
    AUTO(wtl_buf) quoted = {0};
    wtl_text_quote(&quoted, wtl_text_of(name));
    const char *shown = wtl_buf_cstr(&quoted);
    return WTL_FAIL(err, WTL_FORMAT,
                    "\"%.300s\" cannot be sealed: a name must be UTF-8 of at most %d bytes; rename the file",
                    shown != NULL ? shown : "?", WTL_NAME_MAX);
}

static bool is_part_of(const char *path, const char *root)
{
    size_t n = strlen(root);
    return strncmp(path, root, n) == 0 && (path[n] == '\0' || path[n] == '/' || strcmp(root, "/") == 0);
}

int wtl_source_check_outside(const char *src, const char *out, wtl_err *err)
{
    const char *slash = strrchr(out, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(out, slash == out ? 1 : (size_t)(slash - out));
    char *real_folder = folder != NULL ? realpath(folder, NULL) : NULL;
    char *real_src = realpath(src, NULL);
    bool inside = real_folder != NULL && real_src != NULL && is_part_of(real_folder, real_src);
    free(folder);
    free(real_folder);
    free(real_src);
    ENSURE(!inside, err, WTL_USAGE,
           "the container would lie inside the directory that it seals: choose a place outside it");
    return WTL_OK;
}

bool wtl_source_is_dir(const wtl_source *s)
{
    return s->found != NULL ? s->found->type == WTL_WALK_EMPTY_DIR : s->feed != NULL && s->feed->is_dir;
}

bool wtl_source_is_stream(const wtl_source *s)
{
    return s->found == NULL && s->in == NULL;
}

bool wtl_source_is_endless(const wtl_source *s)
{
    return wtl_source_is_stream(s) && s->feed == NULL;
}

uint64_t wtl_source_size(const wtl_source *s)
{
    if (s->found != NULL)
        return (uint64_t)s->found->stamp.size;
    if (s->feed != NULL)
        return s->feed->size;
    return s->in != NULL ? (uint64_t)s->in->stamp.size - s->from : 0;
}

unsigned wtl_source_mode(const wtl_source *s)
{
    enum { STREAM = 0600 };
    if (s->found != NULL)
        return s->found->mode;
    if (s->feed != NULL)
        return s->feed->mode;
    return s->is_stream ? STREAM : s->in->mode;
}

int wtl_source_stdin(wtl_source *s, const char *name, wtl_in *own, wtl_err *err)
{
    *s = (wtl_source){.name = name, .is_stream = true};
    struct stat st;
    off_t at = lseek(STDIN_FILENO, 0, SEEK_CUR);
    if (fstat(STDIN_FILENO, &st) != 0 || !S_ISREG(st.st_mode) || at < 0 || st.st_size <= at) {
        wtl_source_widen(STDIN_FILENO);
        return WTL_OK;
    }
    wtl_in in = {.fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3),
                 .name = strdup("standard input"),
                 .stamp = {.dev = st.st_dev, .ino = st.st_ino, .size = st.st_size, .mtime = st.st_mtim}};
    if (in.fd < 0 || in.name == NULL) {
        wtl_in_close(&in);
        return WTL_FAIL(err, WTL_NOMEM, "standard input cannot be read");
    }
    *own = in;
    s->in = own;
    s->from = (uint64_t)at;
    return WTL_OK;
}

int wtl_source_open(const wtl_source *s, wtl_in *own, wtl_in **in, wtl_err *err)
{
    *in = s->in;
    if (s->found == NULL)
        return WTL_OK;
    TRY(wtl_in_open_beneath(own, s->root, s->found->path, &s->found->stamp, err));
    *in = own;
    return WTL_OK;
}

/* Bytes [done, n) of a run of chunks, as far as one call takes. */
static int spread(struct iovec v[VECTORS], uint8_t *to, size_t done, size_t n)
{
    int used = 0;
    while (done < n && used < VECTORS) {
        size_t in = done % WTL_CHUNKED_PLAIN;
        size_t len = WTL_CHUNKED_PLAIN - in;
        if (len > n - done)
            len = n - done;
        v[used].iov_base = to + done / WTL_CHUNKED_PLAIN * WTL_CHUNKED_SEALED + in;
        v[used++].iov_len = len;
        done += len;
    }
    return used;
}

int wtl_source_read(wtl_in *in, uint8_t *to, size_t n, uint64_t offset, wtl_err *err)
{
    struct iovec v[VECTORS];
    for (size_t done = 0; done < n;) {
        ENSURE(!wtl_stop_asked(), err, WTL_IO, "interrupted while reading %s", in->name);
        ssize_t r = preadv(in->fd, v, spread(v, to, done, n), (off_t)(offset + done));
        if (r < 0 && errno != EINTR)
            return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot read %s at byte %llu", in->name,
                                (unsigned long long)(offset + done));
        if (r == 0) {
            TRY(wtl_in_unchanged(in, err));
            return WTL_FAIL(err, WTL_NO, "%s became shorter while it was read", in->name);
        }
        if (r > 0)
            done += (size_t)r;
    }
    return WTL_OK;
}

/* readv(2) of standard input. It never sleeps in it: a signal wakes the thread that it is given to, which need not be
 * this one. */
static ssize_t read_once(const struct iovec *v, int n)
{
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
    while (!wtl_stop_asked()) {
        int ready = poll(&p, 1, LOOK);
        ssize_t r = ready > 0 ? readv(STDIN_FILENO, v, n) : -1;
        if (r >= 0)
            return r;
        if (ready != 0 && errno != EINTR && errno != EAGAIN)
            return -1;
    }
    errno = EINTR;
    return -1;
}

int wtl_source_next(const wtl_source *s, uint8_t *to, size_t n, size_t *got, wtl_err *err)
{
    *got = 0;
    if (s->feed != NULL)
        return s->feed->next(s->feed->arg, to, n, got, err);
    struct iovec v[VECTORS];
    size_t done = 0;
    while (done < n) {
        ssize_t r = read_once(v, spread(v, to, done, n));
        if (r < 0)
            return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot read standard input");
        if (r == 0)
            break;
        done += (size_t)r;
    }
    *got = done;
    return WTL_OK;
}

void wtl_source_widen(int fd)
{
    int now = fcntl(fd, F_GETPIPE_SZ);
    if (now >= 0 && now < PIPE)
        (void)fcntl(fd, F_SETPIPE_SZ, PIPE); /* refused: it works as it is */
}
