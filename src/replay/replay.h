/* A trace through a policy. */
#ifndef WTL_REPLAY_REPLAY_H
#define WTL_REPLAY_REPLAY_H

#include "replay/model.h"

typedef struct wtl_replay_result {
    double objects, bytes; /* shares that were missed, of requests and of the bytes that they asked for */
} wtl_replay_result;

/* All requests of the trace, the first included: the cache begins empty. */
int wtl_replay_run(wtl_replay_result *out, const wtl_model *m, const wtl_trace *t, const wtl_model_options *o,
                   wtl_err *err) WTL_MUST_USE;

#endif
