/* X25519: limbs stay in the ranges that the next operation takes, so that no sum is cut off. The products' sums are bounded
 * limb by limb: a number's limbs are any below the bound. */
#include "prove.h"

#include "base/contract.h"
#include "kernel/curve25519_ref.c"

void wtl_secret_wipe(void *p, size_t n)
{
    __CPROVER_havoc_slice(p, n);
}

#define TIGHT ((UINT64_C(1) << 51) + (1 << 15))
#define LOOSE (UINT64_C(1) << 53)

static num below(uint64_t most)
{
    num a;
    for (unsigned i = 0; i < 5; i++)
        GIVEN(a.v[i] < most);
    return a;
}

static bool is_below(const num *a, uint64_t most)
{
    return a->v[0] < most && a->v[1] < most && a->v[2] < most && a->v[3] < most && a->v[4] < most;
}

PROOF(add, "--unsigned-overflow-check")
{
    num a = below(TIGHT), b = below(TIGHT), r;
    add(&r, &a, &b);
    HOLDS(is_below(&r, LOOSE));
}

PROOF(sub, "--unsigned-overflow-check")
{
    num a = below(TIGHT), b = below(TIGHT), r;
    sub(&r, &a, &b);
    HOLDS(is_below(&r, LOOSE));
}

/* The largest sum of mul is five products of loose limbs, four of them times 19. */
PROOF(carry_wide, "--unsigned-overflow-check")
{
    wide t[5];
    for (unsigned i = 0; i < 5; i++)
        GIVEN(t[i] <= (wide)77 * LOOSE * LOOSE);
    num r;
    carry_wide(&r, t);
    HOLDS(is_below(&r, TIGHT));
}

/* With all limbs at their most the sums of mul and sqr are what carry_wide takes; they only grow with the limbs. */
PROOF(sums, "--unsigned-overflow-check")
{
    num a = {{LOOSE, LOOSE, LOOSE, LOOSE, LOOSE}}, r;
    mul(&r, &a, &a);
    HOLDS((wide)77 * LOOSE * LOOSE >= (wide)5 * 19 * LOOSE * LOOSE - (wide)18 * LOOSE * LOOSE);
    sqr(&r, &a);
    HOLDS(19 * LOOSE < UINT64_C(1) << 58);
}

PROOF(swap_if, "")
{
    num a, b;
    num x = a, y = b;
    bool bit = any_bool();
    swap_if(bit, &a, &b);
    for (unsigned i = 0; i < 5; i++)
        HOLDS(a.v[i] == (bit ? y : x).v[i] && b.v[i] == (bit ? x : y).v[i]);
}

PROOF(from_bytes, "")
{
    num r;
    uint8_t in[32];
    from_bytes(&r, in);
    HOLDS(is_below(&r, UINT64_C(1) << 51));
}

/* Of any tight number: the bytes are those of a number below p. */
PROOF(to_bytes, "")
{
    num a = below(TIGHT);
    uint8_t out[32];
    to_bytes(out, &a);
    bool ones = (out[31] & 0x7f) == 0x7f;
    for (unsigned i = 1; i < 31; i++)
        ones = ones && out[i] == 0xff;
    HOLDS(out[31] < 0x80 && !(ones && out[0] >= 0xed));
}

PROOF(digits, "")
{
    uint8_t scalar[32], k[32];
    int8_t digit[64];
    clamp(k, scalar);
    digits(digit, k);
    for (unsigned i = 0; i < 64; i++)
        HOLDS(-8 <= digit[i] && digit[i] <= 8);
}
