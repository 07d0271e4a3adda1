#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libsmartcols.h>

#include "bench/machine.h"
#include "bench/plot.h"
#include "bench/primitives.h"
#include "bench/race.h"
#include "cli/cmd.h"
#include "cli/show.h"
#include "crypto/alg.h"
#include "crypto/lib.h"
#include "fs/in.h"
#include "fs/out.h"
#include "json/json.h"

static const char *ours_at(size_t i)
{
    const wtl_alg *a;
    for (size_t at = 0; (a = wtl_alg_at(at)) != NULL; at++) {
        if ((a->flags & WTL_ALG_OURS) != 0 && a->evp != NULL && i-- == 0)
            return a->name;
    }
    return NULL;
}

static const wtl_opt opts[] = {
    {.name = "alg",
     .arg = "NAME",
     .value_at = ours_at,
     .help = "this algorithm alone (default: all that Wattle has kernels for)"},
    {.name = "rounds",
     .arg = "N",
     .help = "how often OpenSSL and Wattle take turns in each row (default: 15)"},
    {.name = "messages",
     .arg = "FILE",
     .help = "sign the texts of this JSON list, deterministically with the key of the zero seed, as C2SP's "
             "benchmark "
             "of ML-DSA asks; needs --alg"},
    {.name = "plot", .arg = "FILE", .help = "write the picture too, as SVG"},
    {.name = "force", .help = "replace the picture when it exists"},
};

enum { MESSAGES_MOST = 10000, MESSAGES_FILE_MOST = 1 << 20, SIGN_LEAST = 2000, ROUNDS = 15 };
#define ROUND_SECONDS 0.02

typedef struct message_list {
    json_t *list;
    wtl_bytes *at;
    size_t n;
} message_list;

static void message_list_auto(message_list *m)
{
    json_decref(m->list);
    free(m->at);
}

static int read_messages(message_list *m, const char *path, wtl_err *err)
{
    AUTO(wtl_buf) text = {0};
    TRY(wtl_in_read_all(path, MESSAGES_FILE_MOST, &text, err));
    TRY(wtl_json_parse(&m->list, wtl_buf_view(&text), wtl_show_name(path), err));
    m->n = json_array_size(m->list);
    ENSURE(m->n > 0 && m->n <= MESSAGES_MOST, err, WTL_FORMAT, "%s is no JSON list of 1 to %d texts",
           wtl_show_name(path), (int)MESSAGES_MOST);
    m->at = calloc(m->n, sizeof *m->at);
    ENSURE(m->at != NULL, err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; i < m->n; i++) {
        const json_t *s = json_array_get(m->list, i);
        ENSURE(json_is_string(s), err, WTL_FORMAT, "entry %zu of %s is no text", i, wtl_show_name(path));
        m->at[i] = (wtl_bytes){(const uint8_t *)json_string_value(s), json_string_length(s)};
    }
    return WTL_OK;
}

