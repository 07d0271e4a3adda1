#include "sandbox/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"

enum { ENTRY_FIRST = 4096, ENTRY_MAX = 1 << 20 };

/* The entry of the user database; its texts lie in *room, malloc'd. *found is NULL when there is none. */
static int look_up(struct passwd *entry, struct passwd **found, char **room, const char *name)
{
    for (size_t n = ENTRY_FIRST; n <= ENTRY_MAX; n *= 2) {
        char *larger = realloc(*room, n);
        if (larger == NULL)
            return ENOMEM;
        *room = larger;
        int eno = getpwnam_r(name, entry, larger, n, found);
        if (eno != ERANGE)
            return eno;
    }
    return ERANGE;
}

/* The system may make the process dumpable when its user changes (fs.suid_dumpable). */
static int change(const struct passwd *user, const char *shown, wtl_err *err)
{
    int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    if (initgroups(user->pw_name, user->pw_gid) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot take on the groups of user %s", shown);
    if (setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
        setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot become user %s", shown);
    if (dumpable == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "cannot keep other processes out of this one's memory");
    return WTL_OK;
}

static int is_for_good(const struct passwd *user, const char *shown, wtl_err *err)
{
    uid_t real;
    uid_t effective;
    uid_t saved;
    ENSURE(getresuid(&real, &effective, &saved) == 0 && real == user->pw_uid && effective == user->pw_uid &&
               saved == user->pw_uid,
           err, WTL_BUG, "the process did not become user %s", shown);
    ENSURE(
        user->pw_uid == 0 || setuid(0) != 0, err, WTL_POLICY,
        "the process could become root again after it became user %s; start it without special secure bits",
        shown);
    return WTL_OK;
}

static int become(const char *name, const char *shown, wtl_err *err)
{
    struct passwd entry;
    struct passwd *user = NULL;
    char *room = NULL;
    int eno = look_up(&entry, &user, &room, name);
    int rc = WTL_OK;
    if (user == NULL)
        rc = eno == ENOMEM ? WTL_FAIL(err, WTL_NOMEM, "no memory to look up user %s", shown)
             : eno == 0 || eno == ENOENT
                 ? WTL_FAIL(err, WTL_USAGE, "there is no user %s on this system", shown)
                 : WTL_FAIL_SYS(err, WTL_IO, eno, "cannot look up user %s", shown);
    if (rc == WTL_OK)
        rc = change(user, shown, err);
    if (rc == WTL_OK)
        rc = is_for_good(user, shown, err);
    free(room);
    return rc;
}

int wtl_sandbox_user(const char *name, wtl_err *err)
{
    if (name == NULL || geteuid() != 0)
        return WTL_OK;
    AUTO(wtl_buf) quoted = {0};
    wtl_text_quote(&quoted, wtl_text_of(name));
    const char *shown = wtl_buf_cstr(&quoted);
    ENSURE(shown != NULL, err, WTL_NOMEM, "no memory to look up a user");
    return become(name, shown, err);
}
