#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <libsmartcols.h>

#include "cli/benchcmd.h"
#include "cli/cmd.h"
#include "cli/show.h"
#include "replay/load.h"
#include "replay/replay.h"
#include "replay/zipf.h"

static const char *format_at(size_t i)
{
    return wtl_parse_name(i);
}

static const wtl_opt opts[] = {
    {.name = "format",
     .arg = "NAME",
     .value_at = format_at,
     .help = "what the files hold (default: told by their names: lirs_*, address_*, cache2k_*, scarab_*, "
             "*oracleGeneral*)"},
    {.name = "size",
     .arg = "LIST",
     .help = "sizes of the cache, in percent of the bytes of all keys of a trace (default: 1,10)"},
    {.name = "zipf", .help = "replay the generated trace beside the files"},
    {.name = "skew", .arg = "S", .help = "of the generated trace, 0 to 5 (default: 1)"},
    {.name = "keys", .arg = "N", .help = "of the generated trace (default: 100000)"},
    {.name = "requests", .arg = "N", .help = "of the generated trace (default: 1000000)"},
    {.name = "seed", .arg = "N", .help = "of the generated trace (default: 1)"},
};

enum { SIZES_MOST = 16, MODELS_MOST = 16, KEYS = 100000, KEYS_MOST = 100000000, REQUESTS = 1000000 };
#define GOAL 0.005

/* One trace at one size. Of models that know objectives there are two runs. */
typedef struct run_row {
    char *trace;
    size_t requests;
    uint32_t keys;
    uint64_t footprint, capacity;
    double percent;
    bool sized; /* objects are of different sizes */
    double objects[MODELS_MOST], bytes[MODELS_MOST];
} run_row;

typedef struct report {
    run_row *row;
    size_t n;
    double percent[SIZES_MOST];
    size_t sizes;
} report;

static void report_auto(report *r)
{
    for (size_t i = 0; i < r->n; i++)
        free(r->row[i].trace);
    free(r->row);
}

/* Digits with at most one point among them, and nothing else; *end is behind them. */
static bool decimal(const char *text, char **end, double *v)
{
    size_t n = strspn(text, "0123456789.");
    if (n == 0 || n > 12)
        return false;
    *v = strtod(text, end);
    return *end == text + n;
}

static int read_sizes(report *r, const wtl_args *args, wtl_err *err)
{
    const char *text = wtl_args_get(args, "size", 0);
    char *at = (char *)(uintptr_t)(text != NULL ? text : "1,10");
    for (;; at++) {
        double v;
        bool good = r->sizes < SIZES_MOST && decimal(at, &at, &v) && v >= 0.001 && v <= 100 &&
                    (*at == '\0' || *at == ',');
        ENSURE(good, err, WTL_USAGE, "--size takes up to %d numbers from 0.001 to 100, as in 1,10",
               (int)SIZES_MOST);
        r->percent[r->sizes++] = v;
        if (*at == '\0')
            return WTL_OK;
    }
}

static int read_zipf(wtl_zipf_options *o, const wtl_args *args, wtl_err *err)
{
    const char *skew = wtl_args_get(args, "skew", 0);
    char *end = NULL;
    size_t keys;
    size_t seed;
    o->skew = 1;
    ENSURE(skew == NULL || (decimal(skew, &end, &o->skew) && *end == '\0' && o->skew <= 5), err, WTL_USAGE,
           "--skew takes a number from 0 to 5");
    TRY(wtl_benchcmd_number(&keys, args, "keys", KEYS, KEYS_MOST, err));
    TRY(wtl_benchcmd_number(&o->requests, args, "requests", REQUESTS, KEYS_MOST, err));
    TRY(wtl_benchcmd_number(&seed, args, "seed", 1, KEYS_MOST, err));
    o->keys = (uint32_t)keys;
    o->seed = seed;
    return WTL_OK;
}

static void show_step(const char *trace, double percent, const char *model)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[Kreplaying %s at %g %%: %s", trace, percent, model);
}

static int run_row_fill(run_row *row, const wtl_trace *t, wtl_err *err)
{
    const wtl_model *m;
    for (size_t i = 0; (m = wtl_model_at(i)) != NULL; i++) {
        wtl_replay_result by[2];
        wtl_model_options o = {.capacity = row->capacity};
        show_step(row->trace, row->percent, m->name);
        TRY(wtl_replay_run(&by[0], m, t, &o, err));
        by[1] = by[0];
        o.by_bytes = true;
        if (m->ours && row->sized)
            TRY(wtl_replay_run(&by[1], m, t, &o, err));
        row->objects[i] = by[0].objects;
        row->bytes[i] = by[1].bytes;
    }
    return WTL_OK;
}

