/* The service room sign: its contract is the public header. */
#ifndef WTL_SIGN_SIGN_H
#define WTL_SIGN_SIGN_H

#include "base/err.h"
#include <wattle/sign.h>

#endif
