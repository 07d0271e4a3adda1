#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <libsmartcols.h>

#include "bench/handshake.h"
#include "bench/machine.h"
#include "bench/median.h"
#include "cli/benchcmd.h"
#include "cli/cmd.h"
#include "cli/show.h"
#include "crypto/lib.h"
#include "json/json.h"

static const char *certificate_at(size_t i)
{
    const wtl_identity_kind *k = wtl_identity_at(i);
    return k != NULL ? k->name : NULL;
}

static const wtl_opt opts[] = {
    WTL_BENCHCMD_PEERS,
    {.name = "exchange",
     .arg = "NAME",
     .value_at = wtl_handshake_exchange_at,
     .help = "this key exchange alone (default: all)"},
    {.name = "certificate",
     .arg = "KIND",
     .value_at = certificate_at,
     .help = "this kind of certificate alone (default: all)"},
    {.name = "suite",
     .arg = "NAME",
     .help = "the cipher suite that all use, as OpenSSL writes it (default: TLS_AES_128_GCM_SHA256)"},
    {.name = "rounds", .arg = "N", .help = "how often the servers take turns in each row (default: 5)"},
    {.name = "connections", .arg = "N", .help = "in each turn, and as many resumed (default: 200)"},
    {.name = "at-once", .arg = "N", .help = "how many of them at a time (default: 8)"},
};

enum { ROUNDS = 5, CONNECTIONS = 200, AT_ONCE = 8, CONNECTIONS_MOST = 100000, AT_ONCE_MOST = 4096 };

static void show_step(void *arg, const char *certificate, const char *exchange, unsigned round)
{
    (void)arg;
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[Kmeasuring %s with %s, round %u", exchange, certificate, round);
}

static int plan_of(wtl_handshake_plan *plan, const wtl_args *args, wtl_err *err)
{
    const char *suite = wtl_args_get(args, "suite", 0);
    size_t rounds = 0;
    *plan = (wtl_handshake_plan){.suite = suite != NULL ? suite : "TLS_AES_128_GCM_SHA256",
                                 .library = true,
                                 .quic = true,
                                 .step = show_step};
    TRY(wtl_benchcmd_word(&plan->exchange, args, "exchange", wtl_handshake_exchange_at, err));
    TRY(wtl_benchcmd_word(&plan->certificate, args, "certificate", certificate_at, err));
    TRY(wtl_benchcmd_number(&rounds, args, "rounds", ROUNDS, WTL_MEDIAN_MOST, err));
    TRY(wtl_benchcmd_number(&plan->connections, args, "connections", CONNECTIONS, CONNECTIONS_MOST, err));
    TRY(wtl_benchcmd_number(&plan->at_once, args, "at-once", AT_ONCE, AT_ONCE_MOST, err));
    plan->rounds = (unsigned)rounds;
    return WTL_OK;
}

static bool met(const wtl_handshake_row *r)
{
    return r->nginx <= r->goal && r->haproxy <= r->goal;
}

static json_t *row_json(const wtl_handshake_row *r)
{
    bool judged = r->goal > 0 && (r->nginx > 0 || r->haproxy > 0);
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "server",
                     r->server, "exchange", r->exchange, "certificate", r->certificate, "suite", r->suite,
                     "full_us", wtl_benchcmd_real(r->full_us), "resumed_us", wtl_benchcmd_real(r->resumed_us),
                     "p50_ms", wtl_benchcmd_real(r->p50_ms), "p99_ms", wtl_benchcmd_real(r->p99_ms),
                     "per_second", wtl_benchcmd_real(r->per_second), "flight_bytes",
                     r->flight > 0 ? json_integer((json_int_t)r->flight) : json_null(), "to_nginx",
                     wtl_benchcmd_real(r->nginx), "to_haproxy", wtl_benchcmd_real(r->haproxy), "goal",
                     wtl_benchcmd_real(r->goal), "met", judged ? json_boolean(met(r)) : json_null());
}

static int print_json(wtl_handshakes *h, const wtl_handshake_plan *plan, wtl_err *err)
{
    char machine[300];
    json_t *rows = json_array();
    wtl_machine_name(machine, sizeof machine);
    for (size_t i = 0; i < h->n; i++)
        json_array_append_new(rows, row_json(&h->row[i]));
    return wtl_show_json(json_pack("{s:s, s:s, s:b, s:o, s:I, s:I, s:I, s:o}", "openssl", wtl_lib_version(),
                                   "machine", machine, "pinned", h->pinned, "programs",
                                   wtl_benchcmd_programs_json(h->version), "rounds", (json_int_t)plan->rounds,
                                   "connections", (json_int_t)plan->connections, "at_once",
                                   (json_int_t)plan->at_once, "rows", rows),
                         err);
}

