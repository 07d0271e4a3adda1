/* The tree of SHA-256 digests over an object's ciphertext (RFC 6962 section 2.1), by which a part of the object is
 * checked against a root in the signed index. Leaf 0 is the 56-byte message header, leaf i + 1 segment i of 64
 * sealed chunks (docs/formats/wtl.md, "Segments"). */
#ifndef WTL_CONTAINER_HASHTREE_H
#define WTL_CONTAINER_HASHTREE_H

#include "crypto/chunked.h"
#include "crypto/hash.h"

enum {
    WTL_HASHTREE_NODE = 32,
    WTL_HASHTREE_CHUNKS = 64, /* chunks in a full segment */
    WTL_HASHTREE_SEGMENT = WTL_HASHTREE_CHUNKS * WTL_CHUNKED_SEALED
};

/* Leaves of an object whose message has `sealed` bytes (at least 72). */
uint64_t wtl_hashtree_leaves(uint64_t sealed);

/* Digest of one leaf. `h` is a SHA-256 hasher, used from its start. */
int wtl_hashtree_leaf(wtl_hasher *h, wtl_bytes part, uint8_t leaf[WTL_HASHTREE_NODE],
                      wtl_err *err) WTL_MUST_USE;

/* The root over a table of 32-byte leaves, at least one. */
int wtl_hashtree_root(wtl_bytes table, uint8_t root[WTL_HASHTREE_NODE], wtl_err *err) WTL_MUST_USE;

#endif
