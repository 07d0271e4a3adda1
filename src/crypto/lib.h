/* The process's handle on OpenSSL: one private library context, so that OPENSSL_CONF and other users of
 * libcrypto in the same process change nothing here. */
#ifndef WTL_CRYPTO_LIB_H
#define WTL_CRYPTO_LIB_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#include "base/err.h"

/* Makes the context once (thread-safe), asserts that libcrypto is at least 3.5.7 at run time, sets up the
 * secure heap and tells the encoders to write seed-only private keys. Every call of this room does it
 * by itself; programs call it first, so that a wrong library is reported at the start. */
int wtl_lib_init(wtl_err *err) WTL_MUST_USE;

/* The context; NULL before wtl_lib_init succeeded. Borrowed. */
OSSL_LIB_CTX *wtl_lib_ctx(void);

/* "OpenSSL 3.5.7 ..." as the loaded library says it. Static storage. */
const char *wtl_lib_version(void);

/* Random bytes from the context's DRBG. */
int wtl_lib_random(uint8_t *out, size_t n, wtl_err *err) WTL_MUST_USE;

#endif
