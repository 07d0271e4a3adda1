/* A model's files against a statement. */
#ifndef WTL_SIGN_COMPARE_H
#define WTL_SIGN_COMPARE_H

#include "manifest/statement.h"
#include "sign/path.h"
#include <wattle/sign.h>

/* Hashes the files and adds each difference to r->finding, sorted by name; fills what the result tells of the statement's
 * method and of the files, and counts r->files and r->bytes. `own` are the paths within the model of the signature files that
 * were read: they are no extra files; nor are empty ones with the method shards, which r->empty_files counts. WTL_OK
 * also when there are findings; WTL_POLICY for links and devices, WTL_NO for a file that changes meanwhile, WTL_IO. */
int wtl_compare_model(const char *model, bool is_dir, const wtl_statement *s, const wtl_path_list *own,
                      const wtl_verify_opts *opts, wtl_verify_result *r, wtl_err *err) WTL_MUST_USE;

#endif
