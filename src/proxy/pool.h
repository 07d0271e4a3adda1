/* Connections to a service's peer that are kept ready, so that a client does not wait for a handshake. As many as the service asks for are made when the proxy
 * starts and whenever one was taken; what nobody takes for `pool-idle` is closed and not replaced before the next one is taken. A peer that
 * is down or closes them is asked again after 0.1 s, twice as long each time, 30 s at most. */
#ifndef WTL_PROXY_POOL_H
#define WTL_PROXY_POOL_H

#include "proxy/reach.h"

typedef struct wtl_pool wtl_pool;
int wtl_pool_new(wtl_pool **out, wtl_service *service, wtl_err *err) WTL_MUST_USE;
void wtl_pool_free(wtl_pool *p);

void wtl_pool_start(wtl_pool *p);
/* Closes all and makes no more. */
void wtl_pool_stop(wtl_pool *p);

/* One that is ready, or NULL. It is the caller's, and so is *early: bytes that the peer sent already (malloc'ed; NULL for none). */
wtl_end *wtl_pool_take(wtl_pool *p, wtl_target **target, uint8_t **early, size_t *n_early);

#endif
