#include "seal/gather.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void wtl_gather_auto(wtl_gather *g)
{
    for (size_t i = 0; i < g->n_paths; i++)
        wtl_walk_free(&g->walk[i]);
    wtl_in_close(&g->in);
    for (size_t i = 0; i < g->n_names; i++)
        free(g->name[i]);
    free(g->walk);
    free(g->name);
    free(g->source);
    *g = (wtl_gather){.in = {.fd = -1}};
}

/* Room for one element more in a list; NULL when memory ran out. */
static void *more(void *list, size_t n, size_t *room, size_t each)
{
    if (n < *room)
        return list;
    size_t next = *room == 0 ? 16 : 2 * *room;
    void *p = next < SIZE_MAX / each ? realloc(list, next * each) : NULL;
    if (p != NULL)
        *room = next;
    return p;
}

static int add(wtl_gather *g, const wtl_source *s, wtl_err *err)
{
    TRY(wtl_source_check_name(s->name, err));
    wtl_source *list = more(g->source, g->n, &g->room, sizeof *list);
    ENSURE(list != NULL, err, WTL_NOMEM, "out of memory");
    g->source = list;
    g->source[g->n++] = *s;
    return WTL_OK;
}

/* Takes the string, on failure too. */
static int keep(wtl_gather *g, char *s, wtl_err *err)
{
    char **list = s != NULL ? more(g->name, g->n_names, &g->name_room, sizeof *list) : NULL;
    if (list == NULL) {
        free(s);
        return WTL_FAIL(err, WTL_NOMEM, "out of memory");
    }
    g->name = list;
    g->name[g->n_names++] = s;
    return WTL_OK;
}

static int join(wtl_gather *g, const char *folder, const char *path, const char **out, wtl_err *err)
{
    size_t n = strlen(folder) + strlen(path) + 2;
    char *s = malloc(n);
    if (s != NULL)
        snprintf(s, n, "%s/%s", folder, path);
    *out = s;
    return keep(g, s, err);
}

static int add_dir(wtl_gather *g, size_t k, const char *path, const char *folder, const char *container,
                   wtl_err *err)
{
    TRY(wtl_source_check_outside(path, container, err));
    TRY(wtl_walk_dir(&g->walk[k], path, NULL, NULL, err));
    for (size_t i = 0; i < g->walk[k].n; i++) {
        const wtl_walk_entry *e = &g->walk[k].e[i];
        wtl_source s = {.name = e->path, .root = path, .found = e};
        if (folder != NULL)
            TRY(join(g, folder, e->path, &s.name, err));
        TRY(add(g, &s, err));
    }
    return WTL_OK;
}

/* A list of the one file. It is opened again, and compared, when it is read: thousands may be named. */
static int list_one(wtl_walk *w, const char *name, const wtl_in *in, wtl_err *err)
{
    w->e = calloc(1, sizeof *w->e);
    char *copy = strdup(name);
    if (w->e == NULL || copy == NULL) {
        free(copy);
        return WTL_FAIL(err, WTL_NOMEM, "out of memory");
    }
    w->e[0] = (wtl_walk_entry){.path = copy, .type = WTL_WALK_FILE, .mode = in->mode, .stamp = in->stamp};
    w->n = 1;
    w->bytes = (uint64_t)in->stamp.size;
    return WTL_OK;
}

static int add_file(wtl_gather *g, size_t k, const char *path, const char *name, const char *container,
                    wtl_err *err)
{
    AUTO(wtl_in) in = {.fd = -1};
    TRY(wtl_in_open(&in, path, err));
    struct stat st;
    ENSURE(stat(container, &st) != 0 || st.st_dev != in.stamp.dev || st.st_ino != in.stamp.ino, err,
           WTL_USAGE, "the container cannot be appended to itself");
    char *real = realpath(path, NULL); /* what a link stands for, which the user named */
    TRY(keep(g, real, err));
    char *slash = strrchr(real, '/');
    TRY(list_one(&g->walk[k], slash + 1, &in, err));
    *(slash == real ? slash + 1 : slash) = '\0';
    slash = strrchr(path, '/');
    wtl_source s = {.name = name != NULL    ? name
                            : slash != NULL ? slash + 1
                                            : path,
                    .root = real,
                    .found = &g->walk[k].e[0]};
    return add(g, &s, err);
}

static int add_stdin(wtl_gather *g, const char *name, wtl_err *err)
{
    ENSURE(name != NULL, err, WTL_USAGE, "what comes from standard input needs a name (--as)");
    wtl_source s;
    TRY(wtl_source_stdin(&s, name, &g->in, err));
    return add(g, &s, err);
}

int wtl_gather_paths(wtl_gather *g, const char *const *path, size_t n, const char *name,
                     const char *container, wtl_err *err)
{
    ENSURE(n > 0, err, WTL_USAGE, "nothing was named to append");
    ENSURE(name == NULL || n == 1, err, WTL_USAGE, "one name was given (--as) for %zu files or directories",
           n);
    if (name != NULL)
        TRY(wtl_source_check_name(name, err));
    g->walk = calloc(n, sizeof *g->walk);
    ENSURE(g->walk != NULL, err, WTL_NOMEM, "out of memory");
    g->n_paths = n;
    for (size_t k = 0; k < n; k++) {
        struct stat st;
        if (strcmp(path[k], "-") == 0)
            TRY(add_stdin(g, name, err));
        else if (stat(path[k], &st) == 0 && S_ISDIR(st.st_mode))
            TRY(add_dir(g, k, path[k], name, container, err));
        else
            TRY(add_file(g, k, path[k], name, container, err));
    }
    return WTL_OK;
}
