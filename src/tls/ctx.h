/* What all connections of one kind share: OpenSSL's SSL_CTX, set up by a policy, credentials and rules about peers. Made before a sandbox is entered:
 * everything that OpenSSL loads lazily is loaded here (one handshake in memory is run as a self-check). */
#ifndef WTL_TLS_CTX_H
#define WTL_TLS_CTX_H

#include "tls/cred.h"
#include "tls/peer.h"
#include "tls/policy.h"
#include "tls/ticket.h"

typedef struct wtl_ctx_plan {
    bool server;
    wtl_policy policy;
    wtl_cred *const *
        cred; /* servers: at least one, of different kinds of key (dual ECDSA + ML-DSA); clients: none or one or two */
    size_t n_creds;
    const wtl_peer *peer; /* NULL: servers ask for no certificate; clients may not */
    wtl_ticket *ticket;   /* servers; NULL: no tickets, no resumption */
    unsigned tickets;     /* sent per full handshake, 0 to 4; 0: no resumption */
    unsigned lifetime;    /* how long a session may be resumed, in seconds; 0: 28,800 */
    const char *const *
        alpn; /* servers: protocols taken in this order, clients that have others alone are refused; none = pass-through (wtl_link_alpn); clients: offered */
    size_t n_alpn;
    bool compress; /* certificate compression (RFC 8879), zlib; WTL_USAGE when this OpenSSL has none */
} wtl_ctx_plan;

typedef struct wtl_ctx wtl_ctx;
/* Takes references of what it needs: creds and peer may be freed after; `ticket` must outlive it. WTL_USAGE for a plan that does not fit together (a policy flag of the other
 * side, two credentials of one kind of key, another key than ML-DSA-87 in the CNSA profile, certificates shorter than 112 bits of strength), WTL_BUG when the
 * handshake with itself fails. Connections must not outlive it. */
int wtl_ctx_new(wtl_ctx **out, const wtl_ctx_plan *plan, wtl_err *err) WTL_MUST_USE;
void wtl_ctx_free(wtl_ctx *c);
void wtl_ctx_auto(wtl_ctx **c);

const wtl_policy *wtl_ctx_policy(const wtl_ctx *c);
const wtl_peer *wtl_ctx_peer(const wtl_ctx *c);
SSL_CTX *wtl_ctx_ssl(const wtl_ctx *c); /* for tls/link.c and benches */

#endif
