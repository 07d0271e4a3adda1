#include "proxy/logline.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/instant.h"
#include "base/text.h"

enum { END = 2 }; /* "}\n" always fits */

static void put(wtl_logline *l, const char *s, size_t n)
{
    memcpy(l->p + l->n, s, n);
    l->n += n;
}

/* ,"name": when `more` bytes fit behind it. */
static bool field(wtl_logline *l, const char *name, size_t more)
{
    size_t n = strlen(name);
    if (l->n + n + 4 + more + END > sizeof l->p)
        return false;
    put(l, ",\"", 2);
    put(l, name, n);
    put(l, "\":", 2);
    return true;
}

/* At least `width` digits. */
static void digits(wtl_logline *l, uint64_t v, size_t width)
{
    char text[20];
    size_t at = sizeof text;
    while (v != 0 || at > sizeof text - width) {
        text[--at] = (char)('0' + v % 10);
        v /= 10;
    }
    put(l, text + at, sizeof text - at);
}

void wtl_logline_begin(wtl_logline *l)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    char text[WTL_INSTANT_TEXT];
    wtl_instant_write(text, now.tv_sec);
    l->n = 1;
    put(l, "{\"time\":\"", 9);
    put(l, text, strcspn(text, "Z"));
    put(l, ".", 1);
    digits(l, (uint64_t)now.tv_nsec / 1000, 6);
    put(l, "Z\"", 2);
}

/* The character at p as JSON, into `out`; *used of `left` bytes. */
static size_t escape(char out[6], const uint8_t *p, size_t left, size_t *used)
{
    static const char hex[] = "0123456789abcdef";
    size_t len = wtl_text_utf8_len(p, left);
    *used = len != 0 ? len : 1;
    unsigned c = len == 2 ? (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu) : p[0];
    if (len == 0)
        c = 0xfffd;
    else if (len == 1 && (c == '"' || c == '\\')) {
        out[0] = '\\';
        out[1] = (char)c;
        return 2;
    } else if (c >= 0x20 && (c < 0x7f || c >= 0xa0 || len > 2)) {
        memcpy(out, p, len);
        return len;
    }
    memcpy(out, "\\u", 2);
    for (unsigned i = 0; i < 4; i++)
        out[2 + i] = hex[c >> (12 - 4 * i) & 15];
    return 6;
}

void wtl_logline_bytes(wtl_logline *l, const char *name, wtl_bytes value, size_t most)
{
    static const char cut[] = "\xe2\x80\xa6";
    if (value.n == 0 || !field(l, name, most + 2))
        return;
    put(l, "\"", 1);
    size_t end = l->n + most;
    size_t safe = l->n;
    for (size_t i = 0, used; i < value.n; i += used) {
        char out[6];
        size_t n = escape(out, value.p + i, value.n - i, &used);
        if (l->n + n > end) {
            l->n = safe;
            put(l, cut, sizeof cut - 1);
            break;
        }
        put(l, out, n);
        if (l->n + sizeof cut - 1 <= end)
            safe = l->n;
    }
    put(l, "\"", 1);
}

void wtl_logline_text(wtl_logline *l, const char *name, const char *value, size_t most)
{
    if (value != NULL)
        wtl_logline_bytes(l, name, wtl_text_of(value), most);
}

void wtl_logline_number(wtl_logline *l, const char *name, uint64_t value)
{
    if (field(l, name, 20))
        digits(l, value, 1);
}

void wtl_logline_flag(wtl_logline *l, const char *name, bool value)
{
    if (field(l, name, 5))
        put(l, value ? "true" : "false", value ? 4 : 5);
}

void wtl_logline_milliseconds(wtl_logline *l, const char *name, int64_t nanoseconds)
{
    if (!field(l, name, 24))
        return;
    uint64_t us = nanoseconds > 0 ? (uint64_t)nanoseconds / 1000 : 0;
    digits(l, us / 1000, 1);
    put(l, ".", 1);
    digits(l, us % 1000, 3);
}

void wtl_logline_end(wtl_logline *l)
{
    put(l, "}\n", END);
}

enum wtl_logline_way wtl_logline_way(int fd)
{
    struct stat st;
    int flags = fcntl(fd, F_GETFL);
    bool known = fstat(fd, &st) == 0;
    bool waits = known && (S_ISFIFO(st.st_mode) || (S_ISCHR(st.st_mode) && (isatty(fd) || errno == EPERM)));
    if (known && S_ISSOCK(st.st_mode))
        return WTL_LOGLINE_SOCKET;
    if ((flags >= 0 && (flags & O_NONBLOCK) != 0) || (known && !waits))
        return WTL_LOGLINE_PLAIN;
    return WTL_LOGLINE_NOWAIT;
}

static ssize_t send_once(const char *p, size_t n, int fd, enum wtl_logline_way way)
{
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    switch (way) {
    case WTL_LOGLINE_SOCKET:
        return send(fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    case WTL_LOGLINE_NOWAIT:
        return pwritev2(fd, &(struct iovec){.iov_base = (void *)(uintptr_t)p, .iov_len = n}, 1, -1,
                        RWF_NOWAIT);
    case WTL_LOGLINE_POLL:
        if (poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) {
            errno = EAGAIN;
            return -1;
        }
        return write(fd, p, n);
    default:
        return write(fd, p, n);
    }
}

/* Old kernels, named pipes and terminals have no RWF_NOWAIT; a sandbox may not allow it. */
static bool unknown_call(void)
{
    return errno == EOPNOTSUPP || errno == ENOSYS || errno == EPERM || errno == EINVAL;
}

bool wtl_logline_send(wtl_logline *l, int fd, enum wtl_logline_way *way, bool *torn)
{
    if (*way == WTL_LOGLINE_UNKNOWN)
        *way = wtl_logline_way(fd);
    l->p[0] = '\n';
    const char *p = l->p + (*torn ? 0 : 1);
    size_t n = l->n - (*torn ? 0 : 1);
    ssize_t put;
    do {
        put = send_once(p, n, fd, *way);
        if (put < 0 && *way == WTL_LOGLINE_NOWAIT && unknown_call()) {
            *way = WTL_LOGLINE_POLL;
            put = send_once(p, n, fd, *way);
        }
    } while (put < 0 && errno == EINTR);
    if (put > 0)
        *torn = (size_t)put < n;
    return put == (ssize_t)n;
}
