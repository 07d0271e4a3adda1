/* One object of a container, read in parts: no byte comes out before it was checked. */
#ifndef WTL_SEAL_OBJECT_H
#define WTL_SEAL_OBJECT_H

#include "seal/reader.h"

/* What any number of threads need to read an object: its message key and, when the sender's signature is to cover what
 * is read, the leaf table, checked against the index. Zero-initialise. */
typedef struct wtl_object {
    wtl_reader *r;
    const wtl_entry *e;
    bool tree;
    wtl_secret message;
    wtl_buf leaves;
} wtl_object;
void wtl_object_auto(wtl_object *o);

/* `key` is the container's object key. WTL_NO: header or table are not what was sealed, or, with `tree`, the object has
 * no table. The reader and the entry must outlive the object. */
int wtl_object_open(wtl_object *o, wtl_reader *r, const wtl_secret *key, const wtl_entry *e, bool tree,
                    wtl_err *err) WTL_MUST_USE;

#endif
