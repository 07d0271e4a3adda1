/* Digests of an object's segments while they are made or read, many segments side by side. */
#ifndef WTL_SEAL_LEAVES_H
#define WTL_SEAL_LEAVES_H

#include "container/hashtree.h"
#include "crypto/lanes.h"

/* One thread's hashes. */
typedef struct wtl_leaves wtl_leaves;
int wtl_leaves_new(wtl_leaves **out, wtl_err *err) WTL_MUST_USE;
void wtl_leaves_free(wtl_leaves *l);
void wtl_leaves_auto(wtl_leaves **l);

/* Begins n segments (1 to WTL_LANES_MOST); adds the next part of each, empty where one has ended; gives n digests of 32
 * bytes, one behind the other. */
int wtl_leaves_begin(wtl_leaves *l, size_t n, wtl_err *err) WTL_MUST_USE;
int wtl_leaves_add(wtl_leaves *l, const wtl_bytes part[WTL_LANES_MOST], wtl_err *err) WTL_MUST_USE;
int wtl_leaves_end(wtl_leaves *l, uint8_t *leaf, wtl_err *err) WTL_MUST_USE;

/* A leaf whose bytes are all there. */
int wtl_leaves_one(wtl_leaves *l, wtl_bytes part, uint8_t *leaf, wtl_err *err) WTL_MUST_USE;

#endif
