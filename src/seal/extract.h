/* Gives the plaintext of objects, or of ranges of them, to a sink: no byte before it was checked. */
#ifndef WTL_SEAL_EXTRACT_H
#define WTL_SEAL_EXTRACT_H

#include "seal/reader.h"

/* Receives checked plaintext in order. */
typedef int wtl_extract_sink(void *arg, wtl_bytes v, wtl_err *err);

/* Buffers and keys for one container, used for one object after another. */
typedef struct wtl_extract wtl_extract;
/* With `tree` every byte of ciphertext is also checked against the digest tree of the (signed) index; WTL_NO for an
 * object without one. The reader must have its index, and outlive this. */
int wtl_extract_new(wtl_extract **out, wtl_reader *r, bool tree, wtl_err *err) WTL_MUST_USE;
void wtl_extract_free(wtl_extract *x);
void wtl_extract_auto(wtl_extract **x);

/* Bytes [from, to) of the file `e`, from <= to <= e->plain. WTL_NO, named: changed. Reads only what it must: the
 * chunks, with a tree the segments, that hold the range. */
int wtl_extract_range(wtl_extract *x, const wtl_entry *e, uint64_t from, uint64_t to, wtl_extract_sink *sink,
                      void *arg, wtl_err *err) WTL_MUST_USE;

#endif
