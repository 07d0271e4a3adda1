/* What keeps a compiler from seeing that a secret is one of two values, and from branching on it. */
#ifndef WTL_BASE_CT_H
#define WTL_BASE_CT_H

#include <stdint.h>

/* Takes x, a 64-bit integer, for any value from here on. tests/ct replaces it where a tool knows no assembly. */
#ifndef WTL_CT_HIDE
#define WTL_CT_HIDE(x) __asm__("" : "+r"(x))
#endif

/* x; the compiler takes the result for any value, and cannot make a branch of what is computed with it. */
static inline uint64_t wtl_ct_hide(uint64_t x)
{
    WTL_CT_HIDE(x);
    return x;
}

/* All ones when bit is 1, zero when it is 0; bit is nothing else. */
static inline uint64_t wtl_ct_mask(uint64_t bit)
{
    return (uint64_t)0 - wtl_ct_hide(bit);
}

#endif
