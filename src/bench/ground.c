#include "bench/ground.h"

#include "bench/process.h"

int wtl_ground_open(wtl_ground *g, wtl_err *err)
{
    g->our_cpu = wtl_process_cpu_at(0);
    g->server_cpu = wtl_process_cpu_at(1);
    g->upstream_cpu = wtl_process_cpu_at(2);
    if (g->upstream_cpu < 0)
        g->upstream_cpu = g->our_cpu;
    g->pinned = g->server_cpu >= 0 && wtl_process_pin(g->our_cpu);
    if (!g->pinned)
        g->our_cpu = g->server_cpu = g->upstream_cpu = -1;
    TRY(wtl_identity_open(&g->identity, err));
    return wtl_upstream_start(&g->upstream, g->upstream_cpu, err);
}

void wtl_ground_close(wtl_ground *g)
{
    wtl_upstream_stop(g->upstream);
    wtl_identity_close(&g->identity);
    *g = (wtl_ground){0};
}
