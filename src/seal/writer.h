/* Writes a new container from its beginning to its end: header, objects, index, signatures, trailer. */
#ifndef WTL_SEAL_WRITER_H
#define WTL_SEAL_WRITER_H

#include "container/index.h"
#include "crypto/key.h"
#include "fs/out.h"
#include <wattle/seal.h>

/* Zero-initialise. Not to be looked into from outside. */
typedef struct wtl_writer {
    wtl_out out;
    wtl_preamble pre;
    wtl_secret file_key;
    wtl_secret object_key;
    bool tree;       /* objects get a digest tree, for a sender to sign */
    uint64_t at;     /* bytes of the container so far */
    wtl_index index; /* what was written so far */
    size_t room;     /* entries allocated */
    uint8_t *plain;  /* one segment */
    uint8_t *sealed; /* the same, sealed */
    wtl_hasher *sha;
    wtl_buf leaves; /* of the object being written */
    uint64_t plain_bytes;
    size_t files;
} wtl_writer;
void wtl_writer_auto(wtl_writer *w); /* nothing appears under the final name unless finished */

/* Fills `to` with up to n bytes; *got < n only at the end of the content. */
typedef int wtl_writer_read(void *arg, uint8_t *to, size_t n, size_t *got, wtl_err *err);

/* Draws the container's id and file key and writes the header. */
int wtl_writer_begin(wtl_writer *w, const char *path, const wtl_seal_opts *opts, wtl_err *err) WTL_MUST_USE;

/* The next entry; names come in ascending order. */
int wtl_writer_file(wtl_writer *w, const char *name, unsigned mode, wtl_writer_read *read, void *arg,
                    wtl_err *err) WTL_MUST_USE;
int wtl_writer_dir(wtl_writer *w, const char *name, unsigned mode, wtl_err *err) WTL_MUST_USE;

/* Index, signatures, trailer; the container gets its name. */
int wtl_writer_finish(wtl_writer *w, enum wtl_index_shape shape, const wtl_seal_opts *opts,
                      wtl_seal_result *result, wtl_err *err) WTL_MUST_USE;

#endif
