#include "proxyd/source.h"

#include <string.h>

static int take_config(wtl_source *s, const char *const *word, size_t n, wtl_err *err)
{
    for (size_t i = 0; i < n; i++) {
        const char *value = NULL;
        if (strncmp(word[i], "--config=", 9) == 0)
            value = word[i] + 9;
        else if (strcmp(word[i], "--config") == 0 && i + 1 < n)
            value = word[++i];
        ENSURE(value != NULL && value[0] != '\0', err, WTL_USAGE, "--config FILE is all that is taken here");
        ENSURE(s->path == NULL, err, WTL_USAGE, "--config is given twice");
        s->path = value;
    }
    ENSURE(s->path != NULL, err, WTL_USAGE, "--config FILE is missing: the proxy's settings");
    return WTL_OK;
}

int wtl_source_words(wtl_source *s, const char *role, const char *const *word, size_t n, wtl_err *err)
{
    *s = (wtl_source){.server = strcmp(role, "server") == 0, .word = word, .n = n};
    if (s->server || strcmp(role, "client") == 0)
        return WTL_OK;
    return take_config(s, word, n, err);
}

int wtl_source_load(const wtl_source *s, wtl_proxyconf *out, wtl_err *err)
{
    if (s->path != NULL)
        return wtl_proxyconf_file(out, s->path, err);
    return wtl_proxyconf_words(out, s->server, s->word, s->n, err);
}
