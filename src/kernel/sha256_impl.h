/* What stands behind kernel/sha256.h: the functions of each level, and how they are put together. */
#ifndef WTL_KERNEL_SHA256_IMPL_H
#define WTL_KERNEL_SHA256_IMPL_H

#include "kernel/sha256.h"

/* Compresses `blocks` blocks of each of its W messages: message i from p[i] into state[i][8]. The p[i] may overlap,
 * the state[i] may not. Only to be called where wtl_cpu_has its level. */
typedef void wtl_sha256_fn(uint32_t *const state[], const uint8_t *const p[], size_t blocks);

wtl_sha256_fn wtl_sha256_ref_x1;
#if defined(__x86_64__)
wtl_sha256_fn wtl_sha256_shani_x1, wtl_sha256_shani_x2;
wtl_sha256_fn wtl_sha256_avx2_x8;
wtl_sha256_fn wtl_sha256_avx512_x16;
#endif

/* The round constants (FIPS 180-4 section 4.2.2). */
extern const uint32_t wtl_sha256_ref_k[64];

/* `width` lanes at once, worth its while from `least` lanes on; unused ones repeat another's message. */
typedef struct wtl_sha256_step {
    wtl_sha256_fn *fn;
    size_t width, least;
} wtl_sha256_step;

enum { WTL_SHA256_STEPS_MOST = 3 };
struct wtl_sha256_plan {
    enum wtl_cpu_level level, also; /* what the machine must have; `also` is level when nothing else */
    size_t width;                   /* the fastest number of lanes */
    wtl_sha256_step step[WTL_SHA256_STEPS_MOST]; /* widest first; the last has width 1 */
};

/* WTL_BUG when the plan computes anything else than plain C does, or plain C than what is published. */
int wtl_sha256_check(const wtl_sha256_plan *plan, wtl_err *err) WTL_MUST_USE;

/* The first of the plans, which stand in order of preference, that the machine has (of this level alone, unless it is
 * WTL_CPU_AUTO) and that passes; *fault is the first failing one that was passed over, or NULL. */
int wtl_sha256_choose(const wtl_sha256_plan **out, const wtl_sha256_plan **fault,
                      const wtl_sha256_plan *plans, size_t n, enum wtl_cpu_level level,
                      wtl_err *err) WTL_MUST_USE;

#endif
