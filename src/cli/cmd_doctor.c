#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libsmartcols.h>

#include "cli/cmd.h"
#include "cli/doctor.h"
#include "cli/doctor_machine.h"
#include "cli/doctor_path.h"
#include "cli/doctor_served.h"
#include "cli/show.h"

static const wtl_opt opts[] = {
    {.name = "keys", .arg = "DIR", .many = true, .help = "look at the keys and certificates of this folder"},
    {.name = "openssl-conf",
     .arg = "FILE",
     .many = true,
     .help =
         "say which provider serves programs that are started with this openssl.cnf; loads what it names"},
    {.name = "days", .arg = "N", .help = "warn of certificates that expire within N days (default: 30)"},
};

static json_t *row_json(const wtl_doctor_row *r)
{
    return json_pack("{s:s, s:s, s:o, s:o, s:o}", "result", wtl_doctor_level_name(r->level), "check",
                     r->check, "subject", r->subject != NULL ? wtl_show_json_name(r->subject) : json_null(),
                     "text", wtl_show_json_name(r->text), "advice",
                     r->advice != NULL ? json_string(r->advice) : json_null());
}

static int print_json(const wtl_doctor *d, wtl_err *err)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < d->n; i++)
        json_array_append_new(rows, row_json(&d->row[i]));
    size_t problems = wtl_doctor_count(d, WTL_DOCTOR_PROBLEM);
    return wtl_show_json(json_pack("{s:b, s:I, s:I, s:I, s:o}", "healthy", problems == 0, "problems",
                                   (json_int_t)problems, "warnings",
                                   (json_int_t)wtl_doctor_count(d, WTL_DOCTOR_WARNING), "notes",
                                   (json_int_t)wtl_doctor_count(d, WTL_DOCTOR_NOTE), "checks", rows),
                         err);
}

/* How much of the text goes into a line of `width` columns, in bytes: whole words where one fits. A column is
 * taken as one character of UTF-8. */
static size_t line_length(const char *text, size_t width)
{
    size_t columns = 0;
    size_t word = 0;
    size_t n = 0;
    for (; text[n] != '\0' && text[n] != '\n'; n++) {
        columns += ((uint8_t)text[n] & 0xc0) != 0x80;
        if (columns > width)
            return word > 0 ? word : n;
        if (text[n] == ' ')
            word = n;
    }
    return n;
}

static int add_line(struct libscols_table *t, const char *result, const char *check, const char *text,
                    size_t n)
{
    struct libscols_line *line = scols_table_new_line(t, NULL);
    AUTO(wtl_buf) part = {0};
    wtl_buf_add(&part, text, n);
    if (line == NULL || wtl_buf_cstr(&part) == NULL)
        return -1;
    scols_line_set_data(line, 0, result);
    scols_line_set_data(line, 1, check);
    return scols_line_set_data(line, 2, wtl_buf_cstr(&part));
}

/* One line, or as many as the terminal's width asks for; what libsmartcols breaks itself it breaks within words. */
static int row_table(struct libscols_table *t, const wtl_doctor_row *r, size_t width)
{
    AUTO(wtl_buf) text = {0};
    wtl_buf_fmt(&text, "%s%s%s", r->subject != NULL ? wtl_show_name(r->subject) : "",
                r->subject != NULL ? ": " : "", r->text);
    if (r->advice != NULL)
        wtl_buf_fmt(&text, "%s-> %s", width < SIZE_MAX ? "\n" : " ", r->advice);
    const char *p = wtl_buf_cstr(&text);
    size_t n = p != NULL ? line_length(p, width) : 0;
    int bad = p == NULL ? -1 : add_line(t, wtl_doctor_level_name(r->level), r->check, p, n);
    while (bad == 0 && *(p += n + (p[n] == ' ' || p[n] == '\n')) != '\0') {
        n = line_length(p, width);
        bad = add_line(t, "", "", p, n);
    }
    return bad;
}

/* Of the last column, behind "problem core dumps  "; no limit where nobody looks. */
static size_t text_width(const struct libscols_table *t)
{
    enum { BEFORE = 20, LEAST = 20 };
    size_t all = scols_table_get_termwidth(t);
    if (!isatty(STDOUT_FILENO) || all == 0)
        return SIZE_MAX;
    return all > BEFORE + LEAST ? all - BEFORE : LEAST;
}

