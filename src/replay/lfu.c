/* Least frequently used since it came in; of these the least recently used. */
#include "replay/ranked.h"

static double rank_of(const wtl_ranked *r, uint32_t k)
{
    return (double)r->uses[k];
}

static int lfu_open(void **out, const wtl_trace *t, const wtl_model_options *o, wtl_err *err)
{
    return wtl_ranked_open(out, t, o, rank_of, err);
}

const wtl_model wtl_lfu_model = {
    .name = "LFU", .open = lfu_open, .ask = wtl_ranked_ask, .close = wtl_ranked_close};
