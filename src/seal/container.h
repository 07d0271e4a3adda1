/* The reader for other programs: its contract is the public header. */
#ifndef WTL_SEAL_CONTAINER_H
#define WTL_SEAL_CONTAINER_H

#include "base/err.h"
#include <wattle/container.h>

#endif
