/* The ways behind kernel/fingerprint.h. Only to be called where wtl_cpu_has what the level needs. */
#ifndef WTL_KERNEL_FINGERPRINT_IMPL_H
#define WTL_KERNEL_FINGERPRINT_IMPL_H

#include "kernel/fingerprint.h"

extern const wtl_fingerprint wtl_fingerprint_ref;
#if defined(__x86_64__)
extern const wtl_fingerprint wtl_fingerprint_aes, wtl_fingerprint_vaes;
#endif

#endif
