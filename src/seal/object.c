#include "seal/object.h"

#include <stdlib.h>
#include <string.h>

void wtl_object_auto(wtl_object *o)
{
    wtl_secret_free(&o->message);
    wtl_buf_free(&o->leaves);
    *o = (wtl_object){0};
}

/* The leaf table as it stands behind the message, when its root is the index's. */
static int load_leaves(wtl_object *o, wtl_bytes header, wtl_err *err)
{
    const wtl_entry *e = o->e;
    ENSURE(e->tree == WTL_ENTRY_SHA256_TREE, err, WTL_NO,
           "the sender's signature does not cover its content");
    uint64_t sealed = wtl_chunked_sealed_size(e->plain);
    uint64_t n = WTL_HASHTREE_NODE * wtl_hashtree_leaves(sealed);
    uint8_t *table = wtl_buf_grow(&o->leaves, (size_t)n);
    ENSURE(table != NULL, err, WTL_NOMEM, "out of memory");
    TRY(wtl_reader_fetch(o->r, table, (size_t)n, e->offset + sealed, err));
    uint8_t root[WTL_HASHTREE_NODE];
    TRY(wtl_hashtree_root(wtl_buf_view(&o->leaves), root, err));
    ENSURE(memcmp(root, e->root, sizeof root) == 0, err, WTL_NO,
           "its digest table was changed after it was sealed");
    AUTO(wtl_hasher) *h = NULL;
    TRY(wtl_hasher_new(&h, WTL_HASH_SHA256, err));
    TRY(wtl_hashtree_leaf(h, header, root, err));
    ENSURE(memcmp(root, table, sizeof root) == 0, err, WTL_NO, "its content is not what the sender sealed");
    return WTL_OK;
}

static int open_into(wtl_object *o, const wtl_secret *key, wtl_err *err)
{
    const wtl_entry *e = o->e;
    uint8_t header[WTL_CHUNKED_HEADER];
    TRY(wtl_reader_fetch(o->r, header, sizeof header, e->offset, err));
    if (o->tree)
        TRY(load_leaves(o, (wtl_bytes){header, sizeof header}, err));
    wtl_meta meta = wtl_index_meta(e);
    AUTO(wtl_buf) context = {0};
    TRY(wtl_subkey_object_context(&context, &o->r->pre, e->object, e->generation, &meta, err));
    return wtl_chunked_open_key(&o->message, wtl_secret_view(key), wtl_buf_view(&context), header, err);
}

int wtl_object_open(wtl_object *o, wtl_reader *r, const wtl_secret *key, const wtl_entry *e, bool tree,
                    wtl_err *err)
{
    *o = (wtl_object){.r = r, .e = e, .tree = tree};
    int rc = open_into(o, key, err);
    if (rc < 0)
        wtl_object_auto(o);
    return rc;
}
