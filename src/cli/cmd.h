/* A subcommand as data: its options, operands and what it does. `-h`, the checks of the command line, the
 * pages in docs/commands and the completions all come from this. */
#ifndef WTL_CLI_CMD_H
#define WTL_CLI_CMD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/args.h"

/* A command line as somebody would type it. */
typedef struct wtl_example {
    const char *line;
    const char *note; /* what it does, or NULL when that is plain */
} wtl_example;

/* A member of the object that --json prints. */
typedef struct wtl_field {
    const char *name; /* "root"; below a list or an object "signatures[].path" */
    const char *meaning;
    bool maybe; /* absent at times; the meaning says when */
} wtl_field;

/* What every command may exit with. */
typedef struct wtl_exit {
    int code;
    const char *meaning;
} wtl_exit;

typedef struct wtl_cmd {
    const char *name;     /* "sign", "key generate" */
    const char *summary;  /* a sentence */
    const char *operands; /* as the synopsis shows them: "MODEL"; "" when there are none */
    size_t least;         /* number of operands */
    size_t most;
    const wtl_opt *opt; /* without -h and --json, which every command has */
    size_t n_opts;
    const char *more; /* paragraphs under the options, or NULL; lines that begin with two spaces stay lines */
    const wtl_example *example;
    size_t n_examples;
    const wtl_field *field; /* what --json prints; none = the page says it by hand */
    size_t n_fields;
    const char *see; /* related commands, ", " between them, or NULL */
    bool plain;      /* runs without the crypto library */
    int (*run)(const wtl_args *args, wtl_err *err);
} wtl_cmd;

#define CMD(id) extern const wtl_cmd wtl_cmd_##id;
#include "cli/cmds.def"
#undef CMD

#define WTL_CMD_OPTS(table) .opt = (table), .n_opts = sizeof(table) / sizeof((table)[0])

#define WTL_CMD_EXAMPLES(table) .example = (table), .n_examples = sizeof(table) / sizeof((table)[0])
#define WTL_CMD_FIELDS(table) .field = (table), .n_fields = sizeof(table) / sizeof((table)[0])

/* Row i of cmds.def, or NULL past the end. */
const wtl_cmd *wtl_cmd_at(size_t i);

/* The command that argv begins with; *used words of it name the command. NULL when there is none. */
const wtl_cmd *wtl_cmd_find(int argc, char **argv, int *used);

/* Says what argv should perhaps have been (WTL_USAGE). */
int wtl_cmd_unknown(int argc, char **argv, wtl_err *err) WTL_MUST_USE;

/* Exit code i, or NULL past the end. */
const wtl_exit *wtl_cmd_exit_at(size_t i);

/* What kind of thing an operand or an option's value is, told by what it is called: a new table completes
 * without new code. */
enum wtl_cmd_kind { WTL_CMD_NOTHING, WTL_CMD_TEXT, WTL_CMD_FILE, WTL_CMD_DIR, WTL_CMD_COMMAND };
enum wtl_cmd_kind wtl_cmd_kind_of(const char *arg);

/* The i-th heading of the command's options, or NULL past the end; option k stands under it when
 * wtl_cmd_group(o) is the same text. */
const char *wtl_cmd_group(const wtl_opt *o);
const char *wtl_cmd_group_at(const wtl_cmd *c, size_t i);

/* "--key FILE", and its help as every page has it. */
void wtl_cmd_option_name(const wtl_opt *o, char out[64]);
void wtl_cmd_option_text(const wtl_opt *o, wtl_buf *out);

/* Words after "wattle <name> " in the synopsis. */
void wtl_cmd_synopsis(const wtl_cmd *c, wtl_buf *out);

/* The text of `wattle CMD -h` and of `wattle -h`, on standard output. */
void wtl_cmd_usage(const wtl_cmd *c);
void wtl_cmd_overview(void);

#endif
