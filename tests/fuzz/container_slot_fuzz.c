/* Preamble and header slots. A checksum would stop nearly every mutation, so it is made to fit before the slot is
 * parsed a second time. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "container/slot.h"
#include "crypto/hash.h"

enum { SLOT = 4096 };

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void try_slot(wtl_bytes raw)
{
    for (unsigned place = 0; place < 2; place++) {
        AUTO(wtl_slot) s = {0};
        if (wtl_slot_parse(&s, raw, place, NULL) != 0 || s.state != WTL_SLOT_WHOLE)
            continue;
        must(wtl_slot_recipients(&s) <= s.n && (!wtl_slot_has_passphrase(&s) || s.n == 1));
        must(s.generation > 0 && (s.generation - 1) % 2 == place);
        for (size_t i = 0; i < s.n; i++)
            must(s.stanza[i].body.n == 0 || (s.stanza[i].body.p >= raw.p &&
                                             s.stanza[i].body.p + s.stanza[i].body.n <= raw.p + raw.n - 64));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t slot[SLOT];
    wtl_preamble p;
    if (wtl_preamble_parse(&p, (wtl_bytes){data, size}, NULL) == 0)
        must(p.slot_size >= 4096 && p.slot_size <= 16777216);
    try_slot((wtl_bytes){data, size});
    memset(slot, 0, sizeof slot);
    if (size > 0)
        memcpy(slot, data, size < SLOT - 32 ? size : SLOT - 32);
    must(wtl_hash_once(WTL_HASH_SHA256, (wtl_bytes){slot, SLOT - 32}, slot + SLOT - 32, NULL) == 0);
    try_slot((wtl_bytes){slot, SLOT});
    return 0;
}
