/* OpenSSL's FIPS provider: finding it, and loading it with the settings that `openssl fipsinstall` wrote. */
#ifndef WTL_CRYPTO_FIPS_H
#define WTL_CRYPTO_FIPS_H

#include <openssl/types.h>

#include "base/err.h"

/* Loads it into ctx and makes "fips=yes" the rule there. The settings are those of the file that WATTLE_FIPS_CONF names
 * (not in programs that run with more rights than their user), else of fipsmodule.cnf in OpenSSL's configuration folder.
 * *out belongs to the caller. WTL_POLICY when there is no module, no settings, or the module does not start. */
int wtl_fips_load(OSSL_PROVIDER **out, OSSL_LIB_CTX *ctx, wtl_err *err) WTL_MUST_USE;

#endif
