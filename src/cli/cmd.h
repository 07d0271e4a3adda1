/* A subcommand as data: its options, operands and what it does. `-h`, the checks of the command line, the
 * pages in docs/commands and the completions all come from this. */
#ifndef WTL_CLI_CMD_H
#define WTL_CLI_CMD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "cli/args.h"

typedef struct wtl_cmd {
    const char *name;     /* "sign", "key generate" */
    const char *summary;  /* half a line for the list of commands */
    const char *operands; /* as the synopsis shows them: "MODEL"; "" when there are none */
    size_t least;         /* number of operands */
    size_t most;
    const wtl_opt *opt; /* without -h and --json, which every command has */
    size_t n_opts;
    const char *more; /* paragraphs under the options, or NULL */
    int (*run)(const wtl_args *args, wtl_err *err);
} wtl_cmd;

#define CMD(id) extern const wtl_cmd wtl_cmd_##id;
#include "cli/cmds.def"
#undef CMD

#define WTL_CMD_OPTS(table) .opt = (table), .n_opts = sizeof(table) / sizeof((table)[0])

/* Row i of cmds.def, or NULL past the end. */
const wtl_cmd *wtl_cmd_at(size_t i);

/* The command that argv begins with; *used words of it name the command. NULL when there is none. */
const wtl_cmd *wtl_cmd_find(int argc, char **argv, int *used);

/* The text of `wattle CMD -h` and of `wattle -h`, on standard output. */
void wtl_cmd_help(const wtl_cmd *c);
void wtl_cmd_overview(void);

#endif
