#include "kernel/cpu.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

static const char *const names[WTL_CPU_FEATURES] = {"ref", "shani", "avx2", "avx512",
                                                    "adx", "ice",   "aes",  "vaes"};
static bool present[WTL_CPU_FEATURES];
static enum wtl_cpu_level forced = WTL_CPU_AUTO;

const char *wtl_cpu_name(enum wtl_cpu_level level)
{
    return names[level];
}

#if defined(__x86_64__)
#include <cpuid.h>

static bool bit(uint32_t word, unsigned n)
{
    return (word >> n & 1) != 0;
}

/* Which register sets the system saves when it switches threads. Only with OSXSAVE. */
static uint32_t xcr0(void)
{
    uint32_t low;
    uint32_t high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static void look(void)
{
    enum { SSE_AVX = 0x06, AVX512 = 0xe6 };
    uint32_t a;
    uint32_t b;
    uint32_t c;
    uint32_t d;
    uint32_t b7;
    uint32_t c7;
    uint32_t d7;
    present[WTL_CPU_REF] = true;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !__get_cpuid_count(7, 0, &a, &b7, &c7, &d7))
        return;
    bool avx = bit(c, 28);
    uint32_t saved = bit(c, 27) ? xcr0() : 0;                        /* OSXSAVE */
    present[WTL_CPU_SHANI] = bit(c, 9) && bit(c, 19) && bit(b7, 29); /* SSSE3, SSE4.1, SHA */
    present[WTL_CPU_AVX2] = avx && (saved & SSE_AVX) == SSE_AVX && bit(b7, 5);
    present[WTL_CPU_AVX512] = avx && (saved & AVX512) == AVX512 && bit(b7, 16) && bit(b7, 30);
    present[WTL_CPU_ADX] = bit(b7, 3) && bit(b7, 8) && bit(b7, 19);
    present[WTL_CPU_ICE] = present[WTL_CPU_AVX512] && present[WTL_CPU_ADX] && bit(b7, 31) && bit(b7, 17) &&
                           bit(b7, 21) && bit(c7, 1) && bit(c7, 6);
    present[WTL_CPU_AES] = present[WTL_CPU_AVX2] && bit(c, 25) && bit(b7, 3) && bit(b7, 8);
    present[WTL_CPU_VAES] = present[WTL_CPU_AES] && present[WTL_CPU_AVX512] && bit(b7, 31) && bit(b7, 17) &&
                            bit(c7, 9);
}
#else
static void look(void)
{
    present[WTL_CPU_REF] = true;
}
#endif

bool wtl_cpu_has(enum wtl_cpu_level level)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, look);
    return present[level];
}

int wtl_cpu_force(const char *name, wtl_err *err)
{
    for (int i = 0; i < WTL_CPU_LEVELS; i++) {
        if (strcmp(name, names[i]) != 0)
            continue;
        ENSURE(
            wtl_cpu_has(i), err, WTL_POLICY,
            "WATTLE_CPU=%s: this processor or its operating system does not offer it; unset WATTLE_CPU, or "
            "set it to ref",
            names[i]);
        forced = i;
        return WTL_OK;
    }
    return WTL_FAIL(err, WTL_USAGE, "WATTLE_CPU has an unknown value; it may be ref, shani, avx2 or avx512");
}

enum wtl_cpu_level wtl_cpu_forced(void)
{
    return forced;
}
