/* The service room seal: its contract is the public header. */
#ifndef WTL_SEAL_SEAL_H
#define WTL_SEAL_SEAL_H

#include "base/err.h"
#include <wattle/seal.h>

#endif
