/* A directory that receives many files, all of them or none, and nothing outside it. */
#ifndef WTL_FS_TREE_H
#define WTL_FS_TREE_H

#include "fs/out.h"

/* Files are written into a staging folder (".wattle-partial-<random>", mode 0700) inside the target and moved
 * to their names together at commit. A program that is killed leaves that folder behind, and nothing else
 * unless it dies within the commit. */
typedef struct wtl_tree wtl_tree;

/* Makes `dir` when it does not exist (its parent must). A non-empty one is WTL_POLICY without `force`; so is
 * what is no directory. A link given as `dir` is followed: the user named it. */
int wtl_tree_open(wtl_tree **out, const char *dir, bool force, wtl_err *err) WTL_MUST_USE;
/* Begins the file `path` (relative, '/' between parts; absolute, empty, "." and ".." parts are
 * WTL_FORMAT). The descriptor belongs to the tree; one file at a time. The file gets mode & 0777 exactly. */
int wtl_tree_begin(wtl_tree *t, const char *path, unsigned mode, int *fd, wtl_err *err) WTL_MUST_USE;
int wtl_tree_end(wtl_tree *t, wtl_err *err) WTL_MUST_USE; /* fsyncs and closes the file begun */
/* A directory of exactly mode & 0777, set after the files are moved, also when it exists already. Folders
 * that only follow from files' paths are made with 0777 less the umask and left as they are if they exist. */
int wtl_tree_mkdir(wtl_tree *t, const char *path, unsigned mode, wtl_err *err) WTL_MUST_USE;
/* Moves everything to its place: parent folders are made, no link is followed on the way (WTL_POLICY),
 * with `force` files are replaced; then fsyncs the folders. One path named twice, or as file and folder, is
 * WTL_FORMAT. A failure leaves the target as it was, or the sentence says what could not be undone. */
int wtl_tree_commit(wtl_tree *t, wtl_err *err) WTL_MUST_USE;
/* Removes the staging folder, and the target when this tree made it and nothing was committed. */
void wtl_tree_free(wtl_tree *t);
void wtl_tree_auto(wtl_tree **t);

#endif
