#include "cache/probe.h"

#include <string.h>

static bool allowed(const wtl_probe *way)
{
    enum wtl_cpu_level forced = wtl_cpu_forced();
    if (!wtl_cpu_has(way->level))
        return false;
    if (forced == WTL_CPU_AVX2)
        return way->level != WTL_CPU_VAES;
    return forced == WTL_CPU_AUTO || forced == WTL_CPU_AVX512 || way->level == WTL_CPU_REF;
}

int wtl_probe_choose(const wtl_probe **out, const char *name, wtl_err *err)
{
    const wtl_probe *const ways[] = {wtl_probe_vaes(), wtl_probe_aes(), wtl_probe_ref()};
    *out = NULL;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        if (ways[i] == NULL || (name == NULL ? !allowed(ways[i]) : strcmp(name, ways[i]->name) != 0))
            continue;
        ENSURE(wtl_cpu_has(ways[i]->level), err, WTL_POLICY,
               "this processor or its operating system does not offer the cache's lookup by %s", name);
        *out = ways[i];
        return WTL_OK;
    }
    return WTL_FAIL(err, WTL_USAGE, "the cache's cpu_level is unknown here; it may be ref, aes or vaes");
}
