#include "bench/cachekeys.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* xorshift64: the same keys on every machine; nothing rests on them. */
static uint64_t draw(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

void wtl_cachekeys_free(wtl_cachekeys *k)
{
    free(k->all);
    free(k->asked);
    *k = (wtl_cachekeys){0};
}

void wtl_cachekeys_auto(wtl_cachekeys *k)
{
    wtl_cachekeys_free(k);
}

/* In huge pages where there are any, so that reading keys costs the same whatever malloc does. */
static wtl_cachepeer_key *keys_alloc(size_t n)
{
    enum { PAGE = 2 << 20 };
    size_t bytes = (n * sizeof(wtl_cachepeer_key) + PAGE) / PAGE * PAGE;
    void *p = n <= SIZE_MAX / 2 / sizeof(wtl_cachepeer_key) ? aligned_alloc(PAGE, bytes) : NULL;
    if (p != NULL)
        (void)madvise(p, bytes, MADV_HUGEPAGE);
    return p;
}

static void make_key(wtl_cachepeer_key *k, size_t number, uint64_t *x)
{
    enum { SHORTEST = 16 };
    k->number = (uint32_t)number;
    k->n = (uint32_t)(SHORTEST + (draw(x) >> 32) % (WTL_CACHEPEER_KEY_MOST - SHORTEST + 1));
    for (size_t i = 0; i < WTL_CACHEPEER_KEY_MOST; i += 8) {
        uint64_t w = draw(x);
        memcpy(k->at + i, &w, sizeof w);
    }
    memset(k->at + k->n, 0, WTL_CACHEPEER_KEY_MOST - k->n);
}

/* ((r + 1) / r)^0.01 by series: ln((1 + t) / (1 - t)) is 2 (t + t^3 / 3 + t^5 / 5 ...), t = 1 / (2r + 1), and then exp. */
static double step_up(double r)
{
    enum { TERMS = 25 };
    double t = 1 / (2 * r + 1);
    double power = t;
    double log = 0;
    for (unsigned k = 1; k <= TERMS; k += 2) {
        log += 2 * power / k;
        power *= t * t;
    }
    double x = 0.01 * log;
    return 1 + x * (1 + x / 2 * (1 + x / 3 * (1 + x / 4)));
}

/* below[r]: how likely one of the r + 1 most wanted is asked for; r^-0.99 is r^0.01 / r. */
static double *zipf_table(size_t n)
{
    double *below = calloc(n, sizeof *below);
    double sum = 0;
    double root = 1;
    for (size_t r = 0; below != NULL && r < n; r++) {
        below[r] = sum += root / ((double)r + 1);
        root *= step_up((double)r + 1);
    }
    for (size_t r = 0; below != NULL && r < n; r++)
        below[r] /= sum;
    return below;
}

static size_t zipf_rank(const double *below, size_t n, uint64_t *x)
{
    double u = (double)(draw(x) >> 11) * 0x1p-53;
    size_t low = 0;
    for (size_t high = n - 1; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (below[middle] < u)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A prime that divides no number of keys below it, so that ranks and numbers map one to one. */
static size_t scattered(size_t rank, size_t n)
{
    return (size_t)((uint64_t)rank * 2654435761u % n);
}

static int ask(wtl_cachekeys *k, bool zipf, uint64_t *x, wtl_err *err)
{
    double *below = zipf ? zipf_table(k->n) : NULL;
    ENSURE(!zipf || below != NULL, err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; i < k->n_asked; i++) {
        size_t number = zipf ? scattered(zipf_rank(below, k->n, x), k->n) : (size_t)((draw(x) >> 20) % k->n);
        k->asked[i] = k->all[number];
    }
    free(below);
    return WTL_OK;
}

int wtl_cachekeys_make(wtl_cachekeys *k, size_t n, size_t n_asked, bool zipf, wtl_err *err)
{
    uint64_t x = 88172645463325252u;
    ENSURE(n > 0, err, WTL_USAGE, "a measurement has keys");
    *k = (wtl_cachekeys){.n = n, .n_asked = n_asked};
    k->all = keys_alloc(n);
    k->asked = keys_alloc(n_asked);
    int rc = k->all != NULL && k->asked != NULL ? WTL_OK : WTL_FAIL(err, WTL_NOMEM, "out of memory");
    for (size_t i = 0; rc == WTL_OK && i < n; i++)
        make_key(&k->all[i], i, &x);
    if (rc == WTL_OK)
        rc = ask(k, zipf, &x, err);
    if (rc < 0)
        wtl_cachekeys_free(k);
    return rc;
}
