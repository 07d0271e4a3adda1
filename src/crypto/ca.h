/* Certificate authorities that the caller trusts, and whether a chain leads to one (RFC 5280 section 6). */
#ifndef WTL_CRYPTO_CA_H
#define WTL_CRYPTO_CA_H

#include <stdbool.h>

#include "crypto/cert.h"

typedef struct wtl_ca wtl_ca;
int wtl_ca_new(wtl_ca **out, wtl_err *err) WTL_MUST_USE;
void wtl_ca_free(wtl_ca *ca);
void wtl_ca_auto(wtl_ca **ca);

/* Adds the certificates of a PEM file. Each must be a root: an authority that certified itself. WTL_FORMAT. */
int wtl_ca_add(wtl_ca *ca, wtl_bytes pem, wtl_err *err) WTL_MUST_USE;

/* Whether the chain (leaf first) leads to one of the roots, with every date valid at `now` (seconds since 1970), the
 * leaf fit to sign code (wtl_cert_leaf), basicConstraints, path lengths and the rest of RFC 5280 kept, keys and
 * hashes of 112 bits of strength or more. No revocation list is asked. WTL_FORMAT: no chain (wtl_cert_chain); WTL_NO:
 * a signature in it is wrong; WTL_POLICY: *stranger when it leads to none of the roots, else a rule forbids it. */
int wtl_ca_check(const wtl_ca *ca, const wtl_buf *der, size_t n, int64_t now, bool *stranger,
                 wtl_err *err) WTL_MUST_USE;

#endif
