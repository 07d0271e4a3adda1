/* X-Wing keys in age's text form: recipients `age1pq1...` and identities `AGE-SECRET-KEY-PQ-1...` (Bech32),
 * one on a line, with `#` comment lines and empty lines around it. */
#ifndef WTL_CRYPTO_AGETEXT_H
#define WTL_CRYPTO_AGETEXT_H

#include "crypto/key.h"

/* Reads a recipient or identity file that holds exactly one key. WTL_FORMAT otherwise. */
int wtl_agetext_parse(wtl_key **out, wtl_bytes text, wtl_err *err) WTL_MUST_USE;
/* Whether the bytes are worth parsing as age text: the first line that is neither empty nor a comment begins
 * like one of the two forms, letters' case ignored. */
bool wtl_agetext_looks(wtl_bytes text);
/* Appends "age1pq1...\n". */
int wtl_agetext_public(const wtl_key *k, wtl_buf *out, wtl_err *err) WTL_MUST_USE;
/* "AGE-SECRET-KEY-PQ-1...\n" into a new secret; WTL_USAGE when `k` is a public key. */
int wtl_agetext_private(const wtl_key *k, wtl_secret *out, wtl_err *err) WTL_MUST_USE;

#endif
