/* The PROXY protocol, version 2 (HAProxy's proxy-protocol.txt, section 2.2): where a connection came from, said before its bytes. */
#ifndef WTL_HELLO_VIA_H
#define WTL_HELLO_VIA_H

#include "hello/client.h"

enum wtl_via_family { WTL_VIA_LOCAL, WTL_VIA_IPV4, WTL_VIA_IPV6, WTL_VIA_UNIX, WTL_VIA_UNSPEC };
enum { WTL_VIA_MOST = 4096, WTL_VIA_HEAD = 16 }; /* bytes accepted in all; of the fixed part */

typedef struct wtl_via {
    enum wtl_via_family family; /* LOCAL: the sender's own connection, no addresses */
    uint8_t from[16], to[16];   /* 4 or 16 bytes of each are used */
    uint16_t from_port, to_port;
    wtl_bytes tlvs; /* borrowed: the type-length-value part, lengths checked */
} wtl_via;

/* As wtl_hello_client_read, without `message`. Version 1 (text) is WTL_FORMAT that says so; so is a checksum
 * (PP2_TYPE_CRC32C) that does not fit. Forwarded datagrams are UNSPEC. LOCAL has no tlvs: all of its block is to be discarded. */
int wtl_via_read(wtl_via *v, enum wtl_hello_state *state, size_t *used, wtl_bytes in,
                 wtl_err *err) WTL_MUST_USE;

/* What the receiving side may want to know of the TLS that was ended here. */
typedef struct wtl_via_tls {
    const char *version; /* "TLSv1.3"; NULL = no TLS part (PP2_TYPE_SSL) is written */
    const char *cipher;  /* or NULL; PP2_SUBTYPE_SSL_CIPHER */
    const char
        *peer_name; /* subject's common name of a verified client certificate, or NULL; PP2_SUBTYPE_SSL_CN */
    const char *server_name; /* SNI, or NULL; PP2_TYPE_AUTHORITY */
    wtl_bytes alpn;          /* chosen protocol, may be empty; PP2_TYPE_ALPN */
    bool verified;           /* a client certificate was, on this connection or ... */
    bool resumed;            /* ... on the one that it resumes */
    const char
        *group; /* key agreement group's name, or NULL; as PP2_TYPE 0xE0 "wattle group" in the custom range */
} wtl_via_tls;

/* Appends a header; v->tlvs is ignored, a UNIX socket has no path in it, LOCAL nothing but the fixed part. WTL_FORMAT when it
 * would be longer than WTL_VIA_MOST. */
int wtl_via_write(wtl_buf *out, const wtl_via *v, const wtl_via_tls *tls, wtl_err *err) WTL_MUST_USE;

#endif
