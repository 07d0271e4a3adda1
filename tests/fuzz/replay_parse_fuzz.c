/* Any bytes are a trace or are refused, in each format; what is read holds together. The first byte says which format. */
#include "replay.h"

#include <stdlib.h>

#include "replay/parse.h"

static void must(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wtl_trace t = {0};
    uint64_t footprint = 0;
    uint64_t asked = 0;
    if (size == 0)
        return 0;
    enum wtl_parse_format f = (enum wtl_parse_format)(data[0] % WTL_PARSE_FORMATS);
    int rc = wtl_parse_trace(&t, f, (wtl_bytes){data + 1, size - 1}, NULL);
    must(rc == WTL_OK || rc == WTL_FORMAT);
    if (rc == WTL_OK) {
        rc = wtl_trace_done(&t, NULL);
        must(rc == WTL_OK || (rc == WTL_FORMAT && t.n == 0));
    }
    if (rc == WTL_OK) {
        must(t.n > 0 && t.keys > 0 && t.keys <= t.n && t.key[0] == 0);
        for (uint32_t k = 0; k < t.keys; k++) {
            must(t.size[k] > 0 && t.size[k] <= t.largest);
            footprint += t.size[k];
        }
        for (size_t i = 0; i < t.n; i++) {
            must(t.key[i] < t.keys);
            asked += t.size[t.key[i]];
        }
        must(footprint == t.footprint && asked == t.asked);
    }
    wtl_trace_free(&t);
    return 0;
}
