/* The function X25519 (RFC 7748 section 5). */
#ifndef WTL_KERNEL_CURVE25519_H
#define WTL_KERNEL_CURVE25519_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/cpu.h"

enum { WTL_CURVE25519_BYTES = 32 };

/* The functions of one level. Scalars are clamped inside. Time and addresses do not depend on scalars or points. */
typedef struct wtl_curve25519 {
    enum wtl_cpu_level level;
    /* X25519(scalar, 9). */
    void (*base)(uint8_t out[32], const uint8_t scalar[32]);
    /* X25519(scalar, point); the point's highest bit is ignored, values >= p are reduced (section 5). The result of a
     * point of small order is all zero: the caller decides. out may be either input. */
    void (*mul)(uint8_t out[32], const uint8_t scalar[32], const uint8_t point[32]);
} wtl_curve25519;

/* The functions of the level (WTL_CPU_AUTO: the best here), tested before their first use in a process; see choice.h. */
int wtl_curve25519_pick(const wtl_curve25519 **out, enum wtl_cpu_level level, wtl_err *err) WTL_MUST_USE;
int wtl_curve25519_fault(wtl_err *err) WTL_MUST_USE;

#endif
