#include "cli/signerlist.h"

#include <stdlib.h>

void wtl_signerlist_auto(wtl_signerlist *v)
{
    for (size_t i = 0; i < v->n; i++)
        free(v->path[i]);
    free(v->path);
    free(v->s);
}

int wtl_signerlist_make(wtl_signerlist *v, const wtl_keys *keys, const wtl_args *args,
                        wtl_signerlist_path *path, wtl_err *err)
{
    v->s = calloc(keys->n, sizeof *v->s);
    v->path = calloc(keys->n, sizeof *v->path);
    ENSURE(v->s != NULL && v->path != NULL, err, WTL_NOMEM, "out of memory");
    for (; v->n < keys->n; v->n++) {
        size_t i = v->n;
        TRY(path(&v->path[i], args->operand[0], wtl_args_get(args, "out", 0), keys->from[i], i, err));
        v->s[i] = (wtl_signer){keys->key[i], v->path[i]};
    }
    return WTL_OK;
}
