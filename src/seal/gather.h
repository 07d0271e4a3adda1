/* The sources that a list of paths stands for: files, what lies in directories, standard input. */
#ifndef WTL_SEAL_GATHER_H
#define WTL_SEAL_GATHER_H

#include "seal/source.h"

/* Begin with {.in = {.fd = -1}}. */
typedef struct wtl_gather {
    wtl_source *source;
    size_t n;
    size_t room;
    wtl_walk *walk; /* what each path was found to be */
    size_t n_paths;
    wtl_in in;   /* standard input, when it is one of them */
    char **name; /* made here */
    size_t n_names;
    size_t name_room;
} wtl_gather;
void wtl_gather_auto(wtl_gather *g);

/* `container` may not be among them. `name`, only with one path: what the file is called, or the folder that gets what
 * is in the directory. WTL_USAGE, WTL_FORMAT (a name), WTL_POLICY (links and the like), WTL_IO. */
int wtl_gather_paths(wtl_gather *g, const char *const *path, size_t n, const char *name,
                     const char *container, wtl_err *err) WTL_MUST_USE;

#endif