static void show_step(void *arg, const char *alg, const char *op)
{
    (void)arg;
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[Kmeasuring %s %s", alg, op);
}

static int plan_of(wtl_primitives_plan *plan, const wtl_args *args, wtl_err *err)
{
    const char *rounds = wtl_args_get(args, "rounds", 0);
    const char *name = wtl_args_get(args, "alg", 0);
    *plan = (wtl_primitives_plan){
        .rounds = ROUNDS, .seconds = ROUND_SECONDS, .sign_least = SIGN_LEAST, .step = show_step};
    if (rounds != NULL) {
        char *end;
        unsigned long n = strtoul(rounds, &end, 10);
        ENSURE(*end == '\0' && rounds[0] >= '1' && rounds[0] <= '9' && n <= WTL_RACE_ROUNDS_MOST, err,
               WTL_USAGE, "--rounds is a number from 1 to %d", (int)WTL_RACE_ROUNDS_MOST);
        plan->rounds = (unsigned)n;
    }
    const wtl_alg *a = name != NULL ? wtl_alg_by_name(name) : NULL;
    ENSURE(name == NULL || (a != NULL && (a->flags & WTL_ALG_OURS) != 0 && a->evp != NULL), err, WTL_USAGE,
           "--alg takes one of the algorithms that Wattle has kernels for: 'wattle bench primitives -h' "
           "lists them");
    plan->only = a != NULL ? a->name : NULL;
    ENSURE(!wtl_args_has(args, "messages") || (a != NULL && a->kind == WTL_ALG_SIG), err, WTL_USAGE,
           "--messages is for --alg ML-DSA-44, ML-DSA-65 or ML-DSA-87: each has a list of its own");
    return WTL_OK;
}

static int write_plot(const wtl_primitives *p, const wtl_args *args, wtl_err *err)
{
    AUTO(wtl_buf) svg = {0};
    char machine[300];
    char title[200];
    const char *path = wtl_args_get(args, "plot", 0);
    wtl_machine_name(machine, sizeof machine);
    snprintf(title, sizeof title, "Wattle's kernels beside %s, one core", wtl_lib_version());
    TRY(wtl_plot_svg(p, title, machine, &svg, err));
    return wtl_out_file(path, wtl_buf_view(&svg), wtl_args_has(args, "force") ? WTL_OUT_REPLACE : 0, 0644,
                        err);
}

static json_t *row_json(const wtl_primitives_row *r)
{
    double ratio = r->openssl / r->wattle;
    return json_pack("{s:s, s:s, s:f, s:f, s:f, s:o, s:o}", "algorithm", r->alg, "operation", r->op,
                     "openssl_us", r->openssl, "wattle_us", r->wattle, "ratio", ratio, "goal",
                     r->goal > 0 ? json_real(r->goal) : json_null(), "met",
                     r->goal > 0 ? json_boolean(ratio >= r->goal) : json_null());
}

static int print_json(const wtl_primitives *p, const wtl_args *args, wtl_err *err)
{
    char machine[300];
    double old = 0;
    double new = 0;
    json_t *rows = json_array();
    wtl_machine_name(machine, sizeof machine);
    for (size_t i = 0; i < p->n; i++)
        json_array_append_new(rows, row_json(&p->row[i]));
    bool both = wtl_primitives_exchange(p, &old, &new);
    return wtl_show_json(
        json_pack("{s:s, s:s, s:b, s:o, s:o}", "openssl", wtl_lib_version(), "machine", machine,
                  "given_messages", wtl_args_has(args, "messages"), "rows", rows, "exchange",
                  both ? json_pack("{s:f, s:f}", "classical_openssl_us", old, "hybrid_wattle_us", new)
                       : json_null()),
        err);
}

static void cell(struct libscols_line *line, size_t column, double v)
{
    char text[32];
    snprintf(text, sizeof text, "%.2f", v);
    scols_line_set_data(line, column, v > 0 ? text : "");
}

static int print_table(const wtl_primitives *p, wtl_err *err)
{
    static const char *const heads[] = {"ALGORITHM", "OPERATION", "OPENSSL us", "WATTLE us", "RATIO", "GOAL"};
    struct libscols_table *t = scols_new_table();
    ENSURE(t != NULL, err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        scols_table_new_column(t, heads[i], 0, i >= 2 ? SCOLS_FL_RIGHT : 0);
    for (size_t i = 0; i < p->n; i++) {
        const wtl_primitives_row *r = &p->row[i];
        struct libscols_line *line = scols_table_new_line(t, NULL);
        if (line == NULL)
            continue;
        scols_line_set_data(line, 0, r->alg);
        scols_line_set_data(line, 1, r->op);
        cell(line, 2, r->openssl);
        cell(line, 3, r->wattle);
        cell(line, 4, r->openssl / r->wattle);
        cell(line, 5, r->goal);
    }
    scols_print_table(t);
    scols_unref_table(t);
    double old = 0;
    double new = 0;
    if (wtl_primitives_exchange(p, &old, &new))
        printf("\na key exchange in all: X25519 by OpenSSL %.1f us, X25519MLKEM768 by Wattle %.1f us\n", old,
               new);
    return WTL_OK;
}

static int run(const wtl_args *args, wtl_err *err)
{
    AUTO(wtl_primitives) p = {0};
    AUTO(message_list) m = {0};
    wtl_primitives_plan plan;
    TRY(plan_of(&plan, args, err));
    if (wtl_args_has(args, "messages"))
        TRY(read_messages(&m, wtl_args_get(args, "messages", 0), err));
    plan.message = m.at;
    plan.messages = m.n;
    int rc = wtl_primitives_run(&p, &plan, err);
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K");
    TRY(rc);
    if (wtl_args_has(args, "plot"))
        TRY(write_plot(&p, args, err));
    return args->json ? print_json(&p, args, err) : print_table(&p, err);
}

static const wtl_example examples[] = {
    {"wattle bench primitives", "all algorithms; about a minute and a half"},
    {"wattle bench primitives --alg ML-DSA-65 --json", NULL},
    {"wattle bench primitives --plot primitives.svg", NULL},
};

static const wtl_field fields[] = {
    {.name = "openssl", .meaning = "version of the OpenSSL that is compared with, and used"},
    {.name = "machine", .meaning = "the processor as the system names it"},
    {.name = "given_messages", .meaning = "ML-DSA signed those of --messages"},
    {.name = "rows", .meaning = "one object a row"},
    {.name = "rows[].algorithm", .meaning = "name"},
    {.name = "rows[].operation",
     .meaning = "keygen, sign, verify, encaps, decaps, derive; 8 at once; with a new key"},
    {.name = "rows[].openssl_us", .meaning = "microseconds by OpenSSL's own code"},
    {.name = "rows[].wattle_us", .meaning = "microseconds by Wattle's kernels, for one message"},
    {.name = "rows[].ratio", .meaning = "the first over the second"},
    {.name = "rows[].goal", .meaning = "what the ratio is to be, or null"},
    {.name = "rows[].met", .meaning = "whether it is, or null"},
    {.name = "exchange", .meaning = "cost of a key exchange in all, or null when not all its rows were run"},
    {.name = "exchange.classical_openssl_us",
     .meaning = "2 key generations and 2 derivations of X25519 by OpenSSL",
     .maybe = true},
    {.name = "exchange.hybrid_wattle_us",
     .meaning = "keygen, encaps and decaps of X25519MLKEM768 by Wattle",
     .maybe = true},
};

const wtl_cmd wtl_cmd_bench_primitives = {
    .name = "bench primitives",
    .summary = "Measure Wattle's kernels beside OpenSSL's own code, in turn, in one process.",
    .operands = "",
    WTL_CMD_OPTS(opts),
    WTL_CMD_EXAMPLES(examples),
    WTL_CMD_FIELDS(fields),
    .see = "doctor, algs",
    .more = "Each row is processor time, the median of the rounds, through OpenSSL's EVP interface on both "
            "sides; for ML-DSA "
            "signing, which "
            "takes a random number of attempts, the mean over at least 2000 messages.\n"
            "'new key' reads the public key first, as the other side of a handshake does. '8 at once' is "
            "Wattle's batch call, told "
            "for one message; OpenSSL has none.",
    .run = run,
};
