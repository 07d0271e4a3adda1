#include "sign/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include <wattle/sign.h>

void wtl_path_list_free(wtl_path_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->p[i]);
    free(l->p);
    *l = (wtl_path_list){0};
}

void wtl_path_list_auto(wtl_path_list *l)
{
    wtl_path_list_free(l);
}

int wtl_path_add(wtl_path_list *l, const char *path, wtl_err *err)
{
    char *copy = strdup(path);
    char **p = copy != NULL ? realloc(l->p, (l->n + 1) * sizeof *p) : NULL;
    if (p == NULL) {
        free(copy);
        return WTL_FAIL(err, WTL_NOMEM, "out of memory");
    }
    l->p = p;
    l->p[l->n++] = copy;
    return WTL_OK;
}

bool wtl_path_listed(const wtl_path_list *l, const char *path)
{
    for (size_t i = 0; i < l->n; i++) {
        if (strcmp(l->p[i], path) == 0)
            return true;
    }
    return false;
}

const char *wtl_path_quote(wtl_buf *b, const char *text)
{
    wtl_text_quote(b, wtl_text_of(text));
    const char *s = wtl_buf_cstr(b);
    return s != NULL ? s : "";
}

static int fail_io(wtl_err *err, int eno, const char *path, const char *what)
{
    AUTO(wtl_buf) q = {0};
    return WTL_FAIL_SYS(err, WTL_IO, eno, "\"%.300s\" %s", wtl_path_quote(&q, path), what);
}

int wtl_path_is_dir(const char *path, bool *is_dir, wtl_err *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return fail_io(err, errno, path, "cannot be looked at");
    AUTO(wtl_buf) q = {0};
    ENSURE(S_ISDIR(st.st_mode) || S_ISREG(st.st_mode), err, WTL_POLICY,
           "\"%.300s\" is neither a file nor a directory", wtl_path_quote(&q, path));
    *is_dir = S_ISDIR(st.st_mode);
    return WTL_OK;
}

int wtl_path_name(char **name, const char *path, wtl_err *err)
{
    size_t n = strlen(path);
    while (n > 0 && path[n - 1] == '/')
        n--;
    size_t start = n;
    while (start > 0 && path[start - 1] != '/')
        start--;
    const char *last = path + start;
    size_t len = n - start;
    char *real = NULL;
    if (len == 0 || (len == 1 && last[0] == '.') || (len == 2 && last[0] == '.' && last[1] == '.')) {
        real = realpath(path, NULL);
        if (real == NULL)
            return fail_io(err, errno, path, "cannot be resolved");
        const char *slash = strrchr(real, '/');
        last = slash != NULL && slash[1] != '\0' ? slash + 1 : "model"; /* the root directory has no name */
        len = strlen(last);
    }
    *name = strndup(last, len);
    free(real);
    ENSURE(*name != NULL, err, WTL_NOMEM, "out of memory");
    return WTL_OK;
}

/* Splits at the last '/': the folder (malloc'd, "." when there is none) and a pointer to the name. */
static int split(const char *path, char **folder, const char **name, wtl_err *err)
{
    const char *slash = strrchr(path, '/');
    *name = slash != NULL ? slash + 1 : path;
    *folder = slash == NULL   ? strdup(".")
              : slash == path ? strdup("/")
                              : strndup(path, (size_t)(slash - path));
    ENSURE(*folder != NULL, err, WTL_NOMEM, "out of memory");
    return WTL_OK;
}

static int join(char **out, const char *folder, const char *name, wtl_err *err)
{
    AUTO(wtl_buf) b = {0};
    size_t n = strlen(folder);
    wtl_buf_fmt(&b, "%s%s%s", folder, n > 0 && folder[n - 1] == '/' ? "" : "/", name);
    ENSURE(wtl_buf_cstr(&b) != NULL, err, WTL_NOMEM, "out of memory");
    *out = (char *)b.p;
    b = (wtl_buf){0};
    return WTL_OK;
}

int wtl_path_resolve(char **full, const char *file, wtl_err *err)
{
    *full = NULL;
    char *folder = NULL;
    const char *name;
    TRY(split(file, &folder, &name, err));
    char *real = realpath(folder, NULL);
    int rc;
    if (real == NULL)
        rc = fail_io(err, errno, folder, "cannot be resolved");
    else if (name[0] == '\0')
        rc = fail_io(err, EISDIR, file, "names no file");
    else
        rc = join(full, real, name, err);
    free(real);
    free(folder);
    return rc;
}

int wtl_path_inside(char **inside, const char *root, const char *full, wtl_err *err)
{
    *inside = NULL;
    char *real = realpath(root, NULL);
    if (real == NULL)
        return fail_io(err, errno, root, "cannot be resolved");
    size_t n = strcmp(real, "/") == 0 ? 0 : strlen(real);
    bool below = strncmp(full, real, n) == 0 && full[n] == '/';
    free(real);
    if (!below)
        return WTL_OK;
    *inside = strdup(full + n + 1);
    ENSURE(*inside != NULL, err, WTL_NOMEM, "out of memory");
    return WTL_OK;
}

const char *const wtl_path_default_ignored[] = {".git", ".gitattributes", ".github", ".gitignore", NULL};

bool wtl_path_is_default_ignored(const char *path)
{
    for (size_t i = 0; wtl_path_default_ignored[i] != NULL; i++) {
        size_t n = strlen(wtl_path_default_ignored[i]);
        if (strncmp(path, wtl_path_default_ignored[i], n) == 0 && (path[n] == '\0' || path[n] == '/'))
            return true;
    }
    return false;
}

