#include "bench/median.h"

#include <stdlib.h>

void wtl_median_add(wtl_median *m, double v)
{
    if (m->n < WTL_MEDIAN_MOST)
        m->v[m->n++] = v;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

double wtl_median_of(wtl_median *m)
{
    if (m->n == 0)
        return 0;
    qsort(m->v, m->n, sizeof m->v[0], ascending);
    return m->n % 2 == 1 ? m->v[m->n / 2] : (m->v[m->n / 2 - 1] + m->v[m->n / 2]) / 2;
}
