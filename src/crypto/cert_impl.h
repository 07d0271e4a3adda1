/* OpenSSL's certificates, for the files of this room alone. */
#ifndef WTL_CRYPTO_CERT_IMPL_H
#define WTL_CRYPTO_CERT_IMPL_H

#include <openssl/types.h>

#include "crypto/cert.h"

/* Exactly one DER certificate. WTL_FORMAT. */
int wtl_cert_parse(X509 **out, wtl_bytes der, wtl_err *err) WTL_MUST_USE;

/* A certificate that frees itself: AUTO(wtl_cert) *c. */
typedef X509 wtl_cert;
void wtl_cert_auto(wtl_cert **c);

#endif
