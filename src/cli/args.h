/* A parsed command line. */
#ifndef WTL_CLI_ARGS_H
#define WTL_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

typedef struct wtl_opt {
    const char *name; /* without dashes */
    const char *arg;  /* what its value is called; NULL for a flag */
    bool many;        /* may be given several times */
    bool required;
    const char *help;
    const char *group;                 /* heading that it stands under; NULL = "Options" */
    const char *fallback;              /* what holds without it, when `help` does not say so, or NULL */
    const char *values;                /* words that it takes, one space between them, or NULL */
    const char *(*value_at)(size_t i); /* the same as a function: word i, or NULL past the end; or NULL */
} wtl_opt;

typedef struct wtl_args {
    const struct wtl_cmd *cmd;
    const char **value; /* for each occurrence: its value, or "" for a flag */
    size_t *which;      /* for each occurrence: index into the options */
    size_t n;
    const char **operand;
    size_t n_operands;
    bool json;
    bool help;
} wtl_args;
void wtl_args_free(wtl_args *a);
void wtl_args_auto(wtl_args *a);

/* Reads argv (after the command's words) by the command's table. Options and operands may be mixed; `--`
 * ends the options; `--name=value` and `--name value` are the same. WTL_USAGE with a sentence. */
int wtl_args_parse(wtl_args *a, const struct wtl_cmd *cmd, int argc, char **argv, wtl_err *err) WTL_MUST_USE;

bool wtl_args_has(const wtl_args *a, const char *name);
size_t wtl_args_count(const wtl_args *a, const char *name);
/* The i-th value of the option, or NULL. Borrowed from argv. */
const char *wtl_args_get(const wtl_args *a, const char *name, size_t i);
/* Word i of those that the option takes, into `out`; false past the end, and when any text will do. */
bool wtl_args_value(const wtl_opt *o, size_t i, char out[64]);
/* Option i of the command including the common ones, or NULL past the end. */
const wtl_opt *wtl_args_option(const struct wtl_cmd *cmd, size_t i);

#endif