static int print_table(const wtl_doctor *d, wtl_err *err)
{
    struct libscols_table *t = scols_new_table();
    ENSURE(t != NULL, err, WTL_NOMEM, "out of memory");
    scols_table_enable_noencoding(t, 1); /* every name is quoted already */
    scols_table_new_column(t, "RESULT", 0, 0);
    scols_table_new_column(t, "CHECK", 0, 0);
    scols_table_new_column(t, "WHAT", 0, 0);
    int bad = 0;
    for (size_t i = 0; i < d->n && bad == 0; i++)
        bad = row_table(t, &d->row[i], text_width(t));
    if (bad == 0)
        scols_print_table(t);
    scols_unref_table(t);
    ENSURE(bad == 0, err, WTL_NOMEM, "out of memory");
    return WTL_OK;
}

static int parse_days(wtl_doctor *d, const char *text, wtl_err *err)
{
    enum { DEFAULT_DAYS = 30, MOST = 36500, DAY = 86400 };
    long days = DEFAULT_DAYS;
    char *end = NULL;
    if (text != NULL)
        days = strtol(text, &end, 10);
    ENSURE(text == NULL || (text[0] >= '0' && text[0] <= '9' && *end == '\0' && days <= MOST), err, WTL_USAGE,
           "--days takes a number of days from 0 to %d, not '%s'", MOST, text);
    d->soon = (int64_t)days * DAY;
    return WTL_OK;
}

static int verdict(const wtl_doctor *d, wtl_err *err)
{
    size_t problems = wtl_doctor_count(d, WTL_DOCTOR_PROBLEM);
    ENSURE(problems == 0, err, WTL_NO, "%zu problem%s found; the table says what to do", problems,
           problems == 1 ? " was" : "s were");
    return WTL_OK;
}

static int run(const wtl_args *args, wtl_err *err)
{
    AUTO(wtl_doctor) d = {.now = (int64_t)time(NULL)};
    TRY(parse_days(&d, wtl_args_get(args, "days", 0), err));
    wtl_doctor_machine(&d);
    wtl_doctor_served(&d);
    for (size_t i = 0; i < wtl_args_count(args, "openssl-conf"); i++)
        wtl_doctor_served_conf(&d, wtl_args_get(args, "openssl-conf", i));
    size_t folders = wtl_args_count(args, "keys");
    for (size_t i = 0; i < folders; i++)
        wtl_doctor_path(&d, wtl_args_get(args, "keys", i));
    for (size_t i = 0; i < args->n_operands; i++)
        wtl_doctor_path(&d, args->operand[i]);
    if (wtl_doctor_is_new(&d, "."))
        wtl_doctor_path_leftovers(&d, ".");
    ENSURE(!d.no_memory, err, WTL_NOMEM, "out of memory");
    TRY(args->json ? print_json(&d, err) : print_table(&d, err));
    return verdict(&d, err);
}

static const wtl_example examples[] = {
    {"wattle doctor", "this machine"},
    {"wattle doctor --keys ~/keys --days 60", "and every key and certificate in a folder"},
    {"wattle doctor --openssl-conf /etc/nginx/openssl.cnf", "does nginx get Wattle's kernels?"},
    {"wattle doctor signer.key chain.pem model.wtl", NULL},
    {"wattle doctor --json | jq -r '.checks[] | select(.result == \"problem\") | .text'", NULL},
};

static const wtl_field fields[] = {
    {"healthy", "there is no problem", false},
    {"problems", "how many", false},
    {"warnings", "how many", false},
    {"notes", "how many", false},
    {"checks", "what was looked at, in order", false},
    {"checks[].result", "ok, note, warning or problem", false},
    {"checks[].check",
     "openssl, providers, algorithms, self-check, memory, core dumps, processor, kernels, randomness, clock, "
     "environment, served, validation; "
     "of paths permissions, passphrase, algorithm, key, certificate, container, leftover, file",
     false},
    {"checks[].subject", "the file or folder, or null", false},
    {"checks[].text", "what was found", false},
    {"checks[].advice", "what to do, or null", false},
};

const wtl_cmd wtl_cmd_doctor = {
    .name = "doctor",
    .summary = "Check this machine, and keys, certificates and containers, and say what to do.",
    .operands = "[PATH]...",
    .most = 10000,
    WTL_CMD_OPTS(opts),
    WTL_CMD_EXAMPLES(examples),
    WTL_CMD_FIELDS(fields),
    .see = "key show, info, version",
    .more =
        "PATH is a key, a certificate chain in PEM, a container, or a folder with such files. Looked at are\n"
        "OpenSSL, the algorithms, memory, randomness and clock; of files also who can read or replace them,\n"
        "passphrases, classical keys, dates of certificates, and what killed commands left behind. Nothing\n"
        "is changed and no network is used. Exit code 0 means that there is no problem; 1 that there is one.",
    .run = run,
};
