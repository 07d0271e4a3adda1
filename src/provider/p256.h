/* ECDH on P-256, which stays OpenSSL's: the few calls that a TLS hybrid needs, always with the query that keeps this provider
 * out. */
#ifndef WTL_PROVIDER_P256_H
#define WTL_PROVIDER_P256_H

#include <openssl/types.h>

#include "base/secret.h"

enum { WTL_P256_POINT = 65, WTL_P256_SCALAR = 32 }; /* 0x04 || x || y; big endian */

/* Each fills *out, which belongs to the caller (EVP_PKEY_free), with a key of the library context. */
int wtl_p256_generate(EVP_PKEY **out, OSSL_LIB_CTX *lib, wtl_err *err) WTL_MUST_USE;
/* WTL_FORMAT unless the point is uncompressed (draft-ietf-tls-ecdhe-mlkem refers to RFC 8446 section 4.2.8.2, which allows no
 * other form) and on the curve. */
int wtl_p256_from_point(EVP_PKEY **out, OSSL_LIB_CTX *lib, const uint8_t point[WTL_P256_POINT],
                        wtl_err *err) WTL_MUST_USE;
/* WTL_FORMAT unless 0 < scalar < the order of the group. */
int wtl_p256_from_scalar(EVP_PKEY **out, OSSL_LIB_CTX *lib, const uint8_t scalar[WTL_P256_SCALAR],
                         wtl_err *err) WTL_MUST_USE;

int wtl_p256_point(const EVP_PKEY *k, uint8_t point[WTL_P256_POINT], wtl_err *err) WTL_MUST_USE;
int wtl_p256_scalar(const EVP_PKEY *k, uint8_t scalar[WTL_P256_SCALAR], wtl_err *err) WTL_MUST_USE;
int wtl_p256_shared(OSSL_LIB_CTX *lib, EVP_PKEY *own, EVP_PKEY *peer, uint8_t ss[WTL_P256_SCALAR],
                    wtl_err *err) WTL_MUST_USE;

#endif
