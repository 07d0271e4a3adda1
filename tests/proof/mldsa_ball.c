/* ML-DSA's SampleInBall: no coefficient outside the polynomial is touched, for every stream. */
#include "prove.h"

#include "scheme/mldsa_hash.c"

void wtl_secret_wipe(void *p, size_t n)
{
    __CPROVER_havoc_slice(p, n);
}

PROOF(more, "--unwind=9")
{
    wtl_polydsa_poly c;
    uint8_t in[8];
    ball b = {&c, any_u64(), any_unsigned()};
    GIVEN(b.i >= WTL_POLYDSA_N - 60 && b.i <= WTL_POLYDSA_N);
    bool done = more(&b, in, sizeof in);
    HOLDS(b.i <= WTL_POLYDSA_N && done == (b.i == WTL_POLYDSA_N));
}

/* One step of algorithm 29 moves what stood at j, and writes 1 or -1 there. */
PROOF(step, "--unwind=257")
{
    wtl_polydsa_poly c = {{0}};
    uint8_t j = any_u8();
    ball b = {&c, any_u64(), any_unsigned()};
    GIVEN(b.i >= WTL_POLYDSA_N - 60 && b.i < WTL_POLYDSA_N);
    unsigned i = b.i;
    (void)more(&b, &j, 1);
    HOLDS(b.i == (j <= i ? i + 1 : i));
    HOLDS(j > i || c.c[j] == 1 || c.c[j] == -1);
}
