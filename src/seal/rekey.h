/* A container made anew: other id, other file key, everything encrypted again. */
#ifndef WTL_SEAL_REKEY_H
#define WTL_SEAL_REKEY_H

#include "seal/change.h"

/* Seals the contents of the unlocked container to those whom the options leave, under a temporary name, and renames it
 * over the old one. */
int wtl_rekey_run(wtl_change *c, wtl_rewrap_result *result, wtl_err *err) WTL_MUST_USE;

#endif
