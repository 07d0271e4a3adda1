/* Greedy-Dual-Size with frequency (Cherkasova, "Improving WWW proxies performance with greedy-dual-size-frequency caching policy",
 * HPL-98-69R1, 1998), each miss of the same cost: rank L + uses / size, where L is the rank of what was evicted last. */
#include "replay/ranked.h"

static double rank_of(const wtl_ranked *r, uint32_t k)
{
    return r->low + (double)r->uses[k] / (double)r->t->size[k];
}

static int gdsf_open(void **out, const wtl_trace *t, const wtl_model_options *o, wtl_err *err)
{
    return wtl_ranked_open(out, t, o, rank_of, err);
}

const wtl_model wtl_gdsf_model = {
    .name = "GDSF", .open = gdsf_open, .ask = wtl_ranked_ask, .close = wtl_ranked_close};
