/* Where the configuration comes from: words of a command line, or a file that is read anew for every generation. */
#ifndef WTL_PROXYD_SOURCE_H
#define WTL_PROXYD_SOURCE_H

#include <stdbool.h>

#include "proxyconf/proxyconf.h"

typedef struct wtl_source {
    const char *path; /* the file, or NULL: words */
    bool server;
    const char *const *word;
    size_t n;
} wtl_source;

/* Takes `server ...` and `client ...` as they stand, and of `run` and `check` their --config. WTL_USAGE. */
int wtl_source_words(wtl_source *s, const char *role, const char *const *word, size_t n,
                     wtl_err *err) WTL_MUST_USE;
int wtl_source_load(const wtl_source *s, wtl_proxyconf *out, wtl_err *err) WTL_MUST_USE;

#endif
