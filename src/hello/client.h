/* A ClientHello as it comes over the wire (RFC 8446 sections 4.1.2 and 5.1, RFC 6066 section 3, RFC 7301), read before any TLS library sees it. */
#ifndef WTL_HELLO_CLIENT_H
#define WTL_HELLO_CLIENT_H

#include <stdbool.h>

#include "base/buf.h"

/* Bytes of records that a ClientHello may take, headers counted; and of a host name. */
enum { WTL_HELLO_MOST = 16384, WTL_HELLO_NAME = 255 };

/* Borrows from `message`. */
typedef struct wtl_hello_client {
    uint16_t legacy_version;
    bool tls13; /* supported_versions has 0x0304 */
    bool psk;   /* offers to resume */
    /* Lower case, checked to be a DNS name (an IPv4 address passes for one); "" without SNI. */
    char server_name[WTL_HELLO_NAME + 1];
    wtl_bytes alpn;       /* ProtocolNameList without its length: u8-length-prefixed names; checked */
    wtl_bytes groups;     /* supported_groups: u16 each */
    wtl_bytes shares;     /* key_share entries: u16 group, u16 length, key; checked */
    wtl_bytes signatures; /* signature_algorithms: u16 each */
    bool retried;         /* carries a cookie: the second one after a HelloRetryRequest */
    uint8_t alert; /* alone set where reading failed: the alert that answers it (RFC 8446 section 6.2) */
} wtl_hello_client;

enum wtl_hello_state { WTL_HELLO_WHOLE, WTL_HELLO_MORE };

/* Looks at the bytes that came so far, however they were cut. *state MORE: what is there may be the begin of one, ask again with
 * more bytes. WHOLE: *h is set, *used of `in` are its records (more may follow); `message` holds the handshake message put together from its
 * records. WTL_FORMAT, with words for the log, as soon as the bytes cannot be a ClientHello (another protocol is named when
 * it is known: HTTP, SSH, PostgreSQL, ...), or when it is longer than WTL_HELLO_MOST. Work is linear in the bytes over all calls
 * when `message` is kept between them, cleared by the caller before the first. */
int wtl_hello_client_read(wtl_hello_client *h, enum wtl_hello_state *state, size_t *used, wtl_buf *message,
                          wtl_bytes in, wtl_err *err) WTL_MUST_USE;

/* Whether a group is among supported_groups; whether it has a key share. */
bool wtl_hello_client_offers(const wtl_hello_client *h, uint16_t group);
bool wtl_hello_client_shares(const wtl_hello_client *h, uint16_t group);
/* Whether a protocol is in the ALPN list. */
bool wtl_hello_client_speaks(const wtl_hello_client *h, const char *protocol);

#endif
