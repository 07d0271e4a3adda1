/* Whose code computes the cryptography of this process. */
#ifndef WATTLE_LIB_H
#define WATTLE_LIB_H

#include <wattle/err.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Chooses by name, before the first other call of this library: "wattle" (the default: Wattle's kernels through its OpenSSL
 * provider, everything else OpenSSL's), "openssl" (OpenSSL's default provider alone), or "fips" (OpenSSL's FIPS provider
 * alone; its module is looked for where OpenSSL looks for modules, its settings in the file that the environment
 * variable WATTLE_FIPS_CONF names, else in fipsmodule.cnf in OpenSSL's configuration folder). Results are the same;
 * with "fips", what FIPS does not approve is refused. Errors: WTL_USAGE for an unknown name, or when another choice
 * is in use already. Whether a FIPS module is there is told by the first call that needs it (WTL_POLICY). */
int wtl_lib_use(const char *name, wtl_err *err);

/* The name of what is in use. Static storage. */
const char *wtl_lib_using(void);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
