#include "kernel/curve25519.h"

#include <string.h>

#include "kernel/choice.h"
#include "kernel/curve25519_impl.h"

/* RFC 7748: the first vector of section 5.2, and Alice's keys and the shared secret of section 6.1. */
static bool known_answers(const wtl_curve25519 *ops)
{
    static const uint8_t scalar[32] = {0xa5, 0x46, 0xe3, 0x6b, 0xf0, 0x52, 0x7c, 0x9d, 0x3b, 0x16, 0x15,
                                       0x4b, 0x82, 0x46, 0x5e, 0xdd, 0x62, 0x14, 0x4c, 0x0a, 0xc1, 0xfc,
                                       0x5a, 0x18, 0x50, 0x6a, 0x22, 0x44, 0xba, 0x44, 0x9a, 0xc4};
    static const uint8_t point[32] = {0xe6, 0xdb, 0x68, 0x67, 0x58, 0x30, 0x30, 0xdb, 0x35, 0x94, 0xc1,
                                      0xa4, 0x24, 0xb1, 0x5f, 0x7c, 0x72, 0x66, 0x24, 0xec, 0x26, 0xb3,
                                      0x35, 0x3b, 0x10, 0xa9, 0x03, 0xa6, 0xd0, 0xab, 0x1c, 0x4c};
    static const uint8_t product[32] = {0xc3, 0xda, 0x55, 0x37, 0x9d, 0xe9, 0xc6, 0x90, 0x8e, 0x94, 0xea,
                                        0x4d, 0xf2, 0x8d, 0x08, 0x4f, 0x32, 0xec, 0xcf, 0x03, 0x49, 0x1c,
                                        0x71, 0xf7, 0x54, 0xb4, 0x07, 0x55, 0x77, 0xa2, 0x85, 0x52};
    static const uint8_t alice[32] = {0x77, 0x07, 0x6d, 0x0a, 0x73, 0x18, 0xa5, 0x7d, 0x3c, 0x16, 0xc1,
                                      0x72, 0x51, 0xb2, 0x66, 0x45, 0xdf, 0x4c, 0x2f, 0x87, 0xeb, 0xc0,
                                      0x99, 0x2a, 0xb1, 0x77, 0xfb, 0xa5, 0x1d, 0xb9, 0x2c, 0x2a};
    static const uint8_t alice_public[32] = {0x85, 0x20, 0xf0, 0x09, 0x89, 0x30, 0xa7, 0x54, 0x74, 0x8b, 0x7d,
                                             0xdc, 0xb4, 0x3e, 0xf7, 0x5a, 0x0d, 0xbf, 0x3a, 0x0d, 0x26, 0x38,
                                             0x1a, 0xf4, 0xeb, 0xa4, 0xa9, 0x8e, 0xaa, 0x9b, 0x4e, 0x6a};
    uint8_t out[32];
    ops->mul(out, scalar, point);
    if (memcmp(out, product, 32) != 0)
        return false;
    ops->base(out, alice);
    return memcmp(out, alice_public, 32) == 0;
}

/* A chain in which each result is the next scalar and point, so that any difference stays to the end. */
static void chain(const wtl_curve25519 *ops, uint8_t x[32])
{
    for (int i = 0; i < 32; i++)
        x[i] = (uint8_t)(167 * i + 91);
    for (int i = 0; i < 4; i++) {
        uint8_t point[32];
        ops->base(point, x);
        point[31] |= 0x80;
        ops->mul(x, x, point);
    }
}

static bool right(const void *ops, const void *ref)
{
    uint8_t got[32], want[32];
    if (!known_answers(ops))
        return false;
    chain(ops, got);
    chain(ref, want);
    return memcmp(got, want, sizeof got) == 0;
}

static const wtl_choice_way ways[] = {
#if defined(__x86_64__)
    {WTL_CPU_AVX512, WTL_CPU_ICE, &wtl_curve25519_ice},
    {WTL_CPU_AVX2, WTL_CPU_ADX, &wtl_curve25519_adx},
#endif
    {WTL_CPU_REF, WTL_CPU_REF, &wtl_curve25519_ref},
};
static wtl_choice choice = WTL_CHOICE("X25519", ways, sizeof ways / sizeof ways[0], right);

int wtl_curve25519_pick(const wtl_curve25519 **out, enum wtl_cpu_level level, wtl_err *err)
{
    const void *ops;
    int rc = wtl_choice_pick(&choice, level, &ops, err);
    *out = ops;
    return rc;
}

int wtl_curve25519_fault(wtl_err *err)
{
    return wtl_choice_fault(&choice, err);
}
