#include "cli/args.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "base/suggest.h"

static const wtl_opt common[] = {
    {.name = "crypto",
     .arg = "WHOSE",
     .values = "wattle openssl fips",
     .help = "who computes: Wattle's kernels (the default), OpenSSL's own code, or OpenSSL's FIPS module",
     .group = "Every command"},
    {.name = "json", .help = "print the result as one JSON object", .group = "Every command"},
    {.name = "help", .help = "print this help; also -h", .group = "Every command"},
};

const wtl_opt *wtl_args_option(const wtl_cmd *cmd, size_t i)
{
    if (i < cmd->n_opts)
        return &cmd->opt[i];
    i -= cmd->n_opts;
    return i < sizeof common / sizeof common[0] ? &common[i] : NULL;
}

bool wtl_args_value(const wtl_opt *o, size_t i, char out[64])
{
    const char *word = o->value_at != NULL ? o->value_at(i) : NULL;
    size_t len = word != NULL ? strlen(word) : 0;
    if (o->value_at == NULL && o->values != NULL) {
        word = o->values;
        for (; i > 0 && *word != '\0'; i--)
            word += strcspn(word, " ") + (strchr(word, ' ') != NULL);
        len = strcspn(word, " ");
    }
    if (len == 0 || len >= 64)
        return false;
    memcpy(out, word, len);
    out[len] = '\0';
    return true;
}

void wtl_args_free(wtl_args *a)
{
    free(a->value);
    free(a->which);
    free(a->operand);
    *a = (wtl_args){0};
}

void wtl_args_auto(wtl_args *a)
{
    wtl_args_free(a);
}

static const wtl_opt *find(const wtl_cmd *cmd, const char *name, size_t len, size_t *index)
{
    const wtl_opt *o;
    for (size_t i = 0; (o = wtl_args_option(cmd, i)) != NULL; i++) {
        if (strlen(o->name) == len && strncmp(o->name, name, len) == 0) {
            *index = i;
            return o;
        }
    }
    return NULL;
}

/* "; did you mean --force?" when an option's name is near, else "". */
static int no_option(const wtl_cmd *cmd, const char *word, size_t len, wtl_err *err)
{
    wtl_suggest s = wtl_suggest_for(word, len);
    const wtl_opt *o;
    for (size_t i = 0; (o = wtl_args_option(cmd, i)) != NULL; i++)
        wtl_suggest_try(&s, o->name);
    if (s.best != NULL)
        return WTL_FAIL(err, WTL_USAGE, "there is no option --%.*s; did you mean --%s?", (int)len, word,
                        s.best);
    return WTL_FAIL(err, WTL_USAGE, "there is no option --%.*s; 'wattle %s -h' lists the options", (int)len,
                    word, cmd->name);
}

/* One `--option`, perhaps with the next word as its value; *i moves past what was used. */
static int take_option(wtl_args *a, int argc, char **argv, int *i, wtl_err *err)
{
    const char *word = argv[*i] + 2;
    size_t len = strcspn(word, "=");
    const char *value = word[len] == '=' ? word + len + 1 : NULL;
    size_t index;
    const wtl_opt *o = find(a->cmd, word, len, &index);
    if (o == NULL)
        return no_option(a->cmd, word, len, err);
    if (o->arg == NULL) {
        ENSURE(value == NULL, err, WTL_USAGE, "the option --%s takes no value", o->name);
        value = "";
    } else if (value == NULL) {
        ENSURE(*i + 1 < argc, err, WTL_USAGE, "the option --%s needs a value, %s", o->name, o->arg);
        value = argv[++*i];
    }
    for (size_t k = 0; k < a->n && !o->many && o->arg != NULL; k++)
        ENSURE(a->which[k] != index, err, WTL_USAGE, "the option --%s can be given only once", o->name);
    a->which[a->n] = index;
    a->value[a->n++] = value;
    return WTL_OK;
}

static int check_counts(const wtl_args *a, wtl_err *err)
{
    const wtl_cmd *c = a->cmd;
    ENSURE(a->n_operands >= c->least, err, WTL_USAGE, "%s is missing; 'wattle %s -h' shows how to call it",
           c->operands, c->name);
    ENSURE(a->n_operands <= c->most, err, WTL_USAGE,
           "'%s' is one word too many; 'wattle %s -h' shows how to call it", a->operand[c->most], c->name);
    for (size_t i = 0; i < c->n_opts; i++)
        ENSURE(!c->opt[i].required || wtl_args_has(a, c->opt[i].name), err, WTL_USAGE,
               "the option --%s %s is missing; 'wattle %s -h' shows how to call it", c->opt[i].name,
               c->opt[i].arg, c->name);
    return WTL_OK;
}

int wtl_args_parse(wtl_args *a, const wtl_cmd *cmd, int argc, char **argv, wtl_err *err)
{
    size_t room = (size_t)argc + 1;
    *a = (wtl_args){.cmd = cmd};
    a->value = calloc(room, sizeof *a->value);
    a->which = calloc(room, sizeof *a->which);
    a->operand = calloc(room, sizeof *a->operand);
    ENSURE(a->value != NULL && a->which != NULL && a->operand != NULL, err, WTL_NOMEM, "out of memory");
    bool options = true;
    for (int i = 0; i < argc; i++) {
        const char *w = argv[i];
        if (options && strcmp(w, "--") == 0)
            options = false;
        else if (options && strcmp(w, "-h") == 0)
            a->help = true;
        else if (options && strncmp(w, "--", 2) == 0)
            TRY(take_option(a, argc, argv, &i, err));
        else if (options && w[0] == '-' && w[1] != '\0')
            return WTL_FAIL(err, WTL_USAGE, "there is no option %s; 'wattle %s -h' lists the options", w,
                            cmd->name);
        else
            a->operand[a->n_operands++] = w;
    }
    a->json = wtl_args_has(a, "json");
    a->help = a->help || wtl_args_has(a, "help");
    return a->help ? WTL_OK : check_counts(a, err);
}

static bool is_named(const wtl_args *a, size_t k, const char *name)
{
    return strcmp(wtl_args_option(a->cmd, a->which[k])->name, name) == 0;
}

size_t wtl_args_count(const wtl_args *a, const char *name)
{
    size_t index;
    assert(find(a->cmd, name, strlen(name), &index) != NULL);
    (void)index;
    size_t n = 0;
    for (size_t k = 0; k < a->n; k++)
        n += is_named(a, k, name);
    return n;
}

bool wtl_args_has(const wtl_args *a, const char *name)
{
    return wtl_args_count(a, name) > 0;
}

const char *wtl_args_get(const wtl_args *a, const char *name, size_t i)
{
    for (size_t k = 0; k < a->n; k++) {
        if (is_named(a, k, name) && i-- == 0)
            return a->value[k];
    }
    return NULL;
}
