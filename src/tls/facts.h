/* What a handshake came to, for events and metrics. */
#ifndef WTL_TLS_FACTS_H
#define WTL_TLS_FACTS_H

#include <openssl/types.h>

#include "tls/ctx.h"

/* Why a connection is weaker than the policy's best, or not there. */
enum wtl_facts_reason {
    WTL_FACTS_NO_FALLBACK,
    WTL_FACTS_PEER_DID_NOT_OFFER, /* its ClientHello, or its choice, had no post-quantum group */
    WTL_FACTS_PEER_REFUSED, /* it ended the handshake with an alert, or silently, and a weaker dial followed */
    WTL_FACTS_BY_POLICY     /* our own configuration asks for it */
};
const char *
wtl_facts_reason_name(enum wtl_facts_reason r); /* "none", "peer-did-not-offer", "peer-refused", "policy" */

typedef struct wtl_facts {
    const wtl_group *group; /* or NULL */
    char version[12];       /* "TLSv1.3" */
    char cipher[48];        /* IANA's name: "TLS_AES_128_GCM_SHA256" */
    char own_signature
        [32]; /* scheme that we signed with: "mldsa65", "ecdsa_secp256r1_sha256"; "" when none (resumed, no certificate) */
    char peer_signature[32];
    char server_name[256];
    char alpn[64];
    char peer[256];        /* wtl_peer_who */
    bool resumed, retried; /* retried: there was a HelloRetryRequest */
    bool early_end;
} wtl_facts;

/* Of a finished handshake. `early_end` is the link's to set. */
void wtl_facts_read(wtl_facts *f, const SSL *ssl);

/* For tls/ctx.c: has clients' connections watched for a HelloRetryRequest; and tells of a server's that its ClientHello is the second. */
int wtl_facts_watch(SSL_CTX *ctx, wtl_err *err) WTL_MUST_USE;
void wtl_facts_retried(SSL *ssl);

#endif
