/* The provider's settings: the lines of its section in openssl.cnf, or the parameters that it was loaded with. */
#ifndef WTL_PROVIDER_SETTINGS_H
#define WTL_PROVIDER_SETTINGS_H

#include "provider/prov.h"

/* Fills p's level, verify_after_sign, pairwise and report. An unknown value is WTL_USAGE, a level that the machine
 * lacks WTL_POLICY. p->report belongs to p. */
int wtl_settings_read(wtl_prov *p, wtl_err *err) WTL_MUST_USE;

#endif
