#include "fs/place.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/at.h"

/* A directory that the items need. The path is borrowed from an item and cut at n, as copies of every
 * leading part would let a few long names fill the memory. */
typedef struct folder {
    const char *path;
    size_t n;
    const wtl_place_item *own; /* the item that names it, or NULL */
    bool made;
} folder;

typedef struct job {
    wtl_place *p;
    folder *dir; /* in the order of the items, so a folder comes after the one that holds it */
    size_t n;
    size_t cap;
    /* The folder opened last, as neighbours in the list mostly share it: O_PATH, or p->fd, or -1. */
    int at;
    const char *at_path;
    size_t at_n;
} job;

void wtl_place_id(char name[WTL_PLACE_ID], size_t id)
{
    snprintf(name, WTL_PLACE_ID, "%zu", id);
}

static void leave(job *j)
{
    if (j->at >= 0 && j->at != j->p->fd)
        close(j->at);
    j->at = -1;
}

static void job_auto(job *j)
{
    leave(j);
    free(j->dir);
}

static wtl_at_name show(const job *j, const char *path, size_t n)
{
    char cut[WTL_AT_PATH_MAX + 1];
    memcpy(cut, path, n);
    cut[n] = '\0';
    return wtl_at_show_in(j->p->shown, cut);
}

static wtl_at_name show_item(const job *j, const wtl_place_item *e)
{
    return wtl_at_show_in(j->p->shown, e->path);
}

/* Bytes with '/' before all others, so that what is below a folder follows it at once. */
static int tree_order(const void *a, const void *b)
{
    const uint8_t *x = (const uint8_t *)((const wtl_place_item *)a)->path;
    const uint8_t *y = (const uint8_t *)((const wtl_place_item *)b)->path;
    while (*x == *y && *x != 0) {
        x++;
        y++;
    }
    if (*x == *y)
        return 0;
    if (*x == 0 || *y == 0)
        return *x == 0 ? -1 : 1;
    if (*x == '/' || *y == '/')
        return *x == '/' ? -1 : 1;
    return *x < *y ? -1 : 1;
}

static int add_folder(job *j, const wtl_place_item *e, size_t n, wtl_err *err)
{
    if (j->n == j->cap) {
        size_t cap = j->cap == 0 ? 64 : j->cap * 2;
        folder *dir = cap > SIZE_MAX / sizeof *dir ? NULL : realloc(j->dir, cap * sizeof *dir);
        ENSURE(dir != NULL, err, WTL_NOMEM, "out of memory for the list of folders");
        j->dir = dir;
        j->cap = cap;
    }
    j->dir[j->n++] = (folder){.path = e->path, .n = n, .own = e->path[n] == '\0' ? e : NULL};
    return WTL_OK;
}

/* True when the folder path[0..n) is on the way to `before` or is it: then it is in the list already. */
static bool covers(const char *path, size_t n, const char *before)
{
    return strncmp(path, before, n) == 0 && (before[n] == '/' || before[n] == '\0');
}

/* The folders of one item that its predecessor in the list did not bring. */
static int plan_item(job *j, const wtl_place_item *e, const wtl_place_item *before, wtl_err *err)
{
    if (before != NULL) {
        ENSURE(strcmp(e->path, before->path) != 0, err, WTL_FORMAT, "%s is named twice", show_item(j, e).s);
        ENSURE(before->is_dir || !covers(before->path, strlen(before->path), e->path), err, WTL_FORMAT,
               "%s is named both as a file and as a folder", show_item(j, before).s);
    }
    for (const char *s = strchr(e->path, '/'); s != NULL; s = strchr(s + 1, '/')) {
        size_t n = (size_t)(s - e->path);
        if (before == NULL || !covers(e->path, n, before->path))
            TRY(add_folder(j, e, n, err));
    }
    return e->is_dir ? add_folder(j, e, strlen(e->path), err) : WTL_OK;
}

static int plan(job *j, wtl_err *err)
{
    wtl_place *p = j->p;
    if (p->n > 0)
        qsort(p->item, p->n, sizeof *p->item, tree_order);
    for (size_t i = 0; i < p->n; i++)
        TRY(plan_item(j, &p->item[i], i > 0 ? &p->item[i - 1] : NULL, err));
    return WTL_OK;
}

