/* X.509 certificates, as far as model signatures carry them. */
#ifndef WTL_CRYPTO_CERT_H
#define WTL_CRYPTO_CERT_H

#include "crypto/key.h"

/* The subject's public key of one DER certificate (RFC 5280 section 4.1). Nothing else of the certificate is
 * looked at: neither its signature nor its dates. WTL_FORMAT for other bytes, also after its end, and as
 * wtl_key_parse for keys of unknown kind. *out belongs to the caller. */
int wtl_cert_key(wtl_key **out, wtl_bytes der, wtl_err *err) WTL_MUST_USE;

#endif
