#include "kernel/fingerprint.h"

#include <string.h>

#include "kernel/choice.h"
#include "kernel/fingerprint_impl.h"

enum { LONGEST = 3 * WTL_FINGERPRINT_STRIDE + 100 };

static void noise(void *p, size_t n, uint32_t x)
{
    for (size_t i = 0; i < n; i++) {
        x = x * 1664525 + 1013904223;
        ((uint8_t *)p)[i] = (uint8_t)(x >> 24);
    }
}

/* One fingerprint that is written down, from unit/kernel/fingerprint's own AES. */
static bool known_answer(const wtl_fingerprint *way)
{
    static const uint8_t good[WTL_FINGERPRINT] = {0xf1, 0x12, 0x05, 0x21, 0xf1, 0x8a, 0x31, 0x69,
                                                  0x4c, 0x3d, 0x52, 0x8f, 0x76, 0xce, 0xb1, 0xcb};
    wtl_fingerprint_secret s;
    uint8_t out[WTL_FINGERPRINT];
    noise(&s, sizeof s, 1);
    way->of(&s, (wtl_bytes){(const uint8_t *)"head", 4}, (wtl_bytes){(const uint8_t *)"body", 4}, out);
    return memcmp(out, good, sizeof good) == 0;
}

static bool right(const void *ops, const void *ref)
{
    static const size_t lengths[] = {0, 1, 15, 16, 17, 63, 64, 65, 511, 512, 513, 1023, 1300, LONGEST - 1};
    const wtl_fingerprint *way = ops;
    wtl_fingerprint_secret s;
    uint8_t data[LONGEST];
    uint8_t a[WTL_FINGERPRINT];
    uint8_t b[WTL_FINGERPRINT];
    noise(&s, sizeof s, 2);
    noise(data, sizeof data, 3);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        wtl_bytes head = {data + 1, lengths[i] * 7 % 600};
        wtl_bytes body = {data + i % 2, lengths[i]};
        way->of(&s, head, body, a);
        ((const wtl_fingerprint *)ref)->of(&s, head, body, b);
        if (memcmp(a, b, sizeof a) != 0)
            return false;
    }
    return known_answer(way);
}

static const wtl_choice_way ways[] = {
#if defined(__x86_64__)
    {WTL_CPU_AVX512, WTL_CPU_VAES, &wtl_fingerprint_vaes},
    {WTL_CPU_AVX2, WTL_CPU_AES, &wtl_fingerprint_aes},
#endif
    {WTL_CPU_REF, WTL_CPU_REF, &wtl_fingerprint_ref},
};
static wtl_choice choice = WTL_CHOICE("the fingerprint", ways, sizeof ways / sizeof ways[0], right);

int wtl_fingerprint_pick(const wtl_fingerprint **out, enum wtl_cpu_level level, wtl_err *err)
{
    const void *ops;
    int rc = wtl_choice_pick(&choice, level, &ops, err);
    *out = ops;
    return rc;
}
