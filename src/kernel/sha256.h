/* SHA-256 (FIPS 180-4) of several messages side by side: the compression function alone, without padding. */
#ifndef WTL_KERNEL_SHA256_H
#define WTL_KERNEL_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/cpu.h"

enum { WTL_SHA256_LANES_MOST = 16, WTL_SHA256_BLOCK = 64 };

/* A message under way: its chaining value (words in the host's order), and whole blocks of it that wait. */
typedef struct wtl_sha256_lane {
    uint32_t state[8];
    const uint8_t *p; /* of any alignment */
    size_t blocks;    /* of 64 bytes */
} wtl_sha256_lane;

/* The chaining value of an empty message (FIPS 180-4 section 5.3.3). */
void wtl_sha256_start(uint32_t state[8]);

/* One way of computing on this machine. */
typedef struct wtl_sha256_plan wtl_sha256_plan;

/* The best plan here, or the forced one (cpu.h), tested before its first use with known answers and against plain C. A
 * plan that fails its test is passed over for the next, and wtl_sha256_fault says so; a forced one that fails, or
 * plain C failing, is WTL_BUG. Any thread; the test runs once. */
int wtl_sha256_pick(const wtl_sha256_plan **out, wtl_err *err) WTL_MUST_USE;

/* The plan of this level whatever is forced, tested likewise; WTL_POLICY when the machine lacks it. */
int wtl_sha256_pick_level(const wtl_sha256_plan **out, enum wtl_cpu_level level, wtl_err *err) WTL_MUST_USE;

enum wtl_cpu_level wtl_sha256_level(const wtl_sha256_plan *plan);

/* How many lanes with data make it fastest: 16, 8, 2 or 1. */
size_t wtl_sha256_width(const wtl_sha256_plan *plan);

/* Runs the n lanes (at most WTL_SHA256_LANES_MOST) to the end of their blocks: `state` and `p` move on, `blocks` becomes
 * 0. The lanes may have different lengths; nothing beside p[0 .. blocks*64) is read. */
void wtl_sha256_run(const wtl_sha256_plan *plan, wtl_sha256_lane *lanes, size_t n);

/* WTL_BUG, with a sentence to be shown, when this process passed over a plan that computed wrongly. */
int wtl_sha256_fault(wtl_err *err) WTL_MUST_USE;

#endif
