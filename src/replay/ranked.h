/* A cache that evicts what ranks lowest, kept in a heap: what LFU and GDSF have in common. */
#ifndef WTL_REPLAY_RANKED_H
#define WTL_REPLAY_RANKED_H

#include "replay/model.h"

typedef struct wtl_ranked {
    const wtl_trace *t;
    uint64_t capacity, used, asked;
    double low; /* of what was evicted last */
    double *rank;
    uint64_t *last, *uses;  /* since it came in */
    uint32_t *heap, *place; /* place: in the heap, from 1 on; 0: not in */
    uint32_t n;
    double (*rank_of)(const struct wtl_ranked *r, uint32_t key);
} wtl_ranked;

int wtl_ranked_open(void **out, const wtl_trace *t, const wtl_model_options *o,
                    double (*rank_of)(const wtl_ranked *r, uint32_t key), wtl_err *err) WTL_MUST_USE;
bool wtl_ranked_ask(void *m, uint32_t key);
void wtl_ranked_close(void *m);

#endif
