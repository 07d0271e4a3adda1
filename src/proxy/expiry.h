/* When the certificates of a service and their OCSP responses end: words in time. */
#ifndef WTL_PROXY_EXPIRY_H
#define WTL_PROXY_EXPIRY_H

#include "proxy/service.h"

/* From when a service is in use, where the environment says `first`: what ends soon is written to the log, now and once a day, and an OCSP response that becomes
 * outdated when it does. */
void wtl_expiry_begin(wtl_service *s);
void wtl_expiry_end(wtl_service *s);

#endif
