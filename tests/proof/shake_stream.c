/* SHAKE: what goes into a block or comes out of it stays inside the state and the buffers. */
#include "prove.h"

#include "scheme/shake.c"

void wtl_secret_wipe(void *p, size_t n)
{
    __CPROVER_havoc_slice(p, n);
}

/* Parts of any length to 10 from any byte of the block on, at word stride 1 and 8. */
PROOF(add, "--unwind=11")
{
    static uint64_t s[WTL_KECCAK_WORDS * 8];
    uint8_t part[10];
    size_t at = any_size(), n = any_size();
    GIVEN(at < 168 && n <= sizeof part && n <= 168 - at);
    add(s, any_bool() ? 1 : 8, at, part, n);
}

PROOF(get, "--unwind=11")
{
    uint64_t s[WTL_KECCAK_WORDS];
    uint8_t out[10];
    size_t at = any_size(), n = any_size();
    GIVEN(at < 168 && n <= sizeof out && n <= 168 - at);
    get(out, s, at, n);
}

PROOF(pad, "")
{
    uint64_t s[WTL_KECCAK_WORDS];
    wtl_shake_kind kind = any_bool() ? WTL_SHAKE128 : any_bool() ? WTL_SHA3_256 : WTL_SHA3_512;
    size_t at = any_size();
    GIVEN(at < kind.rate);
    add_pad(s, 1, at, kind);
}
