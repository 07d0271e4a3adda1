#include "proxyd/where.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Only an absolute path counts (XDG Base Directory Specification 0.8). */
static const char *absolute(const char *name)
{
    const char *value = secure_getenv(name);
    return value != NULL && value[0] == '/' ? value : NULL;
}

int wtl_where_control(wtl_buf *out, wtl_err *err)
{
    const char *run = absolute("XDG_RUNTIME_DIR");
    if (run != NULL)
        wtl_buf_fmt(out, "%s/wattle", run);
    else if (geteuid() == 0)
        wtl_buf_str(out, "/run/wattle");
    return wtl_buf_check(out, err);
}

int wtl_where_state(wtl_buf *out, wtl_err *err)
{
    const char *state = absolute("XDG_STATE_HOME");
    const char *home = absolute("HOME");
    if (state != NULL)
        wtl_buf_fmt(out, "%s/wattle/pins", state);
    else if (geteuid() == 0)
        wtl_buf_str(out, "/var/lib/wattle/pins");
    else if (home != NULL)
        wtl_buf_fmt(out, "%s/.local/state/wattle/pins", home);
    return wtl_buf_check(out, err);
}

/* Folders that are missing, from the top. */
static void make_all(char *path)
{
    for (char *p = path + 1; *p != '\0'; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        mkdir(path, 0700);
        *p = '/';
    }
    mkdir(path, 0700);
}

bool wtl_where_make(const char *file)
{
    const char *slash = strrchr(file, '/');
    if (slash == NULL || slash == file)
        return true;
    char *folder = strndup(file, (size_t)(slash - file));
    if (folder == NULL)
        return false;
    make_all(folder);
    struct stat st;
    bool there = stat(folder, &st) == 0 && S_ISDIR(st.st_mode);
    free(folder);
    return there;
}
