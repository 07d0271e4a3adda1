/* What stands behind kernel/curve25519.h: the levels. */
#ifndef WTL_KERNEL_CURVE25519_IMPL_H
#define WTL_KERNEL_CURVE25519_IMPL_H

#include "kernel/curve25519.h"

/* The arithmetic mod 2^255 - 19 of one level, for its tests: numbers of `limbs` limbs of `bits` bits, limb i of lane l at
 * [i * lanes + l]. mul and sqr take limbs up to `most` and give ones up to `tight`; add and sub take those and give ones up
 * to `most`. */
typedef struct wtl_curve25519_field {
    enum wtl_cpu_level level, also;
    size_t limbs, lanes;
    unsigned bits;
    uint64_t most, tight;
    void (*mul)(uint64_t *r, const uint64_t *a, const uint64_t *b);
    void (*sqr)(uint64_t *r, const uint64_t *a);
    void (*add)(uint64_t *r, const uint64_t *a, const uint64_t *b);
    void (*sub)(uint64_t *r, const uint64_t *a, const uint64_t *b);
} wtl_curve25519_field;

extern const wtl_curve25519_field wtl_curve25519_ref_field;
#if defined(__x86_64__)
extern const wtl_curve25519_field wtl_curve25519_adx_field, wtl_curve25519_base_ice_field;
#endif

extern const wtl_curve25519 wtl_curve25519_ref;
#if defined(__x86_64__)
extern const wtl_curve25519 wtl_curve25519_adx; /* stands for the level avx2: scalar code, mulx adcx adox */
extern const wtl_curve25519 wtl_curve25519_ice;
#endif

#endif