static int replay(report *r, const wtl_trace *t, const char *name, wtl_err *err)
{
    for (size_t i = 0; i < r->sizes; i++) {
        run_row *more = realloc(r->row, (r->n + 1) * sizeof *more);
        char *copy = strdup(name);
        if (more != NULL)
            r->row = more;
        if (more == NULL || copy == NULL) {
            free(copy);
            return WTL_FAIL(err, WTL_NOMEM, "out of memory");
        }
        run_row *row = &r->row[r->n++];
        *row = (run_row){.trace = copy,
                         .requests = t->n,
                         .keys = t->keys,
                         .footprint = t->footprint,
                         .capacity = (uint64_t)((double)t->footprint * r->percent[i] / 100),
                         .percent = r->percent[i],
                         .sized = t->footprint != (uint64_t)t->keys * t->largest};
        TRY(run_row_fill(row, t, err));
    }
    return WTL_OK;
}

static int replay_file(report *r, const wtl_args *args, const char *path, wtl_err *err)
{
    AUTO(wtl_trace) t = {0};
    enum wtl_parse_format f = WTL_PARSE_FORMATS;
    const char *slash = strrchr(path, '/');
    const char *given;
    TRY(wtl_benchcmd_word(&given, args, "format", format_at, err));
    if (given == NULL)
        ENSURE(wtl_parse_by_name(&f, path), err, WTL_USAGE,
               "%s does not tell by its name what it holds: say so with --format", wtl_show_name(path));
    for (size_t i = 0; given != NULL && f == WTL_PARSE_FORMATS; i++)
        f = strcmp(wtl_parse_name(i), given) == 0 ? (enum wtl_parse_format)i : f;
    int rc = wtl_load_trace(&t, path, f, err);
    if (rc == WTL_FORMAT)
        wtl_err_prefix(err, "%s: ", wtl_show_name(path));
    TRY(rc);
    return replay(r, &t, slash != NULL ? slash + 1 : path, err);
}

static int replay_zipf(report *r, const wtl_zipf_options *o, wtl_err *err)
{
    AUTO(wtl_trace) t = {0};
    TRY(wtl_zipf_make(&t, o, err));
    return replay(r, &t, "zipf", err);
}

static size_t best_of(const double *v)
{
    const wtl_model *m;
    size_t best = 0;
    for (size_t i = 0; (m = wtl_model_at(i)) != NULL; i++) {
        if (!m->ours && v[i] < v[best])
            best = i;
    }
    return best;
}

/* Where our policy is among the models. */
static size_t own_at(void)
{
    size_t i = 0;
    while (!wtl_model_at(i)->ours)
        i++;
    return i;
}

static json_t *measure_json(const run_row *row, const char *measure, const double *v)
{
    const wtl_model *m;
    json_t *all = json_array();
    size_t best = best_of(v);
    double over = v[own_at()] - v[best];
    for (size_t i = 0; (m = wtl_model_at(i)) != NULL; i++)
        json_array_append_new(all, json_pack("{s:s, s:f}", "policy", m->name, "miss_ratio", v[i]));
    return json_pack("{s:o, s:I, s:I, s:I, s:f, s:I, s:s, s:o, s:s, s:f, s:b}", "trace",
                     wtl_show_json_name(row->trace), "requests", (json_int_t)row->requests, "keys",
                     (json_int_t)row->keys, "footprint_bytes", (json_int_t)row->footprint, "percent",
                     row->percent, "capacity_bytes", (json_int_t)row->capacity, "measure", measure,
                     "policies", all, "best", wtl_model_at(best)->name, "over_best", over, "met",
                     over <= GOAL);
}

static int print_json(const report *r, wtl_err *err)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < r->n; i++) {
        json_array_append_new(rows, measure_json(&r->row[i], "objects", r->row[i].objects));
        json_array_append_new(rows, measure_json(&r->row[i], "bytes", r->row[i].bytes));
    }
    return wtl_show_json(json_pack("{s:f, s:o}", "goal", GOAL, "rows", rows), err);
}

static void ratio(struct libscols_line *line, size_t column, double v)
{
    char text[32];
    snprintf(text, sizeof text, "%.4f", v);
    scols_line_set_data(line, column, text);
}

static void print_line(struct libscols_table *t, const run_row *row, const char *measure, const double *v)
{
    enum { HEAD = 3 };
    char text[32];
    size_t i = 0;
    struct libscols_line *line = scols_table_new_line(t, NULL);
    if (line == NULL)
        return;
    scols_line_set_data(line, 0, row->trace);
    snprintf(text, sizeof text, "%g %%", row->percent);
    scols_line_set_data(line, 1, text);
    scols_line_set_data(line, 2, measure);
    for (; wtl_model_at(i) != NULL; i++)
        ratio(line, HEAD + i, v[i]);
    snprintf(text, sizeof text, "%+.4f", v[own_at()] - v[best_of(v)]);
    scols_line_set_data(line, HEAD + i, text);
}

