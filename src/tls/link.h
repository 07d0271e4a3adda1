/* One TLS connection over a non-blocking socket, without an event loop: each call does what the socket allows and says what it waits for. */
#ifndef WTL_TLS_LINK_H
#define WTL_TLS_LINK_H

#include <openssl/ssl.h>

#include "tls/facts.h"

enum wtl_link_state {
    WTL_LINK_DONE,       /* did what was asked */
    WTL_LINK_WANT_READ,  /* again when the socket has more */
    WTL_LINK_WANT_WRITE, /* again when the socket takes more */
    WTL_LINK_ENDED       /* reads: the peer closed properly (close_notify) */
};

/* Memory: about what OpenSSL needs for an idle connection (docs/measurements); records are buffered in `scratch`, shared by all links of a thread,
 * except what a full socket leaves over. */
typedef struct wtl_link wtl_link;
/* What all links of one thread share: buffers of 256 KiB, and SSL objects that are used again. */
typedef struct wtl_link_pool wtl_link_pool;
int wtl_link_pool_new(wtl_link_pool **out, wtl_err *err) WTL_MUST_USE;
void wtl_link_pool_free(wtl_link_pool *p); /* after all its links */

/* `fd` stays the caller's. `before`: bytes that were read from the socket already (a ClientHello), copied. */
int wtl_link_new(wtl_link **out, wtl_link_pool *pool, const wtl_ctx *ctx, int fd, wtl_bytes before,
                 wtl_err *err) WTL_MUST_USE;
/* Says nothing to the peer. */
void wtl_link_free(wtl_link *l);

/* For an owner that hears of its socket by edges (epoll): says whether something waits to be received, and whether the socket's end
 * waits behind it; after wtl_link_new, and at each edge. From the first call on the socket is not asked in vain: a receive that took less
 * than there was room for was the last until the next edge, unless the end is to come. */
void wtl_link_edge(wtl_link *l, bool readable, bool last);
/* For such an owner: the socket has nothing to be received. */
bool wtl_link_dry(const wtl_link *l);

/* Clients, before the handshake: offers this session (as wtl_link_session gave it; single use is the caller's to keep), SNI, and these groups instead of the policy's (NULL: the policy's). */
int wtl_link_resume(wtl_link *l, SSL_SESSION *session, wtl_err *err) WTL_MUST_USE;
int wtl_link_groups(wtl_link *l, const char *list, wtl_err *err) WTL_MUST_USE;
/* Servers, pass-through: the protocol chosen out of the client's ALPN list. */
int wtl_link_alpn(wtl_link *l, wtl_bytes protocol, wtl_err *err) WTL_MUST_USE;

/* Goes on with the handshake; the policy and the rules about the peer are checked at its end. Errors: WTL_POLICY (refused by us: words say why), WTL_NO (the peer's certificate or
 * signature is wrong, or he ended it by an alert, which is named), WTL_FORMAT (no TLS, or malformed), WTL_IO (connection lost). What is to be told to the peer (an alert) was
 * sent as far as the socket took it. */
int wtl_link_handshake(wtl_link *l, enum wtl_link_state *state, wtl_err *err) WTL_MUST_USE;
/* Of a handshake that failed: the peer ended it by an alert. */
bool wtl_link_alerted(const wtl_link *l);
/* After it; valid until wtl_link_free. */
const wtl_facts *wtl_link_facts(const wtl_link *l);
/* Clients: the newest ticket that came, as a reference for the caller, or NULL. */
SSL_SESSION *wtl_link_session(wtl_link *l);

/* Reads up to n bytes; *got may be short. DONE with *got > 0. WTL_IO when the peer vanished without close_notify (truncation), WTL_FORMAT for a bad record. */
int wtl_link_read(wtl_link *l, uint8_t *to, size_t n, size_t *got, enum wtl_link_state *state,
                  wtl_err *err) WTL_MUST_USE;
/* Takes *put of n bytes. DONE: all of it is taken; WANT_WRITE: *put < n are taken, call again with the rest when the socket takes more. Records of 16 KiB, many to
 * one send. Taken bytes may wait inside until wtl_link_flush is DONE. */
int wtl_link_write(wtl_link *l, const uint8_t *from, size_t n, size_t *put, enum wtl_link_state *state,
                   wtl_err *err) WTL_MUST_USE;
int wtl_link_flush(wtl_link *l, enum wtl_link_state *state, wtl_err *err) WTL_MUST_USE;
/* Sends close_notify and flushes: nothing more will be written; reading may go on (half-close). On its way it may wait for the socket's
 * end, which the owner sends next (shutdown). */
int wtl_link_end(wtl_link *l, enum wtl_link_state *state, wtl_err *err) WTL_MUST_USE;
/* Bytes decrypted or received but not yet read: a wtl_link_read will give some without the socket. */
bool wtl_link_pending(const wtl_link *l);

#endif
