#include "admin/admin.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "http/request.h"
#include "http/response.h"

enum {
    MOST = 64,             /* connections */
    ACCEPTS = 16,          /* in a turn of the loop */
    KEPT = 16384,          /* bytes of a buffer that is kept for the next response */
    LINGER_BYTES = 1 << 18 /* thrown away of what a refused client goes on to send */
};

static const int64_t MS = 1000000;
static const int64_t REQUEST_MS = 5000;
static const int64_t PROGRESS_MS = 10000;
static const int64_t LINGER_MS = 2000;
static const int64_t PAUSE_MS = 100;

static const char plain[] = "text/plain; charset=utf-8";

/* LINGERING: all is said, and our side shut. Closed at once, a socket with unread bytes would be reset, and the response lost. */
enum phase { READING, WRITING, LINGERING };

typedef struct conn {
    wtl_admin *admin;
    size_t place; /* in admin->conn */
    int fd;
    enum phase phase;
    bool last;     /* closed after this response */
    bool eof;      /* the client sends no more */
    bool served;   /* had a response */
    int64_t since; /* of the last byte either way */
    size_t thrown;
    wtl_loop_fd io;
    wtl_loop_timer timer;
    wtl_loop_later again;
    wtl_buf out;
    size_t sent;
    size_t have;
    uint8_t in[WTL_HTTP_MOST];
} conn;

struct wtl_admin {
    wtl_loop *loop;
    int listener;
    const wtl_admin_page *pages;
    size_t n_pages;
    wtl_loop_fd accept;
    wtl_loop_timer pause;
    wtl_buf body;
    conn *conn[MOST];
    size_t n;
};

static void drop(conn *c)
{
    wtl_admin *a = c->admin;
    wtl_loop_fd_off(&c->io);
    wtl_loop_timer_off(&c->timer);
    wtl_loop_later_off(&c->again);
    close(c->fd);
    wtl_buf_free(&c->out);
    conn *end = a->conn[--a->n];
    a->conn[c->place] = end;
    end->place = c->place;
    free(c);
}

/* --- a request and its response --- */

static const wtl_admin_page *find_page(const wtl_admin *a, const char *path)
{
    for (size_t i = 0; i < a->n_pages; i++) {
        if (strcmp(a->pages[i].path, path) == 0)
            return &a->pages[i];
    }
    return NULL;
}

/* A status and a sentence. */
static void respond_text(conn *c, int status, const char *sentence, bool head)
{
    AUTO(wtl_buf) body = {0};
    wtl_buf_fmt(&body, "%s\n", sentence);
    wtl_http_response_write(&c->out, status, plain, wtl_buf_view(&body), !c->last, head);
    c->out.bad = c->out.bad || body.bad;
}

static void respond_page(conn *c, const wtl_admin_page *page, bool head)
{
    wtl_buf *body = &c->admin->body;
    int status = 200;
    wtl_err err = {0};
    wtl_buf_clear(body);
    int rc = page->write(page->arg, body, &status, &err);
    if (rc == 0)
        rc = wtl_buf_check(body, &err);
    if (rc < 0)
        respond_text(c, 500, err.text, head);
    else
        wtl_http_response_write(&c->out, status, page->type, wtl_buf_view(body), !c->last, head);
    if (body->bad || body->cap > KEPT)
        wtl_buf_free(body);
}

static void respond(conn *c, const wtl_http_request *r)
{
    const wtl_admin_page *page = find_page(c->admin, r->path);
    c->last = !r->keep_alive;
    if (page == NULL)
        respond_text(c, 404, "There is no such page.", r->head);
    else if (!r->head && strcmp(r->method, "GET") != 0)
        respond_text(c, 405, "This page can be read with GET and HEAD alone.", false);
    else
        respond_page(c, page, r->head);
}

/* What was no request: whether it only was too long. */
static void respond_bad(conn *c, const char *sentence)
{
    wtl_http_request r;
    enum wtl_http_state state;
    size_t used;
    bool lengthy = c->have == sizeof c->in &&
                   wtl_http_request_read(&r, &state, &used, (wtl_bytes){c->in, c->have - 1}, NULL) == 0 &&
                   state == WTL_HTTP_MORE;
    c->last = true;
    c->have = 0;
    respond_text(c, lengthy ? 431 : 400, sentence, false);
}

