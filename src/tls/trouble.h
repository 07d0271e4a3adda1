/* OpenSSL's account of a failed handshake or record as the house's error. Used inside this room. */
#ifndef WTL_TLS_TROUBLE_H
#define WTL_TLS_TROUBLE_H

#include <openssl/types.h>

#include "tls/wire.h"

/* After a call that failed for good: WTL_POLICY when we refuse, WTL_NO for a wrong certificate, signature or Finished and for an alert of
 * the peer (named), WTL_IO when the connection is gone, WTL_NOMEM, else WTL_FORMAT. *alerted is set when it
 * was such an alert. Empties OpenSSL's queue. */
int wtl_trouble_tell(const SSL *ssl, const wtl_wire *w, bool *alerted, wtl_err *err) WTL_MUST_USE;

#endif
