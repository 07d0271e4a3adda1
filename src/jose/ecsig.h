/* ECDSA signatures between their two forms: DER (SEC 1, X9.62), and r and s of fixed length one after the other (RFC 7518
 * section 3.4). */
#ifndef WTL_JOSE_ECSIG_H
#define WTL_JOSE_ECSIG_H

#include "base/buf.h"

/* Appends SEQUENCE { INTEGER r, INTEGER s } in DER. raw: two big-endian numbers of equal length, at most 66 bytes each; any other length
 * is WTL_FORMAT. Their values are not judged. */
int wtl_ecsig_to_der(wtl_bytes raw, wtl_buf *der, wtl_err *err) WTL_MUST_USE;

/* Appends r and s, `half` bytes each. WTL_FORMAT for what is not DER of two numbers that fit. */
int wtl_ecsig_to_raw(wtl_bytes der, size_t half, wtl_buf *raw, wtl_err *err) WTL_MUST_USE;

#endif
