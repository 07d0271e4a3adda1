#include "proxyd/record.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

static int open_stdout(int *fd, wtl_err *err)
{
    struct stat st;
    int made = -1;
    if (fstat(STDOUT_FILENO, &st) == 0 && (S_ISFIFO(st.st_mode) || isatty(STDOUT_FILENO)))
        made = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (made < 0)
        made = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (made < 0)
        return WTL_FAIL_SYS(err, WTL_IO, errno, "standard output, which --log - names, cannot be written");
    *fd = made;
    return WTL_OK;
}

int wtl_record_open(const char *path, int *fd, wtl_err *err)
{
    if (strcmp(path, "-") == 0)
        return open_stdout(fd, err);
    int made = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
    int eno = errno;
    if (made >= 0) {
        *fd = made;
        return WTL_OK;
    }
    AUTO(wtl_buf) name = {0};
    wtl_text_quote(&name, wtl_text_of(path));
    return WTL_FAIL_SYS(err, WTL_IO, eno, "the log %s cannot be opened", wtl_buf_cstr(&name));
}
