/* base64url without padding (RFC 7515 section 2), canonical, of what anybody may see: tables make it several times as fast as
 * wtl_text_b64url_*, whose time does not depend on the bytes, and unfit for secrets. */
#ifndef WTL_JOSE_B64URL_H
#define WTL_JOSE_B64URL_H

#include "base/buf.h"

void wtl_b64url_encode(wtl_buf *out, wtl_bytes v);
/* Appends. WTL_FORMAT for white space, padding, other alphabets, a length that none has, and non-zero trailing bits; `out` keeps
 * its length then. */
int wtl_b64url_decode(wtl_buf *out, wtl_bytes text, wtl_err *err) WTL_MUST_USE;

#endif
