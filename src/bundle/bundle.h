/* The Sigstore bundle v0.3 with one DSSE envelope, as model signatures use it. */
#ifndef WTL_BUNDLE_BUNDLE_H
#define WTL_BUNDLE_BUNDLE_H

#include "base/buf.h"

#define WTL_BUNDLE_MEDIA_TYPE "application/vnd.dev.sigstore.bundle.v0.3+json"

enum wtl_bundle_key { WTL_BUNDLE_NO_KEY, WTL_BUNDLE_HINT, WTL_BUNDLE_RAW_KEY, WTL_BUNDLE_CHAIN };

/* Owns its parts. */
typedef struct wtl_bundle {
    enum wtl_bundle_key key_kind;
    char *hint;      /* as written, or NULL */
    wtl_buf raw_key; /* DER SubjectPublicKeyInfo of `rawBytes` */
    wtl_buf *chain;  /* DER certificates, leaf first */
    size_t n_chain;
    wtl_buf payload;
    char *payload_type;
    wtl_buf signature;
} wtl_bundle;
void wtl_bundle_free(wtl_bundle *b);
void wtl_bundle_auto(wtl_bundle *b);

/* Strict (docs/formats/model-signature.md): exactly one signature, media type v0.3 only, canonical base64,
 * no unknown fields; missing hint, keyid, tlogEntries and `"keyid": null` are accepted. WTL_FORMAT; key
 * material that is known by name but not supported (keyless certificates) is WTL_POLICY. */
int wtl_bundle_parse(wtl_bundle *b, wtl_bytes text, wtl_err *err) WTL_MUST_USE;

/* Appends the bundle's JSON text with key material `hint`. */
int wtl_bundle_encode(wtl_bytes payload, const char *payload_type, const char *hint, wtl_bytes signature,
                      wtl_buf *out, wtl_err *err) WTL_MUST_USE;

/* The same with the DER certificates of a chain, leaf first, as key material. */
int wtl_bundle_encode_chain(wtl_bytes payload, const char *payload_type, const wtl_buf *chain, size_t n,
                            wtl_bytes signature, wtl_buf *out, wtl_err *err) WTL_MUST_USE;

/* DSSE's pre-authentication encoding: "DSSEv1" SP len(type) SP type SP len(payload) SP payload, appended. */
void wtl_bundle_pae(wtl_buf *out, const char *payload_type, wtl_bytes payload);

#endif
