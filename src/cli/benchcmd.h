/* What the commands that measure proxies share. */
#ifndef WTL_CLI_BENCHCMD_H
#define WTL_CLI_BENCHCMD_H

#include <jansson.h>
#include <libsmartcols.h>

#include "base/buf.h"
#include "bench/version.h"
#include "cli/args.h"

/* Rows of a command's table: the programs to compare with. */
#define WTL_BENCHCMD_PEERS                                                                                \
    {.name = "nginx", .arg = "PROGRAM", .help = "compare with nginx, its stream module (default: not)"},  \
        {.name = "haproxy", .arg = "PROGRAM", .help = "compare with HAProxy in tcp mode (default: not)"}, \
        {.name = "stunnel", .arg = "PROGRAM", .help = "compare with stunnel (default: not)"},             \
        {.name = "nginx-wattle",                                                                          \
         .arg = "PROGRAM",                                                                                \
         .help = "compare with nginx that loads wattle.so: a script that sets OPENSSL_CONF (default: not)"}

/* The programs of the options, and our own proxy, whose path lies in `own`. */
int wtl_benchcmd_programs(wtl_target_programs *p, wtl_buf *own, const wtl_args *args,
                          wtl_err *err) WTL_MUST_USE;

/* The option's number, from 1 to `most`, or `fallback` when it is not given. */
int wtl_benchcmd_number(size_t *out, const wtl_args *args, const char *option, size_t fallback, size_t most,
                        wtl_err *err) WTL_MUST_USE;

/* The option's word, one of `word_at`, or NULL when it is not given. */
int wtl_benchcmd_word(const char **out, const wtl_args *args, const char *option,
                      const char *(*word_at)(size_t i), wtl_err *err) WTL_MUST_USE;

/* The programs that ran and their versions, as {"server": ..., "version": ...}. */
json_t *wtl_benchcmd_programs_json(char version[WTL_TARGET_KINDS][WTL_VERSION_ROOM]);
/* The same and this machine as lines below a table. */
void wtl_benchcmd_print_programs(char version[WTL_TARGET_KINDS][WTL_VERSION_ROOM], bool pinned);
#define WTL_BENCHCMD_FIELDS                                                                   \
    {.name = "openssl", .meaning = "version of the OpenSSL that Wattle and the clients use"}, \
        {.name = "machine", .meaning = "the processor as the system names it"},               \
        {.name = "pinned", .meaning = "the proxies ran on another processor than the load"},  \
        {.name = "programs", .meaning = "one object for each program that was measured"},     \
        {.name = "programs[].server", .meaning = "its name in the rows"},                     \
        {.name = "programs[].version", .meaning = "what it says of itself, or empty"},        \
        {.name = "rounds", .meaning = "turns of each, of which the medians are told"}

/* v, or null for 0. */
json_t *wtl_benchcmd_real(double v);

/* A number with so many decimals in a column; nothing for 0. */
void wtl_benchcmd_cell(struct libscols_line *line, size_t column, double v, int decimals);

#endif
