/* Helpers: programs of their own that the command starts in its place. */
#ifndef WTL_CLI_LIBEXEC_H
#define WTL_CLI_LIBEXEC_H

#include "base/buf.h"
#include "cli/args.h"

/* Appends the program's path, FOLDER/../libexec/wattle/PROGRAM, where FOLDER is the running program's with links resolved. WTL_IO. */
int wtl_libexec_path(const char *program, wtl_buf *path, wtl_err *err) WTL_MUST_USE;

/* Becomes the program of this name in ../libexec/wattle, seen from the folder of the running program (links resolved), with these
 * words behind its name. --crypto of `args` goes on as WATTLE_CRYPTO. Returns only when that failed: WTL_IO with where it was
 * looked for, WTL_USAGE for a --crypto that there is not. */
int wtl_libexec_become(const char *program, const char *const *word, size_t n, const wtl_args *args,
                       wtl_err *err) WTL_MUST_USE;

#endif
