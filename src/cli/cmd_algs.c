#include <stdio.h>
#include <stdlib.h>

#include <libsmartcols.h>

#include "cli/cmd.h"
#include "cli/show.h"
#include "crypto/alg.h"

static const char *protection(const wtl_alg *a)
{
    if ((a->flags & WTL_ALG_HYBRID) != 0)
        return "hybrid";
    return (a->flags & WTL_ALG_PQ) != 0 ? "post-quantum" : "classical";
}

static json_t *nullable(const char *s)
{
    return s != NULL ? json_string(s) : json_null();
}

static json_t *number_or_null(json_int_t v)
{
    return v != 0 ? json_integer(v) : json_null();
}

static json_t *row_json(const wtl_alg *a)
{
    return json_pack("{s:s, s:o, s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:s}", "name",
                     a->name, "alias", nullable(a->alias), "kind", wtl_alg_kind_name(a->kind), "protection",
                     protection(a), "level", (json_int_t)a->level, "oid", nullable(a->oid),
                     "public_key_bytes", number_or_null((json_int_t)a->pub), "private_key_bytes",
                     number_or_null((json_int_t)a->seed),
                     a->kind == WTL_ALG_SIG ? "signature_bytes" : "encapsulation_bytes",
                     number_or_null((json_int_t)a->out), "shared_secret_bytes",
                     number_or_null((json_int_t)a->ss), "tls_code_point", number_or_null(a->tls), "hpke_kem",
                     number_or_null(a->hpke), "cnsa2", (a->flags & WTL_ALG_CNSA2) != 0, "key_generate",
                     (a->flags & WTL_ALG_KEYGEN) != 0, "specification", a->spec);
}

static int print_json(wtl_err *err)
{
    json_t *rows = json_array();
    const wtl_alg *a;
    for (size_t i = 0; (a = wtl_alg_at(i)) != NULL; i++)
        json_array_append_new(rows, row_json(a));
    return wtl_show_json(json_pack("{s:o}", "algorithms", rows), err);
}

static void cell(struct libscols_line *line, size_t column, size_t v)
{
    char text[24];
    snprintf(text, sizeof text, "%zu", v);
    scols_line_set_data(line, column, v != 0 ? text : "-");
}

static void row_table(struct libscols_table *t, const wtl_alg *a)
{
    struct libscols_line *line = scols_table_new_line(t, NULL);
    if (line == NULL)
        return;
    scols_line_set_data(line, 0, a->name);
    scols_line_set_data(line, 1, wtl_alg_kind_name(a->kind));
    scols_line_set_data(line, 2, protection(a));
    cell(line, 3, a->level);
    cell(line, 4, a->pub);
    cell(line, 5, a->seed);
    cell(line, 6, a->out);
    scols_line_set_data(line, 7, (a->flags & WTL_ALG_CNSA2) != 0 ? "yes" : "");
    scols_line_set_data(line, 8, a->spec);
}

static int print_table(wtl_err *err)
{
    static const char *const heads[] = {"NAME",    "KIND",   "PROTECTION", "LEVEL",        "PUBLIC",
                                        "PRIVATE", "OUTPUT", "CNSA2",      "SPECIFICATION"};
    struct libscols_table *t = scols_new_table();
    ENSURE(t != NULL, err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        scols_table_new_column(t, heads[i], 0, i >= 3 && i <= 6 ? SCOLS_FL_RIGHT : 0);
    const wtl_alg *a;
    for (size_t i = 0; (a = wtl_alg_at(i)) != NULL; i++)
        row_table(t, a);
    scols_print_table(t);
    scols_unref_table(t);
    return WTL_OK;
}

static const wtl_example examples[] = {
    {"wattle algs", NULL},
    {"wattle algs --json | jq -r '.algorithms[] | select(.cnsa2) | .name'", NULL},
};

static const wtl_field fields[] = {
    {.name = "algorithms", .meaning = "one object each; null where a notion does not apply"},
    {.name = "algorithms[].name", .meaning = "as --alg takes it"},
    {.name = "algorithms[].alias", .meaning = "another name that is taken, or null"},
    {.name = "algorithms[].kind", .meaning = "signature, kem, key agreement or tls group"},
    {.name = "algorithms[].protection", .meaning = "post-quantum, hybrid or classical"},
    {.name = "algorithms[].level", .meaning = "NIST's security category, 0 for classical ones"},
    {.name = "algorithms[].oid", .meaning = "object identifier"},
    {.name = "algorithms[].public_key_bytes", .meaning = "size"},
    {.name = "algorithms[].private_key_bytes", .meaning = "size as it is stored: seed or scalar"},
    {.name = "algorithms[].signature_bytes", .meaning = "size; of signatures", .maybe = true},
    {.name = "algorithms[].encapsulation_bytes", .meaning = "size; of the others", .maybe = true},
    {.name = "algorithms[].shared_secret_bytes", .meaning = "size"},
    {.name = "algorithms[].tls_code_point", .meaning = "signature scheme or named group"},
    {.name = "algorithms[].hpke_kem", .meaning = "identifier in HPKE"},
    {.name = "algorithms[].cnsa2", .meaning = "named by CNSA 2.0"},
    {.name = "algorithms[].key_generate", .meaning = "wattle key generate makes such keys"},
    {.name = "algorithms[].specification", .meaning = "where it is defined"},
};

static int run(const wtl_args *args, wtl_err *err)
{
    return args->json ? print_json(err) : print_table(err);
}

const wtl_cmd wtl_cmd_algs = {
    .name = "algs",
    .summary = "List the algorithms, their sizes and what they protect against.",
    .operands = "",
    WTL_CMD_EXAMPLES(examples),
    WTL_CMD_FIELDS(fields),
    .see = "key generate",
    .more = "Sizes are bytes: PRIVATE is the stored form (seed or scalar), OUTPUT a signature or an "
            "encapsulation.\n"
            "LEVEL is NIST's security category. CNSA2 marks what CNSA 2.0 names.",
    .run = run,
};
