/* S3-FIFO (Yang, Zhang, Qiu, Yue, Vinayak, "FIFO queues are all you need for cache eviction", SOSP 2023, algorithm 1): a small queue of a
 * tenth, a main one, and a ghost queue of keys, here with as many bytes of objects as the main one. */
#include <stdlib.h>

#include "replay/model.h"
#include "replay/queue.h"

enum where { OUT, SMALL, MAIN, GHOST };
enum { USES_MOST = 3 };

typedef struct s3fifo {
    const wtl_trace *t;
    uint64_t capacity, small_bytes;
    uint8_t *where, *uses;
    wtl_queue_link *link;
    wtl_queue small, main, ghost;
} s3fifo;

static void s3fifo_close(void *m)
{
    s3fifo *s = m;
    if (s == NULL)
        return;
    free(s->where);
    free(s->uses);
    free(s->link);
    free(s);
}

static int s3fifo_open(void **out, const wtl_trace *t, const wtl_model_options *o, wtl_err *err)
{
    s3fifo *s = calloc(1, sizeof *s);
    ENSURE(s != NULL, err, WTL_NOMEM, "out of memory");
    *s = (s3fifo){.t = t, .capacity = o->capacity, .small_bytes = o->capacity / 10};
    s->where = calloc(t->keys, 1);
    s->uses = calloc(t->keys, 1);
    s->link = calloc(t->keys, sizeof *s->link);
    wtl_queue_init(&s->small, s->link, t->size);
    wtl_queue_init(&s->main, s->link, t->size);
    wtl_queue_init(&s->ghost, s->link, t->size);
    if (s->where == NULL || s->uses == NULL || s->link == NULL) {
        s3fifo_close(s);
        return WTL_FAIL(err, WTL_NOMEM, "out of memory");
    }
    *out = s;
    return WTL_OK;
}

static void move(s3fifo *s, uint32_t k, wtl_queue *from, wtl_queue *to, enum where where)
{
    wtl_queue_remove(from, k);
    s->where[k] = (uint8_t)where;
    if (to != NULL)
        wtl_queue_push(to, k);
}

static void evict_main(s3fifo *s)
{
    for (;;) {
        uint32_t k = s->main.oldest;
        if (s->uses[k] == 0) {
            move(s, k, &s->main, NULL, OUT);
            return;
        }
        s->uses[k]--;
        wtl_queue_renew(&s->main, k);
    }
}

static void evict_small(s3fifo *s)
{
    while (s->small.n > 0) {
        uint32_t k = s->small.oldest;
        if (s->uses[k] <= 1) {
            move(s, k, &s->small, &s->ghost, GHOST);
            while (s->ghost.bytes > s->capacity - s->small_bytes)
                move(s, s->ghost.oldest, &s->ghost, NULL, OUT);
            return;
        }
        s->uses[k] = 0;
        move(s, k, &s->small, &s->main, MAIN);
        if (s->main.bytes > s->capacity - s->small_bytes)
            evict_main(s);
    }
}

static bool s3fifo_ask(void *m, uint32_t k)
{
    s3fifo *s = m;
    if (s->where[k] == SMALL || s->where[k] == MAIN) {
        s->uses[k] = s->uses[k] < USES_MOST ? s->uses[k] + 1 : USES_MOST;
        return true;
    }
    if (s->t->size[k] > s->capacity)
        return false;
    bool known = s->where[k] == GHOST;
    if (known)
        move(s, k, &s->ghost, NULL, OUT);
    while (s->small.bytes + s->main.bytes + s->t->size[k] > s->capacity) {
        if (s->small.n > 0 && (s->small.bytes >= s->small_bytes || s->main.n == 0))
            evict_small(s);
        else
            evict_main(s);
    }
    s->uses[k] = 0;
    s->where[k] = known ? MAIN : SMALL;
    wtl_queue_push(known ? &s->main : &s->small, k);
    return false;
}

const wtl_model wtl_s3fifo_model = {
    .name = "S3-FIFO", .open = s3fifo_open, .ask = s3fifo_ask, .close = s3fifo_close};
