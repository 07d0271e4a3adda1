/* Part of the service room sign: verification of single files. Its contract is the public header. */
#ifndef WTL_SIGN_VERIFY_FILE_H
#define WTL_SIGN_VERIFY_FILE_H

#include "base/err.h"
#include <wattle/envelope.h>

#endif
