/* Part of the service room sign: verification. Its contract is the public header. */
#ifndef WTL_SIGN_VERIFY_H
#define WTL_SIGN_VERIFY_H

#include "base/err.h"
#include <wattle/sign.h>

#endif
