#include "bench/handshake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/stop.h"
#include "bench/ground.h"
#include "bench/library.h"
#include "bench/median.h"
#include "bench/pool.h"
#include "bench/quic.h"

enum { LANES = WTL_TARGET_KINDS, ANCHORS = 3, SETTLE_MS = 10, ALONE_PART = 4, ALONE_LEAST = 20 };

static const char *const exchanges[] = {"X25519", "X25519MLKEM768", "MLKEM768"};

/* GOAL(certificate, at most this part of what nginx and HAProxy spend on the hybrid). */
static const struct goal {
    const char *certificate;
    double most;
} goals[] = {
#define GOAL(certificate, most) {certificate, most},
#include "bench/handshake_goals.def"
#undef GOAL
};

typedef struct lane {
    wtl_target target;
    wtl_handshake_row *row;
    SSL_CTX *ctx;
    wtl_median full, resumed, rate;
    wtl_pool alone; /* milliseconds of connections that had the server for themselves */
    bool runs;
} lane;

/* The library alone, by whose code; without a process of its own. */
typedef struct library_lane {
    wtl_library *library;
    wtl_handshake_row *row;
    wtl_median full, resumed;
} library_lane;

typedef struct bench {
    const wtl_handshake_plan *plan;
    wtl_handshakes *out;
    wtl_ground ground;
    lane lane[LANES];
    library_lane library[2]; /* OpenSSL's, ours */
    wtl_quic quic;
    wtl_handshake_row *quic_row;
    wtl_pool quic_alone;
} bench;

void wtl_handshakes_free(wtl_handshakes *h)
{
    free(h->row);
    *h = (wtl_handshakes){0};
}

void wtl_handshakes_auto(wtl_handshakes *h)
{
    wtl_handshakes_free(h);
}

const char *wtl_handshake_exchange_at(size_t i)
{
    return i < sizeof exchanges / sizeof exchanges[0] ? exchanges[i] : NULL;
}

static void settle(void)
{
    struct timespec t = {.tv_nsec = SETTLE_MS * 1000000L};
    nanosleep(&t, NULL);
}

/* One load, and what it cost the server for each connection. The end of the last connections is waited for. */
static int cost(const lane *l, const wtl_load_plan *plan, wtl_load *load, double *us, wtl_err *err)
{
    uint64_t before = 0;
    uint64_t after = 0;
    settle();
    TRY(wtl_process_time(&l->target.process, &before, err));
    TRY(wtl_load_run(load, plan, err));
    settle();
    TRY(wtl_process_time(&l->target.process, &after, err));
    *us = (double)(after - before) / 1000 / (double)plan->connections;
    return WTL_OK;
}

static int expect(const wtl_handshake_row *row, const char *group, wtl_err *err)
{
    ENSURE(strcasecmp(group, row->exchange) == 0, err, WTL_POLICY, "%s agreed on %s, not on %s", row->server,
           group, row->exchange);
    return WTL_OK;
}

static size_t alone(const bench *b)
{
    size_t n = b->plan->connections / ALONE_PART;
    return n > ALONE_LEAST ? n : ALONE_LEAST;
}

/* By the ticket of the load before; nothing is counted unless all of them went by it. */
static int resumed_turn(const bench *b, lane *l, wtl_load *load, bool counts, wtl_err *err)
{
    double us = 0;
    SSL_SESSION *session = load->session;
    wtl_load_plan p = {.ctx = l->ctx,
                       .port = l->target.port,
                       .connections = b->plan->connections,
                       .at_once = b->plan->at_once,
                       .session = session};
    load->session = NULL;
    int rc = cost(l, &p, load, &us, err);
    SSL_SESSION_free(session);
    TRY(rc);
    if (counts && load->resumed == p.connections)
        wtl_median_add(&l->resumed, us);
    return WTL_OK;
}

static int turn(const bench *b, lane *l, bool counts, wtl_err *err)
{
    AUTO(wtl_load) load = {0};
    double us = 0;
    wtl_load_plan p = {.ctx = l->ctx,
                       .port = l->target.port,
                       .connections = b->plan->connections,
                       .at_once = b->plan->at_once};
    TRY(cost(l, &p, &load, &us, err));
    TRY(expect(l->row, load.group, err));
    l->row->flight = load.flight;
    snprintf(l->row->suite, sizeof l->row->suite, "%s", load.suite);
    if (counts) {
        wtl_median_add(&l->full, us);
        wtl_median_add(&l->rate, (double)p.connections / load.seconds);
    }
    TRY(resumed_turn(b, l, &load, counts, err));
    p.at_once = 1;
    p.connections = alone(b);
    TRY(wtl_load_run(&load, &p, err));
    return counts ? wtl_pool_add(&l->alone, load.ms, load.n, err) : WTL_OK;
}

