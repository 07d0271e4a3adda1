/* Which protocol it is that is spoken where TLS was expected, for messages. Guesses by the first bytes; decides nothing. */
#ifndef WTL_HELLO_OTHER_H
#define WTL_HELLO_OTHER_H

#include "base/buf.h"

/* "plain HTTP", "SSH", ...; NULL when the bytes tell nothing. */
const char *wtl_other_name(wtl_bytes in);

/* WTL_FORMAT, with a sentence: `who` ("the client") speaks something else than `wanted` ("TLS"). */
int wtl_other_fail(const char *who, const char *wanted, wtl_bytes in, wtl_err *err) WTL_MUST_USE;

#endif
