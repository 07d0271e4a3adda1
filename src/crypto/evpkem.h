/* The two operations of ML-KEM (FIPS 203) on OpenSSL's keys; kem.h and X-Wing are made of them. */
#ifndef WTL_CRYPTO_EVPKEM_H
#define WTL_CRYPTO_EVPKEM_H

#include <openssl/types.h>

#include "base/err.h"
#include <wattle/bytes.h>

enum { WTL_EVPKEM_SECRET = 32, WTL_EVPKEM_RANDOM = 32 };

/* `m` is the 32 bytes of randomness, or empty for OpenSSL's own. The caller knows n, the parameter set's
 * ciphertext size, and gives ct that room. */
int wtl_evpkem_encaps(EVP_PKEY *to, wtl_bytes m, uint8_t *ct, size_t n, uint8_t ss[WTL_EVPKEM_SECRET],
                      wtl_err *err) WTL_MUST_USE;
/* The caller has checked the length of ct. */
int wtl_evpkem_decaps(EVP_PKEY *me, wtl_bytes ct, uint8_t ss[WTL_EVPKEM_SECRET], wtl_err *err) WTL_MUST_USE;

#endif
