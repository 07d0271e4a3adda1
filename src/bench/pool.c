#include "bench/pool.h"

#include <stdlib.h>
#include <string.h>

void wtl_pool_free(wtl_pool *p)
{
    free(p->v);
    *p = (wtl_pool){0};
}

void wtl_pool_auto(wtl_pool *p)
{
    wtl_pool_free(p);
}

int wtl_pool_add(wtl_pool *p, const double *v, size_t n, wtl_err *err)
{
    if (n == 0)
        return WTL_OK;
    if (n > p->room - p->n) {
        size_t room = 2 * p->room + n;
        double *grown = realloc(p->v, room * sizeof *grown);
        ENSURE(grown != NULL, err, WTL_NOMEM, "out of memory");
        p->v = grown;
        p->room = room;
    }
    memcpy(p->v + p->n, v, n * sizeof *v);
    p->n += n;
    return WTL_OK;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

double wtl_pool_quantile(wtl_pool *p, double q)
{
    if (p->n == 0)
        return 0;
    qsort(p->v, p->n, sizeof *p->v, ascending);
    double rank = q * (double)p->n;
    size_t i = (size_t)rank;
    if ((double)i < rank)
        i++;
    return p->v[i == 0 ? 0 : i - 1 < p->n ? i - 1 : p->n - 1];
}
