#include "provider/late.h"

#include <stddef.h>

void *wtl_late_kept(const wtl_late *l)
{
    return atomic_load_explicit(&l->made, memory_order_acquire);
}

/* Of threads that expand it at the same time one is first; the others take its. */
static void *publish(wtl_late *l, const wtl_late_kind *kind, void *made)
{
    void *first = NULL;
    if (atomic_compare_exchange_strong_explicit(&l->made, &first, made, memory_order_acq_rel,
                                                memory_order_acquire))
        return made;
    kind->free(made);
    return first;
}

int wtl_late_take(wtl_late *l, const wtl_late_kind *kind, const void *key, void **out, void **mine,
                  wtl_err *err)
{
    *mine = NULL;
    *out = wtl_late_kept(l);
    if (*out != NULL)
        return WTL_OK;
    void *made = NULL;
    TRY(kind->expand(&made, key, err));
    if (!atomic_exchange_explicit(&l->used, true, memory_order_relaxed))
        *out = *mine = made;
    else
        *out = publish(l, kind, made);
    return WTL_OK;
}

int wtl_late_keep(wtl_late *l, const wtl_late_kind *kind, const void *key, void **out, wtl_err *err)
{
    void *mine;
    atomic_store_explicit(&l->used, true, memory_order_relaxed);
    return wtl_late_take(l, kind, key, out, &mine, err);
}

void wtl_late_give(wtl_late *l, void *made)
{
    atomic_store_explicit(&l->made, made, memory_order_release);
}

void wtl_late_free(wtl_late *l, const wtl_late_kind *kind)
{
    kind->free(wtl_late_kept(l));
    atomic_store_explicit(&l->made, NULL, memory_order_relaxed);
    atomic_store_explicit(&l->used, false, memory_order_relaxed);
}
