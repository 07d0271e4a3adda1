/* Two links and what lies between them: a wire that the test cuts, slows and damages. */
#ifndef WTL_TESTS_PAIR_H
#define WTL_TESTS_PAIR_H

#include "made.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

/* link 0 is the client, 1 the server. Bytes go from fd[i] to far[i], by the test's hand on to far[1 - i], to fd[1 - i]. */
typedef struct pair {
    wtl_link_pool *pool;
    wtl_link *link[2];
    int fd[2], far[2];
    size_t moved[2];        /* bytes that link i sent, as they went over */
    bool shut[2];           /* the end of what link i sends was passed on */
    uint8_t held[2][65536]; /* what the other side does not take yet */
    size_t held_n[2];
} pair;

static UNUSED void nonblocking(int fd)
{
    assert_int_equal(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK), 0);
}

static UNUSED void pair_begin(pair *p, const wtl_ctx *client, const wtl_ctx *server, wtl_bytes before)
{
    wtl_err err = {0};
    *p = (pair){0};
    assert_good(wtl_link_pool_new(&p->pool, &err), &err);
    for (int i = 0; i < 2; i++) {
        int both[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, both), 0);
        p->fd[i] = both[0];
        p->far[i] = both[1];
        nonblocking(both[0]);
        nonblocking(both[1]);
        const wtl_ctx *ctx = i == 0 ? client : server;
        if (ctx != NULL)
            assert_good(
                wtl_link_new(&p->link[i], p->pool, ctx, both[0], i == 1 ? before : (wtl_bytes){0}, &err),
                &err);
    }
}

static UNUSED void pair_end(pair *p)
{
    for (int i = 0; i < 2; i++) {
        wtl_link_free(p->link[i]);
        close(p->fd[i]);
        close(p->far[i]);
    }
    wtl_link_pool_free(p->pool);
}

static UNUSED size_t pair_pass(pair *p, int i)
{
    ssize_t k = send(p->far[1 - i], p->held[i], p->held_n[i], MSG_NOSIGNAL);
    assert_true(k > 0 || errno == EAGAIN || errno == EPIPE);
    size_t n = k > 0 ? (size_t)k : errno == EPIPE ? p->held_n[i] : 0;
    memmove(p->held[i], p->held[i] + n, p->held_n[i] - n);
    p->held_n[i] -= n;
    return n;
}

/* Moves at most `most` bytes of what link i sent; `flip` is the offset of a byte to be changed, -1 for none. How many. */
static UNUSED size_t pair_move(pair *p, int i, size_t most, long flip)
{
    if (p->held_n[i] > 0)
        return pair_pass(p, i);
    ssize_t n = recv(p->far[i], p->held[i], most < sizeof p->held[i] ? most : sizeof p->held[i], 0);
    if (n == 0 && !p->shut[i]) {
        p->shut[i] = true;
        shutdown(p->far[1 - i], SHUT_WR);
    }
    if (n <= 0)
        return 0;
    if (flip >= (long)p->moved[i] && flip < (long)p->moved[i] + n)
        p->held[i][flip - (long)p->moved[i]] ^= 1;
    p->held_n[i] = (size_t)n;
    p->moved[i] += (size_t)n;
    pair_pass(p, i);
    return (size_t)n;
}

/* Both go on until both are done or one fails; the result of each is in rc. */
typedef struct outcome {
    int rc[2];
    bool done[2];
    wtl_err err[2];
} outcome;

static UNUSED outcome pair_shake(pair *p, size_t most, int who, long flip)
{
    outcome o = {0};
    int idle = 0;
    while (idle < 3 && !(o.done[0] && o.done[1])) {
        size_t moved = 0;
        for (int i = 0; i < 2; i++) {
            enum wtl_link_state state = WTL_LINK_WANT_READ;
            if (!o.done[i])
                o.rc[i] = wtl_link_handshake(p->link[i], &state, &o.err[i]);
            o.done[i] |= o.rc[i] < 0 || state == WTL_LINK_DONE;
            moved += pair_move(p, i, most, who == i ? flip : -1);
        }
        idle = moved > 0 ? 0 : idle + 1;
    }
    return o;
}

static UNUSED void pair_open(pair *p, const wtl_ctx *client, const wtl_ctx *server)
{
    pair_begin(p, client, server, (wtl_bytes){0});
    outcome o = pair_shake(p, 65536, 0, -1);
    assert_true(o.done[0] && o.done[1]);
    if (o.rc[0] != 0 || o.rc[1] != 0)
        fail_msg("client: %s; server: %s", o.err[0].text, o.err[1].text);
}

/* One read or write that must not fail. */
static UNUSED enum wtl_link_state reads(wtl_link *l, void *to, size_t n, size_t *got)
{
    wtl_err err = {0};
    enum wtl_link_state s = WTL_LINK_DONE;
    assert_good(wtl_link_read(l, to, n, got, &s, &err), &err);
    assert_true(s == WTL_LINK_DONE ? *got > 0 : *got == 0);
    return s;
}

static UNUSED enum wtl_link_state writes(wtl_link *l, const void *from, size_t n, size_t *put)
{
    wtl_err err = {0};
    enum wtl_link_state s = WTL_LINK_DONE;
    assert_good(wtl_link_write(l, from, n, put, &s, &err), &err);
    assert_true(s == WTL_LINK_DONE ? *put == n : *put < n);
    return s;
}

static UNUSED void says(pair *p, int i, const char *text)
{
    size_t n = 0;
    assert_int_equal(writes(p->link[i], text, strlen(text), &n), WTL_LINK_DONE);
    while (pair_move(p, i, 65536, -1) > 0)
        continue;
}

static UNUSED void hears(pair *p, int i, const char *text)
{
    char got[256] = {0};
    size_t n = 0;
    assert_int_equal(reads(p->link[i], got, sizeof got - 1, &n), WTL_LINK_DONE);
    assert_string_equal(got, text);
}

static UNUSED int read_fails(wtl_link *l, wtl_err *err)
{
    uint8_t c[64];
    size_t n = 7;
    enum wtl_link_state s;
    int rc = wtl_link_read(l, c, sizeof c, &n, &s, err);
    assert_int_equal(n, 0);
    return rc;
}

#endif
