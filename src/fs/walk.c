#include "fs/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/at.h"

/* The directories still to be read are a list of paths, each opened from the root again: one descriptor for
 * the root and one for the directory at hand, however deep the tree is. */
typedef struct walker {
    const char *root;
    int fd;
    wtl_walk_skip *skip;
    void *arg;
    wtl_walk found;
    size_t found_cap;
    char **pending;
    size_t pending_n;
    size_t pending_cap;
} walker;

void wtl_walk_free(wtl_walk *w)
{
    for (size_t i = 0; i < w->n; i++)
        free(w->e[i].path);
    free(w->e);
    *w = (wtl_walk){0};
}

void wtl_walk_auto(wtl_walk *w)
{
    wtl_walk_free(w);
}

static void walker_auto(walker *w)
{
    if (w->fd >= 0)
        close(w->fd);
    wtl_walk_free(&w->found);
    for (size_t i = 0; i < w->pending_n; i++)
        free(w->pending[i]);
    free(w->pending);
}

/* Room for one more element; `cap` counts elements. */
static int more(void **list, size_t n, size_t *cap, size_t size, wtl_err *err)
{
    if (n < *cap)
        return WTL_OK;
    size_t want = *cap == 0 ? 64 : *cap * 2;
    void *p = want > SIZE_MAX / size ? NULL : realloc(*list, want * size);
    ENSURE(p != NULL, err, WTL_NOMEM, "out of memory for the list of files");
    *list = p;
    *cap = want;
    return WTL_OK;
}

/* Takes path, on failure too. */
static int add_found(walker *w, char *path, enum wtl_walk_type type, const struct stat *st, wtl_err *err)
{
    void *list = w->found.e;
    int rc = more(&list, w->found.n, &w->found_cap, sizeof *w->found.e, err);
    w->found.e = list;
    if (rc < 0) {
        free(path);
        return rc;
    }
    w->found.e[w->found.n++] = (wtl_walk_entry){
        .path = path, .type = type, .mode = st->st_mode & 0777, .stamp = wtl_at_stamp(st)};
    if (type == WTL_WALK_FILE)
        w->found.bytes += (uint64_t)st->st_size;
    return WTL_OK;
}

/* Takes path, on failure too. */
static int add_pending(walker *w, char *path, wtl_err *err)
{
    void *list = w->pending;
    int rc = more(&list, w->pending_n, &w->pending_cap, sizeof *w->pending, err);
    w->pending = list;
    if (rc < 0)
        free(path);
    else
        w->pending[w->pending_n++] = path;
    return rc;
}

static int join(const walker *w, const char *dir, const char *name, char **out, wtl_err *err)
{
    size_t nd = strlen(dir);
    size_t nn = strlen(name);
    size_t n = nd + (nd > 0) + nn;
    ENSURE(n <= WTL_AT_PATH_MAX, err, WTL_IO,
           "%s holds names deeper than the %d bytes that a path may have; move them up",
           wtl_at_show_in(w->root, dir).s, WTL_AT_PATH_MAX);
    char *path = malloc(n + 1);
    ENSURE(path != NULL, err, WTL_NOMEM, "out of memory for the list of files");
    memcpy(path, dir, nd);
    if (nd > 0)
        path[nd++] = '/';
    memcpy(path + nd, name, nn + 1);
    *out = path;
    return WTL_OK;
}

static int refuse_kind(const walker *w, const char *path, mode_t mode, wtl_err *err)
{
    return WTL_FAIL(err, WTL_POLICY,
                    "%s is %s; only regular files and directories are taken, so remove it or leave it out",
                    wtl_at_show_in(w->root, path).s, wtl_at_kind(mode));
}

/* One name in the open directory `dirfd`. The caller's rule comes first: what is left out may be anything. */
static int visit(walker *w, int dirfd, const char *dir, const char *name, wtl_err *err)
{
    char *path = NULL;
    TRY(join(w, dir, name, &path, err));
    int rc;
    struct stat st;
    if (w->skip != NULL && w->skip(path, w->arg))
        rc = WTL_OK;
    else if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        rc = WTL_FAIL_SYS(err, WTL_IO, errno, "cannot look at %s", wtl_at_show_in(w->root, path).s);
    else if (S_ISREG(st.st_mode))
        return add_found(w, path, WTL_WALK_FILE, &st, err);
    else if (S_ISDIR(st.st_mode))
        return add_pending(w, path, err);
    else
        rc = refuse_kind(w, path, st.st_mode, err);
    free(path);
    return rc;
}

static int open_dir(const walker *w, const char *path, DIR **out, wtl_err *err)
{
    int flags = O_RDONLY | O_DIRECTORY | O_NONBLOCK;
    int fd = path[0] == '\0' ? wtl_at_open_one(w->fd, ".", flags, 0) : wtl_at_open(w->fd, path, flags);
    if (fd < 0 && errno == ELOOP)
        return refuse_kind(w, path, S_IFLNK, err);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (d == NULL) {
        int eno = errno;
        if (fd >= 0)
            close(fd);
        return WTL_FAIL_SYS(err, WTL_IO, eno, "cannot read the directory %s",
                            wtl_at_show_in(w->root, path).s);
    }
    *out = d;
    return WTL_OK;
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* `any` tells whether the directory has entries at all, left out or not. */
static int read_names(walker *w, DIR *d, const char *path, bool *any, wtl_err *err)
{
    *any = false;
    for (;;) {
        errno = 0;
        const struct dirent *e = readdir(d);
        if (e == NULL && errno != 0)
            return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot read the directory %s",
                                wtl_at_show_in(w->root, path).s);
        if (e == NULL)
            return WTL_OK;
        if (is_dots(e->d_name))
            continue;
        *any = true;
        TRY(visit(w, dirfd(d), path, e->d_name, err));
    }
}

static int add_empty(walker *w, DIR *d, const char *path, wtl_err *err)
{
    struct stat st;
    if (fstat(dirfd(d), &st) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot look at %s", wtl_at_show_in(w->root, path).s);
    char *copy = strdup(path);
    ENSURE(copy != NULL, err, WTL_NOMEM, "out of memory for the list of files");
    return add_found(w, copy, WTL_WALK_EMPTY_DIR, &st, err);
}

static int read_dir(walker *w, const char *path, wtl_err *err)
{
    DIR *d = NULL;
    TRY(open_dir(w, path, &d, err));
    bool any;
    int rc = read_names(w, d, path, &any, err);
    if (rc == WTL_OK && !any && path[0] != '\0')
        rc = add_empty(w, d, path, err);
    closedir(d);
    return rc;
}

static int by_path(const void *a, const void *b)
{
    const wtl_walk_entry *x = a;
    const wtl_walk_entry *y = b;
    return strcmp(x->path, y->path);
}

int wtl_walk_dir(wtl_walk *out, const char *root, wtl_walk_skip *skip, void *arg, wtl_err *err)
{
    AUTO(walker) w = {.root = root, .skip = skip, .arg = arg};
    w.fd = wtl_at_open_named(root, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    if (w.fd < 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot read the directory %s", wtl_at_show(root).s);
    TRY(read_dir(&w, "", err));
    while (w.pending_n > 0) {
        char *path = w.pending[--w.pending_n];
        int rc = read_dir(&w, path, err);
        free(path);
        TRY(rc);
    }
    if (w.found.n > 0)
        qsort(w.found.e, w.found.n, sizeof *w.found.e, by_path);
    *out = w.found;
    w.found = (wtl_walk){0};
    return WTL_OK;
}
