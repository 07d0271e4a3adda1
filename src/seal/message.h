/* A Cobblestone-256 message that fits in memory. */
#ifndef WTL_SEAL_MESSAGE_H
#define WTL_SEAL_MESSAGE_H

#include "base/buf.h"
#include "crypto/chunked.h"

/* Appends the sealed message. */
int wtl_message_seal(wtl_buf *out, const wtl_secret *key, wtl_bytes context, wtl_bytes plain,
                     wtl_err *err) WTL_MUST_USE;
/* Appends the plaintext: WTL_NO when key, context or any byte is wrong, WTL_FORMAT for an impossible length. */
int wtl_message_open(wtl_buf *out, const wtl_secret *key, wtl_bytes context, wtl_bytes sealed,
                     wtl_err *err) WTL_MUST_USE;

#endif
