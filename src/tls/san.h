/* Names that a peer may have, and the names in certificates (RFC 5280 section 4.2.1.6). */
#ifndef WTL_TLS_SAN_H
#define WTL_TLS_SAN_H

#include <openssl/x509.h>

#include "base/buf.h"

/* Whether a text may stand in a list of allowed names: "dns:HOST", "HOST", "*.HOST", "dns:*.HOST", an IP address, "uri:SCHEME://..." (may end with "/" and "*").
 * WTL_USAGE says what is wrong. */
int wtl_san_check(const char *allowed, wtl_err *err) WTL_MUST_USE;

/* Whether one of the certificate's names is the allowed one. Host names in any case; "*." stands for one label, the "/" "*" at the end of a URI for one or more segments.
 * `covers`: a wildcard in the certificate counts for the hosts that it covers (RFC 6125 section 6.4.3), as clients have it; else it is only a name. The subject's common name
 * does not count. */
bool wtl_san_fits(X509 *cert, const char *allowed, bool covers);

/* Appends the first URI, else the first DNS name, else the subject (RFC 2253); quoted to be printed. */
void wtl_san_who(X509 *cert, wtl_buf *out);

bool wtl_san_is_ip(const char *host);

#endif
