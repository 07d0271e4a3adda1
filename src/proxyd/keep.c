#include "proxyd/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "proxyd/where.h"

static int take_lock(int *fd, const char *path, wtl_err *err)
{
    AUTO(wtl_buf) name = {0};
    AUTO(wtl_buf) shown = {0};
    wtl_buf_fmt(&name, "%s.lock", path);
    wtl_text_quote(&shown, wtl_buf_view(&name));
    const char *lock = wtl_buf_cstr(&name);
    const char *quoted = wtl_buf_cstr(&shown);
    ENSURE(lock != NULL && quoted != NULL, err, WTL_NOMEM, "no memory for the state file's name");
    wtl_where_make(path);
    int made = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
    if (made < 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "%s, which guards the state file, cannot be opened", quoted);
    if (flock(made, LOCK_EX | LOCK_NB) < 0) {
        int eno = errno;
        close(made);
        return WTL_FAIL_SYS(err, WTL_BUSY, eno, "%s is held by another proxy", quoted);
    }
    *fd = made;
    return WTL_OK;
}

/* The other holds it for one write. */
static int wait_lock(int *fd, const char *path, wtl_err *err)
{
    enum { TRIES = 100 };
    int rc = WTL_BUSY;
    for (int i = 0; i < TRIES && rc == WTL_BUSY; i++) {
        if (i > 0)
            nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        rc = take_lock(fd, path, err);
    }
    return rc;
}

int wtl_keep_read(wtl_pin *pins, const char *path, wtl_err *err)
{
    int lock;
    TRY(wait_lock(&lock, path, err));
    int rc = wtl_pin_read(pins, path, time(NULL), err);
    close(lock);
    return rc;
}

int wtl_keep_write(wtl_pin *pins, const char *path, wtl_err *err)
{
    int lock;
    if (!wtl_pin_changed(pins))
        return WTL_OK;
    TRY(take_lock(&lock, path, err));
    int rc = wtl_pin_read(pins, path, time(NULL), err);
    if (rc == WTL_OK)
        rc = wtl_pin_write(pins, path, time(NULL), err);
    close(lock);
    return rc;
}
