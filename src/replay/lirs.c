/* LIRS (Jiang and Zhang, "LIRS: an efficient low inter-reference recency set replacement policy", SIGMETRICS 2002). Stack S holds what was
 * asked for since the oldest of the set with low inter-reference recency (LIR); queue Q the resident rest (HIR), a hundredth of the
 * capacity, but room for one object at least. Of keys that are not there, as many bytes as twice the capacity stay in S. */
#include <stdlib.h>

#include "replay/model.h"
#include "replay/queue.h"

enum state { OUT, LIR, HIR, GONE }; /* GONE: in S, not resident */

typedef struct lirs {
    const wtl_trace *t;
    uint64_t capacity, lir_most, lir_bytes;
    uint8_t *state;
    bool *stacked;
    wtl_queue_link *stack_link, *link;
    wtl_queue stack, q, gone; /* q and gone share links: resident HIR, and GONE in the order of leaving */
} lirs;

static void lirs_close(void *m)
{
    lirs *s = m;
    if (s == NULL)
        return;
    free(s->state);
    free(s->stacked);
    free(s->stack_link);
    free(s->link);
    free(s);
}

static int lirs_open(void **out, const wtl_trace *t, const wtl_model_options *o, wtl_err *err)
{
    lirs *s = calloc(1, sizeof *s);
    ENSURE(s != NULL, err, WTL_NOMEM, "out of memory");
    uint64_t hir = o->capacity / 100 > t->largest ? o->capacity / 100 : t->largest;
    *s = (lirs){.t = t, .capacity = o->capacity, .lir_most = o->capacity > hir ? o->capacity - hir : 0};
    s->state = calloc(t->keys, 1);
    s->stacked = calloc(t->keys, sizeof *s->stacked);
    s->stack_link = calloc(t->keys, sizeof *s->stack_link);
    s->link = calloc(t->keys, sizeof *s->link);
    wtl_queue_init(&s->stack, s->stack_link, t->size);
    wtl_queue_init(&s->q, s->link, t->size);
    wtl_queue_init(&s->gone, s->link, t->size);
    if (s->state == NULL || s->stacked == NULL || s->stack_link == NULL || s->link == NULL) {
        lirs_close(s);
        return WTL_FAIL(err, WTL_NOMEM, "out of memory");
    }
    *out = s;
    return WTL_OK;
}

static void unstack(lirs *s, uint32_t k)
{
    wtl_queue_remove(&s->stack, k);
    s->stacked[k] = false;
    if (s->state[k] == GONE) {
        wtl_queue_remove(&s->gone, k);
        s->state[k] = OUT;
    }
}

/* The oldest of S is LIR, if any is. */
static void prune(lirs *s)
{
    while (s->stack.n > 0 && s->state[s->stack.oldest] != LIR)
        unstack(s, s->stack.oldest);
}

static void to_top(lirs *s, uint32_t k)
{
    if (s->stacked[k])
        wtl_queue_remove(&s->stack, k);
    s->stacked[k] = true;
    wtl_queue_push(&s->stack, k);
}

/* There is a LIR key. */
static void demote(lirs *s)
{
    prune(s);
    uint32_t k = s->stack.oldest;
    s->lir_bytes -= s->t->size[k];
    s->state[k] = HIR;
    wtl_queue_push(&s->q, k);
    unstack(s, k);
    prune(s);
}

static void become_lir(lirs *s, uint32_t k)
{
    s->state[k] = LIR;
    s->lir_bytes += s->t->size[k];
    to_top(s, k);
    while (s->lir_bytes > s->lir_most)
        demote(s);
}

static void evict(lirs *s)
{
    if (s->q.n == 0)
        demote(s);
    uint32_t k = s->q.oldest;
    wtl_queue_remove(&s->q, k);
    s->state[k] = OUT;
    if (!s->stacked[k])
        return;
    s->state[k] = GONE;
    wtl_queue_push(&s->gone, k);
    while (s->gone.bytes > 2 * s->capacity)
        unstack(s, s->gone.oldest);
}

static void hit(lirs *s, uint32_t k)
{
    if (s->state[k] == LIR) {
        to_top(s, k);
        prune(s);
    } else if (s->stacked[k]) {
        wtl_queue_remove(&s->q, k);
        become_lir(s, k);
    } else {
        to_top(s, k);
        wtl_queue_renew(&s->q, k);
    }
}

static bool lirs_ask(void *m, uint32_t k)
{
    lirs *s = m;
    uint64_t n = s->t->size[k];
    if (s->state[k] == LIR || s->state[k] == HIR) {
        hit(s, k);
        return true;
    }
    if (n > s->capacity)
        return false;
    while (s->lir_bytes + s->q.bytes + n > s->capacity)
        evict(s);
    if (s->state[k] == GONE) {
        wtl_queue_remove(&s->gone, k);
        s->state[k] = OUT;
        become_lir(s, k);
    } else if (s->lir_bytes + n <= s->lir_most) {
        become_lir(s, k);
    } else {
        s->state[k] = HIR;
        to_top(s, k);
        wtl_queue_push(&s->q, k);
    }
    return false;
}

const wtl_model wtl_lirs_model = {.name = "LIRS", .open = lirs_open, .ask = lirs_ask, .close = lirs_close};
