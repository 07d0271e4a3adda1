/* Digests of an earlier signature for files that nobody seems to have touched since. */
#ifndef WTL_SIGN_ASSUME_H
#define WTL_SIGN_ASSUME_H

#include "crypto/key.h"
#include "fs/walk.h"
#include "manifest/statement.h"

/* Owns its parts; zero-initialise. */
typedef struct wtl_assume {
    wtl_statement statement;
    const wtl_resource **order; /* its resources by name and start */
    struct timespec before;     /* times before this one are old enough */
} wtl_assume;
void wtl_assume_free(wtl_assume *a);
void wtl_assume_auto(wtl_assume *a);

/* Reads the signature file `path`. One of `keys` must have made the signature (else WTL_NO), and hash, method and shard
 * size must be those of `like` (else WTL_POLICY). */
int wtl_assume_read(wtl_assume *a, const char *path, const wtl_key *const *keys, size_t n,
                    const wtl_statement *like, wtl_err *err) WTL_MUST_USE;

/* The resources of the file, *count of them by start, when it was neither written nor had its name, owner or mode
 * changed since WTL_ASSUME_MARGIN seconds before the signature file's modification time, and its size is the one that was
 * signed (which the method files does not tell); else NULL. */
enum { WTL_ASSUME_MARGIN = 2 };
const wtl_resource *const *wtl_assume_find(const wtl_assume *a, const char *name, const wtl_stamp *now,
                                           size_t *count);

#endif
