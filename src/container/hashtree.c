#include "container/hashtree.h"

#include <string.h>

uint64_t wtl_hashtree_leaves(uint64_t sealed)
{
    uint64_t chunks = sealed - WTL_CHUNKED_HEADER;
    return 1 + chunks / WTL_HASHTREE_SEGMENT + (chunks % WTL_HASHTREE_SEGMENT != 0);
}

static int digest(wtl_hasher *h, uint8_t prefix, wtl_bytes a, wtl_bytes b, uint8_t *out, wtl_err *err)
{
    TRY(wtl_hasher_start(h, err));
    TRY(wtl_hasher_add(h, (wtl_bytes){&prefix, 1}, err));
    TRY(wtl_hasher_add(h, a, err));
    TRY(wtl_hasher_add(h, b, err));
    return wtl_hasher_end(h, out, err);
}

int wtl_hashtree_leaf(wtl_hasher *h, wtl_bytes part, uint8_t leaf[WTL_HASHTREE_NODE], wtl_err *err)
{
    return digest(h, 0, part, (wtl_bytes){NULL, 0}, leaf, err);
}

/* The finished subtrees to the left, the largest first: one for each set bit of the number of leaves seen. */
struct stack {
    uint8_t node[64][WTL_HASHTREE_NODE];
    size_t n;
};

static int join(wtl_hasher *h, struct stack *s, wtl_err *err)
{
    s->n--;
    uint8_t *left = s->node[s->n - 1];
    return digest(h, 1, (wtl_bytes){left, WTL_HASHTREE_NODE}, (wtl_bytes){s->node[s->n], WTL_HASHTREE_NODE},
                  left, err);
}

int wtl_hashtree_root(wtl_bytes table, uint8_t root[WTL_HASHTREE_NODE], wtl_err *err)
{
    ENSURE(table.n > 0 && table.n % WTL_HASHTREE_NODE == 0, err, WTL_BUG, "a leaf table of %zu bytes",
           table.n);
    AUTO(wtl_hasher) *h = NULL;
    TRY(wtl_hasher_new(&h, WTL_HASH_SHA256, err));
    struct stack s = {.n = 0};
    for (size_t i = 0; i < table.n / WTL_HASHTREE_NODE; i++) {
        memcpy(s.node[s.n++], table.p + i * WTL_HASHTREE_NODE, WTL_HASHTREE_NODE);
        for (size_t done = i + 1; done % 2 == 0; done /= 2)
            TRY(join(h, &s, err));
    }
    while (s.n > 1)
        TRY(join(h, &s, err));
    memcpy(root, s.node[0], WTL_HASHTREE_NODE);
    return WTL_OK;
}
