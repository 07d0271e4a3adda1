#include "fs/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/at.h"
#include "fs/place.h"

#define STAGE_PREFIX ".wattle-partial-"

struct wtl_tree {
    char *dir;  /* as the user gave it */
    char *base; /* its last part, below parentfd; NULL unless this tree made the target */
    int parentfd;
    int fd;
    int stagefd;
    char stage[sizeof STAGE_PREFIX + 16];
    bool force;
    bool failed; /* a file was lost, so nothing may be committed */
    bool done;
    int file; /* the file begun, or -1; it is the last item then */
    wtl_place_item *item;
    size_t n;
    size_t cap;
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Removes the staged files and their folder. -1 with errno when something is left. */
static int remove_stage(wtl_tree *t)
{
    if (t->stagefd < 0)
        return 0;
    for (size_t i = 0; i < t->n; i++) {
        char id[WTL_PLACE_ID];
        wtl_place_id(id, t->item[i].id);
        if (!t->item[i].is_dir)
            unlinkat(t->stagefd, id, 0);
    }
    close_fd(&t->stagefd);
    return unlinkat(t->fd, t->stage, AT_REMOVEDIR);
}

void wtl_tree_free(wtl_tree *t)
{
    if (t == NULL)
        return;
    close_fd(&t->file);
    remove_stage(t);
    if (t->base != NULL && !t->done)
        unlinkat(t->parentfd, t->base, AT_REMOVEDIR);
    close_fd(&t->fd);
    close_fd(&t->parentfd);
    for (size_t i = 0; i < t->n; i++)
        free(t->item[i].path);
    free(t->item);
    free(t->base);
    free(t->dir);
    free(t);
}

void wtl_tree_auto(wtl_tree **t)
{
    wtl_tree_free(*t);
    *t = NULL;
}

/* The directory above the target and the target's last part, which is NULL for "/", "." and the like. */
static int open_parent(const char *dir, int *fd, char **base, wtl_err *err)
{
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/')
        n--;
    size_t cut = n;
    while (cut > 0 && dir[cut - 1] != '/')
        cut--;
    char *name = strndup(dir + cut, n - cut);
    char *parent = cut == 0 ? strdup(".") : strndup(dir, cut);
    int rc = WTL_OK;
    if (name == NULL || parent == NULL)
        rc = WTL_FAIL(err, WTL_NOMEM, "out of memory");
    else if ((*fd = wtl_at_open_named(parent, O_RDONLY | O_DIRECTORY)) < 0)
        rc = WTL_FAIL_SYS(err, WTL_IO, errno, "cannot make the directory %s", wtl_at_show(dir).s);
    free(parent);
    if (rc == WTL_OK)
        *base = name;
    else
        free(name);
    return rc;
}

/* A target of our own. It is opened without following a link that someone puts in its place meanwhile. */
static int make_target(wtl_tree *t, wtl_err *err)
{
    char *base = NULL;
    TRY(open_parent(t->dir, &t->parentfd, &base, err));
    if (mkdirat(t->parentfd, base, 0777) != 0) {
        int eno = errno;
        free(base);
        return WTL_FAIL_SYS(err, WTL_IO, eno, "cannot make the directory %s", wtl_at_show(t->dir).s);
    }
    t->base = base;
    t->fd = wtl_at_open_one(t->parentfd, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (t->fd < 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot open the directory %s", wtl_at_show(t->dir).s);
    return WTL_OK;
}

static int not_empty(const wtl_tree *t, const char *name, wtl_err *err)
{
    return WTL_FAIL(
        err, WTL_POLICY,
        "%s is not empty (it holds %s); choose another directory or pass --force to write into it",
        wtl_at_show(t->dir).s, wtl_at_show(name).s);
}

static int check_empty(const wtl_tree *t, wtl_err *err)
{
    int fd = wtl_at_open_one(t->fd, ".", O_RDONLY | O_DIRECTORY, 0);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (d == NULL) {
        int eno = errno;
        close_fd(&fd);
        return WTL_FAIL_SYS(err, WTL_IO, eno, "cannot read the directory %s", wtl_at_show(t->dir).s);
    }
    int rc = WTL_OK;
    const struct dirent *e;
    errno = 0;
    while (rc == WTL_OK && (e = readdir(d)) != NULL) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            rc = not_empty(t, e->d_name, err);
    }
    if (rc == WTL_OK && errno != 0)
        rc = WTL_FAIL_SYS(err, WTL_IO, errno, "cannot read the directory %s", wtl_at_show(t->dir).s);
    closedir(d);
    return rc;
}

static int open_target(wtl_tree *t, wtl_err *err)
{
    t->fd = wtl_at_open_named(t->dir, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    if (t->fd >= 0)
        return t->force ? WTL_OK : check_empty(t, err);
    ENSURE(errno != ENOTDIR || access(t->dir, F_OK) != 0, err, WTL_POLICY, "%s exists and is no directory",
           wtl_at_show(t->dir).s);
    if (errno != ENOENT)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot open the directory %s", wtl_at_show(t->dir).s);
    return make_target(t, err);
}

static int make_stage(wtl_tree *t, wtl_err *err)
{
    TRY(wtl_at_random(t->stage, sizeof t->stage, STAGE_PREFIX, err));
    if (mkdirat(t->fd, t->stage, 0700) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot write into the directory %s", wtl_at_show(t->dir).s);
    t->stagefd = wtl_at_open_one(t->fd, t->stage, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (t->stagefd >= 0)
        return WTL_OK;
    int eno = errno;
    unlinkat(t->fd, t->stage, AT_REMOVEDIR);
    return WTL_FAIL_SYS(err, WTL_IO, eno, "cannot write into the directory %s", wtl_at_show(t->dir).s);
}

int wtl_tree_open(wtl_tree **out, const char *dir, bool force, wtl_err *err)
{
    ENSURE(dir[0] != '\0', err, WTL_USAGE, "the name of the directory to write is empty");
    AUTO(wtl_tree) *t = calloc(1, sizeof *t);
    ENSURE(t != NULL, err, WTL_NOMEM, "out of memory");
    t->fd = t->stagefd = t->parentfd = t->file = -1;
    t->force = force;
    t->dir = strdup(dir);
    ENSURE(t->dir != NULL, err, WTL_NOMEM, "out of memory");
    TRY(open_target(t, err));
    TRY(make_stage(t, err));
    *out = t;
    t = NULL;
    return WTL_OK;
}

static int check_idle(const wtl_tree *t, wtl_err *err)
{
    ENSURE(!t->done && t->file < 0, err, WTL_BUG,
           "a file was begun before the last one ended, or after the end");
    return WTL_OK;
}

static int add_item(wtl_tree *t, const char *path, wtl_place_item item, wtl_err *err)
{
    if (t->n == t->cap) {
        size_t cap = t->cap == 0 ? 64 : t->cap * 2;
        wtl_place_item *list = cap > SIZE_MAX / sizeof *list ? NULL : realloc(t->item, cap * sizeof *list);
        ENSURE(list != NULL, err, WTL_NOMEM, "out of memory for the list of files");
        t->item = list;
        t->cap = cap;
    }
    item.path = strdup(path);
    ENSURE(item.path != NULL, err, WTL_NOMEM, "out of memory for the list of files");
    item.id = t->n;
    t->item[t->n++] = item;
    return WTL_OK;
}

int wtl_tree_begin(wtl_tree *t, const char *path, unsigned mode, int *fd, wtl_err *err)
{
    TRY(check_idle(t, err));
    TRY(wtl_at_check(t->dir, path, err));
    TRY(add_item(t, path, (wtl_place_item){.mode = mode & 0777}, err));
    char id[WTL_PLACE_ID];
    wtl_place_id(id, t->n - 1);
    int made = wtl_at_open_one(t->stagefd, id, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    if (made < 0) {
        t->failed = true;
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot write %s", wtl_at_show_in(t->dir, path).s);
    }
    t->file = made;
    *fd = made;
    return WTL_OK;
}

int wtl_tree_end(wtl_tree *t, wtl_err *err)
{
    ENSURE(t->file >= 0, err, WTL_BUG, "no file was begun");
    const wtl_place_item *e = &t->item[t->n - 1];
    bool bad = fchmod(t->file, e->mode) != 0 || wtl_at_sync(t->file) != 0;
    int eno = errno;
    if (close(t->file) != 0 && !bad && errno != EINTR) {
        bad = true;
        eno = errno;
    }
    t->file = -1;
    t->failed |= bad;
    if (bad)
        return WTL_FAIL_SYS(err, WTL_IO, eno, "cannot flush %s to the disk",
                            wtl_at_show_in(t->dir, e->path).s);
    return WTL_OK;
}

int wtl_tree_mkdir(wtl_tree *t, const char *path, unsigned mode, wtl_err *err)
{
    TRY(check_idle(t, err));
    TRY(wtl_at_check(t->dir, path, err));
    return add_item(t, path, (wtl_place_item){.is_dir = true, .mode = mode & 0777}, err);
}

static int clean_up(wtl_tree *t, wtl_err *err)
{
    if (remove_stage(t) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "all files are in place, but %s cannot be removed",
                            wtl_at_show_in(t->dir, t->stage).s);
    if (wtl_at_sync_dir(t->fd) != 0 || (t->parentfd >= 0 && wtl_at_sync_dir(t->parentfd) != 0))
        return WTL_FAIL_SYS(err, WTL_IO, errno,
                            "all files are in place, but the directory %s cannot be flushed to the disk",
                            wtl_at_show(t->dir).s);
    return WTL_OK;
}

int wtl_tree_commit(wtl_tree *t, wtl_err *err)
{
    TRY(check_idle(t, err));
    ENSURE(!t->failed, err, WTL_IO, "nothing was written to %s after an earlier error",
           wtl_at_show(t->dir).s);
    wtl_place place = {
        .shown = t->dir, .fd = t->fd, .stagefd = t->stagefd, .force = t->force, .item = t->item, .n = t->n};
    int rc = wtl_place_all(&place, err);
    if (rc < 0) {
        t->failed = true;
        return rc;
    }
    t->done = true;
    return clean_up(t, err);
}
