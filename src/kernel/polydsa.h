/* Polynomials of ML-DSA (FIPS 204): Z_q[X]/(X^256 + 1), q = 8380417 = 2^23 - 2^13 + 1. */
#ifndef WTL_KERNEL_POLYDSA_H
#define WTL_KERNEL_POLYDSA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/cpu.h"

enum { WTL_POLYDSA_N = 256, WTL_POLYDSA_Q = 8380417, WTL_POLYDSA_D = 13, WTL_POLYDSA_L_MOST = 7 };

/* 256 coefficients; in the NTT domain in the standard's order (FIPS 204 algorithm 41). Aligned to 64 bytes. Unless
 * said otherwise they are representatives mod q with |x| < 2^31 - 2^22 going in and |x| < q coming out; "canonical" is
 * 0 .. q-1, "centred" is the representative nearest to 0 (mod+- of the standard). */
typedef struct wtl_polydsa_poly {
    _Alignas(64) int32_t c[WTL_POLYDSA_N];
} wtl_polydsa_poly;

/* The functions of one level. gamma2 is (q-1)/88 or (q-1)/32. All take time that does not depend on coefficients,
 * but for the two samplers (uniform's input is public; bounded's rejects are independent of what it accepts). */
typedef struct wtl_polydsa {
    enum wtl_cpu_level level;
    void (*ntt)(wtl_polydsa_poly *f); /* algorithm 41, in place; |x| < q + 2^20 in */
    void (*intt)(wtl_polydsa_poly
                     *f); /* algorithm 42 times 2^32 mod q, in place; |x| < q in: intt(mul(a, b)) = a * b */
    /* r = a b 2^-32 coefficient by coefficient; r may be a or b. mulacc: the sum over j < l of a[j] b[j] 2^-32, l <= 7.
     * |x| < q in. */
    void (*mul)(wtl_polydsa_poly *r, const wtl_polydsa_poly *a, const wtl_polydsa_poly *b);
    void (*mulacc)(wtl_polydsa_poly *r, const wtl_polydsa_poly *a, const wtl_polydsa_poly *b, size_t l);
    /* r += a, |x| < q in; brought to |x| <= 2^22 + 2^14, so that what is nearer to 0 than 2^22 - 2^15 is centred. */
    void (*add)(wtl_polydsa_poly *r, const wtl_polydsa_poly *a);
    void (*sub)(wtl_polydsa_poly *r, const wtl_polydsa_poly *a); /* r -= a, likewise */
    void (*canon)(wtl_polydsa_poly *f);                          /* to canonical */
    void (*shift)(wtl_polydsa_poly *f); /* times 2^13; 0 <= x < 2^10 in; |x| < q out */
    /* Algorithm 30 (RejNTTPoly) and 31 (RejBoundedPoly, eta 2 or 4) on a part of the stream: append accepted
     * coefficients (canonical; |x| <= eta) behind `have` and return how many there are then, at most 256. uniform takes
     * n a multiple of 3. */
    unsigned (*uniform)(wtl_polydsa_poly *f, unsigned have, const uint8_t *in, size_t n);
    unsigned (*bounded)(wtl_polydsa_poly *f, unsigned have, const uint8_t *in, size_t n, unsigned eta);
    /* Algorithm 35: t = t1 2^13 + t0; canonical in; t1 in 0 .. 2^10-1, t0 in -2^12+1 .. 2^12. */
    void (*power2round)(wtl_polydsa_poly *t1, wtl_polydsa_poly *t0, const wtl_polydsa_poly *t);
    /* Algorithm 36 of a, |x| < q in: r1 in 0 .. (q-1)/(2 gamma2) - 1, r0 centred, |r0| <= gamma2. r1 or r0 may be a. */
    void (*decompose)(wtl_polydsa_poly *r1, wtl_polydsa_poly *r0, const wtl_polydsa_poly *a, int32_t gamma2);
    /* Algorithm 28 on one polynomial: w1 of `decompose`, packed in 6 (gamma2 = (q-1)/88) or 4 bits: 192 or 128 bytes. */
    void (*pack_w1)(uint8_t *out, const wtl_polydsa_poly *w1, int32_t gamma2);
    /* Algorithm 39 as the reference code does it: h[i] = 1 where r1 would change; r0 + ct0 given as `r0` (|x| < q,
     * centred) and r1 of before. Returns how many ones. */
    unsigned (*make_hint)(wtl_polydsa_poly *h, const wtl_polydsa_poly *r0, const wtl_polydsa_poly *r1,
                          int32_t gamma2);
    /* Algorithm 40: r1 for the verifier; h is 0 or 1; |x| < q in. */
    void (*use_hint)(wtl_polydsa_poly *r1, const wtl_polydsa_poly *h, const wtl_polydsa_poly *a,
                     int32_t gamma2);
    /* Some |centred x| >= bound: true. |x| < q in, bound <= (q-1)/8. */
    bool (*exceeds)(const wtl_polydsa_poly *f, int32_t bound);
    /* Packings of algorithms 16-19 in little-endian bit order. eta: 3 bits (eta 2) or 4; t1: 10 bits; t0: 2^12 - x in 13;
     * z: gamma1 - x in 18 (gamma1 = 2^17) or 20 bits (2^19). unpack_eta returns 0 when every value was in range. */
    void (*pack_eta)(uint8_t *out, const wtl_polydsa_poly *f, unsigned eta);
    unsigned (*unpack_eta)(wtl_polydsa_poly *f, const uint8_t *in, unsigned eta);
    void (*pack_t1)(uint8_t out[320], const wtl_polydsa_poly *f);
    void (*unpack_t1)(wtl_polydsa_poly *f, const uint8_t in[320]);
    void (*pack_t0)(uint8_t out[416], const wtl_polydsa_poly *f);
    void (*unpack_t0)(wtl_polydsa_poly *f, const uint8_t in[416]);
    void (*pack_z)(uint8_t *out, const wtl_polydsa_poly *f, int32_t gamma1); /* |x| <= gamma1, centred in */
    void (*unpack_z)(wtl_polydsa_poly *f, const uint8_t *in,
                     int32_t gamma1); /* also ExpandMask's last step */
} wtl_polydsa;

/* The functions of the level (WTL_CPU_AUTO: the best here), tested before their first use in a process; see choice.h. */
int wtl_polydsa_pick(const wtl_polydsa **out, enum wtl_cpu_level level, wtl_err *err) WTL_MUST_USE;
int wtl_polydsa_fault(wtl_err *err) WTL_MUST_USE;

#endif
