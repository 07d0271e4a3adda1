/* What the vector code leaves to the scalar code: one number at a time is quicker there. */
#ifndef WTL_KERNEL_CURVE25519_ADX_H
#define WTL_KERNEL_CURVE25519_ADX_H

#include <stdint.h>

/* a / b mod 2^255 - 19, little end first and fully reduced; 0 when b is 0. a and b are any numbers below 2^256, word 0 the
 * lowest. Needs WTL_CPU_ADX. */
void wtl_curve25519_adx_divide(uint8_t out[32], const uint64_t a[4], const uint64_t b[4]);

#endif
