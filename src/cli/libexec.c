#include "cli/libexec.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/cmd.h"
#include "cli/show.h"

static int pass_crypto(const wtl_args *args, wtl_err *err)
{
    const char *whose = wtl_args_get(args, "crypto", 0);
    if (whose == NULL)
        return WTL_OK;
    const wtl_opt *o = NULL;
    for (size_t i = 0; (o = wtl_args_option(args->cmd, i)) != NULL && strcmp(o->name, "crypto") != 0; i++)
        ;
    char word[64];
    bool known = false;
    for (size_t i = 0; o != NULL && wtl_args_value(o, i, word); i++)
        known = known || strcmp(word, whose) == 0;
    ENSURE(known, err, WTL_USAGE, "--crypto is one of %s, not '%.64s'", o != NULL ? o->values : "none",
           wtl_show_name(whose));
    ENSURE(setenv("WATTLE_CRYPTO", whose, 1) == 0, err, WTL_NOMEM, "out of memory");
    return WTL_OK;
}

int wtl_libexec_path(const char *program, wtl_buf *path, wtl_err *err)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self);
    if (n <= 0)
        return WTL_FAIL_SYS(err, WTL_IO, n < 0 ? errno : 0,
                            "cannot tell where this program lies (is /proc mounted?), to find %s beside it",
                            program);
    ENSURE((size_t)n < sizeof self, err, WTL_IO, "the path of this program is too long");
    while (n > 0 && self[n - 1] != '/')
        n--;
    wtl_buf_add(path, self, (size_t)n);
    wtl_buf_fmt(path, "../libexec/wattle/%s", program);
    return wtl_buf_check(path, err);
}

int wtl_libexec_become(const char *program, const char *const *word, size_t n, const wtl_args *args,
                       wtl_err *err)
{
    AUTO(wtl_buf) path = {0};
    TRY(pass_crypto(args, err));
    TRY(wtl_libexec_path(program, &path, err));
    const char *file = wtl_buf_cstr(&path);
    char **argv = calloc(n + 2, sizeof *argv);
    if (file == NULL || argv == NULL) {
        free(argv);
        return WTL_FAIL(err, WTL_NOMEM, "out of memory");
    }
    /* execv takes what it does not change without saying so. */
    argv[0] = (char *)(uintptr_t)file;
    for (size_t i = 0; i < n; i++)
        argv[i + 1] = (char *)(uintptr_t)word[i];
    fflush(NULL);
    execv(file, argv);
    int why = errno;
    free(argv);
    if (why == ENOENT)
        return WTL_FAIL(
            err, WTL_IO,
            "the program %s is not where it belongs, at %s: Wattle is installed in part, or 'wattle' was "
            "copied alone",
            program, wtl_show_name(file));
    return WTL_FAIL_SYS(err, WTL_IO, why, "cannot start %s", wtl_show_name(file));
}
