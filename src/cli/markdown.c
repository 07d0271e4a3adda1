#include "cli/markdown.h"

#include <stdio.h>
#include <string.h>

#include "cli/man.h"

static void put_examples(const wtl_cmd *c)
{
    if (c->n_examples == 0)
        return;
    int width = 0;
    for (size_t i = 0; i < c->n_examples; i++) {
        int n = (int)strlen(c->example[i].line);
        width = c->example[i].note != NULL && n > width ? n : width;
    }
    puts("\n## Examples\n\n```sh");
    for (size_t i = 0; i < c->n_examples; i++) {
        const wtl_example *e = &c->example[i];
        if (e->note != NULL)
            printf("%-*s  # %s\n", width, e->line, e->note);
        else
            puts(e->line);
    }
    puts("```");
}

/* A cell of a table: no bar of its own. */
static void put_cell(const char *text)
{
    for (; *text != '\0'; text++)
        printf(*text == '|' ? "\\%c" : "%c", *text);
}

static void put_fields(const wtl_cmd *c)
{
    if (c->n_fields == 0)
        return;
    puts("\n## Output for scripts\n\nWith `--json` one object:\n\n| member | meaning |\n|---|---|");
    for (size_t i = 0; i < c->n_fields; i++) {
        printf("| `%s` | ", c->field[i].name);
        put_cell(c->field[i].meaning);
        puts(" |");
    }
    puts("\nExit codes are those of [every command](../../README.md).");
}

void wtl_markdown_page(const wtl_cmd *c)
{
    puts("```text");
    wtl_cmd_usage(c);
    puts("```");
    put_examples(c);
    put_fields(c);
}

void wtl_markdown_overview(void)
{
    puts("| command | what it does |\n|---|---|");
    const wtl_cmd *c;
    for (size_t i = 0; (c = wtl_cmd_at(i)) != NULL; i++) {
        char name[64];
        printf("| [`wattle %s`](%s.md) | ", c->name, wtl_man_name(c, name));
        put_cell(c->summary);
        puts(" |");
    }
}
