/* The process's handle on OpenSSL: one private library context, so that OPENSSL_CONF and other users of
 * libcrypto in the same process change nothing here. */
#ifndef WTL_CRYPTO_LIB_H
#define WTL_CRYPTO_LIB_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#include "base/err.h"
#include <wattle/lib.h>

/* Who computes; the names are those of wtl_lib_use. */
enum wtl_lib_crypto {
    WTL_LIB_WATTLE,  /* OpenSSL with our provider in front: "wattle" */
    WTL_LIB_OPENSSL, /* OpenSSL's default provider alone, and none of our kernels: "openssl" */
    WTL_LIB_FIPS     /* OpenSSL's FIPS provider alone: "fips" */
};
enum wtl_lib_crypto wtl_lib_crypto(void);
/* Our provider in the context; NULL when another mode is in use, and before wtl_lib_init. Borrowed. */
OSSL_PROVIDER *wtl_lib_provider(void);

/* For programs of our own, before any other call: OpenSSL's configuration file (openssl.cnf, OPENSSL_CONF) is not read in this
 * process, so it can neither load code into it nor change it. A library does not do that to its user. */
void wtl_lib_ignore_config(void);

/* Makes the context once (thread-safe), asserts that libcrypto is at least 3.5.7 at run time, sets up the
 * secure heap and tells the encoders to write seed-only private keys. Every call of this room does it
 * by itself; programs call it first, so that a wrong library is reported at the start. */
int wtl_lib_init(wtl_err *err) WTL_MUST_USE;

/* The context; NULL before wtl_lib_init succeeded. Borrowed. */
OSSL_LIB_CTX *wtl_lib_ctx(void);

/* Notes who holds a key of an algorithm that our provider has (`alg`: its name, static storage). */
void wtl_lib_served(const EVP_PKEY *key, const char *alg);
/* WTL_BUG, with a sentence to be shown, when such a key silently fell to another provider than ours. */
int wtl_lib_fault(wtl_err *err) WTL_MUST_USE;

/* An ephemeral key of a KEM has done its work: when it is one of our provider's it is wiped, and empty from here on, as are copies that share it. Others are
 * left. */
void wtl_lib_spend(EVP_PKEY *key);

/* "OpenSSL 3.5.7 ..." as the loaded library says it. Static storage. */
const char *wtl_lib_version(void);

/* Random bytes from the context's DRBG. */
int wtl_lib_random(uint8_t *out, size_t n, wtl_err *err) WTL_MUST_USE;

#endif
