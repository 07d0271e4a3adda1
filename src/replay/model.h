/* A replacement policy as a plain program: it is told each request, and says whether it had the key. */
#ifndef WTL_REPLAY_MODEL_H
#define WTL_REPLAY_MODEL_H

#include "replay/trace.h"

typedef struct wtl_model_options {
    uint64_t capacity; /* bytes of objects, nothing else counts */
    bool by_bytes;     /* for those that know objectives */
} wtl_model_options;

typedef struct wtl_model {
    const char *name;
    bool ours; /* not one of those to compare with */
    int (*open)(void **out, const wtl_trace *t, const wtl_model_options *o, wtl_err *err);
    /* Whether the key was there; afterwards it is in or not as the policy wants. */
    bool (*ask)(void *m, uint32_t key);
    void (*close)(void *m); /* NULL is nothing */
} wtl_model;

extern const wtl_model wtl_lru_model, wtl_lfu_model, wtl_gdsf_model, wtl_sieve_model, wtl_s3fifo_model,
    wtl_lirs_model, wtl_tinylfu_model, wtl_own_model, wtl_real_model;

/* All of them, ours last; NULL past the end. */
const wtl_model *wtl_model_at(size_t i);

#endif
