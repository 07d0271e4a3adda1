/* Moves staged files to their names below a directory, all or none. Used inside this room. */
#ifndef WTL_FS_PLACE_H
#define WTL_FS_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum wtl_place_state {
    WTL_PLACE_STAGED,  /* not moved */
    WTL_PLACE_NEW,     /* moved to a name that was free */
    WTL_PLACE_SWAPPED, /* exchanged with the file that was there, which is staged now */
    WTL_PLACE_OVER     /* moved over a file, which is gone (where the system cannot exchange) */
};

typedef struct wtl_place_item {
    char *path; /* below the target, checked by wtl_at_check; owned by whoever fills the list */
    bool is_dir;
    unsigned mode; /* of a directory, & 0777; a file has its mode already */
    size_t id;     /* a file's name in the staging folder is this number */
    enum wtl_place_state state;
} wtl_place_item;

typedef struct wtl_place {
    const char *shown; /* the target, for messages */
    int fd;            /* the target */
    int stagefd;
    bool force; /* replace regular files that are there */
    wtl_place_item *item;
    size_t n;
} wtl_place;

enum { WTL_PLACE_ID = 24 }; /* room for a name in the staging folder */
void wtl_place_id(char name[WTL_PLACE_ID], size_t id);

/* Sorts the items. Names that are given twice or are both a file and a folder are WTL_FORMAT; what is in
 * the way (a link, a file where a folder must be, an existing file without `force`) is WTL_POLICY: both are
 * found before anything is changed. A later failure undoes what was done, and says so where it cannot.
 * Modes of directories are set last, the deepest first. */
int wtl_place_all(wtl_place *p, wtl_err *err) WTL_MUST_USE;

#endif
