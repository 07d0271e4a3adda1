#include "bench/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <sys/epoll.h>

#include "base/stop.h"
#include "bench/upstream.h"

enum { EVENTS = 64, PATIENCE_MS = 30000 };

enum stage { HANDSHAKE, ASK, ANSWER };

typedef struct slot {
    wtl_client client;
    enum stage stage;
    double since;
} slot;

typedef struct run {
    const wtl_load_plan *plan;
    wtl_load *out;
    slot *slot;
    size_t slots, begun;
    int poll;
} run;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void note(wtl_load *l, const slot *s)
{
    SSL *ssl = s->client.ssl;
    const char *group = SSL_get0_group_name(ssl);
    l->flight = BIO_number_read(SSL_get_rbio(ssl));
    l->resumed += SSL_session_reused(ssl) == 1;
    snprintf(l->group, sizeof l->group, "%s", group != NULL ? group : "");
    snprintf(l->suite, sizeof l->suite, "%s", SSL_get_cipher_name(ssl));
}

static int begin(run *r, slot *s, wtl_err *err)
{
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = s};
    s->stage = HANDSHAKE;
    s->since = now();
    /* OpenSSL's client uses a session of TLS 1.3 once: each connection has a copy. */
    SSL_SESSION *copy = r->plan->session != NULL ? SSL_SESSION_dup(r->plan->session) : NULL;
    ENSURE(r->plan->session == NULL || copy != NULL, err, WTL_NOMEM, "out of memory");
    int rc = wtl_client_open(&s->client, r->plan->ctx, r->plan->port, copy, err);
    SSL_SESSION_free(copy);
    TRY(rc);
    r->begun++;
    if (epoll_ctl(r->poll, EPOLL_CTL_ADD, s->client.fd, &e) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot wait for a connection");
    return WTL_OK;
}

/* As far as the socket lets it; 1 when the connection did all of its part. */
static int go_on(run *r, slot *s, wtl_err *err)
{
    uint8_t byte = WTL_UPSTREAM_ECHO;
    size_t n = 1;
    int done = 1;
    if (s->stage == HANDSHAKE) {
        done = wtl_client_handshake(&s->client, err);
        if (done <= 0)
            return done;
        r->out->ms[r->out->n++] = (now() - s->since) * 1000;
        note(r->out, s);
        s->stage = ASK;
    }
    if (s->stage == ASK) {
        done = wtl_client_write(&s->client, &byte, &n, err);
        if (done <= 0)
            return done;
        s->stage = ANSWER;
    }
    n = 1;
    return wtl_client_read(&s->client, &byte, &n, err);
}

/* The byte came back: on to the next connection. */
static int finish(run *r, slot *s, wtl_err *err)
{
    SSL_SESSION_free(r->out->session);
    r->out->session = SSL_get1_session(s->client.ssl);
    if (!r->plan->hold)
        wtl_client_close(&s->client);
    else if (epoll_ctl(r->poll, EPOLL_CTL_DEL, s->client.fd, NULL) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot hold a connection");
    slot *next = r->plan->hold ? &r->slot[r->begun] : s;
    return r->begun < r->plan->connections ? begin(r, next, err) : WTL_OK;
}

static int pump(run *r, wtl_err *err)
{
    struct epoll_event e[EVENTS];
    for (size_t left = r->plan->connections; left > 0;) {
        int n = epoll_wait(r->poll, e, EVENTS, PATIENCE_MS);
        ENSURE(wtl_stop_asked() == 0, err, WTL_IO, "ended on request");
        ENSURE(n != 0, err, WTL_IO, "the server did not answer %zu connections for %d seconds", left,
               (int)PATIENCE_MS / 1000);
        for (int i = 0; i < n; i++) {
            int done = go_on(r, e[i].data.ptr, err);
            TRY(done);
            left -= (size_t)done;
            if (done > 0)
                TRY(finish(r, e[i].data.ptr, err));
        }
    }
    return WTL_OK;
}

static int all(run *r, wtl_err *err)
{
    size_t at_once = r->plan->at_once < r->plan->connections ? r->plan->at_once : r->plan->connections;
    double from = now();
    for (size_t i = 0; i < at_once; i++)
        TRY(begin(r, &r->slot[i], err));
    TRY(pump(r, err));
    r->out->seconds = now() - from;
    return WTL_OK;
}

/* What is still open is closed, or handed to the caller who holds it. */
static void settle(run *r, bool good)
{
    if (good && r->plan->hold)
        r->out->held = calloc(r->slots, sizeof *r->out->held);
    for (size_t i = 0; i < r->slots && r->slot != NULL; i++) {
        if (r->out->held != NULL)
            r->out->held[r->out->n_held++] = r->slot[i].client;
        else
            wtl_client_close(&r->slot[i].client);
    }
    free(r->slot);
    if (r->poll >= 0)
        close(r->poll);
}

int wtl_load_run(wtl_load *l, const wtl_load_plan *plan, wtl_err *err)
{
    run r = {.plan = plan, .out = l, .slots = plan->hold ? plan->connections : plan->at_once};
    ENSURE(plan->connections > 0 && plan->at_once > 0, err, WTL_USAGE, "a load has at least one connection");
    wtl_load_end(l);
    r.poll = epoll_create1(EPOLL_CLOEXEC);
    r.slot = calloc(r.slots, sizeof *r.slot);
    l->ms = calloc(plan->connections, sizeof *l->ms);
    for (size_t i = 0; i < r.slots && r.slot != NULL; i++)
        r.slot[i].client.fd = -1;
    int rc = r.poll >= 0 && r.slot != NULL && l->ms != NULL ? all(&r, err)
                                                            : WTL_FAIL(err, WTL_NOMEM, "out of memory");
    settle(&r, rc == WTL_OK);
    return rc;
}

void wtl_load_end(wtl_load *l)
{
    for (size_t i = 0; i < l->n_held; i++)
        wtl_client_close(&l->held[i]);
    free(l->held);
    free(l->ms);
    SSL_SESSION_free(l->session);
    *l = (wtl_load){0};
}

void wtl_load_auto(wtl_load *l)
{
    wtl_load_end(l);
}
