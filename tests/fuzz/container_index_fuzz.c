/* The decrypted index: what parses keeps every rule of the format, and is written again byte for byte. */
#include "replay.h"

#include <stdlib.h>

#include "base/text.h"
#include "container/index.h"

static void must(bool holds)
{
    if (!holds)
        abort();
}

enum { BEGIN = 12288 };

static void check(const wtl_index *x, wtl_bytes in, uint64_t end)
{
    for (size_t i = 0; i < x->n; i++) {
        const wtl_entry *e = &x->e[i];
        must(wtl_name_ok(wtl_text_of(e->name)) && wtl_index_find(x, wtl_text_of(e->name)) == e);
        must(e->type != WTL_ENTRY_FILE || (e->offset >= BEGIN && wtl_index_extent(e) <= end - e->offset));
    }
    AUTO(wtl_buf) again = {0};
    must(wtl_index_encode(&again, x, NULL) == 0);
    must(wtl_ct_eq(wtl_buf_view(&again), in));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wtl_bytes in = {data, size};
    /* Both ends of what a trailer may say, so that bounds are met from either side. */
    static const wtl_index_bounds bounds[] = {{BEGIN, BEGIN, 1},
                                              {BEGIN, BEGIN + 77, 1},
                                              {BEGIN, BEGIN + 190, 1},
                                              {BEGIN, 1ull << 40, 2},
                                              {BEGIN, UINT64_MAX, 3}};
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        AUTO(wtl_index) x = {0};
        if (wtl_index_parse(&x, in, &bounds[i], NULL) == 0)
            check(&x, in, bounds[i].end);
    }
    return 0;
}
