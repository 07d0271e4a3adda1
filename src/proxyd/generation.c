#include "proxyd/generation.h"

#include <stdlib.h>

#include "proxyd/watch.h"

int wtl_generation_new(wtl_generation **out, unsigned id, const wtl_source *source, wtl_err *err)
{
    wtl_generation *g = calloc(1, sizeof *g);
    ENSURE(g != NULL, err, WTL_NOMEM, "no memory for a configuration");
    g->id = id;
    static const wtl_proxyconf nothing;
    uint64_t before = wtl_watch_sign(&nothing, source->path);
    int rc = wtl_source_load(source, &g->conf, err);
    if (rc < 0) {
        wtl_generation_free(g);
        return rc;
    }
    /* A file that changed while it was read is to be read again. */
    g->files = before == wtl_watch_sign(&nothing, source->path) ? wtl_watch_sign(&g->conf, source->path) : 0;
    *out = g;
    return WTL_OK;
}

int wtl_generation_bind(wtl_generation *g, wtl_listen_set *set, wtl_err *err)
{
    g->set = set;
    for (size_t i = 0; i < g->conf.n; i++) {
        const wtl_proxyconf_service *s = &g->conf.service[i];
        int rc = wtl_listen_take(set, s->name, wtl_conf_text(s->conf, "listen", 0), &g->place[i], err);
        if (rc < 0) {
            wtl_err_prefix(err, "%s: ", s->name);
            return rc;
        }
        g->n_places++;
    }
    return WTL_OK;
}

void wtl_generation_unbind(wtl_generation *g)
{
    while (g->n_places > 0)
        wtl_listen_drop(g->set, g->place[--g->n_places]);
}

void wtl_generation_free(wtl_generation *g)
{
    if (g == NULL)
        return;
    wtl_generation_unbind(g);
    wtl_proxyconf_free(&g->conf);
    free(g);
}

int wtl_generation_listen(const wtl_generation *g, wtl_err *err)
{
    for (size_t i = 0; i < g->n_places; i++)
        TRY(wtl_listen_begin(g->place[i], err));
    return WTL_OK;
}

void wtl_generation_away(const wtl_generation *g, unsigned index)
{
    for (size_t i = 0; i < g->n_places; i++)
        wtl_listen_away(g->place[i], index);
}

int wtl_generation_back(const wtl_generation *g, unsigned index, wtl_err *err)
{
    for (size_t i = 0; i < g->n_places; i++)
        TRY(wtl_listen_back(g->place[i], index, err));
    return WTL_OK;
}

int wtl_generation_start(wtl_generation *g, wtl_crew *crew, unsigned index, int log, wtl_err *err)
{
    wtl_worker_plan plan = {.conf = &g->conf, .board = crew->board, .log = log, .first = index == 0};
    for (size_t i = 0; i < g->n_places; i++)
        plan.listener[i] = wtl_listen_fd(g->place[i], index);
    TRY(wtl_crew_start(crew, &plan, g, index, g->id, err));
    g->members++;
    return WTL_OK;
}

bool wtl_generation_has_client(const wtl_generation *g)
{
    bool any = false;
    for (size_t i = 0; i < g->conf.n; i++)
        any = any || !g->conf.service[i].server;
    return any;
}
