/* ML-DSA: the functions of one number. */
#include "prove.h"

#include "kernel/polydsa_ref.c"

PROOF(mont, "enforce=mont")
{
    mont(any_i64());
}

PROOF(reduce, "enforce=reduce")
{
    int32_t x = any_i32();
    int32_t r = reduce(x);
    HOLDS((x - r) % Q == 0);
}

PROOF(lift, "enforce=lift")
{
    int32_t x = any_i32();
    int32_t r = lift(x);
    HOLDS(r == (x < 0 ? x + Q : x));
}
