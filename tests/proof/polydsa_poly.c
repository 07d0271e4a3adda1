/* ML-DSA: functions that treat each coefficient by itself, at one coefficient with any value and zeros beside it, and the
 * samplers for any stream. */
#include "prove.h"

#include "kernel/polydsa_ref.c"

enum { AT = 17 };

static int32_t any_below(int32_t most)
{
    int32_t x = any_i32();
    GIVEN(WTL_ABS_BELOW(x, most));
    return x;
}

static int32_t any_from_to(int32_t least, int32_t most)
{
    int32_t x = any_i32();
    GIVEN(least <= x && x <= most);
    return x;
}

PROOF(mul, "slow")
{
    wtl_polydsa_poly a = {{0}}, b = {{0}}, r;
    a.c[AT] = any_below(Q);
    b.c[AT] = any_below(Q);
    mul(&r, &a, &b);
    HOLDS(WTL_ABS_BELOW(r.c[AT], Q));
}

PROOF(add, "")
{
    wtl_polydsa_poly r = {{0}}, a = {{0}};
    int32_t x = r.c[AT] = any_below(Q);
    a.c[AT] = any_below(Q);
    add(&r, &a);
    HOLDS(WTL_ABS_BELOW(r.c[AT], (1 << 22) + (1 << 14) + 1));
    int32_t sum = x + a.c[AT];
    HOLDS((sum - r.c[AT]) % Q == 0);
    HOLDS(!WTL_ABS_BELOW(r.c[AT], (1 << 22) - (1 << 15)) || WTL_ABS_BELOW(r.c[AT], Q / 2 + 1));
}

PROOF(sub, "")
{
    wtl_polydsa_poly r = {{0}}, a = {{0}};
    int32_t x = r.c[AT] = any_below(Q);
    a.c[AT] = any_below(Q);
    sub(&r, &a);
    HOLDS(WTL_ABS_BELOW(r.c[AT], (1 << 22) + (1 << 14) + 1));
    int32_t rest = x - a.c[AT];
    HOLDS((rest - r.c[AT]) % Q == 0);
}

PROOF(canon, "slow")
{
    wtl_polydsa_poly f = {{0}};
    int32_t x = f.c[AT] = any_below(INT32_MAX - (1 << 22) + 1);
    canon(&f);
    HOLDS(0 <= f.c[AT] && f.c[AT] < Q && ((int64_t)x - f.c[AT]) % Q == 0);
}

PROOF(shift, "")
{
    wtl_polydsa_poly f = {{0}};
    int32_t x = f.c[AT] = any_from_to(0, (1 << 10) - 1);
    shift(&f);
    HOLDS(f.c[AT] == x * 8192 && f.c[AT] < Q);
}

/* Algorithm 35. */
PROOF(power2round, "")
{
    wtl_polydsa_poly t1, t0, t = {{0}};
    t.c[AT] = any_from_to(0, Q - 1);
    power2round(&t1, &t0, &t);
    HOLDS(0 <= t1.c[AT] && t1.c[AT] < 1 << 10 && -(1 << 12) < t0.c[AT] && t0.c[AT] <= 1 << 12);
    HOLDS(t1.c[AT] * (1 << D) + t0.c[AT] == t.c[AT]);
}

static int32_t mod_q(int32_t x)
{
    return x < 0 ? x + Q : x;
}

/* Algorithm 36: high and low belong to canonical x. */
static bool is_split(int32_t high, int32_t low, int32_t x, int32_t gamma2)
{
    if (x > Q - 1 - gamma2)
        return high == 0 && low == x - Q;
    return high * 2 * gamma2 + low == x && -gamma2 < low && low <= gamma2 && high >= 0 &&
           high < parts(gamma2);
}

static void one_decompose(int32_t gamma2)
{
    wtl_polydsa_poly r1, r0, a = {{0}};
    a.c[AT] = any_below(Q);
    decompose(&r1, &r0, &a, gamma2);
    HOLDS(is_split(r1.c[AT], r0.c[AT], mod_q(a.c[AT]), gamma2));
}

PROOF(decompose_88, "")
{
    one_decompose((Q - 1) / 88);
}

PROOF(decompose_32, "")
{
    one_decompose((Q - 1) / 32);
}

/* As the reference code says it: 1 when low is outside -gamma2 .. gamma2, or -gamma2 itself with high not 0. */
static void one_make_hint(int32_t gamma2)
{
    wtl_polydsa_poly h, r0 = {{0}}, r1 = {{0}};
    int32_t low = r0.c[AT] = any_below(Q);
    int32_t high = r1.c[AT] = any_from_to(0, parts(gamma2) - 1);
    unsigned ones = make_hint(&h, &r0, &r1, gamma2);
    bool one = low > gamma2 || low < -gamma2 || (low == -gamma2 && high != 0);
    HOLDS(h.c[AT] == one && ones == one);
}

PROOF(make_hint, "")
{
    one_make_hint((Q - 1) / 88);
    one_make_hint((Q - 1) / 32);
}

/* Algorithm 40. */
static void one_use_hint(int32_t gamma2)
{
    wtl_polydsa_poly r1, h = {{0}}, a = {{0}};
    const int32_t m = parts(gamma2);
    a.c[AT] = any_below(Q);
    h.c[AT] = any_from_to(0, 1);
    int32_t high = any_i32(), low = any_i32();
    GIVEN(0 <= high && high < m && WTL_ABS_BELOW(low, gamma2 + 1));
    GIVEN(is_split(high, low, mod_q(a.c[AT]), gamma2));
    use_hint(&r1, &h, &a, gamma2);
    int32_t wanted = h.c[AT] == 0 ? high : low > 0 ? (high + 1) % m : (high + m - 1) % m;
    HOLDS(r1.c[AT] == wanted);
}

PROOF(use_hint_88, "")
{
    one_use_hint((Q - 1) / 88);
}

PROOF(use_hint_32, "")
{
    one_use_hint((Q - 1) / 32);
}

/* The least of |x| and q - |x| against the bound. */
PROOF(exceeds, "")
{
    wtl_polydsa_poly f = {{0}};
    int32_t x = f.c[AT] = any_below(Q), bound = any_from_to(1, (Q - 1) / 8);
    int32_t centred = x > (Q - 1) / 2 ? x - Q : x < -(Q - 1) / 2 ? x + Q : x;
    HOLDS(exceeds(&f, bound) == !WTL_ABS_BELOW(centred, bound));
}

PROOF(uniform, "loops")
{
    wtl_polydsa_poly f;
    size_t n = any_size();
    unsigned have = any_unsigned();
    GIVEN(n <= 1 << 20 && have <= N);
    uint8_t *in = __CPROVER_allocate(n, 0);
    HOLDS(uniform(&f, have, in, n) <= N);
}

PROOF(bounded, "loops")
{
    wtl_polydsa_poly f;
    size_t n = any_size();
    unsigned have = any_unsigned();
    GIVEN(n <= 1 << 20 && have <= N);
    uint8_t *in = __CPROVER_allocate(n, 0);
    HOLDS(bounded(&f, have, in, n, any_bool() ? 2 : 4) <= N);
}
