/* An OCSP response (RFC 6960) that a server sends along with its certificate. */
#ifndef WTL_TLS_STAPLE_H
#define WTL_TLS_STAPLE_H

#include <openssl/types.h>
#include <openssl/x509.h>

#include "base/buf.h"

/* `chain`: the certificates behind the leaf, or NULL. Exactly one DER response, successful, about this leaf (issuer's name, its key where it is in the chain, serial number), signed
 * for its issuer where that is in the chain; WTL_FORMAT, WTL_NO (signature). It must say "good": WTL_POLICY. Times of its part about the leaf, seconds since 1970: *since, and
 * *until, INT64_MAX when there is none. They are not compared with a clock, but the signer's certificate is valid at `now`. */
int wtl_staple_read(wtl_bytes der, X509 *leaf, STACK_OF(X509) * chain, int64_t now, int64_t *since,
                    int64_t *until, wtl_err *err) WTL_MUST_USE;

/* Seconds since 1970. WTL_FORMAT for a time that is none. */
int wtl_staple_time(int64_t *out, const ASN1_TIME *t, wtl_err *err) WTL_MUST_USE;

#endif
