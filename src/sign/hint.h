/* How a bundle names the key that made it. */
#ifndef WTL_SIGN_HINT_H
#define WTL_SIGN_HINT_H

#include "base/buf.h"
#include "crypto/key.h"

/* Appends the format's hint: lower-case hexadecimal SHA-256 of the PEM SubjectPublicKeyInfo. */
int wtl_hint_of(const wtl_key *k, wtl_buf *out, wtl_err *err) WTL_MUST_USE;

/* Whether `hint` names the key: by that form, by cosign's (base64 SHA-256 of the DER SubjectPublicKeyInfo) or by the
 * hexadecimal SHA-256 of the DER. A hint is not signed: it helps to explain, and decides nothing. */
int wtl_hint_matches(const wtl_key *k, const char *hint, bool *matches, wtl_err *err) WTL_MUST_USE;

/* The same for a key of which only the identifier is known (SHA-256 of the DER): the first of these forms, which is our
 * own, cannot be told from it. */
int wtl_hint_names_id(const uint8_t id[WTL_KEY_ID], const char *hint, bool *names, wtl_err *err) WTL_MUST_USE;

/* Appends words for a person: the algorithm and the first half of the key's identifier. */
int wtl_hint_words(const wtl_key *k, wtl_buf *out, wtl_err *err) WTL_MUST_USE;

#endif
