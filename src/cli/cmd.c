#include "cli/cmd.h"

#include <stdio.h>
#include <string.h>

static const wtl_cmd *const all[] = {
#define CMD(id) &wtl_cmd_##id,
#include "cli/cmds.def"
#undef CMD
};

const wtl_cmd *wtl_cmd_at(size_t i)
{
    return i < sizeof all / sizeof all[0] ? all[i] : NULL;
}

/* How many leading words of argv spell `name`; 0 when they do not. */
static int words_matched(const char *name, int argc, char **argv)
{
    int n = 0;
    while (*name != '\0') {
        size_t len = strcspn(name, " ");
        if (n >= argc || strlen(argv[n]) != len || strncmp(argv[n], name, len) != 0)
            return 0;
        n++;
        name += len + (name[len] == ' ');
    }
    return n;
}

const wtl_cmd *wtl_cmd_find(int argc, char **argv, int *used)
{
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        *used = words_matched(all[i]->name, argc, argv);
        if (*used > 0)
            return all[i];
    }
    return NULL;
}

static void print_synopsis(const wtl_cmd *c)
{
    printf("usage: wattle %s", c->name);
    for (size_t i = 0; i < c->n_opts; i++) {
        const wtl_opt *o = &c->opt[i];
        if (o->required)
            printf(" --%s %s%s", o->name, o->arg, o->many ? "..." : "");
    }
    printf(" [OPTIONS]%s%s\n", c->operands[0] != '\0' ? " " : "", c->operands);
}

void wtl_cmd_help(const wtl_cmd *c)
{
    print_synopsis(c);
    printf("\n%s\n\nOptions:\n", c->summary);
    const wtl_opt *o;
    for (size_t i = 0; (o = wtl_args_option(c, i)) != NULL; i++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", o->name, o->arg != NULL ? " " : "",
                 o->arg != NULL ? o->arg : "");
        printf("  %-26s %s%s\n", left, o->help, o->many ? " (may be repeated)" : "");
    }
    if (c->more != NULL)
        printf("\n%s\n", c->more);
}

void wtl_cmd_overview(void)
{
    puts("usage: wattle COMMAND [OPTIONS] ...\n\n"
         "Protects AI models against quantum attackers: signs, verifies, seals and opens them.\n\n"
         "Commands:");
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        printf("  %-14s %s\n", all[i]->name, all[i]->summary);
    puts("\n'wattle COMMAND -h' explains one. Exit codes: 0 ok; 1 the answer is no; 2 usage; 3 input or "
         "output;\n"
         "4 malformed input; 5 refused by policy; 75 try again; 70 a bug in Wattle.");
}
