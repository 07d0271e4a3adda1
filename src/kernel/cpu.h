/* What this processor may do, and what the operating system lets it. */
#ifndef WTL_KERNEL_CPU_H
#define WTL_KERNEL_CPU_H

#include <stdbool.h>

#include "base/err.h"

/* Each names one way of computing; a file X_<name>.c of this room is compiled for it. They are no ladder: a processor
 * may have AVX2 without the SHA extensions, and the reverse. */
enum wtl_cpu_level {
    WTL_CPU_AUTO = -1,
    WTL_CPU_REF,    /* plain C, everywhere */
    WTL_CPU_SHANI,  /* x86 SHA extensions with SSE4.1 */
    WTL_CPU_AVX2,   /* 256-bit vectors */
    WTL_CPU_AVX512, /* 512-bit vectors: AVX-512 F and BW */
    /* What some files need beside their level; WATTLE_CPU does not know these, wtl_cpu_has does. */
    WTL_CPU_ADX,  /* BMI1, BMI2 and ADX: mulx, rorx, andn, adcx, adox */
    WTL_CPU_ICE,  /* AVX-512 VL, DQ, IFMA, VBMI and VBMI2, as from Ice Lake and Zen 4 on; and ADX */
    WTL_CPU_AES,  /* AES-NI, AVX2 and BMI */
    WTL_CPU_VAES, /* VAES on 512 bits, AVX-512 VL and DQ, and what AES means */
    WTL_CPU_FEATURES
};
#define WTL_CPU_LEVELS WTL_CPU_ADX

const char *
wtl_cpu_name(enum wtl_cpu_level level); /* "ref", "shani", "avx2", "avx512"; "adx", "ice", "aes", "vaes" */

/* CPUID has it, and XCR0 says that the system saves its registers (Intel SDM volume 1, 13.3 and 15.2). */
bool wtl_cpu_has(enum wtl_cpu_level level);

/* Makes every kernel of this process use this level from now on; no other is taken in its place. `name` comes from the
 * environment variable WATTLE_CPU, which the command reads and long-running programs do not. An unknown name is
 * WTL_USAGE, a level that the machine lacks WTL_POLICY. Called before kernels are used, by one thread. */
int wtl_cpu_force(const char *name, wtl_err *err) WTL_MUST_USE;

/* The forced level, or WTL_CPU_AUTO. */
enum wtl_cpu_level wtl_cpu_forced(void);

#endif