static void print_row(struct libscols_table *t, const wtl_handshake_row *r)
{
    char goal[32];
    struct libscols_line *line = scols_table_new_line(t, NULL);
    if (line == NULL)
        return;
    scols_line_set_data(line, 0, r->certificate);
    scols_line_set_data(line, 1, r->exchange);
    scols_line_set_data(line, 2, r->server);
    wtl_benchcmd_cell(line, 3, r->full_us, 0);
    wtl_benchcmd_cell(line, 4, r->resumed_us, 0);
    wtl_benchcmd_cell(line, 5, r->p50_ms, 2);
    wtl_benchcmd_cell(line, 6, r->p99_ms, 2);
    wtl_benchcmd_cell(line, 7, r->per_second, 0);
    wtl_benchcmd_cell(line, 8, (double)r->flight, 0);
    wtl_benchcmd_cell(line, 9, r->nginx, 2);
    wtl_benchcmd_cell(line, 10, r->haproxy, 2);
    snprintf(goal, sizeof goal, "<= %.2f%s", r->goal, met(r) ? "" : " !");
    scols_line_set_data(line, 11, r->goal > 0 ? goal : "");
}

static int print_table(wtl_handshakes *h, wtl_err *err)
{
    static const char *const heads[] = {"CERTIFICATE", "EXCHANGE", "SERVER",   "FULL us",
                                        "RESUMED us",  "p50 ms",   "p99 ms",   "/s",
                                        "FLIGHT B",    "/NGINX",   "/HAPROXY", "GOAL"};
    struct libscols_table *t = scols_new_table();
    ENSURE(t != NULL, err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        scols_table_new_column(t, heads[i], 0, i >= 3 && i < 11 ? SCOLS_FL_RIGHT : 0);
    for (size_t i = 0; i < h->n; i++)
        print_row(t, &h->row[i]);
    scols_print_table(t);
    scols_unref_table(t);
    wtl_benchcmd_print_programs(h->version, h->pinned);
    return WTL_OK;
}

static int run(const wtl_args *args, wtl_err *err)
{
    AUTO(wtl_handshakes) h = {0};
    AUTO(wtl_buf) own = {0};
    wtl_handshake_plan plan;
    TRY(plan_of(&plan, args, err));
    TRY(wtl_benchcmd_programs(&plan.programs, &own, args, err));
    int rc = wtl_handshake_run(&h, &plan, err);
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K");
    TRY(rc);
    return args->json ? print_json(&h, &plan, err) : print_table(&h, err);
}

static const wtl_example examples[] = {
    {"wattle bench handshake", "Wattle's proxy, the library alone and OpenSSL's QUIC"},
    {"wattle bench handshake --nginx /usr/sbin/nginx --haproxy /usr/sbin/haproxy --exchange X25519MLKEM768",
     NULL},
    {"wattle bench handshake --certificate ML-DSA-65 --rounds 3 --json", NULL},
};

static const wtl_field fields[] = {
    WTL_BENCHCMD_FIELDS,
    {.name = "connections", .meaning = "full handshakes a turn, and as many resumed"},
    {.name = "at_once", .meaning = "how many of them at a time"},
    {.name = "rows", .meaning = "one object a row"},
    {.name = "rows[].server", .meaning = "whose handshake"},
    {.name = "rows[].exchange", .meaning = "group that was agreed on"},
    {.name = "rows[].certificate", .meaning = "kind of the server's key"},
    {.name = "rows[].suite", .meaning = "cipher suite that was agreed on"},
    {.name = "rows[].full_us",
     .meaning =
         "microseconds of the server's processor time for a full handshake and its connection, or null"},
    {.name = "rows[].resumed_us", .meaning = "the same by a session ticket, or null"},
    {.name = "rows[].p50_ms",
     .meaning = "median of the milliseconds that a client alone waits for its handshake, or null"},
    {.name = "rows[].p99_ms", .meaning = "and what 99 of 100 do not exceed, or null"},
    {.name = "rows[].per_second", .meaning = "connections a second, `at_once` at a time, or null"},
    {.name = "rows[].flight_bytes",
     .meaning = "bytes from the server up to the end of a full handshake at the client, or null"},
    {.name = "rows[].to_nginx", .meaning = "full_us over nginx's of the same row, or null"},
    {.name = "rows[].to_haproxy", .meaning = "full_us over HAProxy's, or null"},
    {.name = "rows[].goal", .meaning = "what both are not to exceed, or null"},
    {.name = "rows[].met", .meaning = "whether they do not, or null"},
};

const wtl_cmd wtl_cmd_bench_handshake = {
    .name = "bench handshake",
    .summary = "Measure what TLS handshakes cost the server: Wattle's proxy beside others, in turn.",
    .operands = "",
    WTL_CMD_OPTS(opts),
    WTL_CMD_EXAMPLES(examples),
    WTL_CMD_FIELDS(fields),
    .see = "bench bulk, bench primitives, proxy server",
    .more = "Every program has one worker, all on one processor that the load does not use, the same "
            "certificate, the same upstream "
            "and one byte to "
            "carry there and back. In each row they take turns; their processor time is read from the "
            "kernel, all their "
            "processes together, and the median is told.\n"
            "'wattle proxy' has what its peers have: the suite of --suite and two tickets. 'wattle proxy, "
            "its defaults' is "
            "as it comes. 'alone' is OpenSSL's server in memory, without sockets. QUIC is OpenSSL's own, "
            "both ends; its "
            "latency alone is told.\n"
            "Where stream is a module of nginx, --nginx is a script that runs nginx -g 'load_module FILE;' "
            "\"$@\". "
            "tools/bench-tls of the source fetches Debian 13's programs and does all of this.",
    .run = run,
};
