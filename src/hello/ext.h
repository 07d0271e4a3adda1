/* The list of extensions of a hello (RFC 8446 section 4.2), walked once. */
#ifndef WTL_HELLO_EXT_H
#define WTL_HELLO_EXT_H

#include "base/err.h"
#include "base/rd.h"

/* Numbers of the extensions that are looked at (IANA, "TLS ExtensionType Values"). */
enum wtl_ext_type {
    WTL_EXT_SERVER_NAME = 0,
    WTL_EXT_GROUPS = 10,
    WTL_EXT_SIGNATURES = 13,
    WTL_EXT_ALPN = 16,
    WTL_EXT_PSK = 41,
    WTL_EXT_VERSIONS = 43,
    WTL_EXT_COOKIE = 44,
    WTL_EXT_PSK_MODES = 45,
    WTL_EXT_SHARES = 51
};

/* A set of 16-bit numbers, so that a repetition is found in one step however long a list is. Zero-initialise. */
typedef struct wtl_ext_set {
    uint8_t bits[65536 / 8];
} wtl_ext_set;
bool wtl_ext_add(wtl_ext_set *s, uint16_t v); /* false when it was there */
bool wtl_ext_has(const wtl_ext_set *s, uint16_t v);

/* Vectors with a length of one or two bytes before them. */
wtl_bytes wtl_ext_vector8(wtl_rd *r);
wtl_bytes wtl_ext_vector16(wtl_rd *r);

/* The next extension of a list that is not at its end. WTL_FORMAT for a length that does not add up and for one that is there twice. `hello` is
 * its name for the message. */
int wtl_ext_next(wtl_rd *list, wtl_ext_set *seen, uint16_t *type, wtl_bytes *body, const char *hello,
                 wtl_err *err) WTL_MUST_USE;

/* WTL_FORMAT: this extension is malformed. */
int wtl_ext_fail(uint16_t type, const char *hello, wtl_err *err) WTL_MUST_USE;

#endif
