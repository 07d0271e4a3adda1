/* Writes the objects of a container: contents are read, encrypted and hashed by all cores, and written in order. */
#ifndef WTL_SEAL_PACK_H
#define WTL_SEAL_PACK_H

#include "container/index.h"
#include "fs/out.h"
#include "seal/source.h"
#include <wattle/progress.h>

/* Borrows everything. */
typedef struct wtl_pack {
    wtl_out *out;
    uint64_t at; /* bytes of the container so far: where the first object begins, then where the last ended */
    const wtl_preamble *pre;
    const wtl_secret *object_key;
    bool tree;
    unsigned threads; /* 0 = all cores */
    const wtl_progress *progress;
    const wtl_source *source;
    wtl_entry *entry; /* of each source, with all but offset, plain and root, which are filled in */
    size_t n;
    uint64_t plain; /* bytes of content done so far */
} wtl_pack;

/* WTL_NO: a file changed while it was read. */
int wtl_pack_run(wtl_pack *p, wtl_err *err) WTL_MUST_USE;

#endif
