/* Trailer, with a checksum made to fit, and signature block. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "container/sigblock.h"
#include "container/trailer.h"
#include "crypto/hash.h"

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void try_trailer(const uint8_t *data, size_t size)
{
    static uint8_t raw[WTL_TRAILER_SIZE];
    const wtl_preamble p = {.version = 1, .suite = 1, .slot_size = 4096};
    memset(raw, 0, sizeof raw);
    if (size > 0)
        memcpy(raw, data, size < 160 ? size : 160);
    must(wtl_hash_once(WTL_HASH_SHA256, (wtl_bytes){raw, 160}, raw + 160, NULL) == 0);
    uint64_t total = 0;
    for (unsigned i = 0; i < 8; i++)
        total = total << 8 | raw[48 + i];
    wtl_trailer t;
    if (wtl_trailer_parse(&t, (wtl_bytes){raw, sizeof raw}, &p, total, NULL) != 0)
        return;
    must(t.index_offset >= 12288 && t.index_offset + t.index_size == t.sigs_offset);
    must(t.sigs_offset + t.sigs_size + WTL_TRAILER_SIZE == total);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_trailer(data, size);
    AUTO(wtl_sigblock) b = {0};
    if (wtl_sigblock_parse(&b, (wtl_bytes){data, size}, NULL) == 0) {
        AUTO(wtl_buf) again = {0};
        must(wtl_sigblock_encode(&again, b.s, b.n, NULL) == 0);
        must(wtl_ct_eq(wtl_buf_view(&again), (wtl_bytes){data, size}));
    }
    return 0;
}
