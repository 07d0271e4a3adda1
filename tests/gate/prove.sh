# The prover sees what it is for: each of these is wrong in one way, and is refused for it; what is right is proved.
. "${WATTLE_SOURCE:=$(cd "$(dirname "$0")/../.." && pwd)}/tests/lib/tap.sh"
export PROVE_DIR=$tmp PROVE_OFFLINE=1
cat >"$tmp/made_up.c" <<'C'
#include "prove.h"
#include "base/contract.h"

static int half(int x) WTL_REQUIRES(x >= 0) WTL_ENSURES(WTL_RESULT >= 0)
{
    return x / 2;
}
static int wrong(int x) WTL_REQUIRES(x >= 0) WTL_ENSURES(WTL_RESULT > 0)
{
    return x / 2;
}
PROOF(right, "enforce=half")
{
    half(any_i32());
}
PROOF(contract, "enforce=wrong")
{
    wrong(any_i32());
}
PROOF(asked, "replace=half")
{
    half(any_i32());
}
PROOF(overflow, "")
{
    int x = any_i32();
    GIVEN(x < INT32_MAX);
    x += 2;
}
PROOF(bounds, "")
{
    int a[4];
    unsigned i = any_unsigned();
    GIVEN(i <= 4);
    a[i] = 1;
}
PROOF(turned, "")
{
    unsigned n = any_unsigned();
    GIVEN(n <= 32);
    (void)(1u << n);
}
PROOF(unwound, "--unwind=8")
{
    for (unsigned i = 0; i < 8 + any_u8(); i++)
        ;
}
PROOF(invariant, "loops")
{
    unsigned n = any_unsigned(), i;
    for (i = 0; i < n; i++)
        __CPROVER_assigns(i) __CPROVER_loop_invariant(i <= 3)
        {
        }
}
PROOF(vacuous, "")
{
    int x = any_i32();
    GIVEN(x > 1 && x < 1);
    HOLDS(x == 7);
}
C
"$WATTLE_SOURCE/tools/prove" made_up/right >"$tmp/out" 2>&1
case $? in 77) skip_all "CBMC 6 is not here; tools/prove --fetch fetches it" ;; esac
like "what holds is proved" "$(cat "$tmp/out")" 'proved$'
for name in contract asked overflow bounds turned unwound invariant vacuous; do
  exits "$name is refused" 1 "$WATTLE_SOURCE/tools/prove" "made_up/$name"
  like "$name fails by itself" "$out" "^made_up/$name .* FAILED"
done
like "a contradiction is named" "$out" 'contradict'
finish
