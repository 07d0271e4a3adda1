/* The state file of pins, which several proxies of one user may share: each adds what it saw. */
#ifndef WTL_PROXYD_KEEP_H
#define WTL_PROXYD_KEEP_H

#include "tls/pin.h"

/* Reads what the file has into the table, under the lock PATH.lock. */
int wtl_keep_read(wtl_pin *pins, const char *path, wtl_err *err) WTL_MUST_USE;
/* Adds what the file has meanwhile, and writes it. WTL_BUSY while another proxy does the same. */
int wtl_keep_write(wtl_pin *pins, const char *path, wtl_err *err) WTL_MUST_USE;

#endif
