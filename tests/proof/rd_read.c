/* The read cursor: nothing outside the input is read, whatever is asked for. */
#include "prove.h"

#include "base/rd.c"

PROOF(take, "")
{
    size_t n = any_size();
    GIVEN(n <= 64);
    uint8_t *p = __CPROVER_allocate(n, 0);
    wtl_rd r = wtl_rd_of((wtl_bytes){p, n});
    r.bad = any_bool();
    bool bad = r.bad;
    size_t want = any_size();
    wtl_bytes got = wtl_rd_take(&r, want);
    HOLDS(r.bad == (bad || want > n));
    HOLDS(r.bad ? got.n == 0 && r.n == n : got.n == want && got.p == p && r.n == n - want);
    HOLDS(r.bad || want == 0 || __CPROVER_r_ok(got.p, want));
    HOLDS(r.bad || r.n == 0 || __CPROVER_r_ok(r.p, r.n));
}

PROOF(numbers, "--unwind=9")
{
    size_t n = any_size();
    GIVEN(n <= 16);
    uint8_t *p = __CPROVER_allocate(n, 0);
    wtl_rd r = wtl_rd_of((wtl_bytes){p, n});
    (void)wtl_rd_u8(&r);
    (void)wtl_rd_u16(&r);
    (void)wtl_rd_u32(&r);
    (void)wtl_rd_u64(&r);
    HOLDS(r.bad == (n < 15));
}
