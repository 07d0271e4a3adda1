/* Writes a new container from its beginning to its end: header, objects, index, signatures, trailer. */
#ifndef WTL_SEAL_WRITER_H
#define WTL_SEAL_WRITER_H

#include "container/index.h"
#include "crypto/key.h"
#include "fs/out.h"
#include "seal/reader.h"
#include "seal/source.h"
#include <wattle/seal.h>

/* Zero-initialise. Not to be looked into from outside. */
typedef struct wtl_writer {
    wtl_out out;
    wtl_preamble pre;
    wtl_secret file_key;
    uint64_t generation; /* of the content */
    bool tree;           /* objects get a digest tree, for a sender to sign */
    uint64_t at;         /* bytes of the container so far */
    wtl_index index;     /* what was written so far */
    uint64_t objects;    /* the last object's number */
    uint64_t plain_bytes;
    size_t files;
} wtl_writer;
void wtl_writer_auto(wtl_writer *w); /* nothing appears under the final name unless finished */

/* Draws the container's id and file key and writes the header. */
int wtl_writer_begin(wtl_writer *w, const char *path, const wtl_seal_opts *opts, wtl_err *err) WTL_MUST_USE;

/* Continues the container that `r` has opened (with its index), with content generation g + 1: everything before its index
 * is taken over into a new file, which takes its name in the end. What `keep` has is moved into the new index. The
 * mode stays, and the owner where that is allowed. WTL_NO: the container changed meanwhile. */
int wtl_writer_resume(wtl_writer *w, const char *path, wtl_reader *r, wtl_index *keep, bool tree,
                      wtl_err *err) WTL_MUST_USE;

/* The contents, all at once: entries in ascending order of names, except when continued. WTL_NO: a file changed while it was read. */
int wtl_writer_contents(wtl_writer *w, const wtl_source *source, size_t n, const wtl_seal_opts *opts,
                        wtl_err *err) WTL_MUST_USE;

/* Index, signatures, trailer; the container gets its name. */
int wtl_writer_finish(wtl_writer *w, enum wtl_index_shape shape, const wtl_seal_opts *opts,
                      wtl_seal_result *result, wtl_err *err) WTL_MUST_USE;

#endif
