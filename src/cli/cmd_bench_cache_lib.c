#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libsmartcols.h>

#include "bench/cachelane.h"
#include "bench/cachegoal.h"
#include "bench/cachelib.h"
#include "bench/cacheown.h"
#include "bench/cacheplot.h"
#include "bench/machine.h"
#include "bench/median.h"
#include "cli/benchcmd.h"
#include "cli/cmd.h"
#include "cli/show.h"
#include "fs/out.h"
#include "json/json.h"
#include <wattle/version.h>

static const char *part_at(size_t i)
{
    return i <= WTL_CACHELIB_SETS ? wtl_cachelib_part_name((enum wtl_cachelib_part)i) : NULL;
}

static const wtl_opt opts[] = {
    {.name = "peer",
     .arg = "FILE",
     .many = true,
     .help = "compare with the tables of this shared object, whose code then runs in this process: "
             "tools/bench-cache builds some (default: none)"},
    {.name = "part",
     .arg = "PART",
     .value_at = part_at,
     .help = "this alone: gets by number of keys, gets by size of value, or sets (default: all)"},
    {.name = "keys",
     .arg = "N",
     .help = "this number of keys alone, at least 1000 (default: 10000, 100000 and 1000000)"},
    {.name = "value",
     .arg = "BYTES",
     .help = "this size of value alone (default: 64 by number of keys, seven by size, 4493 for sets)"},
    {.name = "rounds", .arg = "N", .help = "how often the tables take turns (default: 5)"},
    {.name = "quick", .help = "3 short rounds: for a look, not for a table"},
    {.name = "plot", .arg = "DIR", .help = "write pictures into this folder too, as SVG"},
    {.name = "force", .help = "replace pictures that exist"},
};

enum {
    ROUNDS = 5,
    QUICK_ROUNDS = 3,
    ASKED = 64 * WTL_CACHELANE_CHUNK,
    QUICK_ASKED = 16 * WTL_CACHELANE_CHUNK,
    LONE = 1 << 17,
    QUICK_LONE = 1 << 14,
    STORED = 200000,
    QUICK_STORED = 20000,
    KEYS_LEAST = 1000,
    KEYS_MOST = 100000000,
    VALUE_MOST = 1 << 20
};

/* What is told while it runs: a line of a terminal, and what is left out. */
static void show_step(void *arg, const char *table, size_t keys, size_t value_n, bool zipf, unsigned round)
{
    (void)arg;
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K%s, %zu %s keys, values of %zu bytes, round %u", table, keys,
                zipf ? "zipf" : "uniform", value_n, round + 1);
}

static void show_left_out(void *arg, const char *sentence)
{
    (void)arg;
    wtl_show_notice("%s", sentence);
}

static int part_of(wtl_cachelib_plan *plan, const wtl_args *args, wtl_err *err)
{
    const char *part = NULL;
    TRY(wtl_benchcmd_word(&part, args, "part", part_at, err));
    for (size_t i = 0; i <= WTL_CACHELIB_SETS; i++)
        plan->parts[i] = part == NULL || strcmp(part, part_at(i)) == 0;
    return WTL_OK;
}

static int plan_of(wtl_cachelib_plan *plan, const wtl_cacheload *tables, const wtl_args *args, wtl_err *err)
{
    bool quick = wtl_args_has(args, "quick");
    size_t rounds = 0;
    *plan = (wtl_cachelib_plan){.tables = tables,
                                .asked = quick ? QUICK_ASKED : ASKED,
                                .lone = quick ? QUICK_LONE : LONE,
                                .stored = quick ? QUICK_STORED : STORED,
                                .step = show_step,
                                .left_out = show_left_out};
    TRY(part_of(plan, args, err));
    TRY(wtl_benchcmd_number(&plan->keys, args, "keys", 0, KEYS_MOST, err));
    ENSURE(plan->keys == 0 || plan->keys >= KEYS_LEAST, err, WTL_USAGE, "--keys takes a number from %d to %d",
           (int)KEYS_LEAST, (int)KEYS_MOST);
    TRY(wtl_benchcmd_number(&plan->value_n, args, "value", 0, VALUE_MOST, err));
    TRY(wtl_benchcmd_number(&rounds, args, "rounds", quick ? QUICK_ROUNDS : ROUNDS, WTL_MEDIAN_MOST, err));
    plan->rounds = (unsigned)rounds;
    return WTL_OK;
}

