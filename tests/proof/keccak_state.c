/* Keccak: no access outside the state and the outputs, no rotation by 64 or more, for every state. */
#include "prove.h"

#include "kernel/keccak_ref.c"

void wtl_secret_wipe(void *p, size_t n)
{
    __CPROVER_havoc_slice(p, n);
}

PROOF(rol, "")
{
    uint64_t x = any_u64();
    unsigned n = any_unsigned();
    GIVEN(n < 64);
    uint64_t r = rol(x, n);
    HOLDS(n > 0 || r == x);
}

PROOF(x1, "")
{
    uint64_t s[WTL_KECCAK_WORDS];
    wtl_keccak_ref.x1(s);
}

PROOF(squeeze_x4, "--unwind=200 slow")
{
    uint64_t s[WTL_KECCAK_WORDS * 4];
    uint8_t a[168], b[168], c[168], d[168];
    uint8_t *const out[4] = {a, b, c, d};
    squeeze_x4(s, out, 168, 1);
}
