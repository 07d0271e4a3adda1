/* DeriveKeyPair of DHKEM(X25519, HKDF-SHA256): RFC 9180 section 7.1.3. */
#ifndef WTL_PROVIDER_DHKEM_H
#define WTL_PROVIDER_DHKEM_H

#include "provider/prov.h"

#include <wattle/bytes.h>

/* The scalar (not clamped) of at least 32 bytes of key material. 1, or 0 with an error raised. */
int wtl_dhkem_scalar(const wtl_prov *p, uint8_t scalar[32], wtl_bytes ikm);

#endif
