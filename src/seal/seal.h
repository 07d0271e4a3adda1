/* The service room seal: its contract is the public header. */
#ifndef WTL_SEAL_SEAL_H
#define WTL_SEAL_SEAL_H

#include "base/err.h"
#include <wattle/seal.h>

/* The sender's keys are private signing keys, none given twice: else WTL_USAGE. */
int wtl_seal_check_signers(const wtl_seal_opts *opts, wtl_err *err) WTL_MUST_USE;

#endif
