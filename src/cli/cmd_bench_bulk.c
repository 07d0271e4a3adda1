#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <libsmartcols.h>

#include "bench/bulk.h"
#include "bench/machine.h"
#include "bench/median.h"
#include "cli/benchcmd.h"
#include "cli/cmd.h"
#include "cli/show.h"
#include "crypto/lib.h"
#include "json/json.h"

static const wtl_opt opts[] = {
    WTL_BENCHCMD_PEERS,
    {.name = "side",
     .arg = "SIDE",
     .value_at = wtl_bulk_side_at,
     .help = "the proxies as this end of TLS alone (default: both)"},
    {.name = "suite",
     .arg = "NAME",
     .value_at = wtl_bulk_suite_at,
     .help = "this cipher suite alone (default: both)"},
    {.name = "work",
     .arg = "WORK",
     .value_at = wtl_bulk_work_at,
     .help = "this direction of the bytes alone (default: both)"},
    {.name = "rounds", .arg = "N", .help = "how often the proxies take turns in each row (default: 5)"},
    {.name = "mib", .arg = "N", .help = "MiB that each carries in a turn (default: 1024)"},
    {.name = "connections", .arg = "N", .help = "over so many connections at once (default: 4)"},
};

enum { ROUNDS = 5, MIB = 1024, CONNECTIONS = 4, MIB_MOST = 1 << 20, CONNECTIONS_MOST = 1024 };

static void show_step(void *arg, const char *side, const char *suite, const char *work, unsigned round)
{
    (void)arg;
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[Kmeasuring: %ss %s %s, round %u", side, work, suite, round);
}

static int plan_of(wtl_bulk_plan *plan, const wtl_args *args, wtl_err *err)
{
    size_t rounds = 0;
    size_t mib = 0;
    *plan = (wtl_bulk_plan){.step = show_step};
    TRY(wtl_benchcmd_word(&plan->side, args, "side", wtl_bulk_side_at, err));
    TRY(wtl_benchcmd_word(&plan->suite, args, "suite", wtl_bulk_suite_at, err));
    TRY(wtl_benchcmd_word(&plan->work, args, "work", wtl_bulk_work_at, err));
    TRY(wtl_benchcmd_number(&rounds, args, "rounds", ROUNDS, WTL_MEDIAN_MOST, err));
    TRY(wtl_benchcmd_number(&mib, args, "mib", MIB, MIB_MOST, err));
    TRY(wtl_benchcmd_number(&plan->connections, args, "connections", CONNECTIONS, CONNECTIONS_MOST, err));
    plan->rounds = (unsigned)rounds;
    plan->bytes = (uint64_t)mib << 20;
    return WTL_OK;
}

static json_t *row_json(const wtl_bulk_row *r)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "server", r->server, "side",
                     r->side, "suite", r->suite, "work", r->work, "gb_per_core",
                     wtl_benchcmd_real(r->gb_per_core), "cpu_s_per_gb", wtl_benchcmd_real(r->cpu_s_per_gb),
                     "gb_per_s", wtl_benchcmd_real(r->gb_per_s), "busy", wtl_benchcmd_real(r->busy),
                     "to_nginx", wtl_benchcmd_real(r->nginx), "goal", wtl_benchcmd_real(r->goal), "met",
                     r->goal > 0 ? json_boolean(r->nginx >= r->goal) : json_null());
}

static int print_json(wtl_bulks *b, const wtl_bulk_plan *plan, wtl_err *err)
{
    char machine[300];
    json_t *rows = json_array();
    wtl_machine_name(machine, sizeof machine);
    for (size_t i = 0; i < b->n; i++)
        json_array_append_new(rows, row_json(&b->row[i]));
    return wtl_show_json(json_pack("{s:s, s:s, s:b, s:o, s:I, s:I, s:I, s:o}", "openssl", wtl_lib_version(),
                                   "machine", machine, "pinned", b->pinned, "programs",
                                   wtl_benchcmd_programs_json(b->version), "rounds", (json_int_t)plan->rounds,
                                   "connections", (json_int_t)plan->connections, "bytes",
                                   (json_int_t)plan->bytes, "rows", rows),
                         err);
}

