#include "tls/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/bio.h>

struct wtl_wire_pool {
    BIO_METHOD *method;
    size_t want; /* to be received at most; 0: no more */
    size_t in_at, in_n, out_n;
    uint8_t in[WTL_WIRE_IN];
    uint8_t out[WTL_WIRE_OUT];
};

/* Bytes that wait. */

static size_t left(const wtl_wire_rest *r)
{
    return r->n - r->at;
}

static void drop(wtl_wire_rest *r)
{
    free(r->p);
    *r = (wtl_wire_rest){0};
}

/* Appends, in memory of the exact size. */
static int keep(wtl_wire_rest *r, const uint8_t *p, size_t n, wtl_err *err)
{
    if (n == 0)
        return WTL_OK;
    size_t had = left(r);
    uint8_t *to = malloc(had + n);
    ENSURE(to != NULL, err, WTL_NOMEM, "out of memory");
    if (had > 0)
        memcpy(to, r->p + r->at, had);
    memcpy(to + had, p, n);
    drop(r);
    *r = (wtl_wire_rest){.p = to, .n = (uint32_t)(had + n)};
    return WTL_OK;
}

/* In. */

/* False when nothing came: for now, or for good (eof, recv_errno). */
static bool receive(wtl_wire *w)
{
    wtl_wire_pool *p = w->pool;
    if (p->want == 0 || w->dry || w->eof || w->recv_errno != 0)
        return false;
    ssize_t n;
    do
        n = recv(w->fd, p->in, p->want, 0);
    while (n < 0 && errno == EINTR);
    p->in_at = 0;
    p->in_n = n > 0 ? (size_t)n : 0;
    if (n == 0)
        w->eof = true;
    else if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
        w->recv_errno = errno;
    w->dry = w->edges && (n < 0 || (p->in_n < p->want && !w->last));
    return n > 0;
}

static size_t give(uint8_t *to, size_t most, const uint8_t *from, size_t have)
{
    size_t n = have < most ? have : most;
    memcpy(to, from, n);
    return n;
}

static int on_read(BIO *b, char *out, size_t most, size_t *got)
{
    wtl_wire *w = BIO_get_data(b);
    wtl_wire_pool *p = w->pool;
    uint8_t *to = (uint8_t *)out;
    BIO_clear_retry_flags(b);
    *got = 0;
    if (left(&w->in) > 0) {
        *got = give(to, most, w->in.p + w->in.at, left(&w->in));
        w->in.at += (uint32_t)*got;
        if (left(&w->in) == 0)
            drop(&w->in);
    } else if (p->in_at < p->in_n || receive(w)) {
        *got = give(to, most, p->in + p->in_at, p->in_n - p->in_at);
        p->in_at += *got;
    } else if (!w->eof && w->recv_errno == 0) {
        BIO_set_retry_read(b);
    }
    return *got > 0;
}

/* Out. */

/* How many of n bytes the socket takes now. What is written to a connection that was lost is gone; whoever reads learns why. */
static size_t send_some(wtl_wire *w, const uint8_t *from, size_t n)
{
    size_t done = 0;
    while (done < n && w->send_errno == 0) {
        ssize_t k = send(w->fd, from + done, n - done, w->more ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL);
        if (k >= 0)
            done += (size_t)k;
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            break;
        else if (errno != EINTR)
            w->send_errno = errno;
    }
    return w->send_errno == 0 ? done : n;
}

int wtl_wire_push(wtl_wire *w, wtl_err *err)
{
    wtl_wire_pool *p = w->pool;
    if (left(&w->out) > 0) {
        w->out.at += (uint32_t)send_some(w, w->out.p + w->out.at, left(&w->out));
        if (left(&w->out) == 0)
            drop(&w->out);
    }
    size_t n = p->out_n;
    size_t done = n > 0 && left(&w->out) == 0 ? send_some(w, p->out, n) : 0;
    p->out_n = 0;
    if (n > 0)
        w->piece = done == n ? WTL_WIRE_PIECE : WTL_WIRE_PIECE_SLOW;
    return keep(&w->out, p->out + done, n - done, err);
}

