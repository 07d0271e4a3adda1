#include "bench/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/epoll.h>

#include "base/stop.h"

enum { PIECE = 256 << 10, EVENTS = 64, PATIENCE_MS = 30000 };

enum stage { HANDSHAKE, WAIT, HEAD, SEND, ANSWER, RECEIVE, DONE };

typedef struct lane {
    wtl_client client;
    enum stage stage;
    size_t head_sent;
    uint64_t left;
} lane;

typedef struct run {
    const wtl_stream_plan *plan;
    lane *lane;
    int poll;
    uint8_t head[WTL_UPSTREAM_HEAD];
    uint8_t *out;  /* zeros */
    uint8_t *in;   /* what arrives */
    size_t shaken; /* handshakes that are done */
    size_t done;
} run;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int send_head(const run *r, lane *l, wtl_err *err)
{
    while (l->head_sent < sizeof r->head) {
        size_t n = sizeof r->head - l->head_sent;
        int rc = wtl_client_write(&l->client, r->head + l->head_sent, &n, err);
        if (rc <= 0)
            return rc;
        l->head_sent += n;
    }
    l->stage = r->plan->op == WTL_UPSTREAM_TAKE ? SEND : RECEIVE;
    return 1;
}

static int send_all(const run *r, lane *l, wtl_err *err)
{
    while (l->left > 0) {
        size_t n = l->left < PIECE ? (size_t)l->left : PIECE;
        int rc = wtl_client_write(&l->client, r->out, &n, err);
        if (rc <= 0)
            return rc;
        l->left -= n;
    }
    l->stage = ANSWER;
    return 1;
}

static int receive_all(const run *r, lane *l, wtl_err *err)
{
    while (l->left > 0) {
        size_t n = PIECE;
        int rc = wtl_client_read(&l->client, r->in, &n, err);
        if (rc <= 0)
            return rc;
        ENSURE(n <= l->left && r->in[0] == 0 && memcmp(r->in, r->in + 1, n - 1) == 0, err, WTL_FORMAT,
               "other bytes arrived than were sent");
        l->left -= n;
    }
    l->stage = DONE;
    return 1;
}

static int receive_answer(const run *r, lane *l, wtl_err *err)
{
    size_t n = 1;
    int rc = wtl_client_read(&l->client, r->in, &n, err);
    if (rc == 1)
        l->stage = DONE;
    return rc;
}

static int shake(lane *l, wtl_err *err)
{
    int rc = wtl_client_handshake(&l->client, err);
    if (rc == 1)
        l->stage = WAIT;
    return rc;
}

/* One step; 1 when there may be another, 0 when the socket or the others must be waited for. */
static int step(run *r, lane *l, wtl_err *err)
{
    int rc;
    switch (l->stage) {
    case HANDSHAKE:
        rc = shake(l, err);
        r->shaken += rc == 1;
        return rc;
    case HEAD:
        return send_head(r, l, err);
    case SEND:
        return send_all(r, l, err);
    case ANSWER:
        return receive_answer(r, l, err);
    case RECEIVE:
        return receive_all(r, l, err);
    default:
        return 0;
    }
}

static int go_on(run *r, lane *l, wtl_err *err)
{
    bool was = l->stage == DONE;
    int rc;
    do
        rc = step(r, l, err);
    while (rc == 1);
    r->done += !was && l->stage == DONE;
    return rc;
}

static int wait_for(run *r, const size_t *count, wtl_err *err)
{
    struct epoll_event e[EVENTS];
    while (*count < r->plan->connections) {
        int n = epoll_wait(r->poll, e, EVENTS, PATIENCE_MS);
        ENSURE(wtl_stop_asked() == 0, err, WTL_IO, "ended on request");
        ENSURE(n != 0, err, WTL_IO, "nothing came through for %d seconds", (int)PATIENCE_MS / 1000);
        for (int i = 0; i < n; i++)
            TRY(go_on(r, e[i].data.ptr, err));
    }
    return WTL_OK;
}

static int open_all(run *r, wtl_err *err)
{
    for (size_t i = 0; i < r->plan->connections; i++) {
        lane *l = &r->lane[i];
        struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = l};
        l->left = r->plan->bytes;
        int rc = wtl_client_open(&l->client, r->plan->ctx, r->plan->port, NULL, err);
        TRY(rc);
        if (epoll_ctl(r->poll, EPOLL_CTL_ADD, l->client.fd, &e) != 0)
            return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot wait for a connection");
    }
    return WTL_OK;
}

/* The clock starts when all connections stand. */
static int all(run *r, double *seconds, wtl_err *err)
{
    TRY(open_all(r, err));
    TRY(wait_for(r, &r->shaken, err));
    double from = now();
    for (size_t i = 0; i < r->plan->connections; i++) {
        r->lane[i].stage = HEAD;
        TRY(go_on(r, &r->lane[i], err));
    }
    TRY(wait_for(r, &r->done, err));
    *seconds = now() - from;
    return WTL_OK;
}

int wtl_stream_run(const wtl_stream_plan *plan, double *seconds, wtl_err *err)
{
    run r = {.plan = plan, .poll = epoll_create1(EPOLL_CLOEXEC), .head = {(uint8_t)plan->op}};
    ENSURE(plan->connections > 0 && plan->bytes > 0, err, WTL_USAGE, "a stream has at least one byte");
    for (size_t i = 1; i < sizeof r.head; i++)
        r.head[i] = (uint8_t)(plan->bytes >> 8 * (sizeof r.head - 1 - i));
    r.lane = calloc(plan->connections, sizeof *r.lane);
    r.out = calloc(1, PIECE);
    r.in = calloc(1, PIECE);
    for (size_t i = 0; i < plan->connections && r.lane != NULL; i++)
        r.lane[i].client.fd = -1;
    int rc = r.poll >= 0 && r.lane != NULL && r.out != NULL && r.in != NULL
                 ? all(&r, seconds, err)
                 : WTL_FAIL(err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; i < plan->connections && r.lane != NULL; i++)
        wtl_client_close(&r.lane[i].client);
    if (r.poll >= 0)
        close(r.poll);
    free(r.lane);
    free(r.out);
    free(r.in);
    return rc;
}
