/* Keys as JSON Web Keys (RFC 7517): ML-DSA as kty AKP (RFC 9964), P-256, P-384 and P-521 as EC (RFC 7518 section 6.2),
 * Ed25519 and X25519 as OKP (RFC 8037). */
#ifndef WTL_JOSE_JWK_H
#define WTL_JOSE_JWK_H

#include "crypto/key.h"

enum { WTL_JWK_THUMBPRINT = 32, WTL_JWK_KID_MOST = 256 };

/* Whether the bytes are worth reading as a JWK: the first that is no white space is '{'. */
bool wtl_jwk_looks(wtl_bytes text);

/* Reads one JWK. Base64url is canonical and without padding, coordinates and scalars have their full length, no member
 * is there twice, and members that the key type knows have their type. Members it does not know are passed over (RFC
 * 7517 section 4), but names in escapes are refused. A private part must be that of the public one. `alg`, `use` and `key_ops`
 * must allow what Wattle does with such a key. `kid`, when not NULL, is appended to; it may be any UTF-8 text.
 * WTL_FORMAT, or WTL_POLICY for a key that is not meant for this. *out belongs to the caller; nothing of the private
 * part stays in memory outside it, but for `text`. */
int wtl_jwk_read(wtl_key **out, wtl_buf *kid, wtl_bytes text, wtl_err *err) WTL_MUST_USE;

/* The key's name by RFC 7638 (for AKP by RFC 9964): SHA-256 over its required public members in the order of names. */
int wtl_jwk_thumbprint(const wtl_key *k, uint8_t out[WTL_JWK_THUMBPRINT], wtl_err *err) WTL_MUST_USE;

/* One line of JSON and LF, appended, or as a new secret. `kid` NULL writes the thumbprint in base64url. WTL_USAGE for
 * algorithms without a JWK form, a kid that is no UTF-8 or too long, a private form of a public key, and an ML-DSA key
 * whose seed is not known. */
int wtl_jwk_write_public(const wtl_key *k, const char *kid, wtl_buf *out, wtl_err *err) WTL_MUST_USE;
int wtl_jwk_write_private(const wtl_key *k, const char *kid, wtl_secret *out, wtl_err *err) WTL_MUST_USE;

#endif
