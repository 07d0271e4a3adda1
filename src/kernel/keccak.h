/* Keccak-f[1600] (FIPS 202) of one state, of four and of eight side by side, and squeezing from them. */
#ifndef WTL_KERNEL_KECCAK_H
#define WTL_KERNEL_KECCAK_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/cpu.h"

enum { WTL_KECCAK_WORDS = 25, WTL_KECCAK_LANES_MOST = 8 };

/* The functions of one level. A state of n lanes has word w of lane i at s[w * n + i]; word w holds bytes 8w .. 8w+7 of
 * the standard's string, little end first. States of lanes are aligned to 64 bytes. */
typedef struct wtl_keccak {
    enum wtl_cpu_level level;
    void (*x1)(uint64_t s[WTL_KECCAK_WORDS]);
    void (*x4)(uint64_t s[WTL_KECCAK_WORDS * 4]);
    void (*x8)(uint64_t s[WTL_KECCAK_WORDS * 8]);
    /* `blocks` times: permutes all lanes, then appends the first `rate` bytes (136 or 168) of lane i to out[i], which has
     * room for blocks * rate bytes, of any alignment; lanes with the same state may name the same place. */
    void (*squeeze_x4)(uint64_t s[WTL_KECCAK_WORDS * 4], uint8_t *const out[4], size_t rate, size_t blocks);
    void (*squeeze_x8)(uint64_t s[WTL_KECCAK_WORDS * 8], uint8_t *const out[8], size_t rate, size_t blocks);
} wtl_keccak;

/* The functions of the level (WTL_CPU_AUTO: the best here), tested before their first use in a process; see choice.h. */
int wtl_keccak_pick(const wtl_keccak **out, enum wtl_cpu_level level, wtl_err *err) WTL_MUST_USE;
/* WTL_BUG when a level was passed over because it computed wrongly. */
int wtl_keccak_fault(wtl_err *err) WTL_MUST_USE;

#endif