/* --- phases --- */

static void on_timer(void *arg);

static bool enter(conn *c, enum phase phase)
{
    wtl_loop *loop = c->admin->loop;
    int64_t ms = phase == READING ? REQUEST_MS : phase == WRITING ? PROGRESS_MS : LINGER_MS;
    c->phase = phase;
    if (wtl_loop_timer_at(loop, &c->timer, wtl_loop_now(loop) + ms * MS, on_timer, c, NULL) == 0)
        return true;
    drop(c);
    return false;
}

/* The begin of a response: false when there was no memory for it. */
static bool start_writing(conn *c)
{
    c->served = true;
    c->sent = 0;
    if (!c->out.bad)
        return enter(c, WRITING);
    drop(c);
    return false;
}

static bool finish_writing(conn *c)
{
    wtl_buf_clear(&c->out);
    if (c->out.cap > KEPT)
        wtl_buf_free(&c->out);
    if (!c->last)
        return enter(c, READING);
    (void)shutdown(c->fd, SHUT_WR);
    return enter(c, LINGERING);
}

/* The steps below do one thing each: GO when another can follow, WAIT until the loop calls, DEAD when c is gone. */
enum step { GO, WAIT, DEAD };

static enum step write_step(conn *c)
{
    while (c->sent < c->out.n) {
        ssize_t n = send(c->fd, c->out.p + c->sent, c->out.n - c->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return WAIT;
        if (n <= 0) {
            drop(c);
            return DEAD;
        }
        c->sent += (size_t)n;
        c->since = wtl_loop_now(c->admin->loop);
        if (!enter(c, WRITING)) /* ten seconds more */
            return DEAD;
    }
    return finish_writing(c) ? GO : DEAD;
}

/* Bytes received, 0 at the end, -1 when c is gone, -2 when it must wait. */
static ssize_t receive(conn *c, void *to, size_t room)
{
    ssize_t n;
    do {
        n = recv(c->fd, to, room, 0);
    } while (n < 0 && errno == EINTR);
    if (n >= 0)
        return n;
    if (errno == EAGAIN)
        return -2;
    drop(c);
    return -1;
}

/* One request of what came, or more of it. */
static enum step read_step(conn *c)
{
    wtl_http_request r;
    enum wtl_http_state state;
    size_t used;
    wtl_err err = {0};
    if (wtl_http_request_read(&r, &state, &used, (wtl_bytes){c->in, c->have}, &err) < 0) {
        respond_bad(c, err.text);
        return start_writing(c) ? GO : DEAD;
    }
    if (state == WTL_HTTP_WHOLE) {
        respond(c, &r);
        c->have -= used;
        memmove(c->in, c->in + used, c->have);
        return start_writing(c) ? GO : DEAD;
    }
    if (c->eof) {
        drop(c);
        return DEAD;
    }
    ssize_t n = receive(c, c->in + c->have, sizeof c->in - c->have);
    if (n < 0)
        return n == -2 ? WAIT : DEAD;
    c->eof = n == 0;
    c->have += (size_t)n;
    c->since = wtl_loop_now(c->admin->loop);
    return GO;
}

static enum step linger_step(conn *c)
{
    ssize_t n = receive(c, c->in, sizeof c->in);
    if (n == -2)
        return WAIT;
    c->thrown += n > 0 ? (size_t)n : 0;
    if (n > 0 && c->thrown < LINGER_BYTES)
        return GO;
    if (n >= 0)
        drop(c);
    return DEAD;
}

/* A response and a few pieces at most: others wait too. */
static void work(void *arg)
{
    conn *c = arg;
    enum step s = GO;
    for (unsigned i = 0; s == GO && i < 8; i++)
        s = c->phase == READING ? read_step(c) : c->phase == WRITING ? write_step(c) : linger_step(c);
    if (s == GO)
        wtl_loop_later_on(c->admin->loop, &c->again, work, c);
}

static void on_ready(void *arg, unsigned what)
{
    (void)what; /* the system calls tell more */
    work(arg);
}

static void on_timer(void *arg)
{
    conn *c = arg;
    if (c->phase != READING || c->have == 0) {
        drop(c);
        return;
    }
    c->last = true;
    respond_text(c, 408, "The request did not come within 5 seconds.", false);
    if (start_writing(c))
        work(c);
}

/* --- new connections --- */

/* 0: has nothing to do with us any more, 1: waits for a next request, 2: is at one. */
static int rank(const conn *c)
{
    if (c->phase == LINGERING)
        return 0;
    return c->phase == READING && c->have == 0 && c->served ? 1 : 2;
}

static void drop_idlest(wtl_admin *a)
{
    conn *idlest = NULL;
    for (size_t i = 0; i < a->n; i++) {
        conn *c = a->conn[i];
        if (idlest == NULL || rank(c) < rank(idlest) || (rank(c) == rank(idlest) && c->since < idlest->since))
            idlest = c;
    }
    if (idlest != NULL)
        drop(idlest);
}

static void take(wtl_admin *a, int fd)
{
    static const int one = 1;
    conn *c = calloc(1, sizeof *c);
    if (c == NULL) {
        close(fd);
        return;
    }
    if (a->n == MOST)
        drop_idlest(a);
    c->admin = a;
    c->place = a->n;
    c->fd = fd;
    c->since = wtl_loop_now(a->loop);
    a->conn[a->n++] = c;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* a UNIX socket knows no such thing */
    if (wtl_loop_fd_on(a->loop, &c->io, fd, on_ready, c, NULL) < 0) {
        drop(c);
        return;
    }
    if (enter(c, READING))
        work(c);
}

static void on_accept(void *arg, unsigned what);
static void on_pause_end(void *arg);

/* The listener stays ready while nothing can be taken from it: without a pause the loop would spin. */
static void pause_accepting(wtl_admin *a)
{
    int64_t at = wtl_loop_now(a->loop) + PAUSE_MS * MS;
    if (wtl_loop_timer_at(a->loop, &a->pause, at, on_pause_end, a, NULL) == 0)
        wtl_loop_fd_off(&a->accept);
}

static void on_pause_end(void *arg)
{
    wtl_admin *a = arg;
    if (wtl_loop_fd_listen(a->loop, &a->accept, a->listener, on_accept, a, NULL) < 0)
        pause_accepting(a);
}

/* False when there is no more to accept in this turn. */
static bool accept_one(wtl_admin *a)
{
    int fd = accept4(a->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        take(a, fd);
        return true;
    }
    if (errno == EAGAIN)
        return false;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        drop_idlest(a);
    else if (errno != EBADF && errno != EINVAL && errno != ENOTSOCK)
        return true; /* that connection is gone already: the next */
    pause_accepting(a);
    return false;
}

static void on_accept(void *arg, unsigned what)
{
    (void)what;
    for (unsigned i = 0; i < ACCEPTS; i++) {
        if (!accept_one(arg))
            return;
    }
}

int wtl_admin_new(wtl_admin **out, wtl_loop *loop, int listener, const wtl_admin_page *pages, size_t n,
                  wtl_err *err)
{
    int flags = fcntl(listener, F_GETFL);
    if (flags < 0 || fcntl(listener, F_SETFL, flags | O_NONBLOCK) < 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot serve status pages on descriptor %d", listener);
    wtl_admin *a = calloc(1, sizeof *a);
    ENSURE(a != NULL, err, WTL_NOMEM, "no memory for a server of status pages");
    *a = (wtl_admin){.loop = loop, .listener = listener, .pages = pages, .n_pages = n};
    int rc = wtl_loop_fd_listen(loop, &a->accept, listener, on_accept, a, err);
    if (rc < 0) {
        free(a);
        return rc;
    }
    *out = a;
    return WTL_OK;
}

void wtl_admin_free(wtl_admin *a)
{
    if (a == NULL)
        return;
    while (a->n > 0)
        drop(a->conn[a->n - 1]);
    wtl_loop_fd_off(&a->accept);
    wtl_loop_timer_off(&a->pause);
    wtl_buf_free(&a->body);
    free(a);
}
