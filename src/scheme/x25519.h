/* X25519 (RFC 7748) over the kernels, with the check that protocols ask for. */
#ifndef WTL_SCHEME_X25519_H
#define WTL_SCHEME_X25519_H

#include "base/secret.h"
#include "kernel/cpu.h"

enum { WTL_X25519_BYTES = 32 };

/* The public key of a scalar (any 32 bytes). */
int wtl_x25519_public(uint8_t pub[32], const uint8_t scalar[32], enum wtl_cpu_level level,
                      wtl_err *err) WTL_MUST_USE;
/* The shared secret; WTL_FORMAT, and ss zeroed, when the peer's point is of small order (section 6.1). */
int wtl_x25519_shared(uint8_t ss[32], const uint8_t scalar[32], const uint8_t peer[32],
                      enum wtl_cpu_level level, wtl_err *err) WTL_MUST_USE;

#endif
