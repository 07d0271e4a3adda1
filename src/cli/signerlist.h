/* Who signs, by the keys that the command line names, and into which files. */
#ifndef WTL_CLI_SIGNERLIST_H
#define WTL_CLI_SIGNERLIST_H

#include "cli/args.h"
#include "cli/keyload.h"
#include <wattle/sign.h>

/* One signer per key, which it borrows. Zero-initialise. */
typedef struct wtl_signerlist {
    wtl_signer *s;
    char **path; /* what s[i].out is; malloc'd */
    size_t n;
} wtl_signerlist;
void wtl_signerlist_auto(wtl_signerlist *v);

/* The name of signature file i, malloc'd into *path: see wtl_sign_path and wtl_sign_file_path. */
typedef int wtl_signerlist_path(char **path, const char *model, const char *out, const char *key_path,
                                size_t i, wtl_err *err);

/* From all keys, the first operand and --out. */
int wtl_signerlist_make(wtl_signerlist *v, const wtl_keys *keys, const wtl_args *args,
                        wtl_signerlist_path *path, wtl_err *err) WTL_MUST_USE;

#endif
