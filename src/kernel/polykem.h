/* Polynomials of ML-KEM (FIPS 203): Z_q[X]/(X^256 + 1), q = 3329. */
#ifndef WTL_KERNEL_POLYKEM_H
#define WTL_KERNEL_POLYKEM_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/cpu.h"

enum { WTL_POLYKEM_N = 256, WTL_POLYKEM_Q = 3329, WTL_POLYKEM_K_MOST = 4, WTL_POLYKEM_BYTES = 384 };

/* 256 coefficients. In the NTT domain they stand in the standard's order (FIPS 203 algorithm 9): pairs (f[2i], f[2i+1])
 * are residues mod X^2 - zeta^(2 BitRev7(i) + 1). Aligned to 64 bytes. Unless said otherwise coefficients are
 * representatives mod q of absolute value < 2q going in and |x| < q coming out; "canonical" is 0 .. q-1. */
typedef struct wtl_polykem_poly {
    _Alignas(64) int16_t c[WTL_POLYKEM_N];
} wtl_polykem_poly;

/* The functions of one level. All take time that does not depend on coefficients, `sample_ntt` excepted, whose input
 * is public. */
typedef struct wtl_polykem {
    enum wtl_cpu_level level;
    /* Algorithm 9, in place: any |x| < 2q in. */
    void (*ntt)(wtl_polykem_poly *f);
    /* Algorithm 10 times 2^16 mod q, in place, so that intt(mulacc(a, b)) = a * b: any |x| < 2q in. */
    void (*intt)(wtl_polykem_poly *f);
    /* r = the sum over j < k of a[j] * b[j] * 2^-16, algorithm 11 for each product. k <= 4. Coefficients of a are
     * canonical or |x| < q; those of b are |x| < 2q. */
    void (*mulacc)(wtl_polykem_poly *r, const wtl_polykem_poly *a, const wtl_polykem_poly *b, size_t k);
    void (*tomont)(wtl_polykem_poly *f);                              /* times 2^16 mod q, in place */
    void (*add)(wtl_polykem_poly *r, const wtl_polykem_poly *a);      /* r += a, then brought to |x| < q */
    void (*sub_from)(wtl_polykem_poly *r, const wtl_polykem_poly *a); /* r = a - r, then brought to |x| < q */
    /* Algorithm 7 (SampleNTT) on a part of its stream: appends accepted coefficients (canonical) behind `have` and
     * returns how many there are then, at most 256; what stands behind these is undefined. n is a multiple of 3. */
    unsigned (*sample_ntt)(wtl_polykem_poly *f, unsigned have, const uint8_t *in, size_t n);
    /* Algorithm 8 (SamplePolyCBD) with eta = 2 (128 bytes) and eta = 3 (192 bytes); |x| <= eta. */
    void (*cbd2)(wtl_polykem_poly *f, const uint8_t in[128]);
    void (*cbd3)(wtl_polykem_poly *f, const uint8_t in[192]);
    /* ByteEncode_12 of the canonical form, and its reverse. from_bytes returns 0 when every coefficient was < q (the
     * modulus check of section 7.2), anything else when not; coefficients are then reduced mod q. */
    void (*to_bytes)(uint8_t out[WTL_POLYKEM_BYTES], const wtl_polykem_poly *f);
    unsigned (*from_bytes)(wtl_polykem_poly *f, const uint8_t in[WTL_POLYKEM_BYTES]);
    /* ByteEncode_d(Compress_d(f)) and Decompress_d(ByteDecode_d(in)), 32 d bytes; d is 1, 4, 5, 10 or 11. Decompressed
     * coefficients are canonical. */
    void (*compress)(uint8_t *out, const wtl_polykem_poly *f, unsigned d);
    void (*decompress)(wtl_polykem_poly *f, const uint8_t *in, unsigned d);
} wtl_polykem;

/* The functions of the level (WTL_CPU_AUTO: the best here), tested before their first use in a process; see choice.h. */
int wtl_polykem_pick(const wtl_polykem **out, enum wtl_cpu_level level, wtl_err *err) WTL_MUST_USE;
int wtl_polykem_fault(wtl_err *err) WTL_MUST_USE;

#endif
