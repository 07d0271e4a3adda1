/* Signed bundles, envelopes and certificate chains through the verification cache. */
#ifndef WATTLE_VERIFIED_SIGNED_H
#define WATTLE_VERIFIED_SIGNED_H

#include <wattle/key.h>
#include <wattle/verified.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Whose signatures are asked for. Fill in `key`, then call wtl_verified_signer_init once. The key is borrowed; many threads may use the same. */
typedef struct wtl_verified_signer {
    const wtl_key *key;
    uint64_t ttl_ms;        /* of a verdict; 0: the cache's */
    uint8_t id[WTL_KEY_ID]; /* the library's */
} wtl_verified_signer;
int wtl_verified_signer_init(wtl_verified_signer *s, wtl_err *err);

/* Whether the signer made this Sigstore bundle (docs/formats/model-signature.md) over an in-toto statement. The result is the statement's
 * JSON text: what it says of files is not looked at, and the files neither. */
int wtl_verified_bundle(wtl_verified_handle *h, const wtl_verified_signer *s, wtl_bytes bundle,
                        wtl_bytes tenant, wtl_verified_answer *answer, wtl_err *err);

/* Whether the signer made this envelope (docs/formats/envelope.md). The result is the canonical JSON that was signed: digest and size of a
 * file among it, which is not looked at. rotate_by does not end a verdict, as it fails no verification. */
int wtl_verified_envelope(wtl_verified_handle *h, const wtl_verified_signer *s, wtl_bytes envelope,
                          wtl_bytes tenant, wtl_verified_answer *answer, wtl_err *err);

/* Authorities that are trusted: the root certificates of a PEM text. Immutable; may be shared between threads. WTL_FORMAT. */
typedef struct wtl_verified_roots wtl_verified_roots;
int wtl_verified_roots_new(wtl_verified_roots **out, wtl_bytes pem, wtl_err *err);
void wtl_verified_roots_free(wtl_verified_roots *r); /* NULL is allowed */

/* Whether the certificates of this PEM text, leaf first, lead to one of the roots, and the leaf may sign models; with an identity, whether it
 * is exactly the leaf's alternative or common name. No revocation list is asked. The result is the leaf in DER. A
 * verdict ends with the first certificate that does, the roots' too. It may be denied by "cert", the SHA-256 of any certificate in DER, and by the leaf's
 * key. ttl_ms 0: the cache's. */
int wtl_verified_chain(wtl_verified_handle *h, const wtl_verified_roots *roots, const char *identity,
                       wtl_bytes pem, uint64_t ttl_ms, wtl_bytes tenant, wtl_verified_answer *answer,
                       wtl_err *err);

/* All of them: WTL_OK; WTL_NO, and with WTL_VERIFIED_REFUSED answer->code is WTL_NO (a signature is wrong), WTL_FORMAT (malformed)
 * or WTL_POLICY (forbidden, or of other makers); else as wtl_verified. */

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