/* DIR/model*.sig, or FILE.sig and FILE.*.sig; `suffix` is ".sig" or ".sig.json". */
static bool is_signature(const char *name, const char *stem, const char *suffix, bool is_dir)
{
    size_t n = strlen(name);
    size_t s = strlen(stem);
    size_t end = strlen(suffix);
    if (n < s + end || strncmp(name, stem, s) != 0 || strcmp(name + n - end, suffix) != 0)
        return false;
    return is_dir || name[s] == '.';
}

/* FILE.x.sig is the signature of FILE.x where there is such a file, and not of FILE by a key x. */
static bool is_anothers(int fd, const char *name, const char *stem, const char *suffix)
{
    size_t n = strlen(name) - strlen(suffix);
    char other[NAME_MAX + 1];
    struct stat st;
    if (n == strlen(stem) || n >= sizeof other)
        return false;
    memcpy(other, name, n);
    other[n] = '\0';
    return fstatat(fd, other, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What to look for in a folder. */
typedef struct pattern {
    const char *folder;
    const char *stem;
    const char *suffix;
    bool is_dir;
} pattern;

static int matches(const pattern *p, int fd, const char *name, bool *yes, wtl_err *err)
{
    struct stat st;
    *yes = false;
    if (!is_signature(name, p->stem, p->suffix, p->is_dir))
        return WTL_OK;
    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? WTL_OK : fail_io(err, errno, name, "cannot be looked at");
    *yes = S_ISREG(st.st_mode) && (p->is_dir || !is_anothers(fd, name, p->stem, p->suffix));
    return WTL_OK;
}

static int collect(wtl_path_list *out, DIR *d, const pattern *p, wtl_err *err)
{
    for (;;) {
        errno = 0;
        const struct dirent *e = readdir(d);
        if (e == NULL && errno != 0)
            return fail_io(err, errno, p->folder, "cannot be listed");
        if (e == NULL)
            return WTL_OK;
        bool is_match;
        TRY(matches(p, dirfd(d), e->d_name, &is_match, err));
        if (!is_match)
            continue;
        char *path = NULL;
        TRY(join(&path, p->folder, e->d_name, err));
        int rc = wtl_path_add(out, path, err);
        free(path);
        TRY(rc);
    }
}

/* Appends what matches in p->folder, sorted. */
static int list(wtl_path_list *out, const pattern *p, wtl_err *err)
{
    size_t before = out->n;
    DIR *d = opendir(p->folder);
    if (d == NULL)
        return fail_io(err, errno, p->folder, "cannot be listed");
    int rc = collect(out, d, p, err);
    closedir(d);
    if (out->n > before)
        qsort(out->p + before, out->n - before, sizeof *out->p, by_text);
    return rc;
}

static int list_beside(wtl_path_list *out, const char *file, const char *suffix, wtl_err *err)
{
    char *folder = NULL;
    pattern p = {.suffix = suffix};
    TRY(split(file, &folder, &p.stem, err));
    p.folder = folder;
    int rc = list(out, &p, err);
    free(folder);
    return rc;
}

int wtl_path_signatures(wtl_path_list *out, const char *model, bool is_dir, wtl_err *err)
{
    if (is_dir)
        return list(out, &(pattern){model, "model", ".sig", true}, err);
    return list_beside(out, model, ".sig", err);
}

int wtl_path_envelopes(wtl_path_list *out, const char *file, wtl_err *err)
{
    return list_beside(out, file, WTL_PATH_ENVELOPE, err);
}

/* "dir/my.root.key" -> "my.root" */
static int stem_of(wtl_buf *out, const char *key_path, wtl_err *err)
{
    const char *slash = strrchr(key_path, '/');
    const char *name = slash != NULL ? slash + 1 : key_path;
    const char *dot = strrchr(name, '.');
    AUTO(wtl_buf) q = {0};
    ENSURE(name[0] != '\0', err, WTL_USAGE, "\"%.300s\" names no key file", wtl_path_quote(&q, key_path));
    wtl_buf_add(out, name, dot != NULL && dot != name ? (size_t)(dot - name) : strlen(name));
    return wtl_buf_check(out, err);
}

/* DIR/model or FILE: what the default names begin with. */
static int default_prefix(wtl_buf *out, const char *model, wtl_err *err)
{
    bool is_dir;
    TRY(wtl_path_is_dir(model, &is_dir, err));
    size_t n = strlen(model);
    while (is_dir && n > 1 && model[n - 1] == '/')
        n--;
    wtl_buf_add(out, model, n);
    if (is_dir)
        wtl_buf_str(out, model[n - 1] == '/' ? "model" : "/model");
    return wtl_buf_check(out, err);
}

int wtl_sign_path(char **path, const char *model, const char *out, const char *key_path, size_t i,
                  wtl_err *err)
{
    *path = NULL;
    AUTO(wtl_buf) b = {0};
    const char *extension = ".sig";
    if (out != NULL) {
        const char *slash = strrchr(out, '/');
        const char *name = slash != NULL ? slash + 1 : out;
        const char *dot = strrchr(name, '.');
        extension = dot != NULL && dot != name ? dot : "";
        wtl_buf_add(&b, out, strlen(out) - strlen(extension));
    } else {
        TRY(default_prefix(&b, model, err));
    }
    if (i > 0) {
        wtl_buf_str(&b, ".");
        TRY(stem_of(&b, key_path, err));
    }
    wtl_buf_str(&b, extension);
    ENSURE(wtl_buf_cstr(&b) != NULL, err, WTL_NOMEM, "out of memory");
    *path = (char *)b.p;
    b = (wtl_buf){0};
    return WTL_OK;
}