static int print_table(const report *r, wtl_err *err)
{
    struct libscols_table *t = scols_new_table();
    ENSURE(t != NULL, err, WTL_NOMEM, "out of memory");
    scols_table_new_column(t, "TRACE", 0, 0);
    scols_table_new_column(t, "SIZE", 0, SCOLS_FL_RIGHT);
    scols_table_new_column(t, "MISSED", 0, 0);
    for (size_t i = 0; wtl_model_at(i) != NULL; i++)
        scols_table_new_column(t, wtl_model_at(i)->name, 0, SCOLS_FL_RIGHT);
    scols_table_new_column(t, "TO BEST", 0, SCOLS_FL_RIGHT);
    for (size_t i = 0; i < r->n; i++) {
        const run_row *row = &r->row[i];
        print_line(t, row, row->sized ? "objects" : "both", row->objects);
        if (row->sized)
            print_line(t, row, "bytes", row->bytes);
    }
    scols_print_table(t);
    scols_unref_table(t);
    return WTL_OK;
}

static int replay_all(report *r, const wtl_args *args, wtl_err *err)
{
    wtl_zipf_options o;
    TRY(read_sizes(r, args, err));
    TRY(read_zipf(&o, args, err));
    for (size_t i = 0; i < args->n_operands; i++)
        TRY(replay_file(r, args, args->operand[i], err));
    return args->n_operands == 0 || wtl_args_has(args, "zipf") ? replay_zipf(r, &o, err) : WTL_OK;
}

static int run(const wtl_args *args, wtl_err *err)
{
    AUTO(report) r = {0};
    int rc = replay_all(&r, args, err);
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K");
    TRY(rc);
    return args->json ? print_json(&r, err) : print_table(&r, err);
}

static const wtl_example examples[] = {
    {"wattle bench cache-trace", "the generated trace"},
    {"wattle bench cache-trace --zipf traces/*.gz traces/*.xz traces/cphys.oracleGeneral.bin", NULL},
    {"wattle bench cache-trace --format lirs --size 0.5,1,5 mine.txt --json", NULL},
};

static const wtl_field fields[] = {
    {.name = "goal", .meaning = "how far above the best policy to compare with Wattle's may be"},
    {.name = "rows", .meaning = "two objects for each trace and size: objects and bytes"},
    {.name = "rows[].trace", .meaning = "the file's name, or zipf"},
    {.name = "rows[].requests", .meaning = "in the trace"},
    {.name = "rows[].keys", .meaning = "different ones"},
    {.name = "rows[].footprint_bytes", .meaning = "bytes of all keys' objects"},
    {.name = "rows[].percent", .meaning = "size of the cache, of that"},
    {.name = "rows[].capacity_bytes", .meaning = "the same in bytes"},
    {.name = "rows[].measure",
     .meaning = "objects: share of requests that missed; bytes: share of the bytes asked for. Wattle's is "
                "run with this "
                "objective"},
    {.name = "rows[].policies", .meaning = "one object a policy"},
    {.name = "rows[].policies[].policy", .meaning = "name"},
    {.name = "rows[].policies[].miss_ratio", .meaning = "0 to 1"},
    {.name = "rows[].best", .meaning = "the best policy that is not Wattle's"},
    {.name = "rows[].over_best", .meaning = "miss ratio of 'wattle' less that of the best"},
    {.name = "rows[].met", .meaning = "whether that is within the goal"},
};

const wtl_cmd wtl_cmd_bench_cache_trace = {
    .name = "bench cache-trace",
    .summary = "Replay cache traces through Wattle's cache policy beside others, and print what each missed.",
    .operands = "[TRACE...]",
    .most = 1000,
    WTL_CMD_OPTS(opts),
    WTL_CMD_EXAMPLES(examples),
    WTL_CMD_FIELDS(fields),
    .see = "bench primitives",
    .more = "Traces may be packed by gzip or xz, which are run to unpack them. Where a trace has no sizes, "
            "each object has 4493 "
            "bytes, a post-quantum session token. The generated trace has keys of 64 to 49856 bytes, the "
            "sizes of signatures, "
            "ciphertexts and tokens, asked for by Zipf's law.\n"
            "LRU to W-TinyLFU are plain programs written from the papers. 'wattle' is the policy of Wattle's "
            "cache, choosing among 16 "
            "entries, in a cache where objects cost their bytes and nothing else, as it is for the "
            "others. 'wattle cache' is "
            "the cache as programs use it, with headers, table and shards inside the same capacity, or 64 "
            "KiB if that is more. Misses "
            "on a key's first request count.",
    .run = run,
};
