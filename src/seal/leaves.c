#include "seal/leaves.h"

#include <stdlib.h>

struct wtl_leaves {
    wtl_hasher *one;
    wtl_lanes *many; /* made when they are first needed */
    size_t n;        /* segments begun */
};

/* A leaf's first byte (RFC 6962 section 2.1). */
static const uint8_t prefix = 0;

void wtl_leaves_free(wtl_leaves *l)
{
    if (l == NULL)
        return;
    wtl_hasher_free(l->one);
    wtl_lanes_free(l->many);
    free(l);
}

void wtl_leaves_auto(wtl_leaves **l)
{
    wtl_leaves_free(*l);
}

int wtl_leaves_new(wtl_leaves **out, wtl_err *err)
{
    *out = NULL;
    AUTO(wtl_leaves) *l = calloc(1, sizeof *l);
    ENSURE(l != NULL, err, WTL_NOMEM, "out of memory");
    TRY(wtl_hasher_new(&l->one, WTL_HASH_SHA256, err));
    *out = l;
    l = NULL;
    return WTL_OK;
}

int wtl_leaves_begin(wtl_leaves *l, size_t n, wtl_err *err)
{
    l->n = n;
    if (n == 1) {
        TRY(wtl_hasher_start(l->one, err));
        return wtl_hasher_add(l->one, (wtl_bytes){&prefix, 1}, err);
    }
    if (l->many == NULL)
        TRY(wtl_lanes_new(&l->many, WTL_HASH_SHA256, err));
    wtl_bytes part[WTL_LANES_MOST] = {0};
    for (size_t i = 0; i < n; i++) {
        TRY(wtl_lanes_start(l->many, i, err));
        part[i] = (wtl_bytes){&prefix, 1};
    }
    return wtl_lanes_add(l->many, part, err);
}

int wtl_leaves_add(wtl_leaves *l, const wtl_bytes part[WTL_LANES_MOST], wtl_err *err)
{
    if (l->n == 1)
        return wtl_hasher_add(l->one, part[0], err);
    return wtl_lanes_add(l->many, part, err);
}

int wtl_leaves_end(wtl_leaves *l, uint8_t *leaf, wtl_err *err)
{
    if (l->n == 1)
        return wtl_hasher_end(l->one, leaf, err);
    for (size_t i = 0; i < l->n; i++)
        TRY(wtl_lanes_end(l->many, i, leaf + i * WTL_HASHTREE_NODE, err));
    return WTL_OK;
}

int wtl_leaves_one(wtl_leaves *l, wtl_bytes part, uint8_t *leaf, wtl_err *err)
{
    return wtl_hashtree_leaf(l->one, part, leaf, err);
}
