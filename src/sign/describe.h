/* What a model holds, as a statement. */
#ifndef WTL_SIGN_DESCRIBE_H
#define WTL_SIGN_DESCRIBE_H

#include "manifest/statement.h"
#include "sign/assume.h"
#include <wattle/progress.h>

typedef struct wtl_describe_opts {
    unsigned threads;         /* 0 = the processors that there are */
    const wtl_assume *assume; /* files that this holds unchanged are not read; NULL = all are */
    wtl_progress progress;
} wtl_describe_opts;

typedef struct wtl_describe_tally {
    uint64_t bytes;         /* read and hashed */
    size_t files;           /* that the statement covers */
    size_t empty_files;     /* left out by the method shards */
    size_t assumed_files;   /* of `files`, not read */
    uint64_t assumed_bytes; /* their sizes */
} wtl_describe_tally;

/* Hashes every file of the model that the statement does not ignore, by the statement's hash, method and shard size, and adds
 * the resources. WTL_POLICY for links, devices and a model without files (with shards: without a byte), WTL_USAGE for too
 * many shards, WTL_NO for a file that changes meanwhile, WTL_FORMAT for a name that is not UTF-8, WTL_IO. */
int wtl_describe_model(wtl_statement *s, const char *model, bool is_dir, const wtl_describe_opts *opts,
                       wtl_describe_tally *tally, wtl_err *err) WTL_MUST_USE;

#endif
