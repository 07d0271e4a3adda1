/* The file key wrapped under a passphrase. */
#ifndef WTL_SEAL_PASS_H
#define WTL_SEAL_PASS_H

#include "container/slot.h"
#include "container/subkey.h"
#include <wattle/key.h>

/* What the callback gives, a new secret. WTL_USAGE when it is empty or has a NUL byte: HMAC, and so scrypt, takes a
 * passphrase with NULs at its end for the one without. */
int wtl_pass_ask(wtl_secret *out, const wtl_passphrase *from, wtl_err *err) WTL_MUST_USE;

/* Appends the body of a stanza that holds the file key; `work` as in container/scrypt.h. */
int wtl_pass_seal(wtl_buf *body, const wtl_preamble *p, const wtl_secret *passphrase, unsigned work,
                  const wtl_secret *file_key, wtl_err *err) WTL_MUST_USE;

/* Asks for the passphrase once the cost was judged. WTL_NO: a wrong one; WTL_POLICY: too costly for `max_work`; WTL_FORMAT. */
int wtl_pass_open(wtl_secret *file_key, const wtl_preamble *p, const wtl_stanza *s,
                  const wtl_passphrase *from, unsigned max_work, wtl_err *err) WTL_MUST_USE;

#endif