static int library_turn(const bench *b, library_lane *l, bool counts, wtl_err *err)
{
    double full = 0;
    double resumed = 0;
    if (l->library == NULL)
        return WTL_OK;
    TRY(wtl_library_run(l->library, b->plan->connections, false, &full, err));
    TRY(wtl_library_run(l->library, b->plan->connections, true, &resumed, err));
    if (counts) {
        wtl_median_add(&l->full, full);
        wtl_median_add(&l->resumed, resumed);
    }
    return WTL_OK;
}

static int quic_turn(bench *b, bool counts, wtl_err *err)
{
    AUTO(wtl_load) load = {0};
    if (b->quic_row == NULL)
        return WTL_OK;
    TRY(wtl_quic_run(&b->quic, b->quic_row->exchange, b->plan->suite, alone(b), &load, err));
    TRY(expect(b->quic_row, load.group, err));
    snprintf(b->quic_row->suite, sizeof b->quic_row->suite, "%s", load.suite);
    return counts ? wtl_pool_add(&b->quic_alone, load.ms, load.n, err) : WTL_OK;
}

static void conclude(bench *b)
{
    for (size_t i = 0; i < LANES; i++) {
        lane *l = &b->lane[i];
        if (!l->runs)
            continue;
        l->row->full_us = wtl_median_of(&l->full);
        l->row->resumed_us = wtl_median_of(&l->resumed);
        l->row->per_second = wtl_median_of(&l->rate);
        l->row->p50_ms = wtl_pool_quantile(&l->alone, 0.5);
        l->row->p99_ms = wtl_pool_quantile(&l->alone, 0.99);
    }
    for (size_t i = 0; i < 2; i++) {
        library_lane *l = &b->library[i];
        if (l->library == NULL)
            continue;
        l->row->full_us = wtl_median_of(&l->full);
        l->row->resumed_us = wtl_median_of(&l->resumed);
    }
    if (b->quic_row != NULL) {
        b->quic_row->p50_ms = wtl_pool_quantile(&b->quic_alone, 0.5);
        b->quic_row->p99_ms = wtl_pool_quantile(&b->quic_alone, 0.99);
    }
}

static double over(const bench *b, const lane *l, enum wtl_target_kind peer)
{
    const lane *p = &b->lane[peer];
    return p != l && p->runs && p->row->full_us > 0 ? l->row->full_us / p->row->full_us : 0;
}

static void compare(bench *b)
{
    for (size_t i = 0; i < LANES; i++) {
        lane *l = &b->lane[i];
        if (!l->runs)
            continue;
        l->row->nginx = over(b, l, WTL_TARGET_NGINX);
        l->row->haproxy = over(b, l, WTL_TARGET_HAPROXY);
        for (size_t g = 0; g < sizeof goals / sizeof goals[0]; g++) {
            if (l->target.kind == WTL_TARGET_WATTLE && strcmp(l->row->exchange, "X25519MLKEM768") == 0 &&
                strcmp(l->row->certificate, goals[g].certificate) == 0)
                l->row->goal = goals[g].most;
        }
    }
}

static wtl_handshake_row *add_row(bench *b, const char *server, const char *exchange,
                                  const wtl_identity_kind *cert)
{
    wtl_handshakes *h = b->out;
    wtl_handshake_row *r = &h->row[h->n++];
    *r = (wtl_handshake_row){.server = server, .exchange = exchange, .certificate = cert->name};
    return r;
}

static int lane_rows(bench *b, const char *exchange, const wtl_identity_kind *cert, wtl_err *err)
{
    for (size_t i = 0; i < LANES; i++) {
        lane *l = &b->lane[i];
        if (!l->runs)
            continue;
        l->row = add_row(b, wtl_target_name(l->target.kind), exchange, cert);
        l->full.n = l->resumed.n = l->rate.n = l->alone.n = 0;
        bool own = l->target.kind == WTL_TARGET_WATTLE_OWN;
        TRY(wtl_client_ctx(&l->ctx, exchange, own ? NULL : b->plan->suite, err));
    }
    return WTL_OK;
}

static int anchor_rows(bench *b, const char *exchange, const wtl_identity_kind *cert, wtl_err *err)
{
    static const char *const names[2] = {"OpenSSL's library alone", "the library with Wattle"};
    for (size_t i = 0; i < 2 && b->plan->library; i++) {
        library_lane *l = &b->library[i];
        l->full.n = l->resumed.n = 0;
        TRY(wtl_library_open(&l->library, i == 1, &b->ground.identity, cert, exchange, b->plan->suite, err));
        l->row = add_row(b, names[i], exchange, cert);
        snprintf(l->row->suite, sizeof l->row->suite, "%s", b->plan->suite);
    }
    if (b->plan->quic)
        b->quic_row = add_row(b, "OpenSSL QUIC", exchange, cert);
    b->quic_alone.n = 0;
    return WTL_OK;
}

static int all_turns(bench *b, bool counts, wtl_err *err)
{
    for (size_t i = 0; i < LANES; i++) {
        lane *l = &b->lane[i];
        ENSURE(wtl_stop_asked() == 0, err, WTL_IO, "ended on request");
        int rc = l->runs ? turn(b, l, counts, err) : WTL_OK;
        if (rc < 0)
            wtl_err_prefix(err, "%s, %s, %s: ", l->row->server, l->row->exchange, l->row->certificate);
        TRY(rc);
    }
    for (size_t i = 0; i < 2; i++)
        TRY(library_turn(b, &b->library[i], counts, err));
    return quic_turn(b, counts, err);
}

