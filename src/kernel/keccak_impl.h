/* The functions of each level behind kernel/keccak.h. Only to be called where wtl_cpu_has what the level needs. */
#ifndef WTL_KERNEL_KECCAK_IMPL_H
#define WTL_KERNEL_KECCAK_IMPL_H

#include "kernel/keccak.h"

enum { WTL_KECCAK_ROUNDS = 24 };

extern const wtl_keccak wtl_keccak_ref;
#if defined(__x86_64__)
extern const wtl_keccak wtl_keccak_avx2, wtl_keccak_ice;
#endif

/* What levels without a better way for a single state take. */
void wtl_keccak_ref_x1(uint64_t s[WTL_KECCAK_WORDS]);

/* The round constants (FIPS 202 section 3.2.5). */
extern const uint64_t wtl_keccak_ref_rc[WTL_KECCAK_ROUNDS];

#endif
