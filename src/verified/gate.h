/* Lets a verdict of no in when the same was asked for before, not long ago. Constant memory, no lock; what it forgets under a flood is
 * let in later. */
#ifndef WTL_VERIFIED_GATE_H
#define WTL_VERIFIED_GATE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "kernel/fingerprint.h"

enum { WTL_GATE_SLOTS = 8192 };

/* Each: 32 bits of fingerprint above 32 of milliseconds. */
typedef struct wtl_gate {
    _Atomic uint64_t slot[WTL_GATE_SLOTS];
} wtl_gate;

/* Whether it was seen within the window before; it is seen now. The window is below 2^31 ms. */
bool wtl_gate_again(wtl_gate *g, const uint8_t print[WTL_FINGERPRINT], uint64_t ms, uint32_t window);

#endif
