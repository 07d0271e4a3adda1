#include "proxyd/ask.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"

enum { MOST = 4 << 20, PIECE = 16 << 10, WAIT_SECONDS = 5 };

static int dial(const struct sockaddr_un *to, const char *shown, int *out, wtl_err *err)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "no socket");
    struct timeval wait = {.tv_sec = WAIT_SECONDS};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    if (connect(fd, (const struct sockaddr *)to, sizeof *to) == 0) {
        *out = fd;
        return WTL_OK;
    }
    int eno = errno;
    close(fd);
    if (eno == EACCES || eno == EPERM)
        return WTL_FAIL_SYS(err, WTL_IO, eno, "%s is another user's", shown);
    return WTL_FAIL_SYS(err, WTL_BUSY, eno, "no proxy answers at %s", shown);
}

static int talk(int fd, wtl_bytes question, wtl_buf *answer, const char *shown, wtl_err *err)
{
    if (send(fd, question.p, question.n, MSG_NOSIGNAL) != (ssize_t)question.n)
        return WTL_FAIL_SYS(err, WTL_BUSY, errno, "the proxy at %s does not listen", shown);
    for (;;) {
        uint8_t *to = wtl_buf_grow(answer, PIECE);
        TRY(wtl_buf_check(answer, err));
        ssize_t got = recv(fd, to, PIECE, 0);
        answer->n -= PIECE - (got > 0 ? (size_t)got : 0);
        if (got == 0)
            return WTL_OK;
        if (got < 0 && errno != EINTR)
            return WTL_FAIL_SYS(err, WTL_BUSY, errno, "the proxy at %s does not answer", shown);
        ENSURE(answer->n <= MOST, err, WTL_FORMAT, "the answer of %s has no end", shown);
    }
}

static int body_of(wtl_buf *answer, wtl_bytes *body, const char *shown, wtl_err *err)
{
    const char *text = wtl_buf_cstr(answer);
    ENSURE(text != NULL, err, WTL_NOMEM, "no memory for an answer");
    const char *end = strstr(text, "\r\n\r\n");
    ENSURE(end != NULL && strncmp(text, "HTTP/1.1 ", 9) == 0, err, WTL_FORMAT,
           "%s is no control socket of a proxy", shown);
    ENSURE(strncmp(text + 9, "200", 3) == 0, err, WTL_BUSY, "the proxy at %s cannot tell: %.3s", shown,
           text + 9);
    size_t head = (size_t)(end - text) + 4;
    *body = (wtl_bytes){answer->p + head, answer->n - head};
    return WTL_OK;
}

int wtl_ask_json(json_t **out, const char *path, const char *page, wtl_err *err)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    ENSURE(strlen(path) < sizeof to.sun_path, err, WTL_USAGE,
           "the path of a control socket has at most %zu bytes", sizeof to.sun_path - 1);
    memcpy(to.sun_path, path, strlen(path) + 1);
    AUTO(wtl_buf) shown = {0};
    AUTO(wtl_buf) question = {0};
    AUTO(wtl_buf) answer = {0};
    wtl_text_quote(&shown, wtl_text_of(path));
    wtl_buf_fmt(&question, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", page);
    const char *quoted = wtl_buf_cstr(&shown);
    ENSURE(quoted != NULL && !question.bad, err, WTL_NOMEM, "no memory for a question");
    int fd = -1;
    TRY(dial(&to, quoted, &fd, err));
    int rc = talk(fd, wtl_buf_view(&question), &answer, quoted, err);
    close(fd);
    wtl_bytes body = {0};
    if (rc == WTL_OK)
        rc = body_of(&answer, &body, quoted, err);
    return rc < 0 ? rc : wtl_json_parse(out, body, "the answer of the proxy", err);
}
