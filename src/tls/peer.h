/* Which peers are let in: by authority, by name in the certificate, or by pinned key. */
#ifndef WTL_TLS_PEER_H
#define WTL_TLS_PEER_H

#include <openssl/types.h>

#include "base/buf.h"

/* Lists are borrowed arrays of texts. */
typedef struct wtl_peer_rules {
    const char *ca; /* PEM file of trusted roots; NULL: none are trusted ("system": the system's own) */
    const char *const *
        name; /* allowed subjectAltNames: "dns:HOST" or "HOST" (a leading "*." matches one label), "uri:spiffe://example.org/x" ("/" + "*"
                                 at the end matches below it); none given: any name under the authority (servers), the host name (clients) */
    size_t n_names;
    const char *const *
        key; /* pinned public keys: files (PEM SPKI or certificate) or 64 hex digits (SHA-256 of the DER SPKI); with them, and no `ca`,
                                 raw public keys (RFC 7250) are asked for and dates and authorities do not count */
    size_t n_keys;
    const char *
        host; /* clients: the name that the certificate must carry, and SNI; with `name`, or with `key` and no `ca`, SNI alone, and may be NULL */
    bool required; /* servers: a client without certificate is refused */
} wtl_peer_rules;

typedef struct wtl_peer wtl_peer;
/* Reads the files. WTL_USAGE for rules that let in anybody without saying so. */
int wtl_peer_new(wtl_peer **out, const wtl_peer_rules *rules, bool server, wtl_err *err) WTL_MUST_USE;
void wtl_peer_free(wtl_peer *p); /* gives up the caller's reference */
void wtl_peer_auto(wtl_peer **p);
wtl_peer *wtl_peer_ref(const wtl_peer *p); /* one more reference, for wtl_peer_free */

/* For tls/ctx.c: sets stores, verification and certificate types. All rules are asked in the handshake already, so that a refused peer gets an alert. With `cnsa` every
 * key of the peer's chain must be ML-DSA-87. `p` must outlive the context's connections. */
int wtl_peer_install(const wtl_peer *p, SSL_CTX *ctx, bool cnsa, wtl_err *err) WTL_MUST_USE;
/* SHA-256 over all that decides who is let in: sessions are resumed only under the same. */
enum { WTL_PEER_DIGEST = 32 };
const uint8_t *wtl_peer_digest(const wtl_peer *p);
/* What a client sends as SNI; NULL for none (no host, or an IP address). */
const char *wtl_peer_host(const wtl_peer *p);

/* After the handshake, and after each resumption (the session keeps the certificate): 0, or WTL_POLICY with who the peer is and why he is refused. */
int wtl_peer_check(const wtl_peer *p, const SSL *ssl, wtl_err *err) WTL_MUST_USE;
/* After a handshake that failed because of the peer's certificate (SSL_R_CERTIFICATE_VERIFY_FAILED): fills `err` with who it is and why, and returns its code: WTL_NO
 * (chain, signature or date wrong), WTL_POLICY (not among those that are let in). WTL_OK, and `err` untouched, when it failed for another reason. */
int wtl_peer_refusal(const SSL *ssl, wtl_err *err);
/* Appends who it is: the first URI or DNS name, else the subject, else "key:<hex>"; nothing for an anonymous one. */
void wtl_peer_who(const SSL *ssl, wtl_buf *out);

#endif
