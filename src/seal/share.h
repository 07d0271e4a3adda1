/* How work on a container is divided between threads, and how much memory it may take. */
#ifndef WTL_SEAL_SHARE_H
#define WTL_SEAL_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct wtl_share {
    unsigned threads;
    size_t slots;    /* batches under way at once */
    size_t segments; /* of a batch when there is a tree, hashed side by side; else 1 */
    size_t chunks;   /* of a batch */
} wtl_share;

/* For `wish` threads (0 = as many as there are processors), `bytes` of content (UINT64_MAX = unknown) and `files` files.
 * All batches together have 32 MiB at most, 16 MiB where there are many files. */
wtl_share wtl_share_of(unsigned wish, bool tree, uint64_t bytes, size_t files);

enum {
    WTL_SHARE_STEP = 4,    /* chunks that are encrypted or decrypted, then hashed while they are near */
    WTL_SHARE_PIECES = 256 /* files that a batch holds at most */
};

#endif