static int rounds(bench *b, const char *exchange, const wtl_identity_kind *cert, wtl_err *err)
{
    for (unsigned r = 0; r <= b->plan->rounds; r++) {
        if (b->plan->step != NULL)
            b->plan->step(b->plan->arg, cert->name, exchange, r);
        TRY(all_turns(b, r > 0, err));
    }
    return WTL_OK;
}

static void end_rows(bench *b)
{
    for (size_t i = 0; i < LANES; i++) {
        SSL_CTX_free(b->lane[i].ctx);
        b->lane[i].ctx = NULL;
    }
    for (size_t i = 0; i < 2; i++) {
        wtl_library_close(b->library[i].library);
        b->library[i].library = NULL;
    }
    b->quic_row = NULL;
}

static int exchange_rows(bench *b, const char *exchange, const wtl_identity_kind *cert, wtl_err *err)
{
    int rc = lane_rows(b, exchange, cert, err);
    if (rc == WTL_OK)
        rc = anchor_rows(b, exchange, cert, err);
    if (rc == WTL_OK)
        rc = rounds(b, exchange, cert, err);
    if (rc == WTL_OK) {
        conclude(b);
        compare(b);
    }
    end_rows(b);
    return rc;
}

static bool wanted(const char *only, const char *name)
{
    return only == NULL || strcmp(only, name) == 0;
}

static int start_lanes(bench *b, const wtl_identity_kind *cert, wtl_err *err)
{
    const wtl_ground *g = &b->ground;
    TRY(wtl_identity_make(&g->identity, cert, err));
    for (size_t i = 0; i < LANES; i++) {
        lane *l = &b->lane[i];
        if (b->plan->programs.path[i] == NULL)
            continue;
        wtl_target_place p = {.identity = &g->identity,
                              .cert = cert,
                              .upstream = wtl_upstream_port(g->upstream),
                              .cpu = g->server_cpu};
        TRY(wtl_target_start(&l->target, (enum wtl_target_kind)i, &b->plan->programs, &p, err));
        l->runs = true;
    }
    return b->plan->quic ? wtl_quic_start(&b->quic, &g->identity, cert, g->server_cpu, err) : WTL_OK;
}

static void stop_lanes(bench *b)
{
    for (size_t i = 0; i < LANES; i++) {
        wtl_target_stop(&b->lane[i].target);
        b->lane[i].runs = false;
    }
    wtl_quic_stop(&b->quic);
}

static int certificate_rows(bench *b, const wtl_identity_kind *cert, wtl_err *err)
{
    int rc = start_lanes(b, cert, err);
    for (size_t i = 0; i < sizeof exchanges / sizeof exchanges[0] && rc == WTL_OK; i++) {
        if (wanted(b->plan->exchange, exchanges[i]))
            rc = exchange_rows(b, exchanges[i], cert, err);
    }
    stop_lanes(b);
    return rc;
}

static int set_up(bench *b, wtl_err *err)
{
    wtl_handshakes *h = b->out;
    size_t certificates = 0;
    while (wtl_identity_at(certificates) != NULL)
        certificates++;
    ENSURE(certificates > 0, err, WTL_BUG, "there is no kind of certificate to measure");
    h->row = calloc(certificates * (LANES + ANCHORS) * (sizeof exchanges / sizeof exchanges[0]),
                    sizeof *h->row);
    ENSURE(h->row != NULL, err, WTL_NOMEM, "out of memory");
    TRY(wtl_ground_open(&b->ground, err));
    h->pinned = b->ground.pinned;
    return wtl_version_ask_all(h->version, &b->plan->programs, &b->ground.identity, err);
}

static void tear_down(bench *b)
{
    for (size_t i = 0; i < LANES; i++)
        wtl_pool_free(&b->lane[i].alone);
    wtl_pool_free(&b->quic_alone);
    wtl_ground_close(&b->ground);
    free(b);
}

int wtl_handshake_run(wtl_handshakes *h, const wtl_handshake_plan *plan, wtl_err *err)
{
    ENSURE(plan->rounds >= 1 && plan->rounds <= WTL_MEDIAN_MOST, err, WTL_USAGE,
           "a measurement has 1 to %d rounds", (int)WTL_MEDIAN_MOST);
    bench *b = calloc(1, sizeof *b);
    ENSURE(b != NULL, err, WTL_NOMEM, "out of memory");
    b->plan = plan;
    b->out = h;
    int rc = set_up(b, err);
    const wtl_identity_kind *cert;
    for (size_t i = 0; rc == WTL_OK && (cert = wtl_identity_at(i)) != NULL; i++) {
        if (wanted(plan->certificate, cert->name))
            rc = certificate_rows(b, cert, err);
    }
    tear_down(b);
    return rc;
}
