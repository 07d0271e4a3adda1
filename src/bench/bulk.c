#include "bench/bulk.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/stop.h"
#include "bench/ground.h"
#include "bench/median.h"
#include "bench/stream.h"

enum { LANES = WTL_TARGET_KINDS, SETTLE_MS = 10, READ_AHEAD = 256 << 10, WARM_PART = 4 };
#define GB 1e9
/* At the least this many times what nginx's stream module carries on one core, in the same run. */
#define GOAL 1.4

static const char *const suites[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"};
static const char *const works[] = {"decrypt", "encrypt"};
static const char *const sides[] = {"server", "client"};
enum { SUITES = 2, WORKS = 2, SIDES = 2 };

typedef struct lane {
    wtl_target target;
    wtl_bulk_row *row;
    wtl_median cpu, wall;
    bool runs;
} lane;

typedef struct bench {
    const wtl_bulk_plan *plan;
    wtl_bulks *out;
    wtl_ground ground;
    lane lane[LANES];
    SSL_CTX *ctx; /* NULL when the proxies take what is not TLS */
    enum wtl_upstream_op op;
} bench;

void wtl_bulks_free(wtl_bulks *b)
{
    free(b->row);
    *b = (wtl_bulks){0};
}

void wtl_bulks_auto(wtl_bulks *b)
{
    wtl_bulks_free(b);
}

const char *wtl_bulk_suite_at(size_t i)
{
    return i < SUITES ? suites[i] : NULL;
}

const char *wtl_bulk_work_at(size_t i)
{
    return i < WORKS ? works[i] : NULL;
}

const char *wtl_bulk_side_at(size_t i)
{
    return i < SIDES ? sides[i] : NULL;
}

static bool wanted(const char *only, const char *name)
{
    return only == NULL || strcmp(only, name) == 0;
}

static void settle(void)
{
    nanosleep(&(struct timespec){.tv_nsec = SETTLE_MS * 1000000L}, NULL);
}

static int turn(const bench *b, lane *l, bool counts, wtl_err *err)
{
    uint64_t before = 0;
    uint64_t after = 0;
    double seconds = 0;
    uint64_t each = b->plan->bytes / b->plan->connections / (counts ? 1 : WARM_PART) + 1;
    wtl_stream_plan p = {.ctx = b->ctx,
                         .port = l->target.port,
                         .op = b->op,
                         .connections = b->plan->connections,
                         .bytes = each};
    settle();
    TRY(wtl_process_time(&l->target.process, &before, err));
    TRY(wtl_stream_run(&p, &seconds, err));
    settle();
    TRY(wtl_process_time(&l->target.process, &after, err));
    double gb = (double)each * (double)p.connections / GB;
    if (counts) {
        wtl_median_add(&l->cpu, (double)(after - before) * 1e-9 / gb);
        wtl_median_add(&l->wall, gb / seconds);
    }
    return WTL_OK;
}

static int rounds(bench *b, const char *side, const char *suite, const char *work, wtl_err *err)
{
    for (unsigned r = 0; r <= b->plan->rounds; r++) {
        if (b->plan->step != NULL)
            b->plan->step(b->plan->arg, side, suite, work, r);
        for (size_t i = 0; i < LANES; i++) {
            lane *l = &b->lane[i];
            ENSURE(wtl_stop_asked() == 0, err, WTL_IO, "ended on request");
            int rc = l->runs ? turn(b, l, r > 0, err) : WTL_OK;
            if (rc < 0)
                wtl_err_prefix(err, "%s as TLS %s, %s, %s: ", l->row->server, side, suite, work);
            TRY(rc);
        }
    }
    return WTL_OK;
}

static void conclude(bench *b)
{
    for (size_t i = 0; i < LANES; i++) {
        lane *l = &b->lane[i];
        if (!l->runs)
            continue;
        l->row->cpu_s_per_gb = wtl_median_of(&l->cpu);
        l->row->gb_per_s = wtl_median_of(&l->wall);
        l->row->gb_per_core = l->row->cpu_s_per_gb > 0 ? 1 / l->row->cpu_s_per_gb : 0;
        l->row->busy = l->row->cpu_s_per_gb * l->row->gb_per_s;
    }
    const lane *nginx = &b->lane[WTL_TARGET_NGINX];
    for (size_t i = 0; i < LANES && nginx->runs && nginx->row->gb_per_core > 0; i++) {
        lane *l = &b->lane[i];
        if (!l->runs || i == WTL_TARGET_NGINX)
            continue;
        l->row->nginx = l->row->gb_per_core / nginx->row->gb_per_core;
        l->row->goal = i == WTL_TARGET_WATTLE ? GOAL : 0;
    }
}

static int work_rows(bench *b, const char *side, const char *suite, const char *work, wtl_err *err)
{
    /* A server decrypts what goes to the upstream, a client encrypts it. */
    b->op = (strcmp(side, "server") == 0) == (strcmp(work, "decrypt") == 0) ? WTL_UPSTREAM_TAKE
                                                                            : WTL_UPSTREAM_GIVE;
    for (size_t i = 0; i < LANES; i++) {
        lane *l = &b->lane[i];
        if (!l->runs)
            continue;
        l->row = &b->out->row[b->out->n++];
        *l->row = (wtl_bulk_row){
            .server = wtl_target_name((enum wtl_target_kind)i), .side = side, .suite = suite, .work = work};
        l->cpu.n = l->wall.n = 0;
    }
    TRY(rounds(b, side, suite, work, err));
    conclude(b);
    return WTL_OK;
}

static void stop_lanes(bench *b)
{
    for (size_t i = 0; i < LANES; i++) {
        wtl_target_stop(&b->lane[i].target);
        b->lane[i].runs = false;
    }
}

static int start_lanes(bench *b, bool dials, uint16_t upstream, wtl_err *err)
{
    const wtl_ground *g = &b->ground;
    for (size_t i = 0; i < LANES; i++) {
        lane *l = &b->lane[i];
        if (b->plan->programs.path[i] == NULL || i == WTL_TARGET_WATTLE_OWN)
            continue;
        wtl_target_place p = {.identity = &g->identity,
                              .cert = wtl_identity_at(0),
                              .upstream = upstream,
                              .cpu = g->server_cpu,
                              .dials = dials};
        TRY(wtl_target_start(&l->target, (enum wtl_target_kind)i, &b->plan->programs, &p, err));
        l->runs = true;
    }
    return WTL_OK;
}

static int suite_rows(bench *b, const char *side, const char *suite, wtl_err *err)
{
    int rc = WTL_OK;
    for (size_t i = 0; i < WORKS && rc == WTL_OK; i++) {
        if (wanted(b->plan->work, works[i]))
            rc = work_rows(b, side, suite, works[i], err);
    }
    return rc;
}

/* TLS ends in the proxies; the clients choose the suite. */
static int server_side(bench *b, wtl_err *err)
{
    int rc = start_lanes(b, false, wtl_upstream_port(b->ground.upstream), err);
    for (size_t i = 0; i < SUITES && rc == WTL_OK; i++) {
        if (!wanted(b->plan->suite, suites[i]))
            continue;
        rc = wtl_client_ctx(&b->ctx, "X25519MLKEM768", suites[i], err);
        if (rc == WTL_OK) {
            SSL_CTX_set_read_ahead(b->ctx, 1);
            SSL_CTX_set_default_read_buffer_len(b->ctx, READ_AHEAD);
            rc = suite_rows(b, sides[0], suites[i], err);
        }
        SSL_CTX_free(b->ctx);
        b->ctx = NULL;
    }
    stop_lanes(b);
    return rc;
}

/* TLS begins in the proxies; an upstream that speaks it chooses the suite. */
static int client_side(bench *b, wtl_err *err)
{
    int rc = WTL_OK;
    for (size_t i = 0; i < SUITES && rc == WTL_OK; i++) {
        wtl_upstream *far = NULL;
        if (!wanted(b->plan->suite, suites[i]))
            continue;
        rc = wtl_upstream_start_tls(&far, &b->ground.identity, wtl_identity_at(0), suites[i],
                                    b->ground.upstream_cpu, err);
        if (rc == WTL_OK)
            rc = start_lanes(b, true, wtl_upstream_port(far), err);
        if (rc == WTL_OK)
            rc = suite_rows(b, sides[1], suites[i], err);
        stop_lanes(b);
        wtl_upstream_stop(far);
    }
    return rc;
}

static int measure(bench *b, wtl_err *err)
{
    wtl_bulks *out = b->out;
    out->row = calloc((size_t)LANES * SUITES * WORKS * SIDES, sizeof *out->row);
    ENSURE(out->row != NULL, err, WTL_NOMEM, "out of memory");
    TRY(wtl_ground_open(&b->ground, err));
    out->pinned = b->ground.pinned;
    TRY(wtl_identity_make(&b->ground.identity, wtl_identity_at(0), err));
    TRY(wtl_version_ask_all(out->version, &b->plan->programs, &b->ground.identity, err));
    if (wanted(b->plan->side, sides[0]))
        TRY(server_side(b, err));
    return wanted(b->plan->side, sides[1]) ? client_side(b, err) : WTL_OK;
}

int wtl_bulk_run(wtl_bulks *out, const wtl_bulk_plan *plan, wtl_err *err)
{
    ENSURE(plan->rounds >= 1 && plan->rounds <= WTL_MEDIAN_MOST, err, WTL_USAGE,
           "a measurement has 1 to %d rounds", (int)WTL_MEDIAN_MOST);
    ENSURE(plan->connections >= 1, err, WTL_USAGE, "bytes go over at least one connection");
    bench *b = calloc(1, sizeof *b);
    ENSURE(b != NULL, err, WTL_NOMEM, "out of memory");
    b->plan = plan;
    b->out = out;
    int rc = measure(b, err);
    stop_lanes(b);
    wtl_ground_close(&b->ground);
    free(b);
    return rc;
}