/* The folder that holds path[0..n) becomes j->at; *base is what follows. 0, or -1 with errno. */
static int enter(job *j, const char *path, size_t n, char base[WTL_AT_NAME_MAX + 1])
{
    size_t cut = n;
    while (cut > 0 && path[cut - 1] != '/')
        cut--;
    memcpy(base, path + cut, n - cut);
    base[n - cut] = '\0';
    size_t parent = cut > 0 ? cut - 1 : 0;
    if (j->at >= 0 && j->at_n == parent && memcmp(j->at_path, path, parent) == 0)
        return 0;
    leave(j);
    char dir[WTL_AT_PATH_MAX + 1];
    memcpy(dir, path, parent);
    dir[parent] = '\0';
    j->at = parent == 0 ? j->p->fd : wtl_at_open(j->p->fd, dir, O_PATH | O_DIRECTORY);
    j->at_path = path;
    j->at_n = parent;
    return j->at < 0 ? -1 : 0;
}

static int in_the_way(const job *j, const char *path, size_t n, mode_t mode, const char *wanted, wtl_err *err)
{
    return WTL_FAIL(err, WTL_POLICY, "%s is %s where %s must go; remove it or choose another directory",
                    show(j, path, n).s, wtl_at_kind(mode), wanted);
}

/* What is at path[0..n) now: *mode, or 0 when nothing is. */
static int look(job *j, const char *path, size_t n, mode_t *mode, wtl_err *err)
{
    char base[WTL_AT_NAME_MAX + 1];
    struct stat st;
    *mode = 0;
    if (enter(j, path, n, base) == 0 && fstatat(j->at, base, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        *mode = st.st_mode;
        return WTL_OK;
    }
    if (errno == ENOENT)
        return WTL_OK;
    ENSURE(errno != ELOOP && errno != ENOTDIR, err, WTL_POLICY,
           "on the way to %s a folder is a symbolic link or a file; links are not followed",
           show(j, path, n).s);
    return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot look at %s", show(j, path, n).s);
}

static int check_folder(job *j, const folder *d, wtl_err *err)
{
    mode_t mode;
    TRY(look(j, d->path, d->n, &mode, err));
    return mode == 0 || S_ISDIR(mode) ? WTL_OK : in_the_way(j, d->path, d->n, mode, "a folder", err);
}

static int check_file(job *j, const wtl_place_item *e, wtl_err *err)
{
    mode_t mode;
    TRY(look(j, e->path, strlen(e->path), &mode, err));
    if (mode == 0)
        return WTL_OK;
    if (!S_ISREG(mode))
        return in_the_way(j, e->path, strlen(e->path), mode, "a file", err);
    ENSURE(j->p->force, err, WTL_POLICY, "%s exists already; choose another directory or pass --force",
           show_item(j, e).s);
    return WTL_OK;
}

static int check_all(job *j, wtl_err *err)
{
    for (size_t i = 0; i < j->n; i++)
        TRY(check_folder(j, &j->dir[i], err));
    for (size_t i = 0; i < j->p->n; i++) {
        if (!j->p->item[i].is_dir)
            TRY(check_file(j, &j->p->item[i], err));
    }
    leave(j);
    return WTL_OK;
}

static int make_folder(job *j, folder *d, wtl_err *err)
{
    char base[WTL_AT_NAME_MAX + 1];
    if (enter(j, d->path, d->n, base) == 0) {
        if (mkdirat(j->at, base, 0777) == 0) {
            d->made = true;
            return WTL_OK;
        }
        if (errno == EEXIST)
            return check_folder(j, d, err);
    }
    ENSURE(errno != ELOOP && errno != ENOTDIR, err, WTL_POLICY,
           "on the way to %s a folder became a symbolic link or a file", show(j, d->path, d->n).s);
    return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot make the directory %s", show(j, d->path, d->n).s);
}

/* The staged file and the one that is there change places, so that this can be undone. */
static int swap(job *j, wtl_place_item *e, const char *id, const char *base, wtl_err *err)
{
    TRY(check_file(j, e, err));
    if (renameat2(j->p->stagefd, id, j->at, base, RENAME_EXCHANGE) == 0) {
        e->state = WTL_PLACE_SWAPPED;
        return WTL_OK;
    }
    bool cannot = errno == EINVAL || errno == ENOSYS;
    if (cannot && renameat(j->p->stagefd, id, j->at, base) == 0) {
        e->state = WTL_PLACE_OVER;
        return WTL_OK;
    }
    return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot replace %s", show_item(j, e).s);
}

static int move_file(job *j, wtl_place_item *e, wtl_err *err)
{
    char id[WTL_PLACE_ID];
    char base[WTL_AT_NAME_MAX + 1];
    wtl_place_id(id, e->id);
    if (enter(j, e->path, strlen(e->path), base) == 0) {
        if (wtl_at_rename_new(j->p->stagefd, id, j->at, base) == 0) {
            e->state = WTL_PLACE_NEW;
            return WTL_OK;
        }
        if (errno == EEXIST)
            return swap(j, e, id, base, err);
    }
    ENSURE(errno != ELOOP && errno != ENOTDIR, err, WTL_POLICY,
           "on the way to %s a folder became a symbolic link or a file", show_item(j, e).s);
    return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot move a finished file to %s", show_item(j, e).s);
}

static int move_all(job *j, wtl_err *err)
{
    for (size_t i = 0; i < j->n; i++)
        TRY(make_folder(j, &j->dir[i], err));
    for (size_t i = 0; i < j->p->n; i++) {
        if (!j->p->item[i].is_dir)
            TRY(move_file(j, &j->p->item[i], err));
    }
    leave(j);
    return WTL_OK;
}

static bool undo_file(job *j, wtl_place_item *e)
{
    char id[WTL_PLACE_ID];
    char base[WTL_AT_NAME_MAX + 1];
    wtl_place_id(id, e->id);
    if (e->state == WTL_PLACE_STAGED)
        return true;
    if (e->state == WTL_PLACE_OVER || enter(j, e->path, strlen(e->path), base) != 0)
        return false;
    int rc = e->state == WTL_PLACE_SWAPPED ? renameat2(j->p->stagefd, id, j->at, base, RENAME_EXCHANGE)
                                           : wtl_at_rename_new(j->at, base, j->p->stagefd, id);
    if (rc == 0)
        e->state = WTL_PLACE_STAGED;
    return rc == 0;
}

static bool undo_folder(job *j, folder *d)
{
    char base[WTL_AT_NAME_MAX + 1];
    return !d->made || (enter(j, d->path, d->n, base) == 0 && unlinkat(j->at, base, AT_REMOVEDIR) == 0);
}

/* Puts back what can be put back; the sentence in `err` then ends with what is left, if anything. */
static void undo(job *j, wtl_err *err)
{
    size_t files = 0;
    size_t folders = 0;
    leave(j);
    for (size_t i = j->p->n; i-- > 0;)
        files += !undo_file(j, &j->p->item[i]);
    leave(j);
    for (size_t i = j->n; i-- > 0;)
        folders += !undo_folder(j, &j->dir[i]);
    if (err == NULL)
        return;
    if (files + folders == 0) {
        wtl_err_prefix(err, "nothing was changed in %s: ", wtl_at_show(j->p->shown).s);
        return;
    }
    wtl_err_prefix(err, "%zu of %zu files and %zu new folders stay in %s, the rest was undone: ", files,
                   j->p->n, folders, wtl_at_show(j->p->shown).s);
}

/* Its mode, and its names safe on the disk. */
static int finish_folder(job *j, const folder *d, wtl_err *err)
{
    char path[WTL_AT_PATH_MAX + 1];
    memcpy(path, d->path, d->n);
    path[d->n] = '\0';
    int fd = wtl_at_open(j->p->fd, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
    bool bad = fd < 0 || (d->own != NULL && fchmod(fd, d->own->mode & 0777) != 0) || wtl_at_sync_dir(fd) != 0;
    int eno = errno;
    if (fd >= 0)
        close(fd);
    if (bad)
        return WTL_FAIL_SYS(
            err, WTL_IO, eno,
            "all files are in place, but the directory %s cannot be given its mode and flushed",
            show(j, d->path, d->n).s);
    return WTL_OK;
}

int wtl_place_all(wtl_place *p, wtl_err *err)
{
    AUTO(job) j = {.p = p, .at = -1};
    TRY(plan(&j, err));
    TRY(check_all(&j, err));
    int rc = move_all(&j, err);
    if (rc < 0) {
        undo(&j, err);
        return rc;
    }
    for (size_t i = j.n; i-- > 0;)
        TRY(finish_folder(&j, &j.dir[i], err));
    return WTL_OK;
}