static int load_tables(wtl_cacheload *tables, const wtl_args *args, wtl_err *err)
{
    TRY(wtl_cacheload_add(tables, wtl_cacheown_peer(), err));
    for (size_t i = 0; i < wtl_args_count(args, "peer"); i++)
        TRY(wtl_cacheload_file(tables, wtl_args_get(args, "peer", i), err));
    return WTL_OK;
}

/* Whether malloc asks for huge pages too, as the cache does: a tunable of the C library that is read when a program starts. */
static bool malloc_huge(void)
{
    const char *t = getenv("GLIBC_TUNABLES");
    return t != NULL && strstr(t, "glibc.malloc.hugetlb=1") != NULL;
}

static const char *version_of(const wtl_cacheload *tables, size_t i, const wtl_cachelib *c, char out[64])
{
    if (i > 0)
        return tables->peer[i]->version;
    snprintf(out, 64, "%s, %s", wtl_version(), c->level);
    return out;
}

/* ---- JSON */

static json_t *row_json(const wtl_cachelib_row *r, const wtl_cacheload *tables)
{
    const wtl_cachecell_kind *k = wtl_cachecell_kind_of(r->what);
    json_t *results = json_array();
    for (size_t i = 0; i < tables->n; i++)
        json_array_append_new(results, json_pack("{s:s, s:o}", "table", tables->peer[i]->name, "value",
                                                 wtl_benchcmd_real(r->of[i])));
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:I, s:o}", "part", wtl_cachelib_part_name(r->part),
                     "operation", k->name, "unit", k->unit, "keys", (json_int_t)r->keys, "value_bytes",
                     (json_int_t)r->value_n, "distribution", r->zipf ? "zipf 0.99" : "uniform", "threads",
                     (json_int_t)k->threads, "results", results);
}

static json_t *goal_json(const wtl_cachelib_goal *g)
{
    return json_pack("{s:s, s:o, s:s, s:f, s:f, s:b}", "goal", g->text, "keys",
                     g->keys > 0 ? json_integer((json_int_t)g->keys) : json_null(), "limit_is",
                     g->more ? "at least" : "at most", "limit", g->limit, "value", g->got, "met", g->met);
}

static int print_json(const wtl_cachelib *c, const wtl_cachelib_plan *plan, wtl_err *err)
{
    char machine[300];
    char version[64];
    json_t *tables = json_array();
    json_t *rows = json_array();
    json_t *goals = json_array();
    wtl_machine_name(machine, sizeof machine);
    for (size_t i = 0; i < plan->tables->n; i++)
        json_array_append_new(tables, json_pack("{s:s, s:s, s:s}", "table", plan->tables->peer[i]->name,
                                                "version", version_of(plan->tables, i, c, version), "note",
                                                plan->tables->peer[i]->note));
    for (size_t i = 0; i < c->n; i++)
        json_array_append_new(rows, row_json(&c->row[i], plan->tables));
    for (size_t i = 0; i < c->goals; i++)
        json_array_append_new(goals, goal_json(&c->goal[i]));
    return wtl_show_json(
        json_pack("{s:s, s:b, s:b, s:b, s:I, s:I, s:f, s:f, s:o, s:o, s:o}", "machine", machine, "pinned",
                  c->pinned, "huge_pages", c->huge_pages, "malloc_huge_pages", malloc_huge(), "rounds",
                  (json_int_t)plan->rounds, "gets", (json_int_t)plan->asked, "clock_ns", c->clock_cost,
                  "clock_step_ns", c->clock_step, "tables", tables, "rows", rows, "goals", goals),
        err);
}

/* ---- tables */

static void print_row(struct libscols_table *t, const wtl_cachelib_row *r, size_t tables)
{
    enum { HEADS = 4 };
    char text[32];
    const wtl_cachecell_kind *k = wtl_cachecell_kind_of(r->what);
    struct libscols_line *line = scols_table_new_line(t, NULL);
    if (line == NULL)
        return;
    snprintf(text, sizeof text, "%zu%s", r->keys, r->zipf ? " zipf" : "");
    scols_line_set_data(line, 0, text);
    wtl_benchcmd_cell(line, 1, (double)r->value_n, 0);
    scols_line_set_data(line, 2, k->name);
    scols_line_set_data(line, 3, k->unit);
    for (size_t i = 0; i < tables; i++)
        wtl_benchcmd_cell(line, HEADS + i, r->of[i], strcmp(k->unit, "x") == 0 ? 2 : r->of[i] < 1000 ? 1 : 0);
}

