#include "cli/proxycmd.h"

#include <stdlib.h>
#include <string.h>

#include "cli/libexec.h"
#include "cli/show.h"
#include "proxyconf/proxyconf.h"

static const char program[] = "wattle-proxyd";

/* Words for the helper; borrowed from argv and the command tables. */
typedef struct words {
    const char **word;
    char **own; /* "--listen" and so on */
    size_t n;
    size_t n_own;
} words;

static void words_auto(words *w)
{
    for (size_t i = 0; i < w->n_own; i++)
        free(w->own[i]);
    free(w->own);
    free(w->word);
}

static bool is_ours(const char *name)
{
    return strcmp(name, "crypto") == 0 || strcmp(name, "json") == 0 || strcmp(name, "help") == 0 ||
           strcmp(name, "print-config") == 0;
}

/* The verb, and the options as they were given, without those that are for this program. */
static int make_words(words *w, const char *verb, const wtl_args *args, wtl_err *err)
{
    w->word = calloc(2 * args->n + 4, sizeof *w->word);
    w->own = calloc(args->n + 1, sizeof *w->own);
    ENSURE(w->word != NULL && w->own != NULL, err, WTL_NOMEM, "out of memory");
    w->word[w->n++] = verb;
    for (size_t i = 0; i < args->n; i++) {
        const wtl_opt *o = wtl_args_option(args->cmd, args->which[i]);
        if (is_ours(o->name))
            continue;
        AUTO(wtl_buf) name = {0};
        wtl_buf_fmt(&name, "--%s", o->name);
        const char *text = wtl_buf_cstr(&name);
        char *copy = text != NULL ? strdup(text) : NULL;
        ENSURE(copy != NULL, err, WTL_NOMEM, "out of memory");
        w->own[w->n_own++] = copy;
        w->word[w->n++] = copy;
        if (o->arg != NULL)
            w->word[w->n++] = args->value[i];
    }
    return WTL_OK;
}

static int print_config(const wtl_proxyconf *c, const wtl_args *args, wtl_err *err)
{
    AUTO(wtl_buf) text = {0};
    TRY(wtl_proxyconf_print(c, &text, err));
    const char *s = wtl_buf_cstr(&text);
    ENSURE(s != NULL, err, WTL_NOMEM, "out of memory");
    if (args->json)
        return wtl_show_json(json_pack("{s:s}", "config", s), err);
    fwrite(s, 1, text.n, stdout);
    return wtl_show_flush(err);
}

int wtl_proxycmd_service(const wtl_args *args, bool server, wtl_err *err)
{
    __attribute__((cleanup(words_auto))) words w = {0};
    AUTO(wtl_proxyconf) c = {0};
    TRY(make_words(&w, server ? "server" : "client", args, err));
    TRY(wtl_proxyconf_words(&c, server, w.word + 1, w.n - 1, err));
    if (wtl_args_has(args, "print-config"))
        return print_config(&c, args, err);
    return wtl_libexec_become(program, w.word, w.n, args, err);
}

int wtl_proxycmd_file(const wtl_args *args, const char *verb, wtl_err *err)
{
    __attribute__((cleanup(words_auto))) words w = {0};
    AUTO(wtl_proxyconf) c = {0};
    TRY(make_words(&w, verb, args, err));
    TRY(wtl_proxyconf_file(&c, wtl_args_get(args, "config", 0), err));
    bool runs = strcmp(verb, "run") == 0;
    if (runs && wtl_args_has(args, "print-config"))
        return print_config(&c, args, err);
    if (!runs && args->json)
        w.word[w.n++] = "--json";
    return wtl_libexec_become(program, w.word, w.n, args, err);
}

int wtl_proxycmd_status(const wtl_args *args, wtl_err *err)
{
    AUTO(wtl_proxyconf) c = {0};
    const char *control = wtl_args_get(args, "control", 0);
    const char *config = wtl_args_get(args, "config", 0);
    ENSURE(control == NULL || config == NULL, err, WTL_USAGE,
           "--control and --config both say where the proxy listens: leave one out");
    if (config != NULL) {
        TRY(wtl_proxyconf_file(&c, config, err));
        control = wtl_conf_text(c.proxy, "control", 0);
    }
    const char *word[4] = {"status"};
    size_t n = 1;
    if (control != NULL) {
        word[n++] = "--control";
        word[n++] = control;
    }
    if (args->json)
        word[n++] = "--json";
    return wtl_libexec_become(program, word, n, args, err);
}
