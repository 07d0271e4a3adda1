/* The roots of unity of ML-KEM as constant expressions, from which the vector levels make their tables. */
#ifndef WTL_KERNEL_POLYKEM_ZETA_H
#define WTL_KERNEL_POLYKEM_ZETA_H

#include <stdint.h>

/* x times `power` where bit b of k is set, mod q. */
#define WTL_POLYKEM_TIMES(x, k, b, power) ((x) * ((k) >> (b) & 1 ? (power) : 1) % 3329)

/* m * 17^BitRev7(k) mod q, of least absolute value (FIPS 203 appendix A): the powers are 17^1, 17^2, 17^4 .. 17^64. */
#define WTL_POLYKEM_ZETA(m, k)                                                                              \
    ((WTL_POLYKEM_TIMES(                                                                                    \
          WTL_POLYKEM_TIMES(                                                                                \
              WTL_POLYKEM_TIMES(                                                                            \
                  WTL_POLYKEM_TIMES(                                                                        \
                      WTL_POLYKEM_TIMES(WTL_POLYKEM_TIMES(WTL_POLYKEM_TIMES(m, k, 6, 17), k, 5, 289), k, 4, \
                                        296),                                                               \
                      k, 3, 1062),                                                                          \
                  k, 2, 2642),                                                                              \
              k, 1, 2580),                                                                                  \
          k, 0, 1729) +                                                                                     \
      1664) %                                                                                               \
         3329 -                                                                                             \
     1664)

/* What Montgomery multiplication by z wants beside it: z / q mod 2^16. */
#define WTL_POLYKEM_LOW(z) ((int16_t)(uint16_t)((uint32_t)(z) * 62209u))

enum {
    WTL_POLYKEM_MONT = 2285,  /* 2^16 mod q */
    WTL_POLYKEM_MONT2 = 1353, /* 2^32 mod q */
    WTL_POLYKEM_LAST = 1441,  /* 2^32 / 128 mod q: the end of the inverse NTT */
};

#endif
