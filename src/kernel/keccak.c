#include "kernel/keccak.h"

#include <string.h>

#include "kernel/choice.h"
#include "kernel/keccak_impl.h"

enum { WORDS = WTL_KECCAK_WORDS, MOST = WTL_KECCAK_LANES_MOST, RATE_MOST = 168, BLOCKS = 2 };

/* The zero state permuted (XKCP's KeccakF-1600-IntermediateValues.txt). */
static const uint64_t once[WORDS] = {
    0xf1258f7940e1dde7, 0x84d5ccf933c0478a, 0xd598261ea65aa9ee, 0xbd1547306f80494d, 0x8b284e056253d057,
    0xff97a42d7f8e6fd4, 0x90fee5a0a44647c4, 0x8c5bda0cd6192e76, 0xad30a6f71b19059c, 0x30935ab7d08ffc64,
    0xeb5aa93f2317d635, 0xa9a6e6260d712103, 0x81a57c16dbcf555f, 0x43b831cd0347c826, 0x01f22f1a11a5569f,
    0x05e5635a21d9ae61, 0x64befef28cc970f2, 0x613670957bc46611, 0xb87c5a554fd00ecb, 0x8c3ee88a1ccf32c8,
    0x940c7922ae3a2614, 0x1841f924a2c509e4, 0x16f53526e70465c2, 0x75f644e97f30a13b, 0xeaf1ff7b5ceca249,
};

static bool known_answer(const wtl_keccak *k)
{
    _Alignas(64) uint64_t s[WORDS * MOST] = {0};
    k->x1(s);
    return memcmp(s, once, sizeof once) == 0;
}

/* Some state, different in every word and every run. */
static void fill(uint64_t *s, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 6364136223846793005 + 1442695040888963407;
        s[i] = seed ^ seed >> 29;
    }
}

typedef struct outputs {
    _Alignas(64) uint64_t s[WORDS * MOST];
    uint8_t bytes[MOST][RATE_MOST * BLOCKS + 8];
} outputs;

static void permute(const wtl_keccak *k, size_t n, uint64_t *s)
{
    if (n == 8)
        k->x8(s);
    else if (n == 4)
        k->x4(s);
    else
        k->x1(s);
}

static void squeeze(const wtl_keccak *k, size_t n, outputs *o, size_t rate)
{
    uint8_t *out[MOST];
    memset(o->bytes, 0, sizeof o->bytes);
    for (size_t i = 0; i < n; i++)
        out[i] = o->bytes[i] + i; /* of any alignment */
    if (n == 8)
        k->squeeze_x8(o->s, out, rate, BLOCKS);
    else
        k->squeeze_x4(o->s, out, rate, BLOCKS);
}

static bool permutes_like(const wtl_keccak *k, const wtl_keccak *ref)
{
    _Alignas(64) uint64_t s[WORDS * MOST];
    _Alignas(64) uint64_t good[WORDS * MOST];
    for (size_t n = 1; n <= MOST; n = n == 1 ? 4 : 2 * n) {
        fill(s, WORDS * n, n);
        memcpy(good, s, sizeof(uint64_t) * WORDS * n);
        permute(k, n, s);
        permute(ref, n, good);
        if (memcmp(s, good, sizeof(uint64_t) * WORDS * n) != 0)
            return false;
    }
    return true;
}

static bool squeezes_like(const wtl_keccak *k, const wtl_keccak *ref, size_t rate)
{
    outputs o;
    outputs good;
    for (size_t n = 4; n <= MOST; n *= 2) {
        fill(o.s, (size_t)WORDS * MOST, rate + n);
        fill(good.s, (size_t)WORDS * MOST, rate + n);
        squeeze(k, n, &o, rate);
        squeeze(ref, n, &good, rate);
        if (memcmp(o.s, good.s, sizeof o.s) != 0 || memcmp(o.bytes, good.bytes, sizeof o.bytes) != 0)
            return false;
    }
    return true;
}

static bool right(const void *ops, const void *ref)
{
    return known_answer(ops) && permutes_like(ops, ref) && squeezes_like(ops, ref, 136) &&
           squeezes_like(ops, ref, 168);
}

static const wtl_choice_way ways[] = {
#if defined(__x86_64__)
    {WTL_CPU_AVX512, WTL_CPU_ICE, &wtl_keccak_ice},
    {WTL_CPU_AVX2, WTL_CPU_AVX2, &wtl_keccak_avx2},
#endif
    {WTL_CPU_REF, WTL_CPU_REF, &wtl_keccak_ref},
};
static wtl_choice choice = WTL_CHOICE("Keccak", ways, sizeof ways / sizeof ways[0], right);

int wtl_keccak_pick(const wtl_keccak **out, enum wtl_cpu_level level, wtl_err *err)
{
    const void *ops;
    int rc = wtl_choice_pick(&choice, level, &ops, err);
    *out = ops;
    return rc;
}

int wtl_keccak_fault(wtl_err *err)
{
    return wtl_choice_fault(&choice, err);
}
