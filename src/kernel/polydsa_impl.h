/* The levels of kernel/polydsa.h. */
#ifndef WTL_KERNEL_POLYDSA_IMPL_H
#define WTL_KERNEL_POLYDSA_IMPL_H

#include "kernel/polydsa.h"

extern const wtl_polydsa wtl_polydsa_ref, wtl_polydsa_avx2, wtl_polydsa_ice;

#endif
