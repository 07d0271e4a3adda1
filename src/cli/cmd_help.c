#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/complete.h"
#include "cli/man.h"
#include "cli/markdown.h"
#include "cli/show.h"

static const wtl_opt opts[] = {
    {.name = "format",
     .arg = "NAME",
     .values = "text man markdown bash zsh names",
     .help = "text (default), man, markdown, bash or zsh (completion), names (one a line)"},
};

static json_t *nullable(const char *s)
{
    return s != NULL && s[0] != '\0' ? json_string(s) : json_null();
}

static json_t *values_json(const wtl_opt *o)
{
    json_t *list = json_array();
    char word[64];
    for (size_t i = 0; wtl_args_value(o, i, word); i++)
        json_array_append_new(list, json_string(word));
    return list;
}

static json_t *options_json(const wtl_cmd *c)
{
    json_t *list = json_array();
    const wtl_opt *o;
    for (size_t i = 0; (o = wtl_args_option(c, i)) != NULL; i++)
        json_array_append_new(list, json_pack("{s:s, s:o, s:b, s:b, s:s, s:s, s:o, s:o}", "name", o->name,
                                              "value", nullable(o->arg), "required", o->required, "many",
                                              o->many, "help", o->help, "group", wtl_cmd_group(o), "default",
                                              nullable(o->fallback), "words", values_json(o)));
    return list;
}

static json_t *fields_json(const wtl_cmd *c)
{
    json_t *list = json_array();
    for (size_t i = 0; i < c->n_fields; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "name", c->field[i].name, "meaning",
                                              c->field[i].meaning, "maybe", c->field[i].maybe));
    return list;
}

static json_t *examples_json(const wtl_cmd *c)
{
    json_t *list = json_array();
    for (size_t i = 0; i < c->n_examples; i++)
        json_array_append_new(
            list, json_pack("{s:s, s:o}", "line", c->example[i].line, "note", nullable(c->example[i].note)));
    return list;
}

static json_t *command_json(const wtl_cmd *c)
{
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "name", c->name, "summary", c->summary,
                     "operands", nullable(c->operands), "options", options_json(c), "more", nullable(c->more),
                     "members", fields_json(c), "examples", examples_json(c), "see", nullable(c->see));
}

static int print_json(const wtl_cmd *only, wtl_err *err)
{
    json_t *list = json_array();
    const wtl_cmd *c;
    for (size_t i = 0; (c = wtl_cmd_at(i)) != NULL; i++) {
        if (only == NULL || only == c)
            json_array_append_new(list, command_json(c));
    }
    return wtl_show_json(json_pack("{s:o}", "commands", list), err);
}

static int print_names(void)
{
    const wtl_cmd *c;
    for (size_t i = 0; (c = wtl_cmd_at(i)) != NULL; i++)
        puts(c->name);
    return WTL_OK;
}

static int print(const char *format, const wtl_cmd *c, wtl_err *err)
{
    if (strcmp(format, "text") == 0)
        c != NULL ? wtl_cmd_usage(c) : wtl_cmd_overview();
    else if (strcmp(format, "man") == 0)
        c != NULL ? wtl_man_page(c) : wtl_man_overview();
    else if (strcmp(format, "markdown") == 0)
        c != NULL ? wtl_markdown_page(c) : wtl_markdown_overview();
    else if (c != NULL)
        return WTL_FAIL(err, WTL_USAGE, "--format text, man or markdown is for one command; %s is for all",
                        format);
    else if (strcmp(format, "bash") == 0)
        wtl_complete_bash();
    else if (strcmp(format, "zsh") == 0)
        wtl_complete_zsh();
    else
        return print_names();
    return WTL_OK;
}

static int check_format(const char *format, wtl_err *err)
{
    char word[64];
    for (size_t i = 0; wtl_args_value(&opts[0], i, word); i++) {
        if (strcmp(word, format) == 0)
            return WTL_OK;
    }
    return WTL_FAIL(err, WTL_USAGE, "--format takes one of %s, not '%s'", opts[0].values, format);
}

static int run(const wtl_args *args, wtl_err *err)
{
    const wtl_cmd *c = NULL;
    if (args->n_operands > 0) {
        char *words[2] = {(char *)(uintptr_t)args->operand[0], NULL};
        int n = 1;
        if (args->n_operands > 1)
            words[n++] = (char *)(uintptr_t)args->operand[1];
        int used = 0;
        c = wtl_cmd_find(n, words, &used);
        if (c == NULL || used < n)
            return wtl_cmd_unknown(n, words, err);
    }
    const char *format = wtl_args_get(args, "format", 0);
    if (args->json)
        return print_json(c, err);
    if (format != NULL)
        TRY(check_format(format, err));
    return print(format != NULL ? format : "text", c, err);
}

static const wtl_example examples[] = {
    {"wattle help key generate", NULL},
    {"source <(wattle help --format bash)", "completion in this shell"},
    {"wattle help --format man sign | man -l -", NULL},
    {"wattle help --json | jq -r '.commands[].name'", NULL},
};

static const wtl_field fields[] = {
    {"commands", "every command, or the one asked for", false},
    {"commands[].name", "its words", false},
    {"commands[].summary", "what it does", false},
    {"commands[].operands", "what follows the options, or null", false},
    {"commands[].options", "its options", false},
    {"commands[].options[].name", "without dashes", false},
    {"commands[].options[].value", "what its value is called; null for a flag", false},
    {"commands[].options[].required", "must be given", false},
    {"commands[].options[].many", "may be repeated", false},
    {"commands[].options[].help", "what it does", false},
    {"commands[].options[].group", "the heading that it stands under", false},
    {"commands[].options[].default", "what holds without it, or null", false},
    {"commands[].options[].words", "the values that it takes, where there is a list", false},
    {"commands[].more", "the text under the options, or null", false},
    {"commands[].members", "what its --json prints: name, meaning, maybe (absent at times)", false},
    {"commands[].members[].name", "signatures[].path is the member path of each element of signatures",
     false},
    {"commands[].members[].meaning", "what it says", false},
    {"commands[].members[].maybe", "absent at times", false},
    {"commands[].examples", "command lines", false},
    {"commands[].examples[].line", "the command", false},
    {"commands[].examples[].note", "what it does, or null", false},
    {"commands[].see", "related commands, or null", false},
};

const wtl_cmd wtl_cmd_help = {
    .name = "help",
    .summary = "Explain a command, or make its manual page and the shells' completion.",
    .operands = "[COMMAND]",
    .most = 2,
    WTL_CMD_OPTS(opts),
    WTL_CMD_EXAMPLES(examples),
    WTL_CMD_FIELDS(fields),
    .see = "version, doctor",
    .plain = true,
    .more =
        "Without COMMAND all are listed. Everything printed comes from the tables that the command line is "
        "read with.",
    .run = run,
};
