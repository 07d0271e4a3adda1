#include "sign/chain.h"

#include <stdlib.h>

#include "fs/in.h"
#include "sign/path.h"

enum { FILE_MAX = 1 << 20 };

void wtl_chain_list_free(wtl_chain_list *l)
{
    for (size_t i = 0; l->p != NULL && i < l->n; i++) {
        wtl_cert_list_free(l->p[i].der, l->p[i].n);
        wtl_key_free(l->p[i].key);
    }
    free(l->p);
    *l = (wtl_chain_list){0};
}

static int read_one(wtl_chain *c, wtl_err *err)
{
    AUTO(wtl_buf) pem = {0};
    TRY(wtl_in_read_all(c->path, FILE_MAX, &pem, err));
    TRY(wtl_cert_list_read(&c->der, &c->n, wtl_buf_view(&pem), WTL_CERT_CHAIN_MAX, err));
    TRY(wtl_cert_chain(c->der, c->n, err));
    TRY(wtl_cert_leaf(wtl_buf_view(&c->der[0]), err));
    return wtl_cert_key(&c->key, wtl_buf_view(&c->der[0]), err);
}

int wtl_chain_read(wtl_chain_list *l, const char *const *path, size_t n, wtl_err *err)
{
    *l = (wtl_chain_list){.p = calloc(n + 1, sizeof *l->p)};
    ENSURE(l->p != NULL, err, WTL_NOMEM, "out of memory");
    for (; l->n < n; l->n++) {
        l->p[l->n].path = path[l->n];
        int rc = read_one(&l->p[l->n], err);
        if (rc < 0) {
            AUTO(wtl_buf) q = {0};
            if (rc != WTL_IO)
                wtl_err_prefix(err, "\"%.300s\": ", wtl_path_quote(&q, path[l->n]));
            l->n++; /* what it holds already is freed with the others */
            wtl_chain_list_free(l);
            return rc;
        }
    }
    return WTL_OK;
}

const wtl_chain *wtl_chain_of(wtl_chain_list *l, const wtl_key *k)
{
    for (size_t i = 0; i < l->n; i++) {
        if (!wtl_key_same(l->p[i].key, k))
            continue;
        l->p[i].used = true;
        return &l->p[i];
    }
    return NULL;
}

int wtl_chain_all_used(const wtl_chain_list *l, wtl_err *err)
{
    for (size_t i = 0; i < l->n; i++) {
        AUTO(wtl_buf) q = {0};
        ENSURE(l->p[i].used, err, WTL_USAGE,
               "the first certificate of \"%.300s\" is for none of the keys that sign, or a second one for "
               "the same "
               "key",
               wtl_path_quote(&q, l->p[i].path));
    }
    return WTL_OK;
}
