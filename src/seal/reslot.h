/* Other recipients for the same file key: the container's other header slot, written in place. */
#ifndef WTL_SEAL_RESLOT_H
#define WTL_SEAL_RESLOT_H

#include "seal/change.h"

/* Writes and syncs the slot of the next generation; the one in force is not touched. WTL_USAGE for recipients who are
 * there already, one more than the slot holds, or none left; WTL_IO leaves the old ones. */
int wtl_reslot_run(wtl_change *c, wtl_rewrap_result *result, wtl_err *err) WTL_MUST_USE;

#endif