static void print_goals(const wtl_cachelib *c)
{
    if (c->goals > 0)
        printf("\n");
    for (size_t i = 0; i < c->goals; i++) {
        const wtl_cachelib_goal *g = &c->goal[i];
        char keys[32] = "";
        if (g->keys > 0)
            snprintf(keys, sizeof keys, "%zu keys: ", g->keys);
        printf("%-6s  %s%.2f %s (%s %g)\n", g->met ? "met" : "MISSED", keys, g->got, g->text,
               g->more ? "at least" : "at most", g->limit);
    }
}

static void print_versions(const wtl_cachelib *c, const wtl_cachelib_plan *plan)
{
    char machine[300];
    char version[64];
    wtl_machine_name(machine, sizeof machine);
    printf("\n%s; %s; huge pages: the cache %s, malloc %s; a lone get is told without the clock's %.1f ns, "
           "in steps of %.1f\n",
           machine, c->pinned ? "each thread on a processor of its own" : "one processor",
           c->huge_pages ? "yes" : "no",
           malloc_huge() ? "yes"
                         : "no (GLIBC_TUNABLES=glibc.malloc.hugetlb=1 gives peers what they can have)",
           c->clock_cost, c->clock_step);
    for (size_t i = 0; i < plan->tables->n; i++)
        printf("%s (%s): %s\n", plan->tables->peer[i]->name, version_of(plan->tables, i, c, version),
               plan->tables->peer[i]->note);
}

