/* The self-test on demand (OSSL_PROVIDER_self_test). */
#ifndef WTL_PROVIDER_SELF_H
#define WTL_PROVIDER_SELF_H

#include "provider/prov.h"

/* Every scheme, computed anew with the kernels in use, against answers of OpenSSL 3.5.7's default provider and of RFC 7748, each kernel's own
 * test before that. 1, or 0 with an error raised: OpenSSL then stops using the provider. */
OSSL_FUNC_provider_self_test_fn wtl_self_test;

#endif
