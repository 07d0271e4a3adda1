/* Multiples of Curve25519's base point, for all levels. */
#ifndef WTL_KERNEL_CURVE25519_TABLE_H
#define WTL_KERNEL_CURVE25519_TABLE_H

#include <stdint.h>

/* [i][j] is (j + 1) * 16^i * B on the Edwards form of the curve (RFC 7748 section 4.1), as y + x, y - x and 2 d x y, each
 * of four words, the lowest first, fully reduced. */
extern const uint64_t wtl_curve25519_table[64][8][12];

#endif