static int print_table(const wtl_cachelib *c, const wtl_cachelib_plan *plan, wtl_err *err)
{
    static const char *const heads[] = {"KEYS", "VALUE B", "OPERATION", "UNIT"};
    struct libscols_table *t = scols_new_table();
    ENSURE(t != NULL, err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        scols_table_new_column(t, heads[i], 0, i == 1 ? SCOLS_FL_RIGHT : 0);
    for (size_t i = 0; i < plan->tables->n; i++)
        scols_table_new_column(t, plan->tables->peer[i]->name, 0, SCOLS_FL_RIGHT);
    for (size_t i = 0; i < c->n; i++)
        print_row(t, &c->row[i], plan->tables->n);
    scols_print_table(t);
    scols_unref_table(t);
    print_versions(c, plan);
    print_goals(c);
    return WTL_OK;
}

/* ---- pictures */

static int write_plot(const wtl_cachelib *c, const wtl_cachelib_plan *plan, const wtl_args *args, size_t i,
                      wtl_err *err)
{
    AUTO(wtl_buf) svg = {0};
    AUTO(wtl_buf) path = {0};
    char machine[300];
    unsigned how = wtl_args_has(args, "force") ? WTL_OUT_REPLACE : 0;
    wtl_machine_name(machine, sizeof machine);
    wtl_buf_fmt(&path, "%s/%s", wtl_args_get(args, "plot", 0), wtl_cacheplot_file(i));
    const char *name = wtl_buf_cstr(&path);
    ENSURE(name != NULL, err, WTL_NOMEM, "out of memory");
    TRY(wtl_cacheplot_svg(c, plan->tables, i, machine, &svg, err));
    return wtl_out_file(name, wtl_buf_view(&svg), how, 0644, err);
}

static int write_plots(const wtl_cachelib *c, const wtl_cachelib_plan *plan, const wtl_args *args,
                       wtl_err *err)
{
    for (size_t i = 0; wtl_args_has(args, "plot") && wtl_cacheplot_file(i) != NULL; i++) {
        if (wtl_cacheplot_has(c, i))
            TRY(write_plot(c, plan, args, i, err));
    }
    return WTL_OK;
}

static int run_with(const wtl_cacheload *tables, const wtl_args *args, wtl_err *err)
{
    AUTO(wtl_cachelib) c = {0};
    wtl_cachelib_plan plan;
    TRY(plan_of(&plan, tables, args, err));
    int rc = wtl_cachelib_run(&c, &plan, err);
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K");
    TRY(rc);
    wtl_cachegoal_judge(&c, plan.tables);
    TRY(write_plots(&c, &plan, args, err));
    return args->json ? print_json(&c, &plan, err) : print_table(&c, &plan, err);
}

static int run(const wtl_args *args, wtl_err *err)
{
    AUTO(wtl_cacheload) tables = {0};
    TRY(load_tables(&tables, args, err));
    return run_with(&tables, args, err);
}

static const wtl_example examples[] = {
    {"wattle bench cache-lib", "the cache library alone; about a minute and a half"},
    {"wattle bench cache-lib --part keys --keys 100000 --quick --json", NULL},
    {"wattle bench cache-lib --peer ./peer.so --plot pictures --force", NULL},
};

static const wtl_field fields[] = {
    {.name = "machine", .meaning = "the processor as the system names it"},
    {.name = "pinned", .meaning = "each thread ran on a processor of its own"},
    {.name = "huge_pages", .meaning = "the cache had huge pages"},
    {.name = "malloc_huge_pages", .meaning = "malloc asked for them for its peers"},
    {.name = "rounds", .meaning = "turns of each table, of which the medians are told"},
    {.name = "gets", .meaning = "in each turn and thread"},
    {.name = "clock_ns", .meaning = "what reading the clock takes, which lone gets are told without"},
    {.name = "clock_step_ns", .meaning = "the least difference that the clock shows"},
    {.name = "tables", .meaning = "what was measured, the cache library first"},
    {.name = "tables[].table", .meaning = "its name"},
    {.name = "tables[].version", .meaning = "its version; of the cache library, how it hashes too"},
    {.name = "tables[].note", .meaning = "what its figures hold for"},
    {.name = "rows", .meaning = "one object a row"},
    {.name = "rows[].part", .meaning = "keys, sizes or sets"},
    {.name = "rows[].operation", .meaning = "what was done"},
    {.name = "rows[].unit",
     .meaning = "ns for one; M/s: million a second by all threads; x: a ratio; B: bytes an entry"},
    {.name = "rows[].keys", .meaning = "entries in the table"},
    {.name = "rows[].value_bytes", .meaning = "bytes of each value"},
    {.name = "rows[].distribution", .meaning = "how often keys are asked for: uniform, or zipf 0.99"},
    {.name = "rows[].threads", .meaning = "at once"},
    {.name = "rows[].results", .meaning = "one object a table, in the order of `tables`"},
    {.name = "rows[].results[].table", .meaning = "its name"},
    {.name = "rows[].results[].value", .meaning = "median of the rounds, or null"},
    {.name = "goals", .meaning = "those that these rows decide"},
    {.name = "goals[].goal", .meaning = "what the figure is"},
    {.name = "goals[].keys", .meaning = "number of keys that it is for, or null"},
    {.name = "goals[].limit_is", .meaning = "at least, or at most"},
    {.name = "goals[].limit", .meaning = "what is to be reached"},
    {.name = "goals[].value", .meaning = "what was measured"},
    {.name = "goals[].met", .meaning = "whether it was reached"},
};

const wtl_cmd wtl_cmd_bench_cache_lib = {
    .name = "bench cache-lib",
    .summary = "Measure the cache library beside other hash tables, in turn, in one process.",
    .operands = "",
    WTL_CMD_OPTS(opts),
    WTL_CMD_EXAMPLES(examples),
    WTL_CMD_FIELDS(fields),
    .see = "bench primitives",
    .more = "Every table has the same keys of 16 to 40 bytes, is asked for them in the same order, and gives "
            "a pointer to the value, "
            "which nobody reads. A get of the cache library is a read section of its own, with reclamation "
            "and counting on.\n"
            "A turn is some hundred thousand gets in chunks of 16384, after as many that are not counted; "
            "its figure is that of the middle "
            "chunk, by the clock on the wall. A lone get waits for what came before and is timed alone. Sets "
            "are told in processor time.\n"
            "'set, another goes for each' is into a full table, after a get in vain: the cache library "
            "evicts, a table that cannot is "
            "made to delete its oldest.\n"
            "tools/bench-cache of the source builds DashMap, abseil's flat_hash_map and Concurrency Kit's "
            "ck_ht and does all of this.",
    .run = run,
};
