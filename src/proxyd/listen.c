#include "proxyd/listen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxyd/bind.h"

/* Who may connect to a service's socket file, the umask permitting. */
enum { SERVICE_MODE = 0777 };

struct wtl_listen {
    struct wtl_listen *next;
    char *name; /* address; with port 0 also the service */
    char shown[WTL_LISTEN_SHOWN];
    wtl_bind_to to;
    size_t users, n;
    wtl_listen_one shared; /* a Unix socket */
    int fd[];              /* TCP: one a worker; -1: away */
};

struct wtl_listen_set {
    wtl_listen *first;
    size_t workers;
};

static void note_file(wtl_listen_one *l, const char *path)
{
    struct stat st;
    l->path = strdup(path);
    if (l->path == NULL || lstat(path, &st) < 0)
        return;
    l->dev = st.st_dev;
    l->ino = st.st_ino;
}

static int open_bound(wtl_listen_one *l, const wtl_bind_to *to, const char *address, unsigned mode,
                      wtl_err *err)
{
    if (!wtl_bind_is_unix(to))
        return wtl_bind_tcp(&l->fd, to, false, address, err);
    TRY(wtl_bind_unix(&l->fd, to, mode, address, err));
    note_file(l, address + strlen("unix:"));
    return WTL_OK;
}

int wtl_listen_one_open(wtl_listen_one *l, const char *address, unsigned mode, wtl_err *err)
{
    *l = (wtl_listen_one){.fd = -1};
    wtl_bind_to to;
    TRY(wtl_bind_resolve(&to, address, err));
    TRY(open_bound(l, &to, address, mode, err));
    int rc = wtl_bind_listen(l->fd, address, err);
    if (rc < 0) {
        wtl_listen_one_close(l);
        return rc;
    }
    wtl_bind_show(l->fd, l->shown, sizeof l->shown, NULL);
    return WTL_OK;
}

void wtl_listen_one_close(wtl_listen_one *l)
{
    struct stat st;
    if (l->path != NULL && lstat(l->path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino)
        unlink(l->path);
    free(l->path);
    l->path = NULL;
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}

int wtl_listen_set_new(wtl_listen_set **out, size_t workers, wtl_err *err)
{
    wtl_listen_set *s = calloc(1, sizeof *s);
    ENSURE(s != NULL, err, WTL_NOMEM, "no memory for the listening sockets");
    s->workers = workers;
    *out = s;
    return WTL_OK;
}

static void free_listen(wtl_listen *l)
{
    wtl_listen_one_close(&l->shared);
    for (size_t i = 0; i < l->n; i++) {
        if (l->fd[i] >= 0)
            close(l->fd[i]);
    }
    free(l->name);
    free(l);
}

void wtl_listen_set_free(wtl_listen_set *s)
{
    if (s == NULL)
        return;
    while (s->first != NULL) {
        wtl_listen *l = s->first;
        s->first = l->next;
        free_listen(l);
    }
    free(s);
}

/* The kernel lets sockets of one user share a port by SO_REUSEPORT, also with a proxy started twice by mistake: a socket that does not share finds out. */
static int probe(const wtl_bind_to *to, const char *address, wtl_err *err)
{
    int fd;
    if (wtl_bind_is_any(to))
        return WTL_OK;
    TRY(wtl_bind_tcp(&fd, to, false, address, err));
    close(fd);
    return WTL_OK;
}

static int bind_all(wtl_listen *l, const char *address, wtl_err *err)
{
    if (wtl_bind_is_unix(&l->to)) {
        mode_t mask = umask(0);
        umask(mask);
        TRY(wtl_bind_unix(&l->shared.fd, &l->to, SERVICE_MODE & ~mask, address, err));
        note_file(&l->shared, address + strlen("unix:"));
        wtl_bind_show(l->shared.fd, l->shown, sizeof l->shown, NULL);
        return WTL_OK;
    }
    TRY(probe(&l->to, address, err));
    for (size_t i = 0; i < l->n; i++) {
        TRY(wtl_bind_tcp(&l->fd[i], &l->to, true, address, err));
        wtl_bind_show(l->fd[i], l->shown, sizeof l->shown, &l->to); /* the port of the first is that of all */
    }
    return WTL_OK;
}

static int make(wtl_listen_set *s, const wtl_bind_to *to, const char *address, wtl_listen **out, wtl_err *err)
{
    wtl_listen *l = calloc(1, sizeof *l + s->workers * sizeof l->fd[0]);
    ENSURE(l != NULL, err, WTL_NOMEM, "no memory for the listening sockets");
    l->to = *to;
    l->n = s->workers;
    l->shared.fd = -1;
    for (size_t i = 0; i < l->n; i++)
        l->fd[i] = -1;
    int rc = bind_all(l, address, err);
    if (rc < 0) {
        free_listen(l);
        return rc;
    }
    *out = l;
    return WTL_OK;
}

int wtl_listen_take(wtl_listen_set *s, const char *service, const char *address, wtl_listen **out,
                    wtl_err *err)
{
    wtl_bind_to to;
    TRY(wtl_bind_resolve(&to, address, err));
    char *name = NULL;
    if (asprintf(&name, "%s %s", address, wtl_bind_is_any(&to) ? service : "") < 0)
        return WTL_FAIL(err, WTL_NOMEM, "no memory for the listening sockets");
    wtl_listen *l = s->first;
    while (l != NULL && strcmp(l->name, name) != 0)
        l = l->next;
    if (l == NULL) {
        int rc = make(s, &to, address, &l, err);
        if (rc < 0) {
            free(name);
            return rc;
        }
        l->name = name;
        l->next = s->first;
        s->first = l;
    } else {
        free(name);
    }
    l->users++;
    *out = l;
    return WTL_OK;
}

void wtl_listen_drop(wtl_listen_set *s, wtl_listen *l)
{
    if (l == NULL || --l->users > 0)
        return;
    wtl_listen **at = &s->first;
    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
    free_listen(l);
}

int wtl_listen_begin(wtl_listen *l, wtl_err *err)
{
    if (l->shared.fd >= 0)
        return wtl_bind_listen(l->shared.fd, l->shown, err);
    for (size_t i = 0; i < l->n; i++) {
        if (l->fd[i] >= 0)
            TRY(wtl_bind_listen(l->fd[i], l->shown, err));
    }
    return WTL_OK;
}

int wtl_listen_fd(const wtl_listen *l, size_t worker)
{
    return l->shared.fd >= 0 ? l->shared.fd : l->fd[worker];
}

const char *wtl_listen_shown(const wtl_listen *l)
{
    return l->shown;
}

void wtl_listen_away(wtl_listen *l, size_t worker)
{
    if (l->shared.fd >= 0 || l->fd[worker] < 0)
        return;
    close(l->fd[worker]);
    l->fd[worker] = -1;
}

int wtl_listen_back(wtl_listen *l, size_t worker, wtl_err *err)
{
    if (l->shared.fd >= 0 || l->fd[worker] >= 0)
        return WTL_OK;
    return wtl_bind_tcp(&l->fd[worker], &l->to, true, l->shown, err);
}
