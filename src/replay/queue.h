/* Lists of keys, each key in one list at a time of those that share a wtl_queue_link array. */
#ifndef WTL_REPLAY_QUEUE_H
#define WTL_REPLAY_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#define WTL_QUEUE_NONE UINT32_MAX

typedef struct wtl_queue_link {
    uint32_t newer, older;
} wtl_queue_link;

typedef struct wtl_queue {
    wtl_queue_link *at;
    const uint32_t *size;
    uint32_t newest, oldest;
    uint64_t n, bytes;
} wtl_queue;

static inline void wtl_queue_init(wtl_queue *q, wtl_queue_link *at, const uint32_t *size)
{
    *q = (wtl_queue){.at = at, .size = size, .newest = WTL_QUEUE_NONE, .oldest = WTL_QUEUE_NONE};
}

static inline void wtl_queue_push(wtl_queue *q, uint32_t k)
{
    q->at[k] = (wtl_queue_link){.newer = WTL_QUEUE_NONE, .older = q->newest};
    if (q->newest != WTL_QUEUE_NONE)
        q->at[q->newest].newer = k;
    else
        q->oldest = k;
    q->newest = k;
    q->n++;
    q->bytes += q->size[k];
}

static inline void wtl_queue_remove(wtl_queue *q, uint32_t k)
{
    wtl_queue_link l = q->at[k];
    if (l.newer != WTL_QUEUE_NONE)
        q->at[l.newer].older = l.older;
    else
        q->newest = l.older;
    if (l.older != WTL_QUEUE_NONE)
        q->at[l.older].newer = l.newer;
    else
        q->oldest = l.newer;
    q->n--;
    q->bytes -= q->size[k];
}

static inline void wtl_queue_renew(wtl_queue *q, uint32_t k)
{
    wtl_queue_remove(q, k);
    wtl_queue_push(q, k);
}

#endif
