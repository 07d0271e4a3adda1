/* Keys of session tickets (RFC 8446 section 4.6.1): made from a secret and the hour, so that workers and nodes that share the secret open one
 * another's tickets without talking, and keys rotate by themselves. */
#ifndef WTL_TLS_TICKET_H
#define WTL_TLS_TICKET_H

#include <openssl/types.h>

#include "base/secret.h"

enum { WTL_TICKET_SECRET = 32, WTL_TICKET_SECRETS = 8 };

typedef struct wtl_ticket wtl_ticket;
/* `secrets`: n x 32 bytes, copied; the first makes new tickets, all open them. Keys of an epoch of `rotate` seconds (3600) come by HKDF-SHA256 from the secret and the epoch's
 * number (wall clock / rotate); a ticket is opened for `keep` epochs after its own (as many as the lifetime needs) and one before (clocks differ). AES-256-CBC, then
 * HMAC-SHA256, which is what OpenSSL's callback allows. Up to 1,024 epochs are kept. May be used by several threads. WTL_USAGE. */
int wtl_ticket_new(wtl_ticket **out, wtl_bytes secrets, unsigned rotate, unsigned keep,
                   wtl_err *err) WTL_MUST_USE;
void wtl_ticket_free(wtl_ticket *t);
void wtl_ticket_auto(wtl_ticket **t);
/* Another clock than the system's (seconds since 1970), for tests; before the first handshake. */
void wtl_ticket_clock(wtl_ticket *t, int64_t (*now)(void *arg), void *arg);

/* A file of 1 to 8 lines of 64 hexadecimal digits, readable by its owner alone. WTL_FORMAT, WTL_IO, WTL_POLICY. */
int wtl_ticket_read(wtl_secret *secrets, const char *path, wtl_err *err) WTL_MUST_USE;

/* For tls/ctx.c: also turns OpenSSL's own memory of sessions off. A TLS 1.3 client gets a new ticket with every resumption (it uses each once); a
 * TLS 1.2 client when its own is of an older epoch or secret. `t` must outlive the context. */
int wtl_ticket_install(wtl_ticket *t, SSL_CTX *ctx, wtl_err *err) WTL_MUST_USE;

#endif
