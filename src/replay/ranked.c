#include "replay/ranked.h"

#include <stdlib.h>

void wtl_ranked_close(void *m)
{
    wtl_ranked *r = m;
    if (r == NULL)
        return;
    free(r->rank);
    free(r->last);
    free(r->uses);
    free(r->heap);
    free(r->place);
    free(r);
}

int wtl_ranked_open(void **out, const wtl_trace *t, const wtl_model_options *o,
                    double (*rank_of)(const wtl_ranked *r, uint32_t key), wtl_err *err)
{
    wtl_ranked *r = calloc(1, sizeof *r);
    ENSURE(r != NULL, err, WTL_NOMEM, "out of memory");
    *r = (wtl_ranked){.t = t, .capacity = o->capacity, .rank_of = rank_of};
    r->rank = calloc(t->keys, sizeof *r->rank);
    r->last = calloc(t->keys, sizeof *r->last);
    r->uses = calloc(t->keys, sizeof *r->uses);
    r->heap = calloc(t->keys + (size_t)1, sizeof *r->heap);
    r->place = calloc(t->keys, sizeof *r->place);
    if (r->rank == NULL || r->last == NULL || r->uses == NULL || r->heap == NULL || r->place == NULL) {
        wtl_ranked_close(r);
        return WTL_FAIL(err, WTL_NOMEM, "out of memory");
    }
    *out = r;
    return WTL_OK;
}

static bool before(const wtl_ranked *r, uint32_t a, uint32_t b)
{
    if (r->rank[a] < r->rank[b] || r->rank[a] > r->rank[b])
        return r->rank[a] < r->rank[b];
    return r->last[a] < r->last[b];
}

static void put(wtl_ranked *r, uint32_t i, uint32_t k)
{
    r->heap[i] = k;
    r->place[k] = i;
}

static void up(wtl_ranked *r, uint32_t i, uint32_t k)
{
    for (; i > 1 && before(r, k, r->heap[i / 2]); i /= 2)
        put(r, i, r->heap[i / 2]);
    put(r, i, k);
}

static void down(wtl_ranked *r, uint32_t i, uint32_t k)
{
    while (2 * i <= r->n) {
        uint32_t c = 2 * i;
        c += c < r->n && before(r, r->heap[c + 1], r->heap[c]);
        if (!before(r, r->heap[c], k))
            break;
        put(r, i, r->heap[c]);
        i = c;
    }
    put(r, i, k);
}

static void evict(wtl_ranked *r)
{
    uint32_t k = r->heap[1];
    uint32_t last = r->heap[r->n--];
    r->low = r->rank[k];
    r->used -= r->t->size[k];
    r->place[k] = 0;
    if (r->n > 0)
        down(r, 1, last);
}

bool wtl_ranked_ask(void *m, uint32_t k)
{
    wtl_ranked *r = m;
    bool in = r->place[k] != 0;
    r->asked++;
    if (!in && r->t->size[k] > r->capacity)
        return false;
    while (!in && r->used + r->t->size[k] > r->capacity)
        evict(r);
    r->uses[k] = in ? r->uses[k] + 1 : 1;
    r->last[k] = r->asked;
    r->rank[k] = r->rank_of(r, k);
    if (in) {
        down(r, r->place[k], k);
        return true;
    }
    r->used += r->t->size[k];
    up(r, ++r->n, k);
    return false;
}
