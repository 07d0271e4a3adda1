/* SIEVE (Zhang, Yang, Yue, Vigfusson, Rashmi, "SIEVE is simpler than LRU", NSDI 2024, algorithm 1): a queue in order of insertion, a
 * bit for what was used, and a hand that goes from old to new, takes bits away and evicts where there is none. */
#include <stdlib.h>

#include "replay/model.h"
#include "replay/queue.h"

typedef struct sieve {
    const wtl_trace *t;
    uint64_t capacity;
    bool *in, *used;
    wtl_queue_link *link;
    wtl_queue q;
    uint32_t hand;
} sieve;

static void sieve_close(void *m)
{
    sieve *s = m;
    if (s == NULL)
        return;
    free(s->in);
    free(s->used);
    free(s->link);
    free(s);
}

static int sieve_open(void **out, const wtl_trace *t, const wtl_model_options *o, wtl_err *err)
{
    sieve *s = calloc(1, sizeof *s);
    ENSURE(s != NULL, err, WTL_NOMEM, "out of memory");
    *s = (sieve){.t = t, .capacity = o->capacity, .hand = WTL_QUEUE_NONE};
    s->in = calloc(t->keys, sizeof *s->in);
    s->used = calloc(t->keys, sizeof *s->used);
    s->link = calloc(t->keys, sizeof *s->link);
    wtl_queue_init(&s->q, s->link, t->size);
    if (s->in == NULL || s->used == NULL || s->link == NULL) {
        sieve_close(s);
        return WTL_FAIL(err, WTL_NOMEM, "out of memory");
    }
    *out = s;
    return WTL_OK;
}

static void evict(sieve *s)
{
    uint32_t k = s->hand != WTL_QUEUE_NONE ? s->hand : s->q.oldest;
    while (s->used[k]) {
        s->used[k] = false;
        k = s->link[k].newer != WTL_QUEUE_NONE ? s->link[k].newer : s->q.oldest;
    }
    s->hand = s->link[k].newer;
    s->in[k] = false;
    wtl_queue_remove(&s->q, k);
}

static bool sieve_ask(void *m, uint32_t k)
{
    sieve *s = m;
    if (s->in[k]) {
        s->used[k] = true;
        return true;
    }
    if (s->t->size[k] > s->capacity)
        return false;
    while (s->q.bytes + s->t->size[k] > s->capacity)
        evict(s);
    s->in[k] = true;
    s->used[k] = false;
    wtl_queue_push(&s->q, k);
    return false;
}

const wtl_model wtl_sieve_model = {
    .name = "SIEVE", .open = sieve_open, .ask = sieve_ask, .close = sieve_close};