static int on_write(BIO *b, const char *from, size_t n, size_t *put)
{
    wtl_wire *w = BIO_get_data(b);
    wtl_wire_pool *p = w->pool;
    BIO_clear_retry_flags(b);
    *put = 0;
    if (left(&w->out) + p->out_n > WTL_WIRE_WAIT) {
        BIO_set_retry_write(b);
        return 0;
    }
    if (n > WTL_WIRE_OUT - p->out_n && wtl_wire_push(w, NULL) < 0)
        return 0;
    *put = n < WTL_WIRE_OUT - p->out_n ? n : WTL_WIRE_OUT - p->out_n;
    memcpy(p->out + p->out_n, from, *put);
    p->out_n += *put;
    return 1;
}

static long on_control(BIO *b, int cmd, long n, void *arg)
{
    (void)n;
    (void)arg;
    const wtl_wire *w = BIO_get_data(b);
    if (cmd == BIO_CTRL_EOF)
        return w->eof;
    return cmd == BIO_CTRL_FLUSH;
}

/* Life. */

int wtl_wire_pool_new(wtl_wire_pool **out, wtl_err *err)
{
    *out = NULL;
    wtl_wire_pool *p = malloc(sizeof *p);
    ENSURE(p != NULL, err, WTL_NOMEM, "out of memory");
    p->want = p->in_at = p->in_n = p->out_n = 0;
    p->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "wattle link");
    if (p->method == NULL || BIO_meth_set_read_ex(p->method, on_read) != 1 ||
        BIO_meth_set_write_ex(p->method, on_write) != 1 || BIO_meth_set_ctrl(p->method, on_control) != 1) {
        wtl_wire_pool_free(p);
        return WTL_FAIL_OSSL(err, WTL_NOMEM, "out of memory");
    }
    *out = p;
    return WTL_OK;
}

void wtl_wire_pool_free(wtl_wire_pool *p)
{
    if (p == NULL)
        return;
    BIO_meth_free(p->method);
    free(p);
}

int wtl_wire_open(wtl_wire *w, wtl_wire_pool *pool, int fd, wtl_bytes before, wtl_err *err)
{
    *w = (wtl_wire){.pool = pool, .fd = fd, .piece = WTL_WIRE_PIECE};
    ENSURE(before.n <= WTL_WIRE_IN, err, WTL_BUG, "%zu bytes were read before a handshake", before.n);
    return keep(&w->in, before.p, before.n, err);
}

void wtl_wire_close(wtl_wire *w)
{
    drop(&w->in);
    drop(&w->out);
}

BIO *wtl_wire_bio(wtl_wire *w)
{
    BIO *b = BIO_new(w->pool->method);
    if (b == NULL)
        return NULL;
    BIO_set_data(b, w);
    BIO_set_init(b, 1);
    return b;
}

void wtl_wire_enter(wtl_wire *w, size_t want)
{
    wtl_wire_pool *p = w->pool;
    size_t most = want < WTL_WIRE_RECORD ? WTL_WIRE_RECORD : want;
    p->want = most < WTL_WIRE_IN ? most : WTL_WIRE_IN;
    p->in_at = p->in_n = p->out_n = 0;
}

void wtl_wire_enough(wtl_wire *w)
{
    w->pool->want = 0;
}

int wtl_wire_leave(wtl_wire *w, wtl_err *err)
{
    wtl_wire_pool *p = w->pool;
    TRY(wtl_wire_push(w, err));
    return keep(&w->in, p->in + p->in_at, p->in_n - p->in_at, err);
}

bool wtl_wire_waits(const wtl_wire *w)
{
    return left(&w->out) > 0;
}

bool wtl_wire_holds(const wtl_wire *w)
{
    return left(&w->in) > 0;
}
