#include "proxyd/status.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proxyd/ask.h"
#include "proxyd/show.h"
#include "proxyd/where.h"

struct words {
    const char *control;
    bool json;
};

static int take_words(struct words *w, const char *const *word, size_t n, wtl_err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(word[i], "--json") == 0)
            w->json = true;
        else if (strncmp(word[i], "--control=", 10) == 0)
            w->control = word[i] + 10;
        else if (strcmp(word[i], "--control") == 0 && i + 1 < n)
            w->control = word[++i];
        else
            return WTL_FAIL(err, WTL_USAGE, "--control PATH and --json are all that is taken here");
    }
    return WTL_OK;
}

static int ask_into(json_t *list, const char *socket, wtl_err *err)
{
    json_t *answer = NULL;
    TRY(wtl_ask_json(&answer, socket, "/status", err));
    json_object_set_new(answer, "control", json_string(socket));
    ENSURE(json_array_append_new(list, answer) == 0, err, WTL_NOMEM, "no memory for an answer");
    return WTL_OK;
}

static int is_control(const struct dirent *d)
{
    size_t n = strlen(d->d_name);
    return strncmp(d->d_name, "proxy", 5) == 0 && n > 5 && strcmp(d->d_name + n - 5, ".sock") == 0;
}

/* Asks one, named by folder and entry. Sockets of proxies that were killed may lie about: what does not answer is passed over. */
static int ask_entry(json_t *list, const char *folder, const char *name, wtl_err *err)
{
    AUTO(wtl_buf) path = {0};
    wtl_buf_fmt(&path, "%s/%s", folder, name);
    const char *text = wtl_buf_cstr(&path);
    ENSURE(text != NULL, err, WTL_NOMEM, "no memory for a path");
    int rc = ask_into(list, text, err);
    return rc == WTL_BUSY ? WTL_OK : rc;
}

static int ask_all(json_t *list, wtl_err *err)
{
    AUTO(wtl_buf) folder = {0};
    TRY(wtl_where_control(&folder, err));
    ENSURE(folder.n > 0, err, WTL_USAGE,
           "XDG_RUNTIME_DIR is not set: --control PATH says where the proxy's control socket is");
    const char *text = wtl_buf_cstr(&folder);
    ENSURE(text != NULL, err, WTL_NOMEM, "no memory for a path");
    struct dirent **entry = NULL;
    int n = scandir(text, &entry, is_control, alphasort);
    int rc = WTL_OK;
    for (int i = 0; i < n; i++) {
        if (rc == WTL_OK)
            rc = ask_entry(list, text, entry[i]->d_name, err);
        free(entry[i]);
    }
    free(entry);
    if (rc == WTL_OK && json_array_size(list) == 0)
        rc = WTL_FAIL(err, WTL_BUSY, "no proxy of this user runs (no socket %s/proxy*.sock answers)", text);
    return rc;
}

int wtl_status_run(const char *const *word, size_t n, wtl_err *err)
{
    struct words w = {0};
    TRY(take_words(&w, word, n, err));
    AUTO(json_t) *list = json_array();
    TRY(w.control != NULL ? ask_into(list, w.control, err) : ask_all(list, err));
    AUTO(wtl_buf) out = {0};
    if (w.json) {
        AUTO(json_t) *all = json_pack("{sO}", "proxies", list);
        TRY(wtl_show_json(all, &out, err));
    }
    for (size_t i = 0; !w.json && i < json_array_size(list); i++)
        wtl_show_status(json_array_get(list, i), &out);
    return wtl_show_out(&out, err);
}
