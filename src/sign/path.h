/* Names of models and of their signature files. */
#ifndef WTL_SIGN_PATH_H
#define WTL_SIGN_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Texts that it owns; zero-initialise. */
typedef struct wtl_path_list {
    char **p;
    size_t n;
} wtl_path_list;
void wtl_path_list_free(wtl_path_list *l);
void wtl_path_list_auto(wtl_path_list *l);
int wtl_path_add(wtl_path_list *l, const char *path, wtl_err *err) WTL_MUST_USE;
bool wtl_path_listed(const wtl_path_list *l, const char *path);

/* The foreign text made safe to print, in `b`'s memory. */
const char *wtl_path_quote(wtl_buf *b, const char *text);

/* WTL_IO when nothing can be seen there, WTL_POLICY when it is neither a file nor a directory. */
int wtl_path_is_dir(const char *path, bool *is_dir, wtl_err *err) WTL_MUST_USE;

/* The last part of the path, also of "dir/", "." and "..". malloc'd. */
int wtl_path_name(char **name, const char *path, wtl_err *err) WTL_MUST_USE;

/* Where `file` really lies: its folder resolved, its own name as given (it need not exist, and a link is not
 * followed). malloc'd. WTL_IO when the folder does not exist. */
int wtl_path_resolve(char **full, const char *file, wtl_err *err) WTL_MUST_USE;

/* The path below the directory `root` of a resolved file, or NULL when it lies elsewhere. malloc'd. */
int wtl_path_inside(char **inside, const char *root, const char *full, wtl_err *err) WTL_MUST_USE;

/* The four names at the root of a model that the format leaves out by default, and what is below them. */
extern const char *const wtl_path_default_ignored[];
bool wtl_path_is_default_ignored(const char *path);

/* Appends the signature files that stand where they are by default, sorted: the regular files
 * "model*.sig" of a directory (as DIR/name), or FILE.sig and FILE.*.sig beside a file. FILE.x.sig is left out where
 * a FILE.x lies beside it: it is that file's. */
int wtl_path_signatures(wtl_path_list *out, const char *model, bool is_dir, wtl_err *err) WTL_MUST_USE;

/* The same for envelopes, FILE.sig.json and FILE.*.sig.json. */
#define WTL_PATH_ENVELOPE ".sig.json"
int wtl_path_envelopes(wtl_path_list *out, const char *file, wtl_err *err) WTL_MUST_USE;

#endif
