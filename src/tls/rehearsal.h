/* Handshakes in memory before a context is used: they show that it works, and have OpenSSL load all that it loads late. */
#ifndef WTL_TLS_REHEARSAL_H
#define WTL_TLS_REHEARSAL_H

#include "tls/ctx.h"

/* A full handshake and some data for each of the policy's groups and each credential, against a counterpart that trusts everybody. WTL_BUG names
 * what did not work. */
int wtl_rehearsal_run(SSL_CTX *ctx, const wtl_ctx_plan *plan, wtl_err *err) WTL_MUST_USE;

#endif