static void print_row(struct libscols_table *t, const wtl_bulk_row *r)
{
    char goal[32];
    struct libscols_line *line = scols_table_new_line(t, NULL);
    if (line == NULL)
        return;
    scols_line_set_data(line, 0, r->side);
    scols_line_set_data(line, 1, r->suite);
    scols_line_set_data(line, 2, r->work);
    scols_line_set_data(line, 3, r->server);
    wtl_benchcmd_cell(line, 4, r->gb_per_core, 2);
    wtl_benchcmd_cell(line, 5, r->cpu_s_per_gb, 3);
    wtl_benchcmd_cell(line, 6, r->gb_per_s, 2);
    wtl_benchcmd_cell(line, 7, r->busy * 100, 0);
    wtl_benchcmd_cell(line, 8, r->nginx, 2);
    snprintf(goal, sizeof goal, ">= %.1f%s", r->goal, r->nginx >= r->goal ? "" : " !");
    scols_line_set_data(line, 9, r->goal > 0 ? goal : "");
}

static int print_table(wtl_bulks *b, wtl_err *err)
{
    static const char *const heads[] = {"SIDE",      "SUITE", "WORK",   "PROXY",  "GB/CORE s",
                                        "CORE s/GB", "GB/s",  "BUSY %", "/NGINX", "GOAL"};
    struct libscols_table *t = scols_new_table();
    ENSURE(t != NULL, err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        scols_table_new_column(t, heads[i], 0, i >= 4 && i < 9 ? SCOLS_FL_RIGHT : 0);
    for (size_t i = 0; i < b->n; i++)
        print_row(t, &b->row[i]);
    scols_print_table(t);
    scols_unref_table(t);
    wtl_benchcmd_print_programs(b->version, b->pinned);
    return WTL_OK;
}

static int run(const wtl_args *args, wtl_err *err)
{
    AUTO(wtl_bulks) b = {0};
    AUTO(wtl_buf) own = {0};
    wtl_bulk_plan plan;
    TRY(plan_of(&plan, args, err));
    TRY(wtl_benchcmd_programs(&plan.programs, &own, args, err));
    plan.programs.path[WTL_TARGET_WATTLE_OWN] = NULL;
    int rc = wtl_bulk_run(&b, &plan, err);
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K");
    TRY(rc);
    return args->json ? print_json(&b, &plan, err) : print_table(&b, err);
}

static const wtl_example examples[] = {
    {"wattle bench bulk", "Wattle's proxy alone"},
    {"wattle bench bulk --nginx /usr/sbin/nginx --side server --suite TLS_AES_128_GCM_SHA256", NULL},
    {"wattle bench bulk --work encrypt --json", NULL},
};

static const wtl_field fields[] = {
    WTL_BENCHCMD_FIELDS,
    {.name = "connections", .meaning = "over which the bytes went at once"},
    {.name = "bytes", .meaning = "of payload, a turn"},
    {.name = "rows", .meaning = "one object a row"},
    {.name = "rows[].server", .meaning = "whose proxy"},
    {.name = "rows[].side", .meaning = "server: TLS ends in it; client: TLS begins in it"},
    {.name = "rows[].suite", .meaning = "cipher suite"},
    {.name = "rows[].work", .meaning = "what the proxy does with the bytes: decrypt or encrypt"},
    {.name = "rows[].gb_per_core", .meaning = "10^9 bytes for each second of the proxy's processor time"},
    {.name = "rows[].cpu_s_per_gb", .meaning = "seconds of its processor time for 10^9 bytes"},
    {.name = "rows[].gb_per_s", .meaning = "10^9 bytes a second by the clock"},
    {.name = "rows[].busy",
     .meaning = "part of that time in which the proxy ran; below 1, what feeds it was slower"},
    {.name = "rows[].to_nginx", .meaning = "gb_per_core over nginx's of the same row, or null"},
    {.name = "rows[].goal", .meaning = "what that is to reach, or null"},
    {.name = "rows[].met", .meaning = "whether it does, or null"},
};

const wtl_cmd wtl_cmd_bench_bulk = {
    .name = "bench bulk",
    .summary = "Measure what bytes cost a TLS proxy: Wattle's beside others, in turn.",
    .operands = "",
    WTL_CMD_OPTS(opts),
    WTL_CMD_EXAMPLES(examples),
    WTL_CMD_FIELDS(fields),
    .see = "bench handshake, bench primitives, proxy server, proxy client",
    .more = "Every program has one worker, all on one processor that the load does not use, and carries the "
            "same bytes between TLS "
            "on one side and "
            "plain TCP on the other. In each row they take turns, a first one is not counted, and the median "
            "is told.\n"
            "As a server of TLS the proxy decrypts what clients send and encrypts what they get; as a client "
            "the other way "
            "round. Where the load is slower than a proxy (BUSY below 100), GB/s is the load's; GB/CORE s is "
            "the proxy's "
            "in any case.\n"
            "Where stream is a module of nginx, --nginx is a script that runs nginx -g 'load_module FILE;' "
            "\"$@\". "
            "tools/bench-tls of the source fetches Debian 13's programs and does all of this.",
    .run = run,
};
