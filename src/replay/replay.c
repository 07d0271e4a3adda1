#include "replay/replay.h"

int wtl_replay_run(wtl_replay_result *out, const wtl_model *m, const wtl_trace *t, const wtl_model_options *o,
                   wtl_err *err)
{
    void *state = NULL;
    uint64_t missed = 0;
    uint64_t missed_bytes = 0;
    *out = (wtl_replay_result){0};
    TRY(m->open(&state, t, o, err));
    for (size_t i = 0; i < t->n; i++) {
        if (m->ask(state, t->key[i]))
            continue;
        missed++;
        missed_bytes += t->size[t->key[i]];
    }
    m->close(state);
    out->objects = (double)missed / (double)t->n;
    out->bytes = (double)missed_bytes / (double)t->asked;
    return WTL_OK;
}
