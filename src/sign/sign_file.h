/* Part of the service room sign: envelopes. Its contract is the public header. */
#ifndef WTL_SIGN_SIGN_FILE_H
#define WTL_SIGN_SIGN_FILE_H

#include "base/err.h"
#include <wattle/envelope.h>

#endif
