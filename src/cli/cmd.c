#include "cli/cmd.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/suggest.h"

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

static const wtl_exit exits[] = {
    {0, "ok"},
    {1, "the answer is no: a signature is wrong, a file differs, a check found a problem"},
    {2, "wrong usage"},
    {3, "input or output failed"},
    {4, "malformed input"},
    {5, "refused by policy"},
    {70, "a bug in Wattle, or no memory"},
    {75, "try again later"},
};

const wtl_exit *wtl_cmd_exit_at(size_t i)
{
    return i < sizeof exits / sizeof exits[0] ? &exits[i] : NULL;
}

enum wtl_cmd_kind wtl_cmd_kind_of(const char *arg)
{
    static const struct {
        const char *word;
        enum wtl_cmd_kind kind;
    } kinds[] = {{"FILE", WTL_CMD_FILE},      {"MODEL", WTL_CMD_FILE},     {"SOURCE", WTL_CMD_FILE},
                 {"CONTAINER", WTL_CMD_FILE}, {"RECIPIENT", WTL_CMD_FILE}, {"STEM", WTL_CMD_FILE},
                 {"PATH", WTL_CMD_FILE},      {"IDENTITY", WTL_CMD_FILE},  {"KEY", WTL_CMD_FILE},
                 {"TRACE", WTL_CMD_FILE},     {"DIR", WTL_CMD_DIR},        {"COMMAND", WTL_CMD_COMMAND},
                 {"PREV", WTL_CMD_FILE}};
    if (arg == NULL || arg[0] == '\0')
        return WTL_CMD_NOTHING;
    size_t skip = strspn(arg, "[");
    size_t len = strspn(arg + skip, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strlen(kinds[i].word) == len && strncmp(arg + skip, kinds[i].word, len) == 0)
            return kinds[i].kind;
    }
    return WTL_CMD_TEXT;
}

/* "key" and "key generat" are near "key generate", and so is "generate". */
static void try_command(wtl_suggest *s, const char *name)
{
    wtl_suggest before = *s;
    wtl_suggest_try(s, name);
    const char *last = strrchr(name, ' ');
    if (last == NULL)
        return;
    wtl_suggest_try(s, last + 1);
    if (s->best != before.best)
        s->best = name;
}

/* Two words, as no command has more. */
static const char *nearest(int argc, char **argv)
{
    char two[64];
    const char *best = NULL;
    for (int words = argc > 1 ? 2 : 1; words > 0 && best == NULL; words--) {
        int n = snprintf(two, sizeof two, words == 2 ? "%s %s" : "%s", argv[0], argc > 1 ? argv[1] : "");
        if (n < 0 || (size_t)n >= sizeof two)
            continue;
        wtl_suggest s = wtl_suggest_for(two, (size_t)n);
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
            try_command(&s, all[i]->name);
        best = s.best;
    }
    return best;
}

/* "wattle key" alone: what may follow. */
static bool list_group(const char *word, wtl_buf *out)
{
    size_t len = strlen(word);
    size_t found = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (len > 0 && strncmp(all[i]->name, word, len) == 0 && all[i]->name[len] == ' ')
            wtl_buf_fmt(out, "%s%s", found++ > 0 ? ", " : "", all[i]->name + len + 1);
    }
    return found > 0;
}

int wtl_cmd_unknown(int argc, char **argv, wtl_err *err)
{
    AUTO(wtl_buf) list = {0};
    const char *best = nearest(argc, argv);
    if (list_group(argv[0], &list) && (argc == 1 || best == NULL))
        return WTL_FAIL(err, WTL_USAGE, "'wattle %s' needs one more word: %s", argv[0], wtl_buf_cstr(&list));
    wtl_buf_clear(&list);
    wtl_text_quote(&list, wtl_text_of(argv[0]));
    const char *shown = wtl_buf_cstr(&list);
    ENSURE(shown != NULL, err, WTL_NOMEM, "out of memory");
    if (best != NULL)
        return WTL_FAIL(err, WTL_USAGE, "there is no command '%s'; did you mean 'wattle %s'?", shown, best);
    return WTL_FAIL(err, WTL_USAGE, "there is no command '%s'; 'wattle -h' lists them", shown);
}

const char *wtl_cmd_group(const wtl_opt *o)
{
    return o->group != NULL ? o->group : "Options";
}

const char *wtl_cmd_group_at(const wtl_cmd *c, size_t i)
{
    const wtl_opt *o;
    for (size_t k = 0; (o = wtl_args_option(c, k)) != NULL; k++) {
        bool is_new = true;
        for (size_t before = 0; before < k; before++)
            is_new = is_new && strcmp(wtl_cmd_group(wtl_args_option(c, before)), wtl_cmd_group(o)) != 0;
        if (is_new && i-- == 0)
            return wtl_cmd_group(o);
    }
    return NULL;
}

void wtl_cmd_option_name(const wtl_opt *o, char out[64])
{
    snprintf(out, 64, "--%s%s%s", o->name, o->arg != NULL ? " " : "", o->arg != NULL ? o->arg : "");
}

void wtl_cmd_option_text(const wtl_opt *o, wtl_buf *out)
{
    wtl_buf_fmt(out, "%s%s", o->help, o->many ? " (may be repeated)" : "");
    if (o->fallback != NULL && o->arg != NULL)
        wtl_buf_fmt(out, " (default: %s)", o->fallback);
}

void wtl_cmd_synopsis(const wtl_cmd *c, wtl_buf *out)
{
    for (size_t i = 0; i < c->n_opts; i++) {
        const wtl_opt *o = &c->opt[i];
        if (o->required)
            wtl_buf_fmt(out, "--%s %s%s ", o->name, o->arg, o->many ? "..." : "");
    }
    wtl_buf_fmt(out, "[OPTIONS]%s%s", c->operands[0] != '\0' ? " " : "", c->operands);
}

static void print_group(const wtl_cmd *c, const char *group)
{
    printf("\n%s:\n", group);
    const wtl_opt *o;
    for (size_t i = 0; (o = wtl_args_option(c, i)) != NULL; i++) {
        if (strcmp(wtl_cmd_group(o), group) != 0)
            continue;
        AUTO(wtl_buf) text = {0};
        char left[64];
        wtl_cmd_option_name(o, left);
        wtl_cmd_option_text(o, &text);
        printf("  %-26s %s\n", left, wtl_buf_cstr(&text));
    }
}

void wtl_cmd_usage(const wtl_cmd *c)
{
    AUTO(wtl_buf) synopsis = {0};
    wtl_cmd_synopsis(c, &synopsis);
    printf("usage: wattle %s %s\n\n%s\n", c->name, wtl_buf_cstr(&synopsis), c->summary);
    const char *group;
    for (size_t i = 0; (group = wtl_cmd_group_at(c, i)) != NULL; i++)
        print_group(c, group);
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
    puts("\nExit codes:");
    for (size_t i = 0; i < sizeof exits / sizeof exits[0]; i++)
        printf("  %-14d %s\n", exits[i].code, exits[i].meaning);
    puts("\n'wattle COMMAND -h' explains one.");
}
