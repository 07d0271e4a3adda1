/* Services as JSON, for those who look after them. */
#ifndef WTL_PROXY_DESCRIBE_H
#define WTL_PROXY_DESCRIBE_H

#include "json/json.h"
#include "proxy/service.h"

/* *out: {"name", "role", "listen", "connect", "routes", "policy", "groups", "certificates", ..., "connections"}. */
int wtl_describe_service(json_t **out, const wtl_service *s, wtl_err *err) WTL_MUST_USE;

#endif
