/* PEM (RFC 7468), strict: one block in a file. */
#ifndef WTL_CRYPTO_KEY_PEM_H
#define WTL_CRYPTO_KEY_PEM_H

#include <stdbool.h>

#include "base/secret.h"

/* Whether a line of the bytes begins like a PEM boundary. */
bool wtl_key_pem_looks(wtl_bytes file);
/* The one block's label, borrowed from `file`, and its content as a new secret. Lines of explanation may
 * stand before the block; after it nothing but white space. Lines end with LF or CRLF and hold at most 76
 * characters of canonical base64. WTL_FORMAT; WTL_POLICY for headers of PEM's own old encryption. */
int wtl_key_pem_read(wtl_bytes file, wtl_bytes *label, wtl_secret *content, wtl_err *err) WTL_MUST_USE;
/* The text of one block, 64 columns, as a new secret. */
int wtl_key_pem_write(const char *label, wtl_bytes content, wtl_secret *text, wtl_err *err) WTL_MUST_USE;

#endif
