/* What libssl asks a provider for: signature schemes and groups of TLS (provider-base(7), CAPABILITIES). */
#ifndef WTL_PROVIDER_CAPABILITY_H
#define WTL_PROVIDER_CAPABILITY_H

#include <openssl/core_dispatch.h>

/* Calls cb once a row; 1, or 0 when cb refused one. */
OSSL_FUNC_provider_get_capabilities_fn wtl_capability_get;

#endif
