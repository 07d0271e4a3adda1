/* Least recently used. */
#include <stdlib.h>

#include "replay/model.h"
#include "replay/queue.h"

typedef struct lru {
    const wtl_trace *t;
    uint64_t capacity;
    bool *in;
    wtl_queue_link *link;
    wtl_queue q;
} lru;

static void lru_close(void *m)
{
    lru *s = m;
    if (s == NULL)
        return;
    free(s->in);
    free(s->link);
    free(s);
}

static int lru_open(void **out, const wtl_trace *t, const wtl_model_options *o, wtl_err *err)
{
    lru *s = calloc(1, sizeof *s);
    ENSURE(s != NULL, err, WTL_NOMEM, "out of memory");
    s->t = t;
    s->capacity = o->capacity;
    s->in = calloc(t->keys, sizeof *s->in);
    s->link = calloc(t->keys, sizeof *s->link);
    wtl_queue_init(&s->q, s->link, t->size);
    if (s->in == NULL || s->link == NULL) {
        lru_close(s);
        return WTL_FAIL(err, WTL_NOMEM, "out of memory");
    }
    *out = s;
    return WTL_OK;
}

static bool lru_ask(void *m, uint32_t k)
{
    lru *s = m;
    if (s->in[k]) {
        wtl_queue_renew(&s->q, k);
        return true;
    }
    if (s->t->size[k] > s->capacity)
        return false;
    while (s->q.bytes + s->t->size[k] > s->capacity) {
        s->in[s->q.oldest] = false;
        wtl_queue_remove(&s->q, s->q.oldest);
    }
    s->in[k] = true;
    wtl_queue_push(&s->q, k);
    return false;
}

const wtl_model wtl_lru_model = {.name = "LRU", .open = lru_open, .ask = lru_ask, .close = lru_close};
