/* A keyed 128-bit hash of two byte strings, quick for some kilobytes: what finds a verdict. It is of use only under a secret, and where what
 * it finds is compared in full: it is no cryptographic hash.
 *
 * 32 lanes of 16 bytes stand side by side. Each begins with whitening of its own; a stride of 512 bytes is added to them, a piece each, and each
 * goes through four rounds of AES (FIPS 197, AESENC). The body's strides come first, then the head's, zeros behind each to a whole
 * stride. The lanes' sum and both lengths go through four rounds more. So distinct pairs are distinct sequences of blocks. */
#ifndef WTL_KERNEL_FINGERPRINT_H
#define WTL_KERNEL_FINGERPRINT_H

#include <wattle/bytes.h>

#include "kernel/cpu.h"

enum { WTL_FINGERPRINT = 16, WTL_FINGERPRINT_STRIDE = 512 };

/* All drawn at random. */
typedef struct wtl_fingerprint_secret {
    _Alignas(64) uint8_t lane[WTL_FINGERPRINT_STRIDE];
    uint8_t round[4][16];
    uint8_t last[4][16];
} wtl_fingerprint_secret;

typedef struct wtl_fingerprint {
    const char *name; /* "vaes", "aes", "ref" */
    void (*of)(const wtl_fingerprint_secret *s, wtl_bytes head, wtl_bytes body, uint8_t out[WTL_FINGERPRINT]);
} wtl_fingerprint;

/* The best way here or, unless it is WTL_CPU_AUTO, that of the level: WTL_CPU_AVX2 is AES-NI, WTL_CPU_AVX512 VAES. All give the same; each is
 * held against plain C before its first use. WTL_POLICY when the machine lacks the level, WTL_BUG when it computes wrongly. */
int wtl_fingerprint_pick(const wtl_fingerprint **out, enum wtl_cpu_level level, wtl_err *err) WTL_MUST_USE;

#endif
